import assert from 'node:assert/strict';
import test from 'node:test';
import { type Epoch, epoch, type Instant, instant, type KeyHash, NEVER } from '#src/base/units.js';
import {
  type Found,
  NEAR_ENTRIES_MAX,
  NEAR_SECONDS_MAX,
  NearCache,
  NOTE_INTERVAL,
} from '#src/node/near-cache.js';

const EPOCH = epoch(7);

/** A slab in which every key has a bucket and a slot of its own, named by the same number. */
class PaperSlab implements Found {
  kind = 'packed' as const;
  bucket = 0;
  generation = 0;
  place = 0;
  slot = 0;
  hash = 0;
  versionHigh = 1;
  versionLow = 1;
  expiry: Instant = NEVER;
  loading = 0;
  readonly generations = new Map<number, number>();
  readonly noted: number[] = [];

  at(place: number): this {
    this.bucket = place;
    this.place = place;
    this.slot = place;
    this.hash = place;
    this.generation = this.generations.get(place) ?? 0;
    return this;
  }

  wouldFind(place: number, slot: number, bucket: number, generation: number): boolean {
    assert.deepEqual([place, slot], [bucket, bucket]);
    return (this.generations.get(bucket) ?? 0) === generation;
  }

  noteHitAt(slot: number, hash: number): void {
    assert.equal(slot, hash);
    this.noted.push(slot);
  }
}

interface Now {
  readonly epoch?: Epoch;
  readonly seconds?: number;
  readonly now?: number;
  readonly quiet?: boolean;
}

/** A cache with one entry, `k` at place 5, and a way to ask for it. */
function oneEntry(expiry = NEVER, seconds = 0) {
  const slab = new PaperSlab();
  const cache = new NearCache(10);
  slab.expiry = expiry;
  cache.keep('k', 'value', slab.at(5), EPOCH, seconds);
  const value = (at: Now = {}): unknown => {
    const clock = { now: () => instant(at.now ?? 0) };
    const order = at.quiet === undefined ? null : { isQuiet: () => at.quiet as boolean };
    return cache.find('k', at.epoch ?? EPOCH, at.seconds ?? seconds, clock, order)?.value;
  };
  return { slab, cache, value };
}

const noClock = {
  now(): Instant {
    throw new Error('read the clock');
  },
};
const find = (cache: NearCache, key: string) => cache.find(key, EPOCH, 0, noClock, null);

test('NearCache gives what it keeps while the epoch stands still and a look would find the same', () => {
  const { slab, cache, value } = oneEntry();
  assert.equal(value(), 'value');
  assert.equal(value({ epoch: epoch(8) }), undefined);
  assert.equal(value({ epoch: epoch(6) }), undefined);
  slab.generations.set(6, 1);
  assert.equal(value(), 'value', "another bucket's");
  slab.generations.set(5, 1);
  assert.equal(value(), undefined);
  assert.deepEqual(cache.stats, { hits: 2, misses: 3, entries: 1 });
});

test('NearCache gives an entry up to its expiry, and not at it', () => {
  const { value } = oneEntry(instant(100));
  assert.equal(value({ now: 99 }), 'value');
  assert.equal(value({ now: 100 }), undefined);
});

test('NearCache reads no clock for what does not expire', () => {
  const { cache } = oneEntry();
  assert.equal(find(cache, 'k')?.value, 'value');
});

test('NearCache believes an entry for less than a minute, also where the seconds wrap around', () => {
  for (const start of [0, 1_800_000_000, 2 ** 31 - 10, -5]) {
    const { value } = oneEntry(NEVER, start | 0);
    const at = (later: number): unknown => value({ seconds: (start + later) | 0 });
    assert.equal(at(NEAR_SECONDS_MAX - 2), 'value');
    assert.equal(at(NEAR_SECONDS_MAX - 1), undefined, 'both readings were rounded down');
    assert.equal(at(-1), 'value', "another thread's clock is a moment behind");
  }
});

test('NearCache gives nothing that would overtake an outstanding call for the key', () => {
  const { value } = oneEntry();
  assert.equal(value({ quiet: true }), 'value');
  assert.equal(value({ quiet: false }), undefined);
});

test('NearCache.ofVersion() finds an entry that is no longer believed, by both words of its version', () => {
  const { slab, cache, value } = oneEntry();
  slab.generations.set(5, 3);
  assert.equal(value(), undefined);
  assert.equal(cache.ofVersion('k', 1, 2), null);
  assert.equal(cache.ofVersion('k', 2, 1), null);
  assert.equal(cache.ofVersion('other', 1, 1), null);
  const entry = cache.ofVersion('k', 1, 1);
  assert.ok(entry !== null);
  cache.renew(entry, slab.at(5), EPOCH, 0);
  assert.equal(value(), 'value');
  assert.equal(cache.stats.entries, 1);
});

test('NearCache.release() lets go of the memory, and what is read under the next ring counts again', () => {
  const { slab, cache, value } = oneEntry();
  cache.release();
  assert.equal(value(), undefined, 'even if the epoch were the same');
  const entry = cache.ofVersion('k', 1, 1);
  assert.ok(entry !== null);
  assert.equal(entry.source.slab, null);
  const next = new PaperSlab();
  cache.renew(entry, next.at(9), epoch(8), 0);
  assert.equal(value({ epoch: epoch(8) }), 'value');
  slab.generations.set(5, 1);
  slab.generations.set(9, 1);
  assert.equal(value({ epoch: epoch(8) }), 'value', 'the first memory is of no interest');
  next.generations.set(9, 1);
  assert.equal(value({ epoch: epoch(8) }), undefined);
});

test('NearCache keeps as many entries as it may, and the vacant places of dropped ones are used', () => {
  const cache = new NearCache(50);
  const slab = new PaperSlab();
  for (let i = 0; i < 1_000; i++) {
    cache.keep(`k${i}`, i, slab.at(i), EPOCH, 0);
    if (i % 3 === 0) cache.drop(`k${i - 1}`);
    if (i % 7 === 0) cache.drop(`k${i - 1}`);
    assert.ok(cache.stats.entries <= 50);
  }
  for (let i = 2_000; i < 2_100; i++) cache.keep(`k${i}`, i, slab.at(i), EPOCH, 0);
  assert.equal(cache.stats.entries, 50);
  for (let i = 2_050; i < 2_100; i++) assert.equal(find(cache, `k${i}`)?.value, i);
});

test('NearCache lets go of what was not used since the hand came by', () => {
  const cache = new NearCache(4);
  const slab = new PaperSlab();
  for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) cache.keep(key, i, slab.at(i), EPOCH, 0);
  for (const key of ['a', 'c']) find(cache, key);
  cache.keep('e', 4, slab.at(4), EPOCH, 0);
  cache.keep('f', 5, slab.at(5), EPOCH, 0);
  const kept = ['a', 'b', 'c', 'd', 'e', 'f'].filter((key) => find(cache, key) !== null);
  assert.deepEqual(kept, ['a', 'c', 'e', 'f']);
});

test('NearCache of one entry keeps the latest', () => {
  const cache = new NearCache(1);
  const slab = new PaperSlab();
  for (let i = 0; i < 5; i++) {
    cache.keep(`k${i}`, i, slab.at(i), EPOCH, 0);
    assert.equal(find(cache, `k${i}`)?.value, i);
  }
  assert.equal(cache.stats.entries, 1);
});

test('NearCache takes at most a million entries', () => {
  assert.throws(() => new NearCache(NEAR_ENTRIES_MAX + 1), /limited/);
  assert.throws(() => new NearCache(0), /one entry/);
});

test('NearCache evicts in bounded time when every entry was used', () => {
  const entries = 10_000;
  const cache = new NearCache(entries);
  const slab = new PaperSlab();
  const keep = (i: number): void => cache.keep(`k${i}`, i, slab.at(i), EPOCH, 0);
  for (let i = 0; i < entries; i++) keep(i);
  for (let i = 0; i < entries; i++) find(cache, `k${i}`);
  keep(entries);
  // What the hand did not pass counts as used still.
  const used = Array.from({ length: entries }, (_, i) => cache.ofVersion(`k${i}`, 1, 1)?.isUsed);
  assert.equal(used.filter((isUsed) => isUsed === false).length, 64);
});

test('NearCache notes a use where none was noted for a while, and no more', () => {
  const cache = new NearCache(10);
  const slab = new PaperSlab();
  cache.keep('hot', 1, slab.at(1), EPOCH, 0);
  cache.keep('warm', 2, slab.at(2), EPOCH, 0);
  for (let i = 0; i < NOTE_INTERVAL - 1; i++) find(cache, 'hot');
  assert.deepEqual(slab.noted, [], 'reading it in place was a note');
  find(cache, 'warm');
  assert.deepEqual(slab.noted, [2]);
  find(cache, 'hot');
  assert.deepEqual(slab.noted, [2, 1]);
  for (let i = 0; i < NOTE_INTERVAL - 1; i++) find(cache, 'hot');
  assert.deepEqual(slab.noted, [2, 1]);
  find(cache, 'hot');
  assert.deepEqual(slab.noted, [2, 1, 1]);
});

test('NearCache asks about the order by the hash of the key', () => {
  const cache = new NearCache(1);
  const slab = new PaperSlab().at(5);
  slab.hash = -5;
  cache.keep('k', 'value', slab, EPOCH, 0);
  const asked: KeyHash[] = [];
  const order = { isQuiet: (hash: KeyHash) => asked.push(hash) > 0 };
  cache.find('k', EPOCH, 0, noClock, order);
  assert.deepEqual(asked, [2 ** 32 - 5], 'unsigned, as everywhere but in a slab');
});
