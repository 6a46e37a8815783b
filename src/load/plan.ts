/**
 * What a run is to do, complete and checked, as plain data: it travels to the generator threads
 * and into the report as it is.
 */

/** What an operation is to the one who reads the report. */
export type OperationKind =
  /** Read one key. */
  | 'get'
  /** Write one of the keys there are. */
  | 'set'
  /** Write a key that never was before. */
  | 'insert'
  /** Remove one key. */
  | 'delete'
  /** Read one key, then write it: one operation, from the read's start to the write's answer. */
  | 'modify'
  /** The write that follows a get that missed, as a cache's user does it. */
  | 'fill';

export const OPERATION_KINDS: readonly OperationKind[] = [
  'get',
  'set',
  'insert',
  'delete',
  'modify',
  'fill',
];

/** Shares of each kind; they need not add up to 1. A fill follows from a miss, never from here. */
export type Mix = Readonly<Partial<Record<Exclude<OperationKind, 'fill'>, number>>>;

/** Which key comes next. */
export type KeyDistribution =
  | { readonly kind: 'uniform' }
  /** Key 0 is the most popular. The ring's hash spreads keys already, so no scrambling. */
  | { readonly kind: 'zipf'; readonly theta: number }
  /** The first `keys` get `share` of all operations, evenly; the rest is even among the others. */
  | { readonly kind: 'hot'; readonly keys: number; readonly share: number }
  /** Zipf by age: the key inserted last is the most popular. */
  | { readonly kind: 'latest'; readonly theta: number }
  /** Round and round, in order: the worst case of an LRU that is too small. */
  | { readonly kind: 'sequential' }
  /** The popularity curve measured at Meta (meta-kv.ts). */
  | { readonly kind: 'meta-kv' };

/** How large a value is. */
export type SizeDistribution =
  | { readonly kind: 'fixed'; readonly bytes: number }
  /** Even from `min` to `max`, both included. */
  | { readonly kind: 'range'; readonly min: number; readonly max: number }
  /** The sizes measured at Meta (meta-kv.ts). */
  | { readonly kind: 'meta-kv' };

/** One of several times to live, and how often it is taken in relation to the others. */
export interface TtlChoice {
  readonly ttlMs: number;
  readonly weight: number;
}

/** The traffic itself: what presets define and options override. */
export interface Traffic {
  readonly mix: Mix;
  readonly keys: number;
  /** Bytes of a key; where they differ, a key's size is fixed by its number. */
  readonly keySize: { readonly min: number; readonly max: number };
  readonly distribution: KeyDistribution;
  readonly valueSize: SizeDistribution;
  /** Empty: values do not expire. */
  readonly ttls: readonly TtlChoice[];
  /** Write every key once before the clock starts. */
  readonly preload: boolean;
  /** Write a key after a get that missed it. */
  readonly fill: boolean;
}

/** How the traffic is sent. */
export interface LoadPlan {
  readonly workload: string | null;
  readonly traffic: Traffic;
  /** By RESP over sockets, or through the library's client. */
  readonly via: 'resp' | 'library';
  readonly threads: number;
  /** Over all threads. By the library: that many independent callers a client. */
  readonly connections: number;
  /** Operations in flight on one connection. In open loop an upper bound. */
  readonly pipeline: number;
  /** Intended operations a second over all threads; null: closed loop, as fast as answers come. */
  readonly rate: number | null;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly verify: boolean;
  readonly seed: number;
}

/** Where a server listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}
