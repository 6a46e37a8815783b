/** What `npm run stress` and `npm run kills` have in common: read, run, say. */
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ShoalError } from '#src/base/errors.js';
import { describeEnvironment, formatEnvironment } from '#src/load/environment.js';
import { addRun, type Campaign, formatCampaign, NO_CAMPAIGN } from './campaign.js';
import { PLANTS, type Plant, runPlanted } from './planted.js';
import { describeSettings, findings, formatResult } from './report.js';
import { type Program, readSettings } from './settings.js';
import { type StressResult, type StressSettings, stress } from './stress.js';

const SEED_END = 2 ** 32;
/** Where nobody watches a line change, one is written so often. */
const LINE_EVERY_MS = 30_000;

/** Runs one of the programs; its exit code. */
export async function runCommand(program: Program, args: readonly string[]): Promise<number> {
  try {
    const request = readSettings(program, args, randomInt(SEED_END));
    if (request.ask === 'help') {
      console.log(program.help);
      return 0;
    }
    const { settings, plant, json, resume } = request;
    if (plant !== null) return await runWithFault(program, plant, args);
    console.log(formatEnvironment(describeEnvironment()));
    if (resume === null) return await runOnce(program, settings, json);
    return await runOn(program, settings, json, resume);
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'ERR_USAGE') throw error;
    console.error(`${error.message} (see --help)`);
    return 2;
  }
}

/** The same program, without the option, in a copy of the library. */
function runWithFault({ file }: Program, plant: Plant, args: readonly string[]): Promise<number> {
  const at = args.indexOf('--plant');
  const rest = args.filter((arg, i) => !arg.startsWith('--plant') && (at === -1 || i !== at + 1));
  console.log(`planted: ${plant}`);
  return runPlanted(PLANTS[plant], file, rest);
}

async function runOnce(
  program: Program,
  settings: StressSettings,
  json: string | null,
): Promise<number> {
  const result = await run(program, settings);
  write(json, result);
  return findings(result).length === 0 ? 0 : 1;
}

/** Does what is left of a campaign, and adds it to what was done. */
async function runOn(
  program: Program,
  settings: StressSettings,
  json: string | null,
  file: string,
): Promise<number> {
  const before = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Campaign)
    : NO_CAMPAIGN;
  const wanted = settings.kills?.kills ?? 0;
  const kills = wanted - before.returnsMs.length;
  let sum = before;
  if (kills > 0 && settings.kills !== null) {
    const result = await run(program, { ...settings, kills: { ...settings.kills, kills } });
    write(json, result);
    sum = addRun(before, result);
    writeFileSync(file, `${JSON.stringify(sum)}\n`);
  }
  console.log(formatCampaign(sum, wanted));
  return sum.findings.length === 0 ? 0 : 1;
}

async function run(program: Program, settings: StressSettings): Promise<StressResult> {
  console.log(describeSettings(program.name, settings));
  const result = await stress(settings, { progress });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(formatResult(result));
  return result;
}

function write(json: string | null, result: StressResult): void {
  if (json === null) return;
  const report = { environment: describeEnvironment(), ...result, findings: findings(result) };
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

let lastLineMs = 0;

function progress(elapsedMs: number, kills: number): void {
  const text = `${Math.round(elapsedMs / 1_000)} s, ${kills} kills`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (elapsedMs - lastLineMs >= LINE_EVERY_MS) {
    lastLineMs = elapsedMs;
    console.log(text);
  }
}
