/** Reads that a near cache answers keep their entries from being evicted in the slab. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, instant, NEVER, nodeIndex } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { Zipf } from '#src/load/zipf.js';
import type { PublishedView } from '#src/ring/published-view.js';
import { ClientReads } from '#src/runtime/client-reads.js';
import { NearReads } from '#src/runtime/near-reads.js';
import { ENTRY_OVERHEAD } from '#src/slab/layout.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { Slab } from '#src/slab/slab.js';
import { toyRing } from '../node/support/toy-ring.js';

const KEY_BYTES = 8;
const VALUE_BYTES = 100;
const ENTRIES = 1_000;
const LIMIT = ENTRIES * (KEY_BYTES + VALUE_BYTES + ENTRY_OVERHEAD);

/** The planted fault: uses are not noted. */
class MuteReader extends SlabReader {
  override noteHitAt(): void {}
}

/** A read-through cache of ENTRIES entries whose reads all come from another thread. */
class ReadThrough {
  readonly reads: ClientReads;
  readonly #slab: Slab;
  readonly #key = new KeyBuffer();
  readonly #version = new VersionClock(epoch(1));

  constructor(nearEntries: number | null, Reader = SlabReader) {
    const memory = Slab.allocate(bytes(LIMIT));
    this.#slab = new Slab(memory, bytes(LIMIT));
    const reader = new Reader(memory, bytes(LIMIT), new ReadScratch(), 1);
    const view = Object.assign(toyRing(1, [0]), { nodes: [nodeIndex(0)] });
    const ring = view as unknown as PublishedView;
    const driver = { ring, follow: () => ring, hear: () => false, now: () => instant(0) };
    const board = { plainEpoch: epoch(1), seconds: 0, isSeenBy: () => true };
    const near =
      nearEntries === null
        ? null
        : new NearReads({
            near: { entries: nearEntries },
            board,
            clock: driver,
            isFrozen: false,
          });
    this.reads = new ClientReads(driver, { epoch: epoch(1), slab: () => reader }, near);
  }

  /** Reads a key, and writes it if it is not there. @returns whether it was */
  use(number: number): boolean {
    const key = String(number).padStart(KEY_BYTES, '0');
    if (this.reads.get(key) !== undefined) return true;
    this.#key.loadString(key);
    this.#version.advance();
    const value = Buffer.alloc(VALUE_BYTES);
    const version = this.#version;
    this.#slab.install(this.#key, instant(0), value, 0, VALUE_BYTES, 'text', NEVER, version);
    return false;
  }
}

/** Hits in percent on Zipf 0.99 over 20 times as many keys as there is room for. */
function hitRatio(cache: ReadThrough): number {
  const keys = 20 * ENTRIES;
  const zipf = new Zipf(keys, 0.99);
  const prng = new Prng(7);
  const reads = 150_000;
  let hits = 0;
  for (let i = 0; i < reads; i++) {
    const isHit = cache.use((zipf.draw(prng) * 7_919) % keys);
    if (isHit && i >= reads / 3) hits++;
  }
  return (100 * hits) / (reads - reads / 3);
}

/** Misses of a key that every fourth read is for, while new ones come in all the time. */
function missesOfHotKey(cache: ReadThrough): number {
  let misses = 0;
  for (let i = 1; i < 20 * ENTRIES; i++) {
    if (i % 4 > 0) cache.use(i);
    else if (!cache.use(0)) misses++;
  }
  return misses;
}

test('a key that is read near alone stays in its slab (NODE-4)', () => {
  const cache = new ReadThrough(10);
  assert.equal(missesOfHotKey(cache), 1);
  assert.ok((cache.reads.stats.near?.hits ?? 0) > 4 * ENTRIES);
  assert.ok(missesOfHotKey(new ReadThrough(10, MuteReader)) > 1, 'without notes it is evicted');
});

for (const nearEntries of [ENTRIES / 10, ENTRIES]) {
  test(`${nearEntries} entries near cost a slab of ${ENTRIES} less than 0.5 points of its hits (NODE-4)`, () => {
    const inPlace = hitRatio(new ReadThrough(null));
    const near = new ReadThrough(nearEntries);
    const lost = inPlace - hitRatio(near);
    assert.ok(Math.abs(lost) < 0.5);
    assert.ok(inPlace - hitRatio(new ReadThrough(nearEntries, MuteReader)) > lost, 'without notes');
    assert.ok((near.reads.stats.near?.hits ?? 0) > 10_000);
  });
}
