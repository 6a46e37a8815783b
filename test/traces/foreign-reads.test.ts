/** Hit ratios where all reads are made by other threads than the owner's, beside an exact LRU's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { ENTRY_CHARGE_BYTES, Replay, type TraceCache } from '#src/load/trace-replay.js';
import { Zipf } from '#src/load/zipf.js';
import { ForeignCache } from '../slab/support/foreign-cache.js';
import { ExactLru } from './exact-lru.js';
import { MADE_TRACES } from './made-traces.js';

const VALUE_BYTES = 100;
const KEY_BYTES = 8;
const READERS = 4;
/** Half a point. */
const RATIO_LESS_MAX = 0.005;

const keyOf = (key: number): string => String(key).padStart(KEY_BYTES, '0');

function hitRatio(cache: TraceCache, keys: readonly string[]): number {
  const replay = new Replay(cache);
  replay.run(keys, null, VALUE_BYTES);
  return replay.result().hitRatio;
}

function zipf(keys: number, accesses: number): string[] {
  const law = new Zipf(keys, 0.99);
  const prng = new Prng(5);
  return Array.from({ length: accesses }, () => keyOf(law.draw(prng)));
}

interface Case {
  readonly name: string;
  readonly keys: readonly string[];
  readonly capacities: readonly number[];
}

const CASES: readonly Case[] = [
  { name: 'zipf 0.99', keys: zipf(50_000, 300_000), capacities: [100, 1_000, 5_000, 20_000] },
  ...MADE_TRACES.map(({ name, accesses }) => ({
    name,
    keys: accesses.map(keyOf),
    capacities: [10, 100, 999, 5_000],
  })),
];

for (const { name, keys, capacities } of CASES) {
  for (const capacity of capacities) {
    const limit = capacity * (KEY_BYTES + VALUE_BYTES + ENTRY_CHARGE_BYTES);
    for (const readers of [1, READERS]) {
      test(`Slab of ${capacity} items, all read by ${readers} in place, hits as an exact LRU does, within half a point: ${name} (NODE-2, BENCH-3)`, () => {
        const wanted = hitRatio(new ExactLru(limit), keys);
        const found = hitRatio(new ForeignCache(limit, readers), keys);
        assert.ok(Math.abs(found - wanted) <= RATIO_LESS_MAX, `${found}, exact ${wanted}`);
      });
    }
  }
}

test('Slab that foreign readers read without notes is far from an exact LRU (NODE-2)', () => {
  const limit = 1_000 * (KEY_BYTES + VALUE_BYTES + ENTRY_CHARGE_BYTES);
  const keys = zipf(50_000, 300_000);
  const wanted = hitRatio(new ExactLru(limit), keys);
  const found = hitRatio(new ForeignCache(limit, READERS, false), keys);
  assert.ok(found < wanted - RATIO_LESS_MAX, `${found}, exact ${wanted}`);
});
