import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Evidence, judge, type Limit } from '#src/load/verdict.js';

const CLOSED: Evidence = {
  rate: null,
  operations: 100_000,
  unsent: 0,
  lateForRoom: 0,
  lateForThread: 0,
  utilization: 0.5,
  coresBusy: 0.5,
  inFlightMax: 50,
  via: 'resp',
};
const OPEN: Evidence = { ...CLOSED, rate: 10_000, utilization: 1 };

const CASES: readonly (readonly [why: string, evidence: Evidence, limit: Limit])[] = [
  ['a generator with time left', CLOSED, 'server'],
  ['a generator thread that is always busy', { ...CLOSED, utilization: 0.96 }, 'generator'],
  ['cores that are all busy', { ...CLOSED, coresBusy: 0.97 }, 'machine'],
  ['a rate that was held, though threads poll', OPEN, 'none'],
  ['a few late ones', { ...OPEN, lateForThread: 900 }, 'none'],
  ['many late for want of room', { ...OPEN, lateForRoom: 9_000, lateForThread: 100 }, 'server'],
  ['many late with room', { ...OPEN, lateForThread: 9_000 }, 'generator'],
  ['many late on a full machine', { ...OPEN, lateForThread: 9_000, coresBusy: 1 }, 'machine'],
  ['many never sent', { ...OPEN, unsent: 5_000, lateForRoom: 50 }, 'server'],
];

for (const [why, evidence, limit] of CASES) {
  test(`judge names "${limit}" as the limit for ${why} (BENCH-4)`, () => {
    const verdict = judge(evidence);
    assert.equal(verdict.limit, limit);
    assert.ok(verdict.text.length > 0);
  });
}

test('judge advises more threads only where there can be more (BENCH-4)', () => {
  const busy = { ...CLOSED, utilization: 1 };
  assert.match(judge(busy).text, /--threads/);
  assert.doesNotMatch(judge({ ...busy, via: 'library' }).text, /--threads/);
});
