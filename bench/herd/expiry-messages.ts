/** What the director of the expiries and its threads tell each other. */
import type { MessagePort } from 'node:worker_threads';
import type { ClusterHandle } from '#src/index.js';

export type Contender =
  /** getOrLoad with early refresh, and without. */
  | 'shoal, beta 1'
  | 'shoal, beta 0'
  /** GET from a redis-server; on a miss load, and SET PX. Nothing keeps others from doing the same. */
  | 'ioredis'
  /** Collapses what misses in one instance, of which each thread has one. */
  | 'bentocache'
  /** `fetch` of a cache of each thread's own. */
  | 'lru-cache';

export interface AskerTask {
  readonly handle: ClusterHandle;
  readonly redisPort: number | null;
  readonly database: MessagePort;
}

export interface AskerOrder {
  readonly contender: Contender;
  readonly key: string;
  readonly ttlMs: number;
  /** By the machine's clock: the first requests are due then. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly tickMs: number;
  /** Requests of this thread that are due at each tick. */
  readonly perTick: number;
}

export interface AskerAnswer {
  /** Milliseconds from when a request was due to its answer. */
  readonly latenciesMs: Float64Array;
  /** Answers that came before the time was over. */
  readonly inTime: number;
  readonly errors: number;
}

export type DatabaseOrder =
  /** From now on a query takes so long, and so many run at a time; null: all that come. */
  | { readonly order: 'open'; readonly loadMs: number; readonly atATime: number | null }
  | { readonly order: 'count' };

export interface DatabaseCounts {
  readonly queries: number;
  /** Queries that were being made or waited, at the most. */
  readonly outstandingMax: number;
}
