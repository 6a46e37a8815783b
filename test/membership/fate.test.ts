import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '#src/base/units.js';
import { type Death, type Fate, fateOf, WARM_DEATHS_MAX } from '#src/membership/fate.js';

const WARM = { restart: 'warm', restartGrace: duration(250) } as const;
const death = (of: Partial<Death> = {}): Death => ({
  reason: 'crashed',
  hadServed: true,
  failures: 1,
  wait: duration(40),
  isWanted: false,
  ...of,
});
const kept = (wait: number): Fate => ({ fate: 'kept', wait: duration(wait) });
const emptied = (wait: number): Fate => ({ fate: 'emptied', wait: duration(wait) });

test('fateOf() keeps what has served: at once the first time, then after the back-off (CLUSTER-6)', () => {
  assert.deepEqual(fateOf(death(), WARM), kept(0));
  assert.deepEqual(fateOf(death({ reason: 'hung' }), WARM), kept(0));
  assert.deepEqual(fateOf(death({ failures: 2 }), WARM), kept(40));
  const killed = death({ reason: 'killed', failures: 0, wait: duration(0) });
  assert.deepEqual(fateOf(killed, WARM), kept(0));
});

test('fateOf() trusts memory no more that has killed its owner again and again (CLUSTER-6)', () => {
  for (let failures = 1; failures <= WARM_DEATHS_MAX; failures++) {
    assert.equal(fateOf(death({ failures }), WARM).fate, 'kept');
  }
  assert.deepEqual(fateOf(death({ failures: WARM_DEATHS_MAX + 1 }), WARM), emptied(40));
  assert.deepEqual(fateOf(death({ failures: 10, wait: null }), WARM), { fate: 'given-up' });
});

test('fateOf() empties who did not serve, and whom the grace would end before the back-off (CLUSTER-6)', () => {
  assert.deepEqual(fateOf(death({ hadServed: false }), WARM), emptied(40));
  const unusable = death({ reason: 'unusable', hadServed: false, wait: duration(0) });
  assert.deepEqual(fateOf(unusable, WARM), emptied(0));
  assert.deepEqual(fateOf(death({ failures: 2, wait: duration(250) }), WARM), emptied(250));
  assert.deepEqual(fateOf(death(), { ...WARM, restartGrace: duration(0) }), emptied(40));
});

test('fateOf() with restarts cold or off keeps nothing (CLUSTER-6)', () => {
  const cold = { ...WARM, restart: 'cold' } as const;
  const off = { ...WARM, restart: 'off' } as const;
  assert.deepEqual(fateOf(death(), cold), emptied(40));
  assert.deepEqual(fateOf(death({ wait: null }), cold), { fate: 'given-up' });
  assert.deepEqual(fateOf(death(), off), { fate: 'left-out' });
  const wanted = death({ reason: 'killed', isWanted: true, wait: duration(0) });
  assert.deepEqual(fateOf(wanted, cold), emptied(0));
  assert.deepEqual(fateOf(wanted, off), emptied(0), 'restart() brings it back all the same');
  assert.deepEqual(fateOf(wanted, WARM), kept(0));
});
