/**
 * Whole runs. A few seeds here; `npm run sim -- --seeds N` plays as many as one has time for.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runBatch } from '#src/sim/batch.js';
import type { SeedResult } from '#src/sim/run.js';
import { OPERATIONS_MIN, SECONDS_MIN } from '#src/sim/swarm.js';

const SEEDS = 12;

test('Cluster answers lawfully under every fault, and recovers (CLUSTER-1 to CLUSTER-10)', async () => {
  function* tasks() {
    for (let seed = 1; seed <= SEEDS; seed++) yield { task: 'play', seed, plant: null } as const;
  }
  const played: number[] = [];
  await runBatch<SeedResult>(tasks(), 2, (result) => {
    played.push(result.seed);
    assert.deepEqual(result.story, [], `npm run sim -- --seed ${result.seed}`);
    assert.ok(result.operations >= OPERATIONS_MIN, `seed ${result.seed} has operations enough`);
    assert.ok(result.virtualMs >= 1_000 * SECONDS_MIN, `seed ${result.seed} is long enough`);
    return true;
  });
  assert.deepEqual(
    played,
    Array.from({ length: SEEDS }, (_, i) => i + 1),
    'results come in order, whichever thread was first',
  );
});
