/** A thread that reads hits, or one whose loaders are bad. */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { workerData } from 'node:worker_threads';
import { CircuitBreaker, connect, type LoadOptions, ShoalError } from '#src/index.js';
import type { BadAnswer, BadOrder, BadTask, Manner, Misses } from './bad-messages.js';
import { obey } from './hand.js';

/** Keys of a manner, at the most; each is asked for by two calls at a time. */
const KEYS_MAX = 2_000;
const CALLS_A_KEY = 2;
const WORK_MS = 5;
/** So short that a key has expired when its turn comes again. */
const TTL_MS = 20;
const STALE_MS = 3_600_000;
/** Long enough to be stored before it is over. */
const OLD_MS = 150;
/** Hits between two looks at the clock, and turns of the event loop. */
const BATCH = 200;
const HIT_TTL_MS = 3_600_000;
const FILL_AT_A_TIME = 500;

const NOTHING: BadAnswer = {
  hits: 0,
  elapsedMs: 0,
  outcomes: {},
  latenciesMs: new Float64Array(),
  heapBytes: 0,
};

const { handle } = workerData as BadTask;
const client = connect(handle);
let turns = 0;

const good = async (): Promise<string> => {
  await sleep(WORK_MS);
  return 'value';
};
const never = (): Promise<never> => new Promise(() => {});
const failsHalf = async (): Promise<string> => {
  await sleep(WORK_MS);
  if (turns++ % 2 === 0) throw new Error('not this time');
  return 'value';
};
const throws = (): never => {
  throw new Error('at once');
};

function loaderOf(manner: Manner): () => unknown {
  switch (manner) {
    case 'good':
      return good;
    case 'hangs':
    case 'hangs, stale':
    case 'hangs, breaker':
      return never;
    case 'fails half':
    case 'fails half, stale':
      return failsHalf;
    case 'throws':
      return throws;
  }
}

async function readHits({ durationMs, keys }: Extract<BadOrder, { order: 'hits' }>) {
  const names = Array.from({ length: keys }, (_, i) => `hit:${i}`);
  const options = { ttl: HIT_TTL_MS };
  const loader = (): string => 'hit';
  await Promise.all(names.map((name) => client.getOrLoad(name, loader, options)));
  const from = performance.now();
  let hits = 0;
  while (performance.now() - from < durationMs) {
    for (let i = 0; i < BATCH; i++) {
      const value = await client.getOrLoad(names[hits++ % keys] ?? '', loader, options);
      if (value !== 'hit') throw new Error(`Cannot measure: a hit has brought ${value}`);
    }
    await turn();
  }
  return { ...NOTHING, hits, elapsedMs: performance.now() - from };
}

/** Values that have expired when this resolves, and may be given where a load fails. */
async function leaveStale(misses: Misses): Promise<BadAnswer> {
  if (!isOfStale(misses)) return NOTHING;
  const keys = keysOf(misses);
  const options = { ttl: OLD_MS, staleIfError: STALE_MS };
  for (let from = 0; from < keys; from += FILL_AT_A_TIME) {
    const length = Math.min(FILL_AT_A_TIME, keys - from);
    const some = Array.from({ length }, (_, i) => nameOf(misses, from + i));
    await Promise.all(some.map((name) => client.getOrLoad(name, () => 'stale', options)));
  }
  await sleep(OLD_MS);
  return NOTHING;
}

const callsOf = ({ durationMs, tickMs, callsPerTick }: Misses): number =>
  Math.ceil(durationMs / tickMs) * callsPerTick;
const keysOf = (misses: Misses): number =>
  Math.min(KEYS_MAX, Math.ceil(callsOf(misses) / CALLS_A_KEY));
const nameOf = ({ manner, round }: Misses, key: number): string => `${manner}:${round}:${key}`;
const isOfStale = ({ manner }: Misses): boolean => manner.endsWith('stale');

async function miss(misses: Misses): Promise<BadAnswer> {
  const { manner, callsPerTick, tickMs, timeoutMs: timeout } = misses;
  const options: LoadOptions = {
    ttl: TTL_MS,
    timeout,
    ...(isOfStale(misses) ? { staleIfError: STALE_MS } : {}),
    ...(manner === 'hangs, breaker' ? { breaker: new CircuitBreaker({ resetAfter: 1_000 }) } : {}),
  };
  const loader = loaderOf(manner);
  const calls = callsOf(misses);
  const keys = keysOf(misses);
  const latenciesMs = new Float64Array(calls);
  const outcomes: Record<string, number> = {};
  let ended = 0;
  const call = async (key: number): Promise<void> => {
    const from = performance.now();
    let outcome: string;
    try {
      outcome = String(await client.getOrLoad(nameOf(misses, key), loader, options));
    } catch (error) {
      outcome = error instanceof ShoalError ? error.code : String(error);
    }
    latenciesMs[ended++] = performance.now() - from;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const from = performance.now();
  let made = 0;
  for (let tick = 0; made < calls; tick++) {
    await sleep(Math.max(0, from + tick * tickMs - performance.now()));
    for (let i = 0; i < callsPerTick; i++) void call(Math.floor(made++ / CALLS_A_KEY) % keys);
  }
  while (ended < made) await sleep(tickMs);
  return { ...NOTHING, elapsedMs: performance.now() - from, outcomes, latenciesMs };
}

function heap(): BadAnswer {
  // The threads of a benchmark are not started with --expose-gc, and a worker cannot be given it.
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return { ...NOTHING, heapBytes: process.memoryUsage().heapUsed };
}

// The first call waits for the connection.
await client.has('connected');
obey((order: BadOrder): BadAnswer | Promise<BadAnswer> => {
  switch (order.order) {
    case 'hits':
      return readHits(order);
    case 'prepare':
      return leaveStale(order.misses);
    case 'miss':
      return miss(order.misses);
    case 'heap':
      return heap();
  }
});
