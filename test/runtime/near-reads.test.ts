import assert from 'node:assert/strict';
import test from 'node:test';
import { readBetweenStores } from './near-between-stores.js';
import { type NearFault, type NearPlan, NearWorld } from './near-world.js';

const PLANS: Readonly<Record<string, Omit<NearPlan, 'seed'>>> = {
  'few keys': { operations: 20_000, keys: 20, limit: 64_000, nearEntries: 100 },
  'buckets that split, and flushes': {
    operations: 20_000,
    keys: 300,
    limit: 256_000,
    nearEntries: 1_000,
    rings: 1,
    flushes: 4,
  },
  'evictions, in the slab and near': {
    operations: 20_000,
    keys: 200,
    limit: 6_000,
    nearEntries: 40,
  },
  'rings that change all the time': {
    operations: 20_000,
    keys: 60,
    limit: 64_000,
    nearEntries: 100,
    rings: 50,
  },
};

for (const [what, plan] of Object.entries(PLANS)) {
  test(`a near cache gives what a look in place would: ${what} (NODE-8)`, () => {
    for (let seed = 1; seed <= 3; seed++) {
      const world = new NearWorld({ ...plan, seed });
      world.run();
      const { hits = 0, misses = 0 } = world.stats.near ?? {};
      assert.ok(hits > 500, `${hits} hits`);
      assert.ok(misses > 500, `${misses} misses`);
    }
  });
}

/** What is broken, and what the test says then. */
const FAULTS: Readonly<Record<Exclude<NearFault, 'none'>, RegExp>> = {
  'generation not checked': /another value/,
  'epoch not checked': /another value/,
  'generation read after the value': /another value/,
  'expiry ignored': /another value/,
  'made in an inactive epoch': /kept in an epoch that a node has not seen/,
  'age ignored': /believed for/,
};

for (const [fault, message] of Object.entries(FAULTS)) {
  test(`the test finds a near cache with a fault: ${fault}`, () => {
    // Rings change without anybody's being inactive, where the epoch alone is to be missed.
    const swiftly = fault === 'epoch not checked';
    assert.throws(() => {
      for (const plan of Object.values(PLANS)) {
        new NearWorld({ ...plan, seed: 1, swiftly, fault: fault as NearFault }).run();
      }
    }, message);
  });
}

const FEW_KEYS = { keys: 4, limit: 64_000, flushes: 0, sameSizes: true };

test('between any two stores of an owner a near cache gives what a look in place gives (NODE-8)', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { reads, hits } = readBetweenStores(seed, { keys: 300, limit: 20_000, flushes: 2 });
    assert.ok(reads > 10_000);
    assert.ok(hits > 1_000);
  }
});

test('a near cache gives what a look gives when owners have died within an operation (NODE-8)', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { deaths, hits } = readBetweenStores(seed, { ...FEW_KEYS, deaths: 100 });
    assert.ok(deaths > 100);
    assert.ok(hits > 1_000);
  }
});

for (const fault of ['slot word not checked', 'generation not checked'] as const) {
  test(`the test finds a near cache with a fault: ${fault}`, () => {
    assert.throws(() => {
      for (let seed = 1; seed <= 5; seed++) {
        readBetweenStores(seed, { ...FEW_KEYS, deaths: 100, fault });
      }
    }, /another value/);
  });
}
