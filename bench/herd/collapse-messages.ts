/** What the director of those who all miss at once and its threads tell each other. */
import type { ClusterHandle } from '#src/index.js';

export interface CollapseTask {
  readonly handle: ClusterHandle;
  /** Words: calls that were made, then the loads of each key. */
  readonly board: SharedArrayBuffer;
}

export interface CollapseOrder {
  /** Tells the keys of a crowd, and of a round, from those before it. */
  readonly crowd: string;
  readonly round: number;
  readonly keys: number;
  /** Of each key, by this thread. */
  readonly calls: number;
  /** Of all threads. */
  readonly callsInAll: number;
}

/** By the machine's clock. */
export interface CollapseAnswer {
  readonly fromMs: number;
  /** All calls of this thread were made. */
  readonly begunMs: number;
  /** All have their answers. */
  readonly toMs: number;
}

export const BEGUN = 0;
export const LOADS_AT = 1;
