/** What the director of the bad loaders and its threads tell each other. */
import type { ClusterHandle } from '#src/index.js';

/** What a loader does that is called beside others' hits. */
export type Manner =
  /** Brings a value after 5 ms: what the others are to be compared with. */
  | 'good'
  /** Never settles; the call has a time limit. */
  | 'hangs'
  /** The same, of keys with an expired value that may be given on an error. */
  | 'hangs, stale'
  /** The same without one, behind a circuit breaker. */
  | 'hangs, breaker'
  /** Rejects every other time, after 5 ms. */
  | 'fails half'
  | 'fails half, stale'
  /** Throws as it is called. */
  | 'throws';

export interface BadTask {
  readonly handle: ClusterHandle;
}

/** Misses at a rate, for so long. */
export interface Misses {
  readonly manner: Manner;
  readonly durationMs: number;
  readonly callsPerTick: number;
  readonly tickMs: number;
  readonly timeoutMs: number;
  /** Tells the keys of a round from those before it. */
  readonly round: number;
}

export type BadOrder =
  /** Read hits for so long, and nothing else. */
  | { readonly order: 'hits'; readonly durationMs: number; readonly keys: number }
  /** Leaves the expired values that misses are to find. */
  | { readonly order: 'prepare'; readonly misses: Misses }
  | { readonly order: 'miss'; readonly misses: Misses }
  /** Collect the garbage, and tell the heap. */
  | { readonly order: 'heap' };

export interface BadAnswer {
  readonly hits: number;
  readonly elapsedMs: number;
  /** Of the missing calls: what they got, by name (`value`, `stale`, or the code of an error). */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly latenciesMs: Float64Array;
  readonly heapBytes: number;
}
