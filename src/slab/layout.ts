/**
 * The map of a slab's memory: where everything lies, as pure arithmetic from the memory limit.
 * `src/slab/README.md` draws it. Addresses inside are in granules of eight bytes, so that a slot's
 * address fits in 30 bits of one word and is published by one atomic store.
 *
 *     ┌────────┬────────────┬────────────┬────────────────────┬──────────────────┬──────────────────┐
 *     │ header │ read notes │ page table │ index buckets      │ overflow buckets │ pages            │
 *     │ 512 B  │ 64 rings,  │ 1 B a page │ 64 B each, as many │ 64 B each        │ 8 to 128 KB each │
 *     │        │ 2 KB each  │            │ as entries need    │                  │                  │
 *     └────────┴────────────┴────────────┴────────────────────┴──────────────────┴──────────────────┘
 *
 * Everything is reserved for the worst case, and costs nothing until it is touched: the buffer is
 * far larger than the limit, what it occupies is not.
 */
import { assert } from '../base/assert.js';
import type { Bytes } from '../base/units.js';

/** Raised whenever the meaning of a byte changes; a slab of another version is not attached to. */
export const LAYOUT_VERSION = 3;

/** Tracked bytes of an entry beside its key and value: header, links, index slot, floor's share. */
export const ENTRY_OVERHEAD = 64;
/** Smallest and largest memory limit of one slab. */
export const MEMORY_LIMIT_MIN = 1024;
export const MEMORY_LIMIT_MAX = 4 * 2 ** 30;

export const GRANULE_BYTES = 8;
export const GRANULE_SHIFT = 3;
export const CACHE_LINE = 64;

/** Words of one index bucket: generation, overflow, floor (2), six hashes, six slots. */
export const BUCKET_WORDS = CACHE_LINE / 4;
export const BUCKET_GENERATION = 0;
export const BUCKET_OVERFLOW = 1;
export const BUCKET_FLOOR_HIGH = 2;
export const BUCKET_FLOOR_LOW = 3;
export const BUCKET_HASHES = 4;
export const BUCKET_PAIRS = 6;
export const BUCKET_SLOTS = BUCKET_HASHES + BUCKET_PAIRS;

/** Entries a bucket on average, before the index grows by one: 14 bytes of index an entry. */
export const BUCKET_LOAD = 4.6;
/** Entries a bucket on average, below which the index shrinks by one: far enough from growing again. */
export const BUCKET_LOAD_MIN = 4;
/** The index starts with this many buckets; a power of two. */
export const BUCKETS_MIN = 8;
/** Overflow buckets one bucket may chain; crafted collisions evict among themselves beyond. */
export const OVERFLOW_CHAIN_MAX = 8;

/** In a slot word of the index: the entry has an expiry (the sweeper need not touch the others). */
export const SLOT_EXPIRES = 0x4000_0000;
export const SLOT_ADDRESS = 0x3fff_ffff;

/** Words of an entry's header, at the start of its slot; the key follows, padded to a word. */
export const ENTRY_OLDER = 0;
export const ENTRY_NEWER = 1;
export const ENTRY_VERSION_HIGH = 2;
export const ENTRY_VERSION_LOW = 3;
/** A float64, at granule 2 of the slot. */
export const ENTRY_EXPIRY_GRANULE = 2;
export const ENTRY_VALUE_LENGTH = 6;
/** Key length (16 bits), kind (2 bits). */
export const ENTRY_SHAPE = 7;
export const ENTRY_HASH = 8;
export const ENTRY_CHECKSUM = 9;
/** First chunk of what did not fit in the slot, or NO_SLOT. */
export const ENTRY_CHAIN = 10;
/** How long the load took, and how long the entry may be handed out as stale: `base/brief.ts`. */
export const ENTRY_LOADING = 11;
export const ENTRY_HEADER_WORDS = 12;
export const ENTRY_HEADER_BYTES = ENTRY_HEADER_WORDS * 4;

/** Words of a chunk's header: the next chunk, and the one before (or the entry). */
export const CHUNK_NEXT = 0;
export const CHUNK_BACK = 1;
export const CHUNK_HEADER_BYTES = 8;

/**
 * What a slot holds is told by the top bits of its second word, which is an address in all three
 * cases: the newer neighbour of an entry, the predecessor of a chunk, the mark of a free slot.
 */
export const TAG_MASK = 0xc000_0000 | 0;
export const TAG_ENTRY = 0;
export const TAG_FREE = 0x4000_0000;
export const TAG_CHUNK = 0x8000_0000 | 0;

/** No slot: nothing lies at granule 0, the header does. */
export const NO_SLOT = 0;

/** Float64 fields of the header, by index. Written by the owner alone, readable by every thread. */
export const STAT_FIELDS = [
  'layoutVersion',
  'memoryLimit',
  'entries',
  'trackedBytes',
  'occupiedBytes',
  'residentBytes',
  'hits',
  'misses',
  'sets',
  'deletes',
  'evicted',
  'evictedOutOfOrder',
  'expired',
  'moved',
] as const;
export type StatField = (typeof STAT_FIELDS)[number];
/** Byte offset of the header's words that foreign readers look at: a cache line that rarely changes. */
const HEADER_WORDS_AT = 256;
/** Word index: number of index buckets in use. */
export const HEADER_BUCKET_COUNT = HEADER_WORDS_AT / 4;
/** Word indexes: the floor under every bucket. */
export const HEADER_FLOOR_HIGH = HEADER_BUCKET_COUNT + 1;
export const HEADER_FLOOR_LOW = HEADER_BUCKET_COUNT + 2;
/** Word indexes: both ends of the recency list. They change all the time: a line of their own. */
export const HEADER_NEWEST = HEADER_BUCKET_COUNT + CACHE_LINE / 4;
export const HEADER_OLDEST = HEADER_NEWEST + 1;
/** Word indexes, one bit a ring (two words each): rings with notes to drain; rings ever used. */
export const HEADER_NOTES_PENDING = HEADER_NEWEST + CACHE_LINE / 4;
export const HEADER_NOTES_USED = HEADER_NOTES_PENDING + 2;
/** Word index: not 0 if a ring is half full. */
export const HEADER_NOTES_URGENT = HEADER_NOTES_USED + 2;
export const HEADER_BYTES = 512;

/** Rings for the notes of foreign readers (`read-notes.ts`); as many as the bits of two words. */
export const NOTE_RINGS = 64;
/** Notes that a ring holds, a power of two; the oldest are overwritten. */
export const NOTES_PER_RING = 256;
/** Words of a ring's first cache line; its notes follow, two words each: slot, hash. */
export const RING_TAIL = 0;
export const RING_MISSES = 1;
/** How much of both the owner has counted; written by it alone. */
export const RING_TAIL_DRAINED = 2;
export const RING_MISSES_DRAINED = 3;
export const RING_BYTES = CACHE_LINE + NOTES_PER_RING * 8;
/** Byte offset of the first ring. */
export const NOTES_AT = HEADER_BYTES;
export const NOTES_END = NOTES_AT + NOTE_RINGS * RING_BYTES;

/** Smallest and largest page. */
const PAGE_BYTES_MIN = 8 * 1024;
const PAGE_BYTES_MAX = 128 * 1024;
/** A page is about this part of the limit: moving one is quick, and half-filled ones weigh little. */
const PAGES_PER_LIMIT = 1024;
/** Fewest slots in a page: the largest slot is a sixteenth of it. Larger entries are chained. */
export const SLOTS_PER_PAGE_MIN = 16;
/** More size classes than `sizeClasses` ever makes. */
export const CLASSES_MAX = 112;
/** Slot bytes a tracked byte can need, rounding up to size classes included. */
const STORAGE_FACTOR = 1.08;

/** Where everything lies, in bytes from the start, and how much of it there is. */
export interface SlabLayout {
  readonly memoryLimit: Bytes;
  readonly pageBytes: number;
  readonly pageShift: number;
  readonly pages: number;
  readonly pageTableAt: number;
  readonly bucketsMax: number;
  readonly bucketsAt: number;
  readonly overflowMax: number;
  readonly overflowAt: number;
  readonly pagesAt: number;
  readonly totalBytes: number;
}

const alignUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/**
 * The map for one memory limit. There are pages for every set of entries that the limit admits
 * *and* one half-empty page a size class: so as long as fewer bytes are tracked than the limit,
 * some class has a whole page of free slots to give (`mover.ts`), and no entry need go out of turn.
 */
export function slabLayout(memoryLimit: Bytes): SlabLayout {
  assert(memoryLimit >= MEMORY_LIMIT_MIN, 'a memory limit is at least 1 KB');
  assert(memoryLimit <= MEMORY_LIMIT_MAX, 'a memory limit is at most 4 GB');
  const wanted = 2 ** Math.floor(Math.log2(memoryLimit / PAGES_PER_LIMIT));
  const pageBytes = Math.min(Math.max(wanted, PAGE_BYTES_MIN), PAGE_BYTES_MAX);
  const pages = Math.ceil((memoryLimit * STORAGE_FACTOR) / pageBytes) + CLASSES_MAX;
  const entriesMax = Math.floor(memoryLimit / (ENTRY_OVERHEAD + 1));
  const bucketsMax = Math.max(BUCKETS_MIN, Math.ceil(entriesMax / BUCKET_LOAD) + 1);
  const overflowMax = Math.ceil(bucketsMax / 2) + OVERFLOW_CHAIN_MAX;
  const pageTableAt = NOTES_END;
  const bucketsAt = alignUp(pageTableAt + pages, CACHE_LINE);
  const overflowAt = bucketsAt + bucketsMax * CACHE_LINE;
  const pagesAt = alignUp(overflowAt + overflowMax * CACHE_LINE, pageBytes);
  const totalBytes = pagesAt + pages * pageBytes;
  assert(totalBytes / GRANULE_BYTES <= SLOT_ADDRESS, 'every slot has an address of 30 bits');
  return {
    memoryLimit,
    pageBytes,
    pageShift: Math.log2(pageBytes),
    pages,
    pageTableAt,
    bucketsMax,
    bucketsAt,
    overflowMax,
    overflowAt,
    pagesAt,
    totalBytes,
  };
}
