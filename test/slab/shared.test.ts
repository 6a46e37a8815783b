import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { fence } from '#src/slab/fence.js';
import { plainKeys } from './support/keys.js';
import { play } from './support/play.js';

const FIGURES = new URL('./support/figures.js', import.meta.url);

test('fence() can be called', () => {
  assert.equal(fence(), undefined);
});

test('readSlabStats() gives another thread the figures of the owner (NODE-5)', async () => {
  const { slab, view } = play({
    seed: 1,
    limit: 100_000,
    keys: plainKeys(500),
    valueLength: (prng) => prng.below(900),
    operations: 5000,
  });
  const workerData = view.words.buffer;
  const worker = new Worker(FIGURES, { workerData });
  const [figures] = await once(worker, 'message');
  await once(worker, 'exit');
  assert.deepEqual(figures, slab.stats());
  assert.ok(figures.entries > 50 && figures.hits > 0 && figures.evicted > 0);
});
