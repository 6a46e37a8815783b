import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeIndex } from '#src/base/units.js';
import {
  ALIVE,
  accuserIn,
  FAULTY,
  INCARNATION_MAX,
  incarnationOfLife,
  isIncarnation,
  LIFE_STEP,
  MEMBER_MAX,
  nextLife,
  packState,
  SUSPECT,
  stateIn,
} from '#src/membership/swim/update.js';

test('State and accuser of an update go into one number and come out of it (CLUSTER-3)', () => {
  fc.assert(
    fc.property(fc.constantFrom(ALIVE, SUSPECT, FAULTY), fc.nat(MEMBER_MAX), (state, accuser) => {
      const packed = packState(state, nodeIndex(accuser));
      assert.equal(stateIn(packed), state);
      assert.equal(accuserIn(packed), state === SUSPECT ? accuser : 0);
    }),
  );
});

test('Numbers that no update has are told from those that one may have (CLUSTER-3)', () => {
  for (const packed of [0, 4, 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(stateIn(packed), null, `${packed}`);
  }
  for (const incarnation of [-1, 0.5, Number.NaN, INCARNATION_MAX + 1]) {
    assert.equal(isIncarnation(incarnation, ALIVE), false, `${incarnation}`);
  }
  assert.equal(isIncarnation(INCARNATION_MAX, ALIVE), true);
  assert.equal(isIncarnation(INCARNATION_MAX, SUSPECT), false, 'there is none to refute it with');
  assert.equal(isIncarnation(INCARNATION_MAX - 1, FAULTY), true);
});

test('Each life of a node begins above all incarnations of the one before (CLUSTER-3)', () => {
  const table = [
    { incarnation: 0, next: LIFE_STEP },
    { incarnation: LIFE_STEP - 1, next: LIFE_STEP },
    { incarnation: LIFE_STEP, next: 2 * LIFE_STEP },
    { incarnation: INCARNATION_MAX, next: INCARNATION_MAX },
  ];
  for (const { incarnation, next } of table) assert.equal(nextLife(incarnation), next);
  assert.equal(incarnationOfLife(0), 0);
  assert.equal(incarnationOfLife(3), nextLife(incarnationOfLife(2)));
});
