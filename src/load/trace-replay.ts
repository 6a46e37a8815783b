/**
 * Replays a trace against one node's cache, in this thread: read through, as the users of a cache
 * do (get; on a miss, set). The cache alone is timed; reading and padding are done before, batch by
 * batch.
 *
 * Two ways of giving it memory. By items: keys are padded to one length, values are of one size,
 * and memory is `capacity` times what one entry is charged; then a cache that counts bytes holds
 * exactly `capacity` items, and an exact LRU gives the hit ratio that simulators publish. By
 * bytes: the trace's own sizes, under a limit as in production.
 */
import { performance } from 'node:perf_hooks';
import { ShoalError } from '../base/errors.js';
import { readTrace } from './trace-reader.js';

/** Bytes that an entry is charged beside its key and value (NODE-5). */
export const ENTRY_CHARGE_BYTES = 64;

/** What a replay asks of a cache; `SlabCache` is one. */
export interface TraceCache {
  get(key: string): Uint8Array | undefined;
  set(key: string, value: Uint8Array): unknown;
  stats(): TraceCacheStats;
}

export interface TraceCacheStats {
  readonly entries: number;
  readonly trackedBytes: number;
  readonly memoryLimit: number;
  readonly occupiedBytes: number;
  readonly evicted: number;
  readonly evictedOutOfOrder: number;
}

/** How much the cache holds. */
export type TraceMemory =
  | { readonly by: 'items'; readonly capacity: number }
  | { readonly by: 'bytes'; readonly memory: number };

export interface TracePlan {
  readonly file: string;
  /** Accesses to replay, from the first. */
  readonly accesses: number;
  readonly memory: TraceMemory;
  /** Bytes of every value by items, and by bytes where the trace has no sizes. */
  readonly valueSize: number;
}

export interface TraceResult {
  readonly accesses: number;
  readonly hits: number;
  readonly hitRatio: number;
  /** Values over the whole memory: never stored. */
  readonly tooLarge: number;
  /** Time spent in the cache. */
  readonly seconds: number;
  /** Gets and sets. */
  readonly operations: number;
  readonly operationsPerSecond: number;
  readonly stats: TraceCacheStats;
  /** Tracked bytes an entry, and bytes that the slab really occupies for it; null when empty. */
  readonly trackedPerEntry: number | null;
  readonly occupiedPerEntry: number | null;
}

/**
 * Replays a trace; what was replayed until then, if the signal comes first.
 * @throws ShoalError ERR_USAGE where it cannot be read
 */
export async function replayTrace(
  plan: TracePlan,
  createCache: (memoryLimit: number) => TraceCache,
  signal?: AbortSignal,
): Promise<TraceResult> {
  const { file, accesses, memory } = plan;
  const keyLength = memory.by === 'items' ? await longestKey(file, accesses) : 0;
  const limit =
    memory.by === 'items'
      ? memory.capacity * (keyLength + plan.valueSize + ENTRY_CHARGE_BYTES)
      : memory.memory;
  const replay = new Replay(createCache(limit));
  for await (const batch of readTrace(file, accesses)) {
    if (signal?.aborted === true) break;
    const keys = keyLength === 0 ? batch.keys : batch.keys.map((key) => padKey(key, keyLength));
    replay.run(keys, memory.by === 'items' ? null : batch.sizes, plan.valueSize);
  }
  return replay.result();
}

/** A key of `length` bytes that no other key is padded to: keys have no spaces in them. */
export function padKey(key: string, length: number): string {
  return key + ' '.repeat(length - Buffer.byteLength(key));
}

async function longestKey(file: string, accesses: number): Promise<number> {
  let longest = 0;
  for await (const { keys } of readTrace(file, accesses)) {
    for (const key of keys) longest = Math.max(longest, Buffer.byteLength(key));
  }
  return longest;
}

/** The accesses themselves, and what came of them. */
export class Replay {
  readonly #cache: TraceCache;
  #value = new Uint8Array(0);
  #accesses = 0;
  #hits = 0;
  #tooLarge = 0;
  #ms = 0;

  constructor(cache: TraceCache) {
    this.#cache = cache;
  }

  /** One get for each key, and a set if it missed. */
  run(keys: readonly string[], sizes: readonly number[] | null, valueSize: number): void {
    const largest = sizes === null ? valueSize : sizes.reduce((a, b) => Math.max(a, b), 0);
    if (largest > this.#value.length) this.#value = new Uint8Array(largest).fill(0x2e);
    const start = performance.now();
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      if (this.#cache.get(key) !== undefined) this.#hits++;
      else this.#store(key, sizes === null ? valueSize : (sizes[i] as number));
    }
    this.#ms += performance.now() - start;
    this.#accesses += keys.length;
  }

  result(): TraceResult {
    const stats = this.#cache.stats();
    const operations = this.#accesses + (this.#accesses - this.#hits);
    const seconds = this.#ms / 1_000;
    const perEntry = (bytes: number): number | null =>
      stats.entries === 0 ? null : bytes / stats.entries;
    return {
      accesses: this.#accesses,
      hits: this.#hits,
      hitRatio: this.#accesses === 0 ? 0 : this.#hits / this.#accesses,
      tooLarge: this.#tooLarge,
      seconds,
      operations,
      operationsPerSecond: seconds === 0 ? 0 : operations / seconds,
      stats,
      trackedPerEntry: perEntry(stats.trackedBytes),
      occupiedPerEntry: perEntry(stats.occupiedBytes),
    };
  }

  #store(key: string, size: number): void {
    try {
      this.#cache.set(key, this.#value.subarray(0, size));
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== 'ERR_VALUE_TOO_LARGE') throw error;
      this.#tooLarge++;
    }
  }
}
