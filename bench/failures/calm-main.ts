/** `npm run calm`: minutes under pressure, in which nobody may be called dead. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ShoalError } from '#src/index.js';
import { describeEnvironment, formatEnvironment } from '#src/load/environment.js';
import { parseCount, parseNumber, usage } from '#src/load/quantity.js';
import { formatSection } from '../support/report.js';
import { type CalmPlan, type CalmResult, calm, isCalm } from './calm.js';
import { CALM, calmSection, INTERVALS_MS } from './calm-section.js';

const HELP = `Usage: npm run calm -- [options]

All cores are kept busy, the cluster is under load, and the thread of its supervisor is blocked for
two seconds, again and again. Exit code 1 if a node was called down, or a call failed.

Options:
  --minutes M      how long, for each interval                (10)
  --interval MS    heartbeats every so many milliseconds      (5000, then 250)
  --json FILE      write the table to FILE as JSON, too
  --help           this text
`;
const LINE_EVERY_S = 60;

function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        minutes: { type: 'string', default: '10' },
        interval: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const { interval } = values;
    const minutes = parseNumber('--minutes', values.minutes, { min: 0.01, max: 24 * 60 });
    return {
      ...values,
      seconds: minutes * 60,
      intervals:
        interval === undefined
          ? INTERVALS_MS
          : [parseCount('--interval', interval, { min: 10, max: 3_600_000 })],
    };
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    throw usage((error instanceof Error ? error.message : String(error)).split('\n', 1).join());
  }
}

async function run({ seconds, intervals, json }: ReturnType<typeof readOptions>): Promise<number> {
  const environment = describeEnvironment();
  console.log(formatEnvironment(environment));
  const runs: [CalmPlan, CalmResult][] = [];
  for (const heartbeatInterval of intervals) {
    const plan: CalmPlan = { ...CALM, seconds, heartbeatInterval };
    let lastS = 0;
    const result = await calm(plan, (atS, alarms) => {
      if (atS - lastS < LINE_EVERY_S) return;
      lastS = atS;
      console.log(`${heartbeatInterval} ms, ${Math.round(atS)} s: ${JSON.stringify(alarms)}`);
    });
    runs.push([plan, result]);
  }
  const section = calmSection(runs);
  console.log(formatSection(section));
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ environment, ...section }, null, 2)}\n`);
  }
  return runs.every(([, result]) => isCalm(result)) ? 0 : 1;
}

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (!options.help) return await run(options);
    console.log(HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'ERR_USAGE') throw error;
    console.error(`${error.message} (see --help)`);
    return 2;
  }
}

process.exitCode = await main();
