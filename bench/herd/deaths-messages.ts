/** What the director of the deaths and its threads tell each other. */
import type { ClusterHandle } from '#src/index.js';

export interface MissTask {
  readonly handle: ClusterHandle;
  /** Of a Float64Array: when the latest load began that brings a value; 0: none has. */
  readonly began: SharedArrayBuffer;
}

export type MissOrder =
  /** Load a key, and never come to an end. Answered when the loader runs. */
  | { readonly order: 'load'; readonly key: string }
  /** Miss a key that another thread loads. Answered when the call waits for that. */
  | { readonly order: 'wait'; readonly key: string }
  /** Answered when the call that waited has its value. */
  | { readonly order: 'finish' };
