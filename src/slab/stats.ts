import { HEADER_BYTES, NOTES_END } from './layout.js';
import { statIndex } from './memory.js';
import { undrainedReads } from './read-notes.js';

/** What a slab says of itself. Counters count from its start. */
export interface SlabStats {
  readonly entries: number;
  /** Key bytes, value bytes and 64 bytes for every entry: what the memory limit limits. */
  readonly trackedBytes: number;
  readonly memoryLimit: number;
  /** Bytes of header, index and pages in use. */
  readonly occupiedBytes: number;
  /** Bytes of shared memory that were ever touched: what the operating system has given. */
  readonly residentBytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly sets: number;
  readonly deletes: number;
  /** Entries that went to make room. */
  readonly evicted: number;
  /** Those among them that were not the least recently used: victims of colliding hashes. */
  readonly evictedOutOfOrder: number;
  readonly expired: number;
  /** Slots that the mover has moved. */
  readonly moved: number;
}

/**
 * Reads the figures of a slab from any thread, what foreign readers have counted included: exact
 * when nobody is at work.
 */
export function readSlabStats(memory: SharedArrayBuffer): SlabStats {
  const numbers = new Float64Array(memory, 0, HEADER_BYTES / 8);
  const read = (field: Parameters<typeof statIndex>[0]): number =>
    numbers[statIndex(field)] as number;
  const undrained = undrainedReads(new Int32Array(memory, 0, NOTES_END / 4));
  return {
    entries: read('entries'),
    trackedBytes: read('trackedBytes'),
    memoryLimit: read('memoryLimit'),
    occupiedBytes: read('occupiedBytes'),
    residentBytes: read('residentBytes'),
    hits: read('hits') + undrained.hits,
    misses: read('misses') + undrained.misses,
    sets: read('sets'),
    deletes: read('deletes'),
    evicted: read('evicted'),
    evictedOutOfOrder: read('evictedOutOfOrder'),
    expired: read('expired'),
    moved: read('moved'),
  };
}
