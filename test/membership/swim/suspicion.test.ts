import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration, elapsed, instant, nodeIndex } from '#src/base/units.js';
import { Suspicion, suspicionBounds, suspicionTimeout } from '#src/membership/swim/suspicion.js';

const SECOND = 1_000;
const START = instant(0);

/** Rounded to hundredths of a second, as the tables have it. */
const seconds = (ms: number): number => Math.round(ms / 10) / 100;

test('suspicionTimeout() goes from the longest to the shortest by the logarithm of the confirmations (CLUSTER-3)', () => {
  const bounds = { min: duration(2 * SECOND), max: duration(30 * SECOND), confirmations: 3 };
  const table = [
    { confirmed: 0, timeout: 30 },
    { confirmed: 1, timeout: 16 },
    { confirmed: 2, timeout: 7.81 },
    { confirmed: 3, timeout: 2 },
    { confirmed: 4, timeout: 2 },
  ];
  for (const { confirmed, timeout } of table) {
    assert.equal(seconds(suspicionTimeout(confirmed, bounds)), timeout, `${confirmed} confirmed`);
  }
});

test('suspicionTimeout() is the shortest at once where nobody could confirm (CLUSTER-3)', () => {
  const bounds = { min: duration(2 * SECOND), max: duration(30 * SECOND), confirmations: 0 };
  assert.equal(suspicionTimeout(0, bounds), 2 * SECOND);
});

test('suspicionBounds() grow with the logarithm of the size, from a floor (CLUSTER-3)', () => {
  const table = [
    { size: 1, min: 4, max: 4, confirmations: 0 },
    { size: 2, min: 4, max: 4, confirmations: 0 },
    { size: 3, min: 4, max: 4, confirmations: 0 },
    { size: 4, min: 4, max: 24, confirmations: 2 },
    { size: 10, min: 4, max: 24, confirmations: 2 },
    { size: 50, min: 6.8, max: 40.78, confirmations: 2 },
    { size: 100, min: 8, max: 48, confirmations: 2 },
    { size: 1_000, min: 12, max: 72, confirmations: 2 },
    { size: 10_000, min: 16, max: 96, confirmations: 2 },
  ];
  for (const { size, ...expected } of table) {
    const { min, max, confirmations } = suspicionBounds(size, duration(SECOND), 4, 6);
    assert.deepEqual({ min: seconds(min), max: seconds(max), confirmations }, expected, `${size}`);
  }
  assert.equal(suspicionBounds(100, duration(SECOND), 2, 6).confirmations, 0, 'a mult of 2');
  assert.equal(suspicionBounds(100, duration(SECOND), 6, 6).confirmations, 4, 'a mult of 6');
  assert.equal(suspicionBounds(5, duration(SECOND), 6, 6).confirmations, 0, 'but only 3 others');
});

test('A suspicion counts each accuser once, and no more than it needs (CLUSTER-3)', () => {
  const bounds = { min: duration(4 * SECOND), max: duration(24 * SECOND), confirmations: 2 };
  const suspicion = new Suspicion(START, nodeIndex(1), bounds, 0);
  const left = (): number => seconds(elapsed(START, suspicion.deadline));
  assert.equal(left(), 24);
  assert.equal(suspicion.confirm(nodeIndex(1)), false, 'the first accuser is no confirmation');
  assert.equal(left(), 24);
  assert.equal(suspicion.confirm(nodeIndex(2)), true);
  assert.equal(left(), 11.38);
  assert.equal(suspicion.confirm(nodeIndex(2)), false);
  assert.equal(suspicion.confirm(nodeIndex(3)), true);
  assert.equal(left(), 4);
  assert.equal(suspicion.confirm(nodeIndex(4)), false, 'enough');
  assert.equal(suspicion.accuser, 1);
});

test('A suspicion that is extended ends so much later, and not before it may (CLUSTER-3)', () => {
  const bounds = { min: duration(4 * SECOND), max: duration(24 * SECOND), confirmations: 2 };
  const suspicion = new Suspicion(START, nodeIndex(1), bounds, 0);
  suspicion.extend(duration(7 * SECOND), instant(10 * SECOND));
  assert.equal(suspicion.deadline, 31 * SECOND);
  suspicion.extend(duration(SECOND), instant(50 * SECOND));
  assert.equal(suspicion.deadline, 50 * SECOND);
  suspicion.confirm(nodeIndex(2));
  suspicion.confirm(nodeIndex(3));
  assert.equal(suspicion.deadline, 30 * SECOND, 'a confirmation counts from the moved beginning');
});

test('A suspect is called so often before it is faulty, whoever accuses it meanwhile (CLUSTER-3)', () => {
  const bounds = { min: duration(4 * SECOND), max: duration(24 * SECOND), confirmations: 2 };
  const suspicion = new Suspicion(START, nodeIndex(1), bounds, 2);
  const patience = duration(SECOND / 2);
  assert.equal(suspicion.timeIsUp(suspicion.deadline, patience), 'call');
  assert.equal(suspicion.deadline, 24.5 * SECOND);
  suspicion.confirm(nodeIndex(2));
  assert.equal(suspicion.timeIsUp(suspicion.deadline, patience), 'call');
  assert.equal(suspicion.deadline, 25 * SECOND);
  assert.equal(suspicion.timeIsUp(suspicion.deadline, patience), 'faulty');
});

test('Suspicions are never shorter than their minimum nor longer than their maximum (CLUSTER-3)', () => {
  const sizes = fc.integer({ min: 1, max: 65_536 });
  const mults = fc.integer({ min: 1, max: 12 });
  const maxMults = fc.double({ min: 1, max: 10, noNaN: true });
  fc.assert(
    fc.property(sizes, mults, maxMults, fc.nat(20), (size, mult, maxMult, confirmed) => {
      const bounds = suspicionBounds(size, duration(SECOND), mult, maxMult);
      const timeout = suspicionTimeout(confirmed, bounds);
      assert.ok(timeout >= bounds.min);
      assert.ok(timeout <= bounds.max);
      assert.ok(suspicionTimeout(confirmed + 1, bounds) <= timeout);
    }),
  );
});
