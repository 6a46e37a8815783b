import assert from 'node:assert/strict';
import test from 'node:test';
import { Prng } from '#src/base/prng.js';
import { SlabCache } from '#src/slab-cache.js';
import { hitsAfterSwitch } from '../../bench/slab/switch-hits.js';
import { valueAt } from './support/bytes.js';
import { plainKeys } from './support/keys.js';
import { EVERYTHING, play } from './support/play.js';

const MIB = 2 ** 20;
const WRITES = { ...EVERYTHING, get: 100, set: 800, flush: 0 };

test('Mover makes room when all values change their size, and the order stays exact (NODE-4)', () => {
  const operations = 250_000;
  const { stats } = play({
    seed: 1,
    limit: 8 * MIB,
    keys: plainKeys(60_000),
    valueLength: (prng: Prng, operation: number) => {
      const phase = Math.floor((operation * 4) / operations);
      return phase % 2 === 0 ? 95 + prng.below(10) : 4090 + prng.below(10);
    },
    operations,
    mix: WRITES,
    fullChecks: 12,
  });
  assert.ok(stats.moved > 0);
  assert.equal(stats.evictedOutOfOrder, 0);
});

for (const limit of [6 * MIB, 8 * MIB, 17 * MIB]) {
  test(`Mover makes room for large values among small ones: ${limit} bytes (NODE-4)`, () => {
    const { stats } = play({
      seed: 2,
      limit,
      keys: plainKeys(30_000),
      valueLength: (prng) => (prng.below(500) === 0 ? prng.below(limit / 4) : prng.below(700)),
      operations: 60_000,
      mix: WRITES,
      fullChecks: 10,
    });
    assert.ok(stats.moved > 0);
    assert.equal(stats.evictedOutOfOrder, 0);
  });
}

/** Bytes occupied for each byte tracked, when a slab of this limit is full. */
function occupied(limit: number, write: (prng: Prng) => { key: string; length: number }): number {
  const cache = new SlabCache({ memoryLimit: limit });
  const prng = new Prng(9);
  while (cache.stats().evicted === 0) {
    for (let i = 0; i < 10_000; i++) {
      const { key, length } = write(prng);
      cache.set(key, valueAt(length, i));
    }
  }
  for (let i = 0; i < 100_000; i++) {
    const { key, length } = write(prng);
    cache.set(key, valueAt(length, i));
  }
  const { entries, trackedBytes, occupiedBytes, evictedOutOfOrder } = cache.stats();
  assert.ok(entries >= 100_000);
  assert.ok(trackedBytes > 0.99 * limit);
  assert.equal(evictedOutOfOrder, 0);
  return occupiedBytes / trackedBytes;
}

const keyOf = (prng: Prng): string => `item:${prng.uint32()}:`.padEnd(20 + prng.below(21), 'x');

test('a full slab occupies at most 1.10 of what it tracks: 100 to 400 byte values (NODE-5)', () => {
  const write = (prng: Prng) => ({ key: keyOf(prng), length: 100 + prng.below(301) });
  assert.ok(occupied(40 * MIB, write) <= 1.1);
});

test('a full slab occupies at most 1.10 of what it tracks: one size (NODE-5)', () => {
  for (const length of [100, 255]) {
    const write = (prng: Prng) => ({ key: `item:${prng.uint32()}`.padEnd(25, 'x'), length });
    assert.ok(occupied(40 * MIB, write) <= 1.1);
  }
});

for (const [from, to] of [
  [100, 4096],
  [4096, 100],
] as const) {
  test(`after values of ${from} bytes those of ${to} hit as in a cache that starts empty (NODE-4)`, () => {
    const { fromEmpty, afterSwitch } = hitsAfterSwitch(8 * MIB, from, to);
    assert.ok(fromEmpty > 0.3);
    assert.ok(afterSwitch >= 0.95 * fromEmpty);
  });
}

test('a slab occupies at most 1.10 of what it tracks when few large entries follow many tiny ones (NODE-5)', () => {
  const cache = new SlabCache({ memoryLimit: 18 * MIB });
  const key = (i: number): string => `t${String(i).padStart(7, '0')}`;
  for (let i = 0; i < 262_144; i++) cache.set(key(i), valueAt(1, i));
  for (let i = 262_144; i < 330_000; i++) cache.set(key(i), valueAt(300, i));
  const { entries, trackedBytes, occupiedBytes } = cache.stats();
  assert.ok(entries < 52_000);
  assert.ok(trackedBytes > 0.99 * 18 * MIB);
  assert.ok(occupiedBytes <= 1.1 * trackedBytes);
});

test('a slab occupies at most 1.10 of what it tracks while values become smaller (NODE-5)', () => {
  const cache = new SlabCache({ memoryLimit: 16 * MIB });
  const prng = new Prng(1);
  let next = 0;
  for (const [length, count] of [
    [100, 180_000],
    [4096, 8000],
    [100, 90_000],
  ] as const) {
    for (let i = 0; i < count; i++, next++) {
      cache.set(`item:${next}`.padEnd(20), valueAt(length, i));
      cache.get(`item:${Math.max(0, next - prng.below(cache.stats().entries))}`.padEnd(20));
      if (i % 1000 !== 0 || cache.stats().evicted === 0) continue;
      const { occupiedBytes, trackedBytes, memoryLimit } = cache.stats();
      assert.ok(occupiedBytes <= 1.1 * Math.max(trackedBytes, memoryLimit));
    }
  }
});
