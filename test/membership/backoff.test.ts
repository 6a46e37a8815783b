import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { after, duration, instant } from '#src/base/units.js';
import {
  BACKOFF_BASE,
  BACKOFF_MAX,
  BACKOFF_RESET_AFTER,
  Backoff,
} from '#src/membership/backoff.js';

const START = instant(1_000);

test('Backoff doubles the wait of who keeps dying, up to its limit (CLUSTER-6)', () => {
  const backoff = new Backoff({ prng: new Prng(1) });
  for (let tries = 0; tries < 20; tries++) {
    const whole = Math.min(BACKOFF_MAX, BACKOFF_BASE * 2 ** tries);
    const wait = backoff.died(START);
    assert.ok(wait <= whole, `try ${tries}: ${wait} of ${whole}`);
    assert.ok(wait >= whole / 2, `try ${tries}: ${wait} of ${whole}`);
    backoff.started(START);
  }
});

test('Backoff begins anew with a node that has served long enough (CLUSTER-6)', () => {
  const backoff = new Backoff({ prng: new Prng(2) });
  for (let tries = 0; tries < 6; tries++) backoff.died(START);
  backoff.started(START);
  assert.ok(backoff.died(after(START, duration(BACKOFF_RESET_AFTER - 1))) > BACKOFF_BASE);
  backoff.started(START);
  assert.ok(backoff.died(after(START, BACKOFF_RESET_AFTER)) <= BACKOFF_BASE);
});

test('Backoff does not count the time of a start that never served', () => {
  const backoff = new Backoff({ prng: new Prng(3) });
  for (let tries = 0; tries < 6; tries++) backoff.died(START);
  assert.ok(backoff.died(after(START, duration(BACKOFF_RESET_AFTER * 2))) > BACKOFF_BASE);
});

test('Backoff spreads nodes that died together (CLUSTER-6)', () => {
  const prng = new Prng(4);
  const waits = Array.from({ length: 8 }, () => new Backoff({ prng: prng.fork() }).died(START));
  assert.equal(new Set(waits).size, waits.length);
});

test('Backoff repeats itself from the same seed', () => {
  const waits = (seed: number): number[] => {
    const backoff = new Backoff({ prng: new Prng(seed) });
    return [1, 2, 3].map(() => backoff.died(START));
  };
  assert.deepEqual(waits(7), waits(7));
  assert.notDeepEqual(waits(7), waits(8));
});
