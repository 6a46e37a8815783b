import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, type Instant, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { BucketIndex } from '#src/slab/bucket-index.js';
import { SlabMemory } from '#src/slab/memory.js';
import { Slab } from '#src/slab/slab.js';
import { SAMPLE_BUCKETS_MAX, SAMPLE_ENTRIES, sampleExpiring } from '#src/slab/sweeper.js';
import { PATTERN } from './support/bytes.js';

const LIMIT = bytes(4 * 2 ** 20);

/** A slab with keys `0`, `1`, …, whose expiries the test gives. */
function filledSlab(count: number, expiryOf: (i: number) => Instant) {
  const buffer = Slab.allocate(LIMIT);
  const slab = new Slab(buffer, LIMIT);
  const key = new KeyBuffer();
  const version = new VersionClock(epoch(1));
  for (let i = 0; i < count; i++) {
    key.loadString(String(i));
    version.advance();
    slab.install(key, instant(0), PATTERN, 0, 10, 'bytes', expiryOf(i), version);
  }
  return { slab, buffer, key };
}

test('Slab.sweep() removes what has expired, and nothing else (NODE-6)', () => {
  const expiries = [NEVER, instant(100), instant(200)];
  const { slab, key } = filledSlab(9000, (i) => expiries[i % 3] as Instant);
  const prng = new Prng(1);
  let removed = 0;
  for (let i = 0; i < 5000 && slab.count > 6000; i++) {
    const { sampled, expired } = slab.sweep(instant(100), prng);
    assert.ok(sampled <= SAMPLE_ENTRIES && expired <= sampled);
    removed += expired;
  }
  assert.equal(removed, 3000);
  assert.equal(slab.stats().expired, 3000);
  for (let i = 0; i < 9000; i++) {
    key.loadString(String(i));
    assert.equal(slab.find(key, instant(0)) !== 0, i % 3 !== 1);
  }
});

test('Slab.sweep() looks at twenty entries at the most, however many there are (NODE-6)', () => {
  const { slab } = filledSlab(20_000, () => instant(100));
  const before = slab.count;
  const { sampled, expired } = slab.sweep(instant(100), new Prng(1));
  assert.equal(sampled, SAMPLE_ENTRIES);
  assert.equal(expired, SAMPLE_ENTRIES);
  assert.equal(slab.count, before - SAMPLE_ENTRIES);
});

test('Slab.sweep() of an empty slab, or one without expiries, finds nothing (NODE-6)', () => {
  for (const count of [0, 1, 5000]) {
    const { slab } = filledSlab(count, () => NEVER);
    assert.deepEqual(slab.sweep(instant(1e15), new Prng(1)), { sampled: 0, expired: 0 });
    assert.equal(slab.count, count);
  }
});

test('sampleExpiring() walks a bounded number of buckets, where few expire too (NODE-6)', () => {
  const { slab, buffer } = filledSlab(20_000, (i) => (i % 10_000 === 0 ? instant(100) : NEVER));
  assert.ok(slab.count === 20_000);
  let walked = 0;
  class CountingIndex extends BucketIndex {
    override bucketAt(number: number): number {
      walked++;
      return super.bucketAt(number);
    }

    override get bucketCount(): number {
      return 4000;
    }
  }
  const words = new Int32Array(buffer);
  const index = new CountingIndex(new SlabMemory(buffer, LIMIT));
  sampleExpiring(words, index, new Prng(1), new Int32Array(SAMPLE_ENTRIES));
  assert.equal(walked, SAMPLE_BUCKETS_MAX);
});

test('sampleExpiring() comes by every entry with an expiry, given time (NODE-6)', () => {
  const { slab } = filledSlab(3000, (i) => (i % 100 === 0 ? instant(100) : NEVER));
  const prng = new Prng(3);
  for (let i = 0; i < 200 && slab.count > 2970; i++) slab.sweep(instant(100), prng);
  assert.equal(slab.count, 2970);
});
