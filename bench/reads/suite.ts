/**
 * A GET from a thread of the user's program that is no node's: in place, by message, and from a
 * redis-server as one would do it without Shoal. All from the same thread, on the same keys, by
 * turns; and two reading threads against one.
 */
import { median, percentile } from '../support/median.js';
import type { Cell, Effort, Section, Suite, SuiteContext } from '../support/suite.js';
import { KEY_BYTES } from './keys.js';
import type { Way } from './messages.js';
import { type Contents, type Reader, Stage } from './stage.js';

interface Plan {
  readonly contents: readonly Contents[];
  /** Turns of each way; what disturbs one meets all alike. */
  readonly rounds: number;
  /** Batches of BATCH reads a round, and single reads a round, by what a read costs. */
  readonly inPlace: { readonly batches: number; readonly singles: number };
  readonly asking: { readonly batches: number; readonly singles: number };
  /** Alternating runs of one thread and two, and the reads of each thread. */
  readonly races: number;
  readonly raceReads: number;
}

/** Reads of which the mean is taken. */
const BATCH = 2_000;
const WAYS: readonly Way[] = ['getSync', 'getInto', 'message', 'ioredis'];
const NS_PER_US = 1_000;

const contents = (entries: number, ...sizes: number[]): Contents[] =>
  sizes.map((valueBytes) => ({ entries, valueBytes }));

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: {
    contents: contents(2_000, 100),
    rounds: 1,
    inPlace: { batches: 2, singles: 100 },
    asking: { batches: 0, singles: 100 },
    races: 1,
    raceReads: 2_000,
  },
  normal: {
    contents: [...contents(100_000, 100, 1_024, 4_096), ...contents(1_000_000, 100)],
    rounds: 5,
    inPlace: { batches: 40, singles: 2_000 },
    asking: { batches: 1, singles: 1_000 },
    races: 10,
    raceReads: 200_000,
  },
  full: {
    contents: [...contents(100_000, 100, 1_024, 4_096), ...contents(1_000_000, 100, 1_024, 4_096)],
    rounds: 11,
    inPlace: { batches: 50, singles: 5_000 },
    asking: { batches: 1, singles: 2_000 },
    races: 10,
    raceReads: 500_000,
  },
};

export const readsSuite: Suite = {
  about: 'GET from any thread: in place, by message, and from redis-server by ioredis',
  async *run(context) {
    for (const contents of PLANS[context.effort].contents) yield await runSize(contents, context);
  },
};

async function runSize(contents: Contents, { effort, progress }: SuiteContext): Promise<Section> {
  const plan = PLANS[effort];
  await using stage = await Stage.set(contents, 2, progress);
  const [one] = stage.readers as [Reader];
  const ways = WAYS.filter((way) => way !== 'ioredis' || stage.hasRedis);
  const figures = await timeAll(one, ways, contents, plan, progress);
  const factors = await raceAll(stage.readers, contents, plan, progress);
  return sectionOf(contents, ways, figures, factors, stage.hasRedis);
}

/** One way's figures, in nanoseconds a read. */
interface Figures {
  readonly batchesNs: number[];
  readonly singlesNs: number[];
}

async function timeAll(
  reader: Reader,
  ways: readonly Way[],
  { entries }: Contents,
  { rounds, inPlace, asking }: Plan,
  progress: (what: string) => void,
): Promise<Map<Way, Figures>> {
  const figures = new Map<Way, Figures>(ways.map((way) => [way, { batchesNs: [], singlesNs: [] }]));
  // The first round is nobody's: code and caches get warm.
  for (let round = 0; round <= rounds; round++) {
    for (const [way, own] of figures) {
      progress(`${entries} entries: ${way}, round ${round}`);
      const { batches, singles } = way === 'getSync' || way === 'getInto' ? inPlace : asking;
      const seed = round * WAYS.length + WAYS.indexOf(way);
      const order = { order: 'time', way, entries, batches, batch: BATCH, singles, seed } as const;
      const { batchesNs, singlesNs } = await reader.time(order);
      if (round === 0) continue;
      own.batchesNs.push(...batchesNs);
      own.singlesNs.push(...singlesNs);
    }
  }
  return figures;
}

/** By how much two threads read faster than one, run by run. */
async function raceAll(
  readers: readonly Reader[],
  { entries }: Contents,
  { races, raceReads }: Plan,
  progress: (what: string) => void,
): Promise<number[]> {
  const factors: number[] = [];
  for (let run = 0; run < races; run++) {
    progress(`${entries} entries: two threads against one, run ${run + 1}`);
    const order = { order: 'race', entries, reads: raceReads } as const;
    const together = (count: number): Promise<number> =>
      rate(readers.slice(0, count), (r) => ({ ...order, seed: run * 4 + count + r }), raceReads);
    // Who goes first changes from run to run.
    const first = run % 2 === 0 ? 1 : 2;
    const rates = [await together(first), await together(3 - first)];
    const [alone = 0, both = 0] = first === 1 ? rates : rates.reverse();
    factors.push(both / alone);
  }
  return factors;
}

/** Reads a millisecond of threads that begin together, until the last of them is through. */
async function rate(
  readers: readonly Reader[],
  orderOf: (reader: number) => Parameters<Reader['race']>[0],
  reads: number,
): Promise<number> {
  const results: Awaited<ReturnType<Reader['race']>>[] = [];
  for (const [r, reader] of readers.entries()) results.push(await reader.race(orderOf(r)));
  readers[0]?.openGate();
  const times = await Promise.all(results.map(({ result }) => result));
  const fromMs = Math.min(...times.map(({ fromMs }) => fromMs));
  const toMs = Math.max(...times.map(({ toMs }) => toMs));
  return (readers.length * reads) / (toMs - fromMs);
}

function sectionOf(
  { entries, valueBytes }: Contents,
  ways: readonly Way[],
  figures: ReadonlyMap<Way, Figures>,
  factors: readonly number[],
  hasRedis: boolean,
): Section {
  const inPlace = figures.get('getSync') as Figures;
  const own = median(inPlace.singlesNs);
  const rows = ways.map((way): Cell[] => {
    const { batchesNs, singlesNs } = figures.get(way) as Figures;
    const p50 = median(singlesNs);
    const mean = batchesNs.length === 0 ? 'none' : median(batchesNs) / NS_PER_US;
    return [NAMES[way], mean, p50 / NS_PER_US, percentile(singlesNs, 0.99) / NS_PER_US, p50 / own];
  });
  const range = `${Math.min(...factors).toFixed(2)} to ${Math.max(...factors).toFixed(2)}`;
  return {
    title: `GET of ${valueBytes} bytes from a thread that is no node's, ${entries.toLocaleString('en-US')} entries; µs`,
    columns: ['way', `mean of ${BATCH}`, 'p50', 'p99', '× getSync p50'],
    rows,
    notes: [
      `two threads against one, getSync: × ${median(factors).toFixed(2)}, median of ${factors.length} alternating runs (${range})`,
      `keys of ${KEY_BYTES} bytes, uniform, made outside the clock and met as text for the first time;`,
      `mean: the median of means of ${BATCH} reads; p50 and p99: of single reads, the clock's own 50 ns included;`,
      'one thread, one read at a time, the ways by turns. By message: a cluster of its own with reads: proxy',
      ...(hasRedis
        ? []
        : ['ioredis skipped: redis-server is not installed (Debian: redis-server)']),
    ],
  };
}

const NAMES: Readonly<Record<Way, string>> = {
  getSync: 'in place, getSync',
  getInto: 'in place, getInto',
  message: 'by message, await get',
  ioredis: 'redis-server, ioredis',
};
