/**
 * A simulator that never fails proves nothing. Each planted fault is caught within the number of
 * seeds that it is known to need; `npm run sim -- --plants` counts them anew.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BatchTask, runBatch } from '#src/sim/batch.js';
import { PLANT_NAMES, type PlantName } from '#src/sim/plants.js';
import type { PlantResult } from '#src/sim/run.js';

/** Seeds within which each is caught, from seed 1 on. */
const SEEDS: Readonly<Record<PlantName, number>> = {
  'never-trusts': 10,
  'epoch-backwards': 10,
  'any-epoch': 40,
  'two-authorities': 10,
  'ignores-stall': 20,
  'keeps-tenures': 10,
  'attaches-early': 10,
  'no-new-epoch': 10,
  'looks-once': 40,
  'reads-overtake': 10,
  'executes-twice': 10,
  'retries-writes': 20,
  'neighbour-serves': 10,
  'never-reconnects': 20,
  'spares-leases': 10,
  'grants-twice': 10,
  'honours-strangers': 20,
  'waits-for-dead': 10,
  'joins-anyway': 20,
  'caches-errors': 10,
  latecomers: 40,
};

test('Every planted fault is caught (CLUSTER-3 to CLUSTER-10, planted faults)', async () => {
  const tasks = PLANT_NAMES.map((plant): BatchTask => {
    return { task: 'hunt', plant, first: 1, limit: SEEDS[plant] };
  });
  await runBatch<PlantResult>(tasks.values(), 2, ({ plant, seeds, caughtBy }) => {
    assert.notEqual(caughtBy, null, `${plant} is not caught within ${seeds} seeds`);
    return true;
  });
});
