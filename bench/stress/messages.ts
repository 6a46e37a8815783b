/** What the director of a stress and its threads tell each other. */
import type { ClusterHandle } from '#src/index.js';
import type { TallyData } from './tally.js';

/** Plain data and shared memory: what a thread is started with. */
export interface ThreadTask {
  readonly thread: number;
  readonly threads: number;
  readonly nodes: number;
  readonly keysPerWriter: number;
  readonly homes: Uint8Array;
  readonly run: number;
  readonly seed: number;
  readonly evicts: boolean;
  /** What `cluster.handle()` gave. */
  readonly handle: ClusterHandle;
  readonly ledger: SharedArrayBuffer;
  readonly board: SharedArrayBuffer;
  readonly memories: readonly SharedArrayBuffer[];
  readonly memoryLimit: number;
}

export type ThreadSays =
  /** It has its client, and waits for the others. */
  { readonly says: 'ready' } | { readonly says: 'done'; readonly tally: TallyData };

/** The memory of a node was lost in that time: it came back empty, or its range was given to others. */
export interface Loss {
  readonly node: number;
  readonly fromMs: number;
  readonly toMs: number;
}
