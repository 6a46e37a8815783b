/** One line of redis-benchmark against two servers by turns, and how they compare. */
import { median } from '../support/median.js';
import type { Cell } from '../support/suite.js';
import { cpuSeconds } from './cpu-time.js';
import { type Line, runLine } from './redis-benchmark.js';
import type { Server } from './servers.js';

/** One server's figures, round by round. */
export interface Series {
  readonly perSecond: number[];
  readonly p99Ms: number[];
  /** That the server computed for a million requests; empty where that cannot be told. */
  readonly cpuSeconds: number[];
}

/** Rounds that are run, and how many of the first do not count: a server gets warm. */
export interface Rounds {
  readonly counted: number;
  readonly uncounted: number;
}

export async function race(
  [redis, shoal]: readonly [redis: Server, shoal: Server],
  line: Omit<Line, 'port'>,
  { counted, uncounted }: Rounds,
): Promise<[redis: Series, shoal: Series]> {
  const both = [emptySeries(), emptySeries()] as [Series, Series];
  for (let round = 0; round < uncounted + counted; round++) {
    const [redisSeries, shoalSeries] = round < uncounted ? [null, null] : both;
    await measure(redis, line, redisSeries);
    await measure(shoal, line, shoalSeries);
  }
  return both;
}

const emptySeries = (): Series => ({ perSecond: [], p99Ms: [], cpuSeconds: [] });

async function measure(
  { pid, port }: Server,
  line: Omit<Line, 'port'>,
  series: Series | null,
): Promise<void> {
  const before = cpuSeconds(pid);
  const { perSecond, p99Ms } = await runLine({ ...line, port });
  const after = cpuSeconds(pid);
  if (series === null) return;
  series.perSecond.push(perSecond);
  series.p99Ms.push(p99Ms);
  if (before === null || after === null) return;
  series.cpuSeconds.push(((after - before) / line.requests) * 1_000_000);
}

export const COMPARED = [
  'redis req/s',
  'shoal req/s',
  '× redis',
  'rounds',
  'redis p99 ms',
  'shoal p99 ms',
  'redis CPU s/M',
  'shoal CPU s/M',
] as const;

/** The cells under COMPARED: medians, their ratio, and the ratios of single rounds. */
export function compare([redis, shoal]: readonly [Series, Series]): Cell[] {
  const ratios = shoal.perSecond.map((own, i) => own / (redis.perSecond[i] ?? 0));
  const rates = [redis, shoal].map(({ perSecond }) => median(perSecond));
  const cpu = [redis, shoal].map((own) => median(own.cpuSeconds));
  return [
    ...rates.map(Math.round),
    (rates[1] ?? 0) / (rates[0] ?? 0),
    `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    median(redis.p99Ms),
    median(shoal.p99Ms),
    ...cpu.map((seconds) => (Number.isNaN(seconds) ? 'unknown' : seconds)),
  ];
}
