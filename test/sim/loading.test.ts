/** Loads without any fault: a key that many want is loaded once, until it expires. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '#src/base/units.js';
import type { Operation } from '#src/sim/history.js';
import { Parts } from '#src/sim/parts.js';
import { drawSwarm, type FaultName, type Swarm } from '#src/sim/swarm.js';
import { World } from '#src/sim/world.js';

const CALM: Partial<Swarm> = {
  faults: new Set<FaultName>(),
  clients: 4,
  keys: 64,
  skew: 1,
  loadShare: 1,
  readShare: 1,
  delayMin: 1,
  delayMean: 1,
  tailShare: 0,
  lossShare: 0,
  doubleShare: 0,
  reorderShare: 0,
  skewMax: duration(0),
  breakers: false,
};

test('Cluster loads a key once for all who miss it, until it expires', () => {
  let shared = 0;
  for (const seed of [1, 2]) {
    const world = new World({ ...drawSwarm(seed), ...CALM, seed }, new Parts());
    world.play();
    assert.equal(world.stage.violation, null);
    // The probes at the end write.
    const all = world.history.operations;
    const operations = all.slice(
      0,
      all.findIndex(({ kind }) => kind === 'set'),
    );
    const runs = operations.filter(({ kind }) => kind === 'run');
    assert.ok(runs.length > 100, `${runs.length} loads`);
    for (const [i, run] of runs.entries()) {
      assert.equal(run.outcome, 'stored');
      for (const other of runs.slice(i + 1)) {
        const isBeside = other.key === run.key && other.begin < run.end && run.begin < other.end;
        assert.ok(!isBeside, `seed ${seed}: loads ${run.id} and ${other.id} of key ${run.key}`);
      }
    }
    const calls = operations.filter(({ kind }) => kind === 'load');
    assert.ok(calls.length > 2_000);
    assert.ok(calls.every(({ outcome }: Operation) => outcome === 'found'));
    shared += world.runs.tally.joined + world.runs.tally.waited;
  }
  assert.ok(shared > 20, `${shared} calls were given another's load`);
});
