import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import {
  ENTRY_CHARGE_BYTES,
  Replay,
  type TraceCache,
  type TraceResult,
} from '#src/load/trace-replay.js';
import { SlabCache } from '#src/slab-cache.js';
import { ExactLru } from './exact-lru.js';
import { MADE_TRACES, type MadeTrace, mixedSize } from './made-traces.js';

const VALUE_BYTES = 100;
const KEY_BYTES = 8;

const keyOf = (key: number): string => String(key).padStart(KEY_BYTES, '0');

function replay(cache: TraceCache, { accesses }: MadeTrace, sizes: boolean): TraceResult {
  const run = new Replay(cache);
  run.run(accesses.map(keyOf), sizes ? accesses.map(mixedSize) : null, VALUE_BYTES);
  return run.result();
}

for (const trace of MADE_TRACES) {
  for (const capacity of [10, 100, 999, 5_000]) {
    test(`Slab hits as an exact LRU of ${capacity} items does on ${trace.name} (NODE-2, BENCH-3)`, () => {
      const limit = capacity * (KEY_BYTES + VALUE_BYTES + ENTRY_CHARGE_BYTES);
      const wanted = replay(new ExactLru(limit), trace, false);
      const found = replay(new SlabCache({ memoryLimit: limit }), trace, false);
      assert.equal(found.hits, wanted.hits);
      assert.equal(found.stats.entries, wanted.stats.entries);
      assert.equal(found.stats.trackedBytes, wanted.stats.trackedBytes);
      assert.equal(found.stats.evicted, wanted.stats.evicted);
      assert.equal(found.stats.evictedOutOfOrder, 0);
      assert.ok(found.stats.entries <= capacity);
    });
  }

  for (const limit of [2 ** 20, 8 * 2 ** 20, 32 * 2 ** 20]) {
    test(`Slab hits as an exact LRU of ${limit / 2 ** 20} MB does on ${trace.name} with mixed sizes (NODE-4, BENCH-3)`, () => {
      const wanted = replay(new ExactLru(limit), trace, true);
      const found = replay(new SlabCache({ memoryLimit: limit }), trace, true);
      assert.equal(found.stats.evictedOutOfOrder, 0);
      assert.equal(found.hits, wanted.hits);
      assert.equal(found.stats.trackedBytes, wanted.stats.trackedBytes);
    });
  }
}

test('Slab finds room for rare giants among many small values, as an exact LRU does (NODE-2, BENCH-3)', () => {
  const limit = 16 * 2 ** 20;
  for (const seed of [1, 2, 3]) {
    const prng = new Prng(seed);
    const giant = (): number => 300_000 + prng.below(2_000_000);
    const small = (): number => Math.floor(40 * 200 ** prng.unit());
    const sizes = Array.from({ length: 25_000 }, () =>
      prng.below(1_000) === 0 ? giant() : small(),
    );
    const keys = sizes.map((_, i) => `k${i}`);
    const [wanted, found] = [new ExactLru(limit), new SlabCache({ memoryLimit: limit })].map(
      (cache) => {
        const run = new Replay(cache);
        run.run(keys, sizes, VALUE_BYTES);
        return run.result();
      },
    );
    assert.equal(found?.stats.evictedOutOfOrder, 0);
    assert.equal(found?.stats.evicted, wanted?.stats.evicted);
    assert.equal(found?.stats.trackedBytes, wanted?.stats.trackedBytes);
  }
});
