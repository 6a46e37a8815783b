/** What a process that holds entries is started with, and says. */
import type { ClusterHandle } from '#src/index.js';

export interface HolderTask {
  readonly who: 'shoal' | 'lru-cache';
  readonly entries: number;
  readonly valueBytes: number;
  /** Shoal: threads that read in place. lru-cache: threads with a cache each. */
  readonly threads: number;
  /**
   * How Shoal's threads read: into a buffer, with keys in another, which makes no garbage; or as one
   * usually does, and then each thread has V8's space for young objects beside its own.
   */
  readonly reads: 'getInto' | 'getSync';
}

/** What a thread of that process is to do. */
export type ThreadRole =
  /** Stores everything in the cluster, and ends. */
  | 'fill'
  /** Reads everything, and stays. */
  | 'read'
  /** Stores everything in a cache of its own, and stays. */
  | 'keep';

export interface HolderThreadTask extends HolderTask {
  readonly role: ThreadRole;
  /** Null where there is no cluster. */
  readonly handle: ClusterHandle | null;
}

/** It holds everything, has collected its garbage in all threads, and does nothing any more. */
export interface HolderSays {
  readonly trackedBytes: number;
  /** Threads beside its main one. */
  readonly threads: number;
  /** RSS when everything had been stored and read, with the garbage of that. */
  readonly filledBytes: number;
  /** Of the RSS that it has now: shared memory that was touched, and heaps of all threads. */
  readonly slabBytes: number;
  readonly heapBytes: number;
}
