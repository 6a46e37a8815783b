/**
 * Loaders that hang, fail and throw: what those who only read hits notice of them, what the callers get
 * who miss, and what is left of it all in memory.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster } from '#src/index.js';
import { loadNote } from '../failures/spread.js';
import { residentBytes } from '../memory/resident.js';
import { median, percentile } from '../support/median.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import type { BadAnswer, BadOrder, BadTask, Manner } from './bad-messages.js';
import { Hand } from './hand.js';

interface Plan {
  readonly rounds: number;
  readonly durationMs: number;
  readonly callsPerTick: number;
  readonly hitKeys: number;
}

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: { rounds: 1, durationMs: 100, callsPerTick: 4, hitKeys: 100 },
  normal: { rounds: 3, durationMs: 1_500, callsPerTick: 20, hitKeys: 1_000 },
  full: { rounds: 7, durationMs: 3_000, callsPerTick: 20, hitKeys: 1_000 },
};
const TICK_MS = 4;
const TIMEOUT_MS = 200;
const NODES: Readonly<Record<Effort, number>> = { smoke: 1, normal: 2, full: 2 };
const MEMORY = '32mb';
const BAD: readonly Manner[] = [
  'hangs',
  'hangs, stale',
  'hangs, breaker',
  'fails half',
  'fails half, stale',
  'throws',
];
/** Nobody beside, then somebody who does it well, then the bad ones. */
const BESIDE: readonly (Manner | null)[] = [null, 'good', ...BAD];
const FILE = new URL('./bad-thread.js', import.meta.url);
/** Behind a run: what it has set going is over by then. */
const SETTLE_MS = 2 * TIMEOUT_MS;
const MIB = 2 ** 20;
const MS_A_SECOND = 1_000;

type Thread = Hand<BadOrder, BadAnswer>;

interface Sum {
  readonly hitsASecond: number[];
  readonly latenciesMs: number[];
  readonly outcomes: Record<string, number>;
}

interface Memory {
  readonly heapMb: number;
  readonly rssMb: number;
}

export async function* badLoaders({ effort, progress }: SuiteContext): AsyncGenerator<Section> {
  const plan = PLANS[effort];
  await using cluster = await startCluster({ nodes: NODES[effort], memory: MEMORY, replicas: 1 });
  const task: BadTask = { handle: cluster.handle() };
  const reading: Thread = await Hand.start(FILE, task);
  const missing: Thread = await Hand.start(FILE, { handle: cluster.handle() });
  const sums = new Map(BESIDE.map((manner) => [manner, emptySum()]));
  const memory: Memory[] = [];
  try {
    // The round before the first is nobody's: code gets warm, and the heap what it is going to be.
    for (let round = 0; round <= plan.rounds; round++) {
      for (const [manner, sum] of sums) {
        progress(`herd: hits beside ${manner ?? 'nobody'}, round ${round}`);
        await runOnce(plan, reading, missing, manner, round, round === 0 ? emptySum() : sum);
      }
      memory.push(await memoryOf(missing));
    }
  } finally {
    await Promise.all([reading.end(), missing.end()]);
  }
  yield hitSection(sums, plan);
  yield missSection(sums, memory);
}

async function runOnce(
  { durationMs, callsPerTick, hitKeys: keys }: Plan,
  reading: Thread,
  missing: Thread,
  manner: Manner | null,
  round: number,
  sum: Sum,
): Promise<void> {
  const common = { durationMs, callsPerTick, tickMs: TICK_MS, timeoutMs: TIMEOUT_MS, round };
  const misses = manner === null ? null : { manner, ...common };
  if (misses !== null) await missing.ask({ order: 'prepare', misses });
  const missed = misses === null ? null : missing.ask({ order: 'miss', misses });
  const { hits, elapsedMs } = await reading.ask({ order: 'hits', durationMs, keys });
  sum.hitsASecond.push((hits / elapsedMs) * MS_A_SECOND);
  if (missed === null) return;
  const { outcomes, latenciesMs } = await missed;
  for (const [outcome, times] of Object.entries(outcomes)) {
    sum.outcomes[outcome] = (sum.outcomes[outcome] ?? 0) + times;
  }
  for (const latency of latenciesMs) sum.latenciesMs.push(latency);
}

async function memoryOf(missing: Thread): Promise<Memory> {
  await sleep(SETTLE_MS);
  const { heapBytes } = await missing.ask({ order: 'heap' });
  return { heapMb: heapBytes / MIB, rssMb: (residentBytes(process.pid) ?? 0) / MIB };
}

function hitSection(sums: ReadonlyMap<Manner | null, Sum>, plan: Plan): Section {
  const rateOf = (manner: Manner | null): number => median(sums.get(manner)?.hitsASecond ?? []);
  const calls = (plan.callsPerTick * MS_A_SECOND) / TICK_MS;
  return {
    title: 'Herd, hits beside bad loaders: one thread reads, another has loaders that',
    columns: ['are', 'hits / s', '× nobody beside', '× good ones beside'],
    rows: BESIDE.map((manner): Cell[] => {
      const rate = rateOf(manner);
      const name = manner ?? 'nobody';
      return [name, Math.round(rate), rate / rateOf(null), rate / rateOf('good')];
    }),
    notes: [
      `awaited getOrLoad hits, by turns, ${plan.rounds} rounds of ${plan.durationMs} ms; beside them ${count(calls)} calls a second that miss,`,
      'two for a key; good: brings a value after 5 ms. The two threads and the nodes share the cores, so even good ones cost hits',
    ],
  };
}

function missSection(sums: ReadonlyMap<Manner | null, Sum>, memory: readonly Memory[]): Section {
  const rows = (['good', ...BAD] as const).map((manner): Cell[] => {
    const { latenciesMs, outcomes } = sums.get(manner) ?? emptySum();
    const text = Object.entries(outcomes).map(([name, times]) => `${name} ${count(times)}`);
    const at = (share: number): number => percentile(latenciesMs, share);
    return [manner, latenciesMs.length, text.join(', '), at(0.5), at(0.99), at(1), TIMEOUT_MS];
  });
  const [before, after] = [memory[0], memory.at(-1)];
  const calls = rows.reduce((sum, row) => sum + Number(row[1]), 0);
  const change = (pick: (memory: Memory) => number): string =>
    [before, after].map((at) => (at === undefined ? '?' : pick(at).toFixed(1))).join(' → ');
  return {
    title: 'Herd, what the missing calls get of them, and ms until they do',
    columns: ['loader', 'calls', 'outcomes', 'p50', 'p99', 'max', 'timeout'],
    rows,
    notes: [
      'stale: the expired value, which staleIfError allows; breaker: five failures open it for a second;',
      `after the first round, and after ${count(calls)} calls more: heap of the calling thread ${change(({ heapMb }) => heapMb)} MB, RSS ${change(({ rssMb }) => rssMb)} MB`,
      loadNote(),
    ],
  };
}

const emptySum = (): Sum => ({ hitsASecond: [], latenciesMs: [], outcomes: {} });
const count = (n: number): string => n.toLocaleString('en-US');
