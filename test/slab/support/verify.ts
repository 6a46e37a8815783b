/**
 * Checks a whole slab from its shared memory alone: that every word that says something about
 * another word is right. Slow, and knows nothing of how the slab got there.
 */
import assert from 'node:assert/strict';
import { murmur3 } from '#src/base/hash.js';
import { NEVER } from '#src/base/units.js';
import {
  CACHE_LINE,
  CHUNK_BACK,
  CHUNK_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  ENTRY_NEWER,
  ENTRY_OLDER,
  ENTRY_OVERHEAD,
  GRANULE_BYTES,
  HEADER_BYTES,
  HEADER_NEWEST,
  HEADER_OLDEST,
  NO_SLOT,
  RING_BYTES,
  SLOT_ADDRESS,
  TAG_CHUNK,
  TAG_ENTRY,
  TAG_MASK,
} from '#src/slab/layout.js';
import { readSlabStats } from '#src/slab/stats.js';
import type { SlabView } from './view.js';

export interface Verified {
  /** Slots of all entries, least recently used first. */
  readonly order: readonly number[];
  readonly trackedBytes: number;
  readonly overflowBuckets: number;
  /** Entries that take more than one slot. */
  readonly chained: number;
}

/** How a key's hash should have been computed; tests that force collisions pass their own. */
export type HashOf = (key: Uint8Array) => number;

/** Throws at the first word that is wrong. Call `slab.stats()` before, which publishes the sizes. */
export function verifySlab(view: SlabView, hashOf: HashOf = murmur3): Verified {
  const slots = new SlotLedger(view);
  const index = verifyIndex(view, hashOf, slots);
  const order = verifyOrder(view, index.entries);
  slots.verifyPages();
  const stats = readSlabStats(view.words.buffer as SharedArrayBuffer);
  assert.equal(stats.entries, index.entries.size, 'the count of entries');
  assert.equal(stats.trackedBytes, index.trackedBytes, 'the tracked bytes');
  assert.ok(stats.trackedBytes <= stats.memoryLimit, 'the tracked bytes are within the limit');
  const occupied =
    HEADER_BYTES +
    view.noteRingsUsed * RING_BYTES +
    (view.bucketCount + index.overflowBuckets) * CACHE_LINE +
    slots.pagesInUse * view.layout.pageBytes;
  assert.equal(stats.occupiedBytes, occupied, 'the occupied bytes');
  assert.ok(stats.residentBytes >= occupied, 'no more is occupied than was touched');
  return { order, ...index };
}

function verifyIndex(view: SlabView, hashOf: HashOf, slots: SlotLedger) {
  const entries = new Set<number>();
  const overflows = new Set<number>();
  let trackedBytes = 0;
  let chained = 0;
  for (let number = 0; number < view.bucketCount; number++) {
    const chain = view.chain(number);
    for (const [place, bucket] of chain.entries()) {
      const pairs = view.pairsIn(bucket);
      if (place > 0) {
        assert.ok(!overflows.has(bucket), 'an overflow bucket is in one chain');
        assert.ok(pairs.length > 0, 'an empty overflow bucket is given back');
        overflows.add(bucket);
      }
      for (const { hash, slot, expires } of pairs) {
        assert.equal(view.bucketNumber(hash), number, 'a pair is in its bucket');
        assert.ok(!entries.has(slot), 'an entry has one pair');
        entries.add(slot);
        if (verifyEntry(view, slot, slots) > 1) chained++;
        assert.equal(view.entries.hash(slot) >>> 0, hash, 'pair and entry agree on the hash');
        const key = view.keyOf(slot);
        assert.equal(hashOf(key) >>> 0, hash, "the hash is the key's");
        assert.equal(view.entries.expiry(slot) !== NEVER, expires, 'the mark of an expiry');
        trackedBytes += key.length + view.entries.valueLength(slot) + ENTRY_OVERHEAD;
      }
    }
  }
  return { entries, trackedBytes, chained, overflowBuckets: overflows.size };
}

/** One entry's header and chain; returns the number of its slots. */
function verifyEntry(view: SlabView, entry: number, slots: SlotLedger): number {
  const headCapacity = view.classes.slotBytesMax - ENTRY_HEADER_BYTES;
  slots.claim(entry, ENTRY_HEADER_BYTES + Math.min(view.streamLength(entry), headCapacity));
  assert.equal(tagOf(view, entry), TAG_ENTRY, 'an entry is tagged as one');
  assert.ok(view.entries.isIntact(entry), 'a header agrees with its checksum');
  assert.ok(view.version(entry) > view.slabFloor, "an entry is above the slab's floor");
  const chunkCapacity = view.classes.slotBytesMax - CHUNK_HEADER_BYTES;
  let remaining = view.streamLength(entry) - headCapacity;
  let before = entry;
  let chunk = view.entries.chain(entry);
  let count = 1;
  for (; remaining > 0; remaining -= chunkCapacity) {
    assert.notEqual(chunk, NO_SLOT, 'a chain is as long as its stream');
    slots.claim(chunk, CHUNK_HEADER_BYTES + Math.min(remaining, chunkCapacity));
    assert.equal(tagOf(view, chunk), TAG_CHUNK, 'a chunk is tagged as one');
    assert.equal(view.entries.previousOf(chunk), before, 'a chunk knows what is before it');
    before = chunk;
    chunk = view.entries.nextChunk(chunk);
    count++;
  }
  assert.equal(chunk, NO_SLOT, 'a chain is no longer than its stream');
  return count;
}

const tagOf = (view: SlabView, slot: number): number => view.word(slot * 2 + CHUNK_BACK) & TAG_MASK;

function verifyOrder(view: SlabView, entries: ReadonlySet<number>): number[] {
  const order = walk(view, HEADER_OLDEST, ENTRY_NEWER, entries);
  const back = walk(view, HEADER_NEWEST, ENTRY_OLDER, entries);
  assert.equal(order.length, entries.size, 'the recency list has every entry');
  assert.deepEqual(back.reverse(), order, 'the recency list is the same in both directions');
  return order;
}

function walk(view: SlabView, end: number, link: number, entries: ReadonlySet<number>): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  for (let slot = view.word(end); slot !== NO_SLOT; slot = view.word(slot * 2 + link)) {
    assert.ok(entries.has(slot), 'the recency list has entries of the index only');
    assert.ok(!seen.has(slot), 'the recency list has an entry once');
    seen.add(slot);
    order.push(slot);
  }
  return order;
}

/** Who has which slot: no two of them the same, each in a page of the class that fits it. */
class SlotLedger {
  readonly #view: SlabView;
  readonly #claimed = new Set<number>();
  readonly #usedByPage = new Map<number, number>();
  readonly #pageTable: Int8Array;

  constructor(view: SlabView) {
    this.#view = view;
    const { pageTableAt, pages } = view.layout;
    this.#pageTable = new Int8Array(view.words.buffer, pageTableAt, pages);
  }

  claim(slot: number, bytes: number): void {
    const { layout, classes } = this.#view;
    const page = Math.floor((slot * GRANULE_BYTES - layout.pagesAt) / layout.pageBytes);
    assert.ok(slot <= SLOT_ADDRESS && page >= 0 && page < layout.pages, 'a slot is in a page');
    const sizeClass = classes.classByGranules[Math.ceil(bytes / GRANULE_BYTES)] as number;
    assert.equal((this.#pageTable[page] as number) - 1, sizeClass, 'a slot has the class it needs');
    const slotBytes = classes.slotBytes[sizeClass] as number;
    const offset = slot * GRANULE_BYTES - layout.pagesAt - page * layout.pageBytes;
    assert.equal(offset % slotBytes, 0, 'a slot starts where slots start');
    assert.ok(offset + slotBytes <= layout.pageBytes, 'a slot lies within its page');
    assert.ok(!this.#claimed.has(slot), 'a slot has one owner');
    this.#claimed.add(slot);
    this.#usedByPage.set(page, (this.#usedByPage.get(page) ?? 0) + 1);
  }

  get pagesInUse(): number {
    return this.#usedByPage.size;
  }

  /** A page belongs to a class exactly while a slot of it is in use. */
  verifyPages(): void {
    for (const [page, mark] of this.#pageTable.entries()) {
      assert.equal(mark !== 0, this.#usedByPage.has(page), `whether page ${page} is in use`);
    }
  }
}
