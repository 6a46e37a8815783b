/** What the suite and its reader threads tell each other. */

/** A way to a value from a thread that is no node's. */
export type Way =
  /** `getSync` and `getInto` of `connect(handle)`. */
  | 'getSync'
  | 'getInto'
  /** `await get` on a client that reads by message, one at a time. */
  | 'message'
  /** `ioredis` and a redis-server on the loopback, one at a time. */
  | 'ioredis';

export interface ReaderTask {
  /** What `cluster.handle()` gave: of the cluster that is read in place, and of the one that is asked. */
  readonly shared: unknown;
  readonly proxy: unknown;
  readonly redisPort: number | null;
  /** The first word says when to begin. */
  readonly gate: SharedArrayBuffer;
}

export type ReaderOrder =
  /** So many batches of reads of random keys, each batch timed as a whole; then single reads. */
  | {
      readonly order: 'time';
      readonly way: Way;
      readonly entries: number;
      readonly batches: number;
      readonly batch: number;
      readonly singles: number;
      readonly seed: number;
    }
  /** So many reads in place, begun together with other threads. */
  | {
      readonly order: 'race';
      readonly entries: number;
      readonly reads: number;
      readonly seed: number;
    };

export type ReaderSays =
  | { readonly says: 'ready' }
  /** Keys are made: it waits at the gate. */
  | { readonly says: 'at-gate' }
  /** Nanoseconds a read: one figure for each batch, and one for each single read. */
  | { readonly says: 'timed'; readonly batchesNs: number[]; readonly singlesNs: number[] }
  /** Milliseconds of the machine's clock. */
  | { readonly says: 'raced'; readonly fromMs: number; readonly toMs: number };
