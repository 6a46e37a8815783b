/** What is done all the time leaves nothing for the collector: no collection in many operations. */
import assert from 'node:assert/strict';
import { PerformanceObserver } from 'node:perf_hooks';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyBuffer } from '#src/base/key.js';
import { bytes, epoch, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { Slab } from '#src/slab/slab.js';
import { WORD_COPY_MAX } from '#src/slab/word-copy.js';
import { SlabCache } from '#src/slab-cache.js';

const OPERATIONS = 500_000;
const WARM_UP = 200_000;
/** The test runner makes some garbage of its own. */
const COLLECTIONS_MAX = 1;
const KEYS = Array.from({ length: 1_000 }, (_, i) => `product:${String(i).padStart(12, '0')}`);
const keyOf = (i: number): string => KEYS[(i * 7919) % KEYS.length] as string;
const LIMIT = 1_000_000;

async function collectionsIn(operation: (i: number) => void): Promise<number> {
  for (let i = 0; i < WARM_UP; i++) operation(i);
  await sleep(20);
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    count += list.getEntries().length;
  });
  observer.observe({ entryTypes: ['gc'] });
  for (let i = 0; i < OPERATIONS; i++) operation(i);
  await sleep(20);
  observer.disconnect();
  return count;
}

function filledCache(valueLength: number): { cache: SlabCache; value: Buffer } {
  const cache = new SlabCache({ memoryLimit: LIMIT });
  const value = Buffer.alloc(valueLength, 7);
  for (const key of KEYS) cache.set(key, value);
  return { cache, value };
}

test('SlabCache.getInto() of short values makes no garbage', async () => {
  const { cache } = filledCache(WORD_COPY_MAX);
  const target = Buffer.alloc(1_000);
  const count = await collectionsIn((i) => cache.getInto(keyOf(i), target, 3));
  assert.ok(count <= COLLECTIONS_MAX, `${count} collections`);
});

test('SlabCache.set() makes no garbage, whatever the length that fits in a slot', async () => {
  for (const length of [100, 440]) {
    const { cache, value } = filledCache(length);
    const count = await collectionsIn((i) => cache.set(keyOf(i), value));
    assert.ok(count <= COLLECTIONS_MAX, `${count} collections`);
  }
});

test('Slab.install() of a short part of a buffer makes no garbage', async () => {
  const slab = new Slab(Slab.allocate(bytes(LIMIT)), bytes(LIMIT));
  const key = new KeyBuffer();
  const version = new VersionClock(epoch(1));
  const request = Buffer.alloc(1_000, 9);
  const now = instant(1);
  const count = await collectionsIn((i) => {
    key.loadString(keyOf(i));
    version.advance();
    slab.install(key, now, request, 50, 250, 'bytes', NEVER, version);
  });
  assert.ok(count <= COLLECTIONS_MAX, `${count} collections`);
});

/** A reader on a slab with every key, and what it does once. */
function reading(more: (reader: SlabReader, scratch: ReadScratch) => void) {
  const memory = Slab.allocate(bytes(LIMIT));
  const slab = new Slab(memory, bytes(LIMIT));
  const key = new KeyBuffer();
  const version = new VersionClock(epoch(1));
  const value = Buffer.alloc(200, 7);
  for (const text of KEYS) {
    key.loadString(text);
    version.advance();
    slab.install(key, instant(1), value, 0, value.length, 'bytes', NEVER, version);
  }
  const scratch = new ReadScratch();
  const reader = new SlabReader(memory, bytes(LIMIT), scratch, 0);
  return (i: number): void => {
    key.loadString(keyOf(i));
    if (reader.look(key, 'value') !== 'found') return;
    reader.noteHit();
    more(reader, scratch);
  };
}

test('SlabReader.look() and its notes make no garbage', async () => {
  const target = Buffer.alloc(1_000);
  const read = reading((reader, scratch) => scratch.copyTo(target, 5, reader.length));
  const count = await collectionsIn(read);
  assert.ok(count <= COLLECTIONS_MAX, `${count} collections`);
});

test('a view for every look is found out by the count of collections', async () => {
  const read = reading((reader, scratch) => scratch.bytes.subarray(0, reader.length));
  assert.ok((await collectionsIn(read)) > COLLECTIONS_MAX);
});
