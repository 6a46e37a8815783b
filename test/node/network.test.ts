/**
 * Nodes and clients in a random network, against a dumb map: nothing is served that was
 * overwritten, nothing changes places, nothing happens twice, everything is answered once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes } from '#src/node/lanes.js';
import { Outstanding } from '#src/node/outstanding.js';
import { World, type WorldOptions } from './support/world.js';

const { SHOAL_SEEDS } = process.env;
const SEEDS = Number(SHOAL_SEEDS ?? 60);

const options = (seed: number): WorldOptions => ({
  seed,
  nodes: 4,
  clients: 3,
  operations: 600,
  lossShare: seed % 3 === 0 ? 0.02 : 0,
  doubleShare: 0.1,
  churns: true,
});

/** The first fault among some seeds; null if there is none. */
function firstFault(adjust: Partial<WorldOptions> = {}): string | null {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World({ ...options(seed), ...adjust });
    world.run();
    const fault = world.history.fault();
    if (fault !== null) return `seed ${seed}: ${fault}`;
    if (world.outstanding > 0) return `seed ${seed}: ${world.outstanding} requests are still held`;
  }
  return null;
}

/** Runs with one method replaced. */
function withPlanted<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  planted: T[K],
  run: () => void,
): void {
  const whole = prototype[name];
  prototype[name] = planted;
  try {
    run();
  } finally {
    prototype[name] = whole;
  }
}

test('A quiet cluster forgets nothing and answers like a map (CLUSTER-1, CLUSTER-2)', () => {
  assert.equal(firstFault({ churns: false, lossShare: 0 }), null);
});

test('A lossy network costs answers, never a wrong one (CLUSTER-1)', () => {
  assert.equal(firstFault({ churns: false, lossShare: 0.05 }), null);
});

test('No key goes back in time while nodes die, leave and return (CLUSTER-5, CLUSTER-6, CLUSTER-9)', () => {
  assert.equal(firstFault(), null);
});

test('No key goes back in time when rings change faster than messages travel (CLUSTER-9)', () => {
  assert.equal(firstFault({ calmMax: 25 }), null);
});

test('No key goes back in time in a node that missed rings (CLUSTER-9)', () => {
  assert.equal(firstFault({ calmMax: 25, skipsRings: true }), null);
  assert.equal(firstFault({ skipsRings: true }), null);
});

test('No key goes back in time when nodes and clients read each other in place (CLUSTER-9)', () => {
  assert.equal(firstFault({ readsInPlace: true }), null);
  assert.equal(firstFault({ readsInPlace: true, calmMax: 25 }), null);
  assert.equal(firstFault({ readsInPlace: true, churns: false, lossShare: 0.05 }), null);
});

test('A read in place that overtakes a write of its key is noticed (planted fault)', () => {
  withPlanted(
    Outstanding.prototype,
    'isQuiet',
    () => true,
    () => assert.notEqual(firstFault({ readsInPlace: true }), null),
  );
});

test('A churning cluster still answers most requests, through refusals, queues and waits', () => {
  const world = new World({ ...options(1), operations: 4_000, readsInPlace: true });
  world.run();
  const { totals, history } = world;
  assert.equal(history.fault(), null);
  for (const [what, count] of Object.entries(totals)) assert.ok(count > 0, `${what} was tested`);
  assert.ok(history.count('found') > 500, `${history.count('found')} gets found something`);
  assert.ok(history.count('stored') > 1_000, `${history.count('stored')} sets were done`);
});

test('A request that overtakes an earlier one of its key is noticed (planted fault)', () => {
  withPlanted(
    Lanes.prototype,
    'has',
    () => false,
    () => assert.notEqual(firstFault(), null),
  );
});

test('An entry served from before its node came to own the key is noticed (planted fault)', () => {
  assert.notEqual(firstFault({ breakage: 'no-tenure' }), null);
});

test('A request executed under an old ring is noticed (planted fault)', () => {
  assert.notEqual(firstFault({ breakage: 'any-epoch' }), null);
});

test('A request executed twice is noticed (planted fault)', () => {
  assert.notEqual(firstFault({ breakage: 'doubles-executed' }), null);
});
