import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replayTrace, type TracePlan } from '#src/load/trace-replay.js';
import { SlabCache } from '#src/slab-cache.js';
import { ForeignCache } from '../slab/support/foreign-cache.js';
import { ExactLru } from './exact-lru.js';

/** A folder with the traces; they are others' data and no part of this repository. */
const FOLDER = process.env['SHOAL_TRACES'];
const skip =
  FOLDER === undefined || FOLDER === ''
    ? 'SHOAL_TRACES names no folder with real traces'
    : existsSync(FOLDER)
      ? false
      : `SHOAL_TRACES: there is no folder ${FOLDER}`;

/** Hit ratios of an exact LRU by items, found by two independent simulations. */
const EXPECTED: readonly (readonly [trace: string, n: number, capacity: number, ratio: string])[] =
  [
    ['meta-cdn', 9_999, 31, '0.28643'],
    ['meta-cdn', 9_999, 312, '0.63136'],
    ['cloudphysics-io', 113_872, 490, '0.16209'],
    ['cloudphysics-io', 113_872, 4_897, '0.19509'],
    ['adaptsize-request', 66_987, 368, '0.24285'],
    ['adaptsize-request', 66_987, 3_682, '0.34186'],
    ['arc-oltp', 500_000, 1_218, '0.37025'],
    ['arc-oltp', 500_000, 12_178, '0.61483'],
    ['orm-busy', 500_000, 330, '0.68149'],
    ['orm-busy', 500_000, 3_301, '0.83825'],
    ['web12', 95_607, 138, '0.39791'],
    ['web12', 95_607, 1_376, '0.68492'],
    ['lirs-multi2', 26_311, 57, '0.03523'],
    ['lirs-multi2', 26_311, 568, '0.36924'],
    ['lirs-loop', 500_000, 10, '0.00000'],
    ['lirs-loop', 500_000, 101, '0.00000'],
  ];

const createSlab = (memoryLimit: number): SlabCache => new SlabCache({ memoryLimit });

function planFor(trace: string, accesses: number, memory: TracePlan['memory']): TracePlan {
  return { file: join(FOLDER ?? '', `${trace}.txt.gz`), accesses, memory, valueSize: 100 };
}

for (const [trace, n, capacity, ratio] of EXPECTED) {
  test(`Slab of ${capacity} items hits ${ratio} of ${trace} (NODE-4, BENCH-3)`, {
    skip,
  }, async () => {
    const result = await replayTrace(planFor(trace, n, { by: 'items', capacity }), createSlab);
    assert.equal(result.accesses, n);
    assert.equal(result.hitRatio.toFixed(5), ratio);
    assert.equal(result.stats.evictedOutOfOrder, 0);
  });
}

for (const [trace, n, capacity, ratio] of EXPECTED) {
  for (const readers of [1, 4]) {
    test(`Slab of ${capacity} items, all read by ${readers} in place, hits ${ratio} of ${trace} within half a point (NODE-2, BENCH-3)`, {
      skip,
    }, async () => {
      const plan = planFor(trace, n, { by: 'items', capacity });
      const { hitRatio } = await replayTrace(plan, (limit) => new ForeignCache(limit, readers));
      assert.ok(Math.abs(hitRatio - Number(ratio)) <= 0.005, `${hitRatio}, exact ${ratio}`);
    });
  }
}

for (const trace of ['meta-cdn', 'cloudphysics-io', 'adaptsize-request']) {
  for (const memory of [4 * 2 ** 20, 32 * 2 ** 20]) {
    const megabytes = memory / 2 ** 20;
    test(`Slab of ${megabytes} MB hits as an exact LRU does on ${trace} with its real sizes (NODE-4, BENCH-3)`, {
      skip,
    }, async () => {
      const plan = planFor(trace, Number.POSITIVE_INFINITY, { by: 'bytes', memory });
      const wanted = await replayTrace(plan, (limit) => new ExactLru(limit));
      const found = await replayTrace(plan, createSlab);
      assert.equal(found.stats.evictedOutOfOrder, 0);
      assert.equal(found.hits, wanted.hits);
    });
  }
}
