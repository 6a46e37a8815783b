/** One line of redis-benchmark, run and read. */
import { once } from 'node:events';
import { spawnChild } from './children.js';
import { HOST } from './servers.js';

/** What `-t` takes: two ways to write a PING, and the rest. */
export const TESTS = ['ping_inline', 'ping_mbulk', 'set', 'get', 'mset'] as const;
export type Test = (typeof TESTS)[number];

export interface Line {
  readonly test: Test;
  readonly port: number;
  readonly requests: number;
  /** `-P`: requests that a connection sends at once. */
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly keys: number;
}

export interface LineResult {
  readonly perSecond: number;
  readonly p99Ms: number;
}

export async function runLine(line: Line): Promise<LineResult> {
  const args = ['-h', HOST, '-p', String(line.port), ...argumentsOf(line), '--csv'];
  const child = spawnChild('redis-benchmark', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += String(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const result = code === 0 ? readCsv(output) : null;
  if (result === null) throw new Error(`redis-benchmark ${args.join(' ')}: ${complaints}${output}`);
  return result;
}

/** As one would type them, without the address. */
function argumentsOf({ test, requests, pipeline, valueBytes, keys }: Line): string[] {
  const options = { t: test, d: valueBytes, r: keys, P: pipeline, n: requests };
  return Object.entries(options).flatMap(([flag, value]) => [`-${flag}`, String(value)]);
}

/** The last line, by the names in the first: all cells are quoted. */
function readCsv(text: string): LineResult | null {
  const lines = text.trim().split('\n');
  const cells = (line: string | undefined): string[] =>
    (line ?? '').split('","').map((cell) => cell.replaceAll('"', ''));
  const names = cells(lines.find((line) => line.startsWith('"test"')));
  const values = cells(lines.at(-1));
  const perSecond = Number(values[names.indexOf('rps')]);
  const p99Ms = Number(values[names.indexOf('p99_latency_ms')]);
  return perSecond > 0 && Number.isFinite(p99Ms) ? { perSecond, p99Ms } : null;
}
