/**
 * The slab beside the LRU packages of the registry: same keys, same values, each in its own
 * thread, taking turns round by round, so that what else the machine does hits all alike.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { median } from '../support/median.js';
import type { Effort, Section, Suite, SuiteContext } from '../support/suite.js';
import { CONTENDERS, REFERENCE } from './contenders.js';
import type { Turn, WorkerInput, WorkerSays } from './worker.js';

const VALUE_BYTES = 200;
/** A cache of a million entries and its garbage. */
const HEAP_MB = 4_096;

const SIZES: Readonly<Record<Effort, readonly number[]>> = {
  smoke: [5_000],
  normal: [100_000, 1_000_000],
  full: [100_000, 1_000_000],
};
const ROUNDS: Readonly<Record<Effort, number>> = { smoke: 1, normal: 5, full: 11 };

const TURNS: readonly Turn[] = [
  { operation: 'get', distribution: 'uniform', strings: 'fresh' },
  { operation: 'get', distribution: 'zipf', strings: 'fresh' },
  { operation: 'get', distribution: 'uniform', strings: 'interned' },
  { operation: 'set: overwrite', distribution: 'uniform', strings: 'fresh' },
  { operation: 'set: overwrite', distribution: 'zipf', strings: 'fresh' },
  { operation: 'set: new, evicting', distribution: 'uniform', strings: 'fresh' },
];

export const lruSuite: Suite = {
  about: 'slab get, overwrite and evict beside the LRU packages of the registry',
  async *run(context) {
    for (const entries of SIZES[context.effort]) yield await runSize(entries, context);
  },
};

interface Racer {
  readonly name: string;
  readonly limits: string;
  readonly worker: Worker;
  /** Nanoseconds an operation: a list of rounds for each turn. */
  readonly times: number[][];
}

async function runSize(entries: number, { effort, progress }: SuiteContext): Promise<Section> {
  const racers: Racer[] = [];
  try {
    for (const name of Object.keys(CONTENDERS)) {
      progress(`${name}: filling with ${entries} entries`);
      racers.push(await start({ contender: name, entries, valueBytes: VALUE_BYTES, effort }));
    }
    for (const [t, turn] of TURNS.entries()) {
      for (let round = 0; round < ROUNDS[effort]; round++) {
        progress(`${entries} entries: ${turn.operation}, round ${round + 1}`);
        for (const racer of racers) racer.times[t]?.push(await race(racer, turn));
      }
    }
  } finally {
    await Promise.all(racers.map(({ worker }) => worker.terminate()));
  }
  return sectionOf(entries, racers);
}

async function start(input: WorkerInput): Promise<Racer> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const [said] = (await once(worker, 'message')) as [WorkerSays];
  if (!('limits' in said)) throw new Error('A contender says its limits first');
  return { name: input.contender, limits: said.limits, worker, times: TURNS.map(() => []) };
}

async function race({ worker }: Racer, turn: Turn): Promise<number> {
  worker.postMessage(turn);
  const [said] = (await once(worker, 'message')) as [WorkerSays];
  if (!('timing' in said)) throw new Error('A contender answers a turn with its timing');
  return said.timing.median;
}

function sectionOf(entries: number, racers: readonly Racer[]): Section {
  const reference = racers.find(({ name }) => name === REFERENCE);
  const medians = (racer: Racer): number[] => racer.times.map((rounds) => median(rounds));
  const base = reference === undefined ? [] : medians(reference);
  return {
    title: `LRU, ${entries.toLocaleString('en-US')} entries of 25 + ${VALUE_BYTES} bytes: ns an operation (× ${REFERENCE}'s throughput)`,
    columns: ['cache', 'limits', ...TURNS.map(nameOf)],
    rows: racers.map((racer) => [
      racer.name,
      racer.limits,
      ...medians(racer).map((ns, t) => `${ns.toFixed(0)} (${((base[t] ?? 0) / ns).toFixed(2)})`),
    ]),
    notes: [
      'fresh: keys are built from parts outside the clock and never met by the cache as an object; interned: the objects it was filled with',
      "shoal copies each value out as bytes of the caller's own (getInto: into one buffer); the others return the object they hold",
      'each in a thread of its own, in turns; median of the rounds',
    ],
  };
}

const nameOf = ({ operation, distribution, strings }: Turn): string =>
  `${operation}, ${distribution}${strings === 'interned' ? ', interned' : ''}`;
