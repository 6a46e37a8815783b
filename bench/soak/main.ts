/** `npm run soak`: loads a cluster for minutes while its nodes are killed, and checks every answer. */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { ShoalError } from '#src/base/errors.js';
import { describeEnvironment, formatEnvironment } from '#src/load/environment.js';
import { findings, formatResult } from './report.js';
import { readSettings, SOAK_HELP, type SoakSettings } from './settings.js';
import { soak } from './soak.js';
import type { TallyData } from './tally.js';

const SEED_END = 2 ** 32;
/** Where nobody watches a line change, one is written so often. */
const LINE_EVERY_MS = 30_000;

async function main(): Promise<number> {
  const request = readSettings(process.argv.slice(2), randomInt(SEED_END));
  if (request.ask === 'help') {
    console.log(SOAK_HELP);
    return 0;
  }
  const { settings, json } = request;
  const environment = describeEnvironment();
  console.log(`${formatEnvironment(environment)}\n${describeSettings(settings)}`);
  const result = await soak(settings, { progress });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(formatResult(result));
  if (json !== null) {
    const report = { environment, ...result, findings: findings(result) };
    writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return findings(result).length === 0 ? 0 : 1;
}

function describeSettings(settings: SoakSettings): string {
  const { nodes, threads, keysPerWriter, durationMs, killEveryMs, seed } = settings;
  const kills = killEveryMs === null ? 'no kills' : `a kill every ${killEveryMs / 1_000} s`;
  const keys = (threads + 1) * keysPerWriter;
  return `soak: ${nodes} nodes, ${threads} RESP threads and the library, ${keys} keys, ${durationMs / 1_000} s, ${kills}, --seed ${seed}`;
}

let lastLineMs = 0;

function progress(elapsedMs: number, { operations, faults }: TallyData, kills: number): void {
  const sum = (counts: Readonly<Record<string, number>>): string =>
    Object.values(counts)
      .reduce((total, n) => total + n, 0)
      .toLocaleString('en-US');
  const text = `${Math.round(elapsedMs / 1_000)} s: ${sum(operations)} operations, ${kills} kills, ${sum(faults)} faults`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (elapsedMs - lastLineMs >= LINE_EVERY_MS) {
    lastLineMs = elapsedMs;
    console.log(text);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ShoalError) || error.code !== 'ERR_USAGE') throw error;
  console.error(`${error.message} (see --help)`);
  process.exitCode = 2;
}
