/** `npm run herd`: loads, writes and deaths on real threads, every answer checked. */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { ShoalError } from '#src/base/errors.js';
import { describeEnvironment, formatEnvironment } from '#src/load/environment.js';
import { runPlanted } from '../stress/planted.js';
import { runTrial } from './trial.js';
import { PLANTS, type Plant } from './trial-plants.js';
import { describeSettings, findings, formatResult } from './trial-report.js';
import { HELP, readSettings } from './trial-settings.js';

const SEED_END = 2 ** 32;
/** Where nobody watches a line change, one is written so often. */
const LINE_EVERY_MS = 30_000;

async function main(args: readonly string[]): Promise<number> {
  try {
    const request = readSettings(args, randomInt(SEED_END));
    if (request.ask === 'help') {
      console.log(HELP);
      return 0;
    }
    const { settings, plant, json } = request;
    if (plant !== null) return await runWithFault(plant, args);
    console.log(formatEnvironment(describeEnvironment()));
    console.log(describeSettings(settings));
    const result = await runTrial(settings, progress);
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    console.log(formatResult(result));
    const found = findings(result);
    if (json !== null) {
      const report = { environment: describeEnvironment(), ...result, findings: found };
      writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    }
    return found.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'ERR_USAGE') throw error;
    console.error(`${error.message} (see --help)`);
    return 2;
  }
}

/** The same program, without the option, in a copy of the library. */
function runWithFault(plant: Plant, args: readonly string[]): Promise<number> {
  const at = args.indexOf('--plant');
  const rest = args.filter((arg, i) => !arg.startsWith('--plant') && (at === -1 || i !== at + 1));
  console.log(`planted: ${plant}`);
  return runPlanted(PLANTS[plant], 'bench/herd/main.js', rest);
}

let lastLineMs = 0;

function progress(elapsedMs: number): void {
  const text = `${Math.round(elapsedMs / 1_000)} s`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (elapsedMs - lastLineMs >= LINE_EVERY_MS) {
    lastLineMs = elapsedMs;
    console.log(text);
  }
}

process.exitCode = await main(process.argv.slice(2));
