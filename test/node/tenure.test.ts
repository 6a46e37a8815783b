import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { epoch, type KeyHash, nodeIndex } from '#src/base/units.js';
import { Tenure } from '#src/node/tenure.js';
import { toyRing } from './support/toy-ring.js';

const self = nodeIndex(0);
const hash = (n: number): KeyHash => n as KeyHash;

test('Tenure lasts while other nodes come and go (CLUSTER-5)', () => {
  const tenure = new Tenure(self);
  const rings = [toyRing(1, [0, 1]), toyRing(2, [0, 1, 2]), toyRing(3, [0, 1]), toyRing(4, [0])];
  for (const ring of rings) tenure.ringChanged(ring);
  const owned = rings.flatMap(({ positions }) => [...positions].map(hash));
  const kept = owned.filter((key) => rings.every((ring) => ring.owner(key) === self));
  assert.ok(kept.length > 0);
  for (const key of kept) assert.equal(tenure.covers(key, epoch(1)), true);
});

test('Tenure of a range that was lost and came back begins anew (CLUSTER-6)', () => {
  const tenure = new Tenure(self);
  const key = hash(12_345);
  tenure.ringChanged(toyRing(1, [0]));
  assert.equal(tenure.covers(key, epoch(1)), true);
  tenure.ringChanged(toyRing(2, [1]));
  tenure.ringChanged(toyRing(3, [0]));
  assert.equal(tenure.covers(key, epoch(1)), false);
  assert.equal(tenure.covers(key, epoch(3)), true);
});

test('Tenure begins anew over a ring that was not shown (CLUSTER-9)', () => {
  const tenure = new Tenure(self);
  tenure.ringChanged(toyRing(1, [0]));
  tenure.ringChanged(toyRing(3, [0]));
  assert.equal(tenure.covers(hash(1), epoch(1)), false);
  assert.equal(tenure.covers(hash(1), epoch(3)), true);
});

test('Tenure.covers() agrees with asking every ring in turn (CLUSTER-9)', () => {
  const subset = fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
  const histories = fc.array(subset, { minLength: 1, maxLength: 8 });
  const hashes = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(histories, hashes, (history, asked) => {
      const rings = history.map((nodes, i) => toyRing(i + 1, nodes));
      const tenure = new Tenure(self);
      for (const ring of rings) tenure.ringChanged(ring);
      const edges = rings.flatMap(({ positions }) => [...positions].flatMap((p) => [p, p + 1]));
      for (const key of [...asked, ...edges.filter((edge) => edge <= 0xffffffff)].map(hash)) {
        if (rings.at(-1)?.owner(key) !== self) continue;
        for (let written = 1; written <= rings.length; written++) {
          const whole = rings.slice(written - 1).every((ring) => ring.owner(key) === self);
          assert.equal(tenure.covers(key, epoch(written)), whole, `hash ${key} of ${written}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});
