/** Notes of foreign readers: what the owner makes of them, and that it believes none of them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes } from '#src/base/units.js';
import {
  HEADER_NOTES_PENDING,
  NOTE_RINGS,
  NOTES_AT,
  NOTES_PER_RING,
  RING_BYTES,
  RING_TAIL,
} from '#src/slab/layout.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { readSlabStats } from '#src/slab/stats.js';
import { ForeignCache } from './support/foreign-cache.js';
import { verifySlab } from './support/verify.js';
import { type Pair, SlabView } from './support/view.js';

const VALUE = Buffer.alloc(100, 7);
const KEY_LENGTH = 4;
const ENTRY_BYTES = KEY_LENGTH + VALUE.length + 64;
const keyOf = (i: number): string => String(i).padStart(KEY_LENGTH, '0');

/** Room for so many entries, and that many there: 0 is the oldest. */
function filled(entries: number): { cache: ForeignCache; view: SlabView; limit: number } {
  const limit = entries * ENTRY_BYTES;
  const cache = new ForeignCache(limit);
  for (let i = 0; i < entries; i++) cache.set(keyOf(i), VALUE);
  return { cache, view: new SlabView(cache.memory, limit), limit };
}

/** Key numbers, least recently used first. */
function order({ cache, view }: { cache: ForeignCache; view: SlabView }): number[] {
  cache.slab.stats();
  return verifySlab(view).order.map((slot) => Number(view.keyOf(slot).toString()));
}

test('an entry that foreign readers read is not evicted before what they did not (NODE-2)', () => {
  const { cache } = filled(10);
  for (const read of [0, 3, 1]) cache.get(keyOf(read));
  for (let i = 10; i < 17; i++) cache.set(keyOf(i), VALUE);
  const left = Array.from({ length: 10 }, (_, i) => i).filter((i) => cache.get(keyOf(i)));
  assert.deepEqual(left, [0, 1, 3]);
});

test('Slab.drainNotes() brings what was read into the order in which it was read (NODE-2)', () => {
  const filledSlab = filled(8);
  for (const read of [4, 0, 2, 4]) filledSlab.cache.get(keyOf(read));
  assert.deepEqual(order(filledSlab), [0, 1, 2, 3, 4, 5, 6, 7]);
  filledSlab.cache.slab.drainNotes();
  assert.deepEqual(order(filledSlab), [1, 3, 5, 6, 7, 0, 2, 4]);
});

test('a ring that runs over keeps the latest notes, and every hit is counted (NODE-2)', () => {
  const filledSlab = filled(2 * NOTES_PER_RING);
  const { cache } = filledSlab;
  for (let i = 0; i < 2 * NOTES_PER_RING; i++) cache.get(keyOf(i));
  cache.get(keyOf(1));
  cache.slab.drainNotes();
  assert.equal(order(filledSlab).at(-1), 1);
  assert.equal(order(filledSlab)[0], 0, 'the note of 0 was overwritten');
  assert.equal(cache.slab.stats().hits, 2 * NOTES_PER_RING + 1);
});

test('readSlabStats() counts the hits and misses of foreign readers, drained or not (NODE-5)', () => {
  const { cache, limit } = filled(10);
  const reader = new SlabReader(cache.memory, bytes(limit), new ReadScratch(), NOTE_RINGS + 40);
  const counts = (): number[] => {
    const { hits, misses } = readSlabStats(cache.memory);
    return [hits, misses];
  };
  for (const read of [1, 2, 3, 50]) cache.get(keyOf(read));
  reader.noteMiss();
  reader.noteHitAt(1, 2);
  assert.deepEqual(counts(), [4, 2]);
  cache.slab.drainNotes();
  assert.deepEqual(counts(), [4, 2]);
  cache.get(keyOf(9));
  assert.deepEqual(counts(), [5, 2]);
  cache.slab.drainNotes();
  assert.deepEqual(counts(), [5, 2]);
});

test('counters of a ring may pass 2^32 between drains (NODE-5)', () => {
  const { cache, view } = filled(10);
  const ring = NOTES_AT / 4;
  // As if there had been almost as many before, all counted.
  view.words.fill(-2, ring, ring + 4);
  for (let i = 0; i < 5; i++) cache.get(keyOf(i));
  for (let i = 0; i < 3; i++) cache.get(keyOf(70 + i));
  assert.ok(view.word(ring + RING_TAIL) === 3);
  const { hits, misses } = cache.slab.stats();
  assert.deepEqual([hits, misses], [5, 3]);
  cache.slab.drainNotes();
  assert.equal(cache.slab.stats().hits, 5);
});

test('rings that no reader uses stay untouched, and the others count as occupied (NODE-5)', () => {
  const { cache, view, limit } = filled(10);
  const before = cache.slab.stats();
  const reader = new SlabReader(cache.memory, bytes(limit), new ReadScratch(), 3);
  const key = new KeyBuffer();
  key.loadString(keyOf(1));
  reader.look(key, 'value');
  reader.noteHit();
  cache.slab.drainNotes();
  assert.equal(cache.slab.stats().occupiedBytes, before.occupiedBytes + RING_BYTES);
  assert.equal(cache.slab.stats().residentBytes, before.residentBytes + RING_BYTES);
  for (let ring = 0; ring < NOTE_RINGS; ring++) {
    const start = (NOTES_AT + ring * RING_BYTES) / 4;
    const words = view.words.subarray(start, start + RING_BYTES / 4);
    assert.equal(
      words.some((word) => word !== 0),
      ring === 3,
    );
  }
});

/** Fills rings with notes of all kinds of sense and nonsense, and says that they are there. */
function scribble(view: SlabView, prng: Prng): void {
  const pairs = Array.from({ length: view.bucketCount }, (_, i) => i).flatMap((number) =>
    view.chain(number).flatMap((bucket) => view.pairsIn(bucket)),
  );
  const pair = (): Pair => pairs[prng.below(pairs.length)] as Pair;
  for (let ring = 0; ring < NOTE_RINGS; ring++) {
    const start = (NOTES_AT + ring * RING_BYTES) / 4;
    view.words[start + RING_TAIL] = prng.uint32() | 0;
    for (let word = start + 16; word < start + RING_BYTES / 4; word += 2) {
      const draw = prng.below(4);
      view.words[word] = draw === 0 ? prng.uint32() | 0 : pair().slot + (draw === 1 ? 1 : 0);
      view.words[word + 1] = draw === 0 ? prng.uint32() | 0 : pair().hash | 0;
    }
  }
  view.words.fill(-1, HEADER_NOTES_PENDING, HEADER_NOTES_PENDING + 2);
}

test('notes that are torn, stale or nonsense do no harm to the order (NODE-8)', () => {
  const filledSlab = filled(500);
  const { cache, view } = filledSlab;
  const prng = new Prng(1);
  for (let round = 0; round < 30; round++) {
    scribble(view, prng);
    const before = new Set(order(filledSlab));
    cache.slab.drainNotes();
    assert.deepEqual(new Set(order(filledSlab)), before);
    for (let i = 0; i < 20; i++) cache.set(keyOf(1000 + prng.below(9000)), VALUE);
  }
});
