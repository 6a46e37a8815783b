/**
 * Memory of the cluster's process after every thread has collected its garbage. A heap can be asked
 * only by its own thread, so each thread of the process, the nodes' included, loads `memory-probe`
 * first (node's --import reaches threads too) and answers on a channel: nothing of the product knows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { BroadcastChannel } from 'node:worker_threads';

export const PROBE_CHANNEL = 'shoal-soak-memory';

/** One thread's memory. */
export interface ThreadMemory {
  readonly heapUsed: number;
  /** What the heap holds of the system, used or not. */
  readonly heapHeld: number;
  /** Buffers outside the heap that objects in it own; shared memory is not among them. */
  readonly external: number;
}

export type ProbeMessage =
  | { readonly probe: 'collect'; readonly round: number }
  | ({ readonly probe: 'memory'; readonly round: number } & ThreadMemory);

/** All threads together, and the process. */
export interface MemorySample extends ThreadMemory {
  readonly rss: number;
  /** Bytes of the slabs that have been touched: part of `rss`. */
  readonly slabs: number;
  /** Threads that answered, this one included. */
  readonly threads: number;
}

/** What dies in one collection frees memory that only the next one can give back. */
const ROUNDS = 3;
const ANSWER_MS_MAX = 5_000;
const REST_MS = 200;

/** Collects this thread's garbage, all of it, and looks. Needs --expose-gc. */
export function collect(): ThreadMemory {
  const collectGarbage: unknown = globalThis.gc;
  if (typeof collectGarbage !== 'function') throw new Error('Cannot collect: no --expose-gc');
  collectGarbage({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { used_heap_size, total_heap_size, external_memory } = getHeapStatistics();
  return { heapUsed: used_heap_size, heapHeld: total_heap_size, external: external_memory };
}

/** Collects in all threads, and looks. @param threads how many there are beside this one */
export async function measureMemory(threads: number, slabs: () => number): Promise<MemorySample> {
  let seen: ThreadMemory[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const others = await askThreads(round, threads);
    seen = [...others, collect()];
    await sleep(REST_MS);
  }
  const sum = (what: keyof ThreadMemory): number =>
    seen.reduce((total, memory) => total + memory[what], 0);
  return {
    heapUsed: sum('heapUsed'),
    heapHeld: sum('heapHeld'),
    external: sum('external'),
    rss: process.memoryUsage.rss(),
    slabs: slabs(),
    threads: seen.length,
  };
}

async function askThreads(round: number, threads: number): Promise<ThreadMemory[]> {
  const channel = new BroadcastChannel(PROBE_CHANNEL);
  const answers: ThreadMemory[] = [];
  const all = new Promise<void>((resolve) => {
    channel.onmessage = (event: unknown): void => {
      const message = (event as { readonly data: ProbeMessage }).data;
      if (message.probe !== 'memory' || message.round !== round) return;
      answers.push(message);
      if (answers.length === threads) resolve();
    };
  });
  channel.postMessage({ probe: 'collect', round } satisfies ProbeMessage);
  await Promise.race([all, sleep(ANSWER_MS_MAX)]);
  channel.close();
  return answers;
}
