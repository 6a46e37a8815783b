import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { BUCKET_PAIRS, OVERFLOW_CHAIN_MAX } from '#src/slab/layout.js';
import { Slab } from '#src/slab/slab.js';
import { PATTERN } from './support/bytes.js';
import { plainKeys } from './support/keys.js';
import { EVERYTHING, play } from './support/play.js';
import { verifySlab } from './support/verify.js';
import { SlabView } from './support/view.js';

/** Entries that one bucket and its overflow buckets hold. */
const CHAIN_ENTRIES_MAX = BUCKET_PAIRS * (OVERFLOW_CHAIN_MAX + 1);

for (const hash of [0, 1, 0x7fff_ffff, 0xffff_ffff]) {
  test(`Slab does as a Map with a list does where all keys hash to ${hash} (NODE-1, NODE-5)`, () => {
    const { stats } = play({
      seed: 3,
      limit: 20_000,
      keys: plainKeys(80),
      valueLength: (prng) => prng.below(500),
      operations: 40_000,
      fullChecks: 100,
      hashOf: () => hash,
      entriesMax: CHAIN_ENTRIES_MAX,
    });
    assert.ok(stats.evictedOutOfOrder > 0);
    assert.ok(stats.evicted > stats.evictedOutOfOrder);
  });
}

test('Slab does as a Map with a list does where seven keys each share a hash (NODE-1, NODE-5)', () => {
  const keys = plainKeys(3000);
  const groups = new Map(keys.map((key, i) => [hexOf(key), Math.imul(i % 429, 0x9e3779b1) >>> 0]));
  const { stats } = play({
    seed: 4,
    limit: 128 * 1024,
    keys,
    valueLength: (prng) => prng.below(40),
    operations: 100_000,
    mix: { ...EVERYTHING, flush: 0.1 },
    fullChecks: 10,
    hashOf: (key) => groups.get(hexOf(key)) as number,
  });
  assert.ok(stats.evicted > 0);
  assert.equal(stats.evictedOutOfOrder, 0);
});

test('Slab gives overflow buckets back when a chain gets shorter (NODE-4)', () => {
  const crafted = new CraftedKeys(64 * 1024);
  for (let i = 0; i < CHAIN_ENTRIES_MAX; i++) crafted.set(i, 77);
  assert.equal(crafted.verify().overflowBuckets, OVERFLOW_CHAIN_MAX);
  const occupied = crafted.slab.stats().occupiedBytes;
  for (let i = 0; i < CHAIN_ENTRIES_MAX; i++) crafted.delete(i, 77);
  assert.equal(crafted.verify().overflowBuckets, 0);
  assert.ok(crafted.slab.stats().occupiedBytes < occupied);
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < CHAIN_ENTRIES_MAX; i++) crafted.set(i, round);
    for (let i = 0; i < CHAIN_ENTRIES_MAX; i++) crafted.delete(i, round);
  }
  assert.equal(crafted.slab.stats().evictedOutOfOrder, 0);
});

test('Slab lives on when crafted keys have used up all overflow buckets (NODE-2)', () => {
  for (const groupSize of [7, 8, 13, 54]) {
    const crafted = new CraftedKeys(64 * 1024);
    const prng = new Prng(groupSize);
    for (let i = 0; i < 6000; i++) {
      const key = i % 2000;
      crafted.set(key, Math.imul(Math.floor(key / groupSize), 0x9e3779b1));
      if (prng.below(3) > 0) continue;
      const other = prng.below(2000);
      crafted.delete(other, Math.imul(Math.floor(other / groupSize), 0x9e3779b1));
    }
    crafted.verify();
    assert.ok(crafted.slab.stats().entries > 500);
  }
});

test('Slab packs the sparse chains of crafted keys when buckets split (NODE-4)', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const crafted = new CraftedKeys(64 * 1024);
    const prng = new Prng(seed);
    // Hashes that differ in high bits of the mixed hash only share buckets until these split.
    const hashes = Array.from({ length: 40 }, () => prng.uint32());
    for (let i = 0; i < 5000; i++) {
      const key = prng.below(900);
      const hash = hashes[key % hashes.length] as number;
      if (prng.below(5) < 3) crafted.set(key, hash);
      else crafted.delete(key, hash);
      if (i % 250 === 0) crafted.verify();
    }
    crafted.verify();
  }
});

const hexOf = (key: Uint8Array): string => Buffer.from(key).toString('latin1');

/** Tiny entries, two bytes of key and none of value, under hashes of the test's choice. */
class CraftedKeys {
  readonly slab: Slab;
  readonly #view: SlabView;
  readonly #key = new KeyBuffer();
  readonly #version = new VersionClock(epoch(1));
  readonly #hashes = new Map<string, number>();

  constructor(limit: number) {
    const buffer = Slab.allocate(bytes(limit));
    this.slab = new Slab(buffer, bytes(limit));
    this.#view = new SlabView(buffer, limit);
  }

  set(number: number, hash: number): void {
    this.#load(number, hash);
    this.#version.advance();
    const version = this.#version;
    this.slab.install(this.#key, instant(0), PATTERN, 0, 0, 'bytes', NEVER, version);
  }

  delete(number: number, hash: number): void {
    this.#load(number, hash);
    this.#version.advance();
    this.slab.delete(this.#key, instant(0), this.#version);
  }

  verify() {
    this.slab.stats();
    return verifySlab(this.#view, (key) => this.#hashes.get(hexOf(key)) as number);
  }

  #load(number: number, hash: number): void {
    const key = Uint8Array.of(number & 0xff, number >> 8);
    this.#key.loadBytes(key, 0, key.length);
    this.#key.hash = (hash >>> 0) as KeyBuffer['hash'];
    this.#hashes.set(hexOf(key), hash >>> 0);
  }
}
