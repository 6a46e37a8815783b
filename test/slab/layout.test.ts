import assert from 'node:assert/strict';
import test from 'node:test';
import { bytes } from '#src/base/units.js';
import {
  BUCKET_LOAD,
  BUCKETS_MIN,
  CACHE_LINE,
  CHUNK_HEADER_BYTES,
  CLASSES_MAX,
  ENTRY_HEADER_BYTES,
  ENTRY_OVERHEAD,
  GRANULE_BYTES,
  HEADER_BUCKET_COUNT,
  HEADER_BYTES,
  HEADER_FLOOR_LOW,
  HEADER_NEWEST,
  HEADER_NOTES_PENDING,
  HEADER_NOTES_URGENT,
  HEADER_NOTES_USED,
  HEADER_OLDEST,
  MEMORY_LIMIT_MAX,
  MEMORY_LIMIT_MIN,
  NOTE_RINGS,
  NOTES_AT,
  NOTES_PER_RING,
  RING_BYTES,
  SLOT_ADDRESS,
  SLOT_EXPIRES,
  SLOTS_PER_PAGE_MIN,
  STAT_FIELDS,
  slabLayout,
} from '#src/slab/layout.js';
import { SlabMemory } from '#src/slab/memory.js';
import { Pages } from '#src/slab/pages.js';
import { type SizeClasses, sizeClasses } from '#src/slab/size-classes.js';
import { Slab } from '#src/slab/slab.js';

/** Powers of two from 1 KB to 4 GB, and their neighbours. */
const LIMITS = Array.from({ length: 23 }, (_, i) => 2 ** (10 + i))
  .flatMap((limit) => [limit - 1, limit, limit + 1, Math.round(limit * 1.37)])
  .filter((limit) => limit >= MEMORY_LIMIT_MIN && limit <= MEMORY_LIMIT_MAX);

const PAGE_SIZES = [...new Set(LIMITS.map((limit) => slabLayout(bytes(limit)).pageBytes))];

test('slabLayout() puts the parts behind each other, aligned, for every limit (NODE-5)', () => {
  for (const limit of LIMITS) {
    const map = slabLayout(bytes(limit));
    assert.ok(map.pageTableAt >= NOTES_AT + NOTE_RINGS * RING_BYTES);
    assert.ok(map.bucketsAt >= map.pageTableAt + map.pages);
    assert.equal(map.overflowAt, map.bucketsAt + map.bucketsMax * CACHE_LINE);
    assert.ok(map.pagesAt >= map.overflowAt + map.overflowMax * CACHE_LINE);
    assert.equal(map.totalBytes, map.pagesAt + map.pages * map.pageBytes);
    assert.equal(map.bucketsAt % CACHE_LINE, 0);
    assert.equal(map.pagesAt % map.pageBytes, 0);
    assert.equal(2 ** map.pageShift, map.pageBytes);
    assert.ok(map.totalBytes / GRANULE_BYTES <= SLOT_ADDRESS, 'addresses have 30 bits');
    assert.ok(map.bucketsMax >= BUCKETS_MIN);
    const entriesMax = limit / (ENTRY_OVERHEAD + 1);
    assert.ok(map.bucketsMax * BUCKET_LOAD >= Math.floor(entriesMax), 'the index can grow for all');
  }
});

test('the header has room for its figures and words', () => {
  assert.ok(STAT_FIELDS.length * 8 <= HEADER_BYTES / 2);
  assert.ok((HEADER_NOTES_URGENT + 1) * 4 <= HEADER_BYTES);
  const lineOf = (word: number): number => Math.floor((word * 4) / CACHE_LINE);
  assert.equal(lineOf(HEADER_BUCKET_COUNT), lineOf(HEADER_FLOOR_LOW));
  assert.notEqual(lineOf(HEADER_FLOOR_LOW), lineOf(HEADER_NEWEST), 'what readers look at stays');
  assert.equal(lineOf(HEADER_NEWEST), lineOf(HEADER_OLDEST));
  assert.notEqual(lineOf(HEADER_OLDEST), lineOf(HEADER_NOTES_PENDING));
  assert.equal(SLOT_ADDRESS & SLOT_EXPIRES, 0);
});

test('rings of read notes have whole cache lines, and a bit each in two words', () => {
  assert.equal(NOTES_AT % CACHE_LINE, 0);
  assert.equal(RING_BYTES, CACHE_LINE + NOTES_PER_RING * 8);
  assert.equal(RING_BYTES % CACHE_LINE, 0);
  assert.equal(NOTES_PER_RING & (NOTES_PER_RING - 1), 0);
  assert.equal(NOTE_RINGS, 64);
  assert.equal(HEADER_NOTES_USED, HEADER_NOTES_PENDING + 2);
});

test('slabLayout() refuses limits out of range', () => {
  for (const limit of [0, MEMORY_LIMIT_MIN - 1, MEMORY_LIMIT_MAX + 1]) {
    assert.throws(() => slabLayout(bytes(limit)));
  }
});

test('sizeClasses() grow by at most a sixteenth, or 8 bytes, or one slot a page, and fill pages', () => {
  for (const pageBytes of PAGE_SIZES) {
    const { slotBytes, slotsPerPage, slotBytesMax } = sizeClasses(pageBytes);
    assert.ok(slotBytes.length <= CLASSES_MAX);
    assert.equal(slotBytesMax, slotBytes[slotBytes.length - 1]);
    assert.ok(slotBytesMax * SLOTS_PER_PAGE_MIN <= pageBytes);
    for (const [i, size] of slotBytes.entries()) {
      assert.equal(size % GRANULE_BYTES, 0);
      const slots = slotsPerPage[i] as number;
      assert.ok(slots * size <= pageBytes && (slots + 1) * size > pageBytes);
      assert.ok((size + GRANULE_BYTES) * slots > pageBytes, 'no larger size gives as many slots');
      const before = slotBytes[i - 1];
      if (before !== undefined) {
        assert.ok(size > before);
        const most = Math.max(before + GRANULE_BYTES, before * (1 + 1 / SLOTS_PER_PAGE_MIN));
        const isNext = slotsPerPage[i - 1] === slots + 1;
        assert.ok(size <= most || isNext, `${before} to ${size}`);
      }
    }
  }
});

test('sizeClasses() name the smallest slot that is large enough', () => {
  for (const pageBytes of PAGE_SIZES) {
    const { slotBytes, slotBytesMax, classByGranules } = sizeClasses(pageBytes);
    for (let size = 1; size <= slotBytesMax; size++) {
      const expected = slotBytes.findIndex((slot) => slot >= size);
      assert.equal(classByGranules[Math.ceil(size / GRANULE_BYTES)], expected);
    }
  }
});

/** Bytes of pages that an entry takes, its share of what its pages leave over included. */
function storageOf(classes: SizeClasses, pageBytes: number, stream: number): number {
  const shareOf = (size: number): number => {
    const sizeClass = classes.classByGranules[Math.ceil(size / GRANULE_BYTES)] as number;
    return pageBytes / (classes.slotsPerPage[sizeClass] as number);
  };
  const head = classes.slotBytesMax - ENTRY_HEADER_BYTES;
  const chunk = classes.slotBytesMax - CHUNK_HEADER_BYTES;
  let sum = shareOf(ENTRY_HEADER_BYTES + Math.min(stream, head));
  for (let rest = stream - head; rest > 0; rest -= chunk) {
    sum += shareOf(CHUNK_HEADER_BYTES + Math.min(rest, chunk));
  }
  return sum;
}

test('slabLayout() has pages for every set of entries within the limit (NODE-2)', () => {
  const worst = new Map<number, number>();
  for (const pageBytes of PAGE_SIZES) {
    const classes = sizeClasses(pageBytes);
    let factor = 0;
    for (const key of [1, 4, 5, 8, 9, 40, 41, 1001]) {
      for (let value = 0; value < classes.slotBytesMax * 3; value++) {
        const storage = storageOf(classes, pageBytes, ((key + 3) & ~3) + value);
        factor = Math.max(factor, storage / (key + value + ENTRY_OVERHEAD));
      }
    }
    worst.set(pageBytes, factor);
  }
  for (const limit of LIMITS) {
    const { pages, pageBytes } = slabLayout(bytes(limit));
    const filled = (limit * (worst.get(pageBytes) as number)) / pageBytes;
    // One page of each class may be half empty, and an overwrite has one slot in double.
    const halfEmpty = sizeClasses(pageBytes).slotBytes.length + 1;
    assert.ok(filled + halfEmpty <= pages, `limit ${limit}: ${filled} + ${halfEmpty} of ${pages}`);
  }
});

test('Pages hands out every slot once, and no two that overlap', () => {
  const limit = 64 * 1024;
  const memory = new SlabMemory(Slab.allocate(bytes(limit)), bytes(limit));
  const pages = new Pages(memory);
  const { layout } = memory;
  const taken = new Set<number>();
  for (let page = 0; page < layout.pages; page++) {
    const sizeClass = page % pages.classes.slotBytes.length;
    assert.ok(pages.open(sizeClass));
    const slots = pages.slotsPerPage(sizeClass);
    assert.equal(pages.reserve(sizeClass, slots + 1), slots);
    for (let i = 0; i < slots; i++) {
      const slot = pages.takeReserved(sizeClass);
      const start = slot * GRANULE_BYTES;
      assert.ok(start >= layout.pagesAt + page * layout.pageBytes);
      assert.ok(
        start + pages.slotBytes(sizeClass) <= layout.pagesAt + (page + 1) * layout.pageBytes,
      );
      for (let at = slot; at < slot + pages.slotBytes(sizeClass) / GRANULE_BYTES; at++) {
        assert.ok(!taken.has(at));
        taken.add(at);
      }
    }
  }
  assert.ok(!pages.open(0));
});
