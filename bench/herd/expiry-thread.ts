/**
 * A thread that asks for one popular key at a rate, in an open loop: requests are due at each tick, and
 * their time counts from then, whether or not the thread could send them. So a stall is seen by all
 * who would have come in it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { connect } from '#src/index.js';
import { machineNow } from '../soak/clock.js';
import { type Cache, openCache, type Row, rowOf } from './expiry-contenders.js';
import type { AskerAnswer, AskerOrder, AskerTask } from './expiry-messages.js';
import { obey } from './hand.js';

/** Requests that are out at a time; more wait, and their time counts. */
const OUTSTANDING_MAX = 50_000;
/** After the last request, for the answers. */
const PATIENCE_MS = 60_000;

const { handle, redisPort, database } = workerData as AskerTask;
const shoal = connect(handle);
const queries = new Map<number, () => void>();
let lastId = 0;
database.on('message', (id: number) => {
  queries.get(id)?.();
  queries.delete(id);
});

function load(key: string): Promise<Row> {
  return new Promise((resolve) => {
    const id = ++lastId;
    queries.set(id, () => resolve(rowOf(key)));
    database.postMessage(id);
  });
}

/** What has been asked and answered in one run. */
class Run {
  readonly latenciesMs: Float64Array;
  answered = 0;
  inTime = 0;
  errors = 0;
  outstanding = 0;
  readonly #cache: Cache;
  readonly #key: string;
  readonly #endMs: number;

  constructor(cache: Cache, { key, startMs, durationMs, tickMs, perTick }: AskerOrder) {
    this.#cache = cache;
    this.#key = key;
    this.#endMs = startMs + durationMs;
    this.latenciesMs = new Float64Array(Math.ceil(durationMs / tickMs) * perTick);
  }

  async ask(dueMs: number): Promise<void> {
    this.outstanding++;
    try {
      const row = (await this.#cache.get(this.#key)) as Row | null | undefined;
      if (row?.key !== this.#key) this.errors++;
    } catch {
      this.errors++;
    }
    this.outstanding--;
    const now = machineNow();
    this.latenciesMs[this.answered++] = now - dueMs;
    if (now <= this.#endMs) this.inTime++;
  }
}

async function askAll(order: AskerOrder): Promise<AskerAnswer> {
  const { contender, key, ttlMs, startMs, durationMs, tickMs, perTick } = order;
  const cache = openCache(contender, { shoal, redisPort, ttlMs, load });
  try {
    // Whoever opens a connection does it now.
    await cache.get(key);
    const run = new Run(cache, order);
    const ticks = Math.ceil(durationMs / tickMs);
    for (let tick = 0; tick < ticks; ) {
      const waitMs = startMs + tick * tickMs - machineNow();
      if (waitMs > 0) await sleep(waitMs);
      else if (run.outstanding >= OUTSTANDING_MAX) await sleep(tickMs);
      else {
        const dueMs = startMs + tick * tickMs;
        for (let i = 0; i < perTick; i++) void run.ask(dueMs);
        tick++;
      }
    }
    const lateMs = machineNow() + PATIENCE_MS;
    while (run.outstanding > 0 && machineNow() < lateMs) await sleep(tickMs);
    const { latenciesMs, answered, inTime, errors, outstanding } = run;
    return {
      latenciesMs: latenciesMs.slice(0, answered),
      inTime,
      errors: errors + outstanding,
    };
  } finally {
    await cache.close();
  }
}

// The first call waits for the connection.
await shoal.has('connected');
obey(askAll);
