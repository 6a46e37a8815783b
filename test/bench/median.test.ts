import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { median, medianInterval } from '../../bench/support/median.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test('medianInterval() gives the ranks of the tables: 6 and 15 of 20, 95.9 % (BENCH-4)', () => {
  const { low, high, confidence } = medianInterval(upTo(20));
  assert.deepEqual([low, high], [6, 15]);
  assert.equal(confidence.toFixed(4), '0.9586');
  const ten = medianInterval(upTo(10));
  assert.deepEqual([ten.low, ten.high, ten.confidence.toFixed(4)], [2, 9, '0.9785']);
});

test('medianInterval() of too few figures is their range, and says how little that is (BENCH-4)', () => {
  const { low, high, confidence } = medianInterval([3, 1, 2]);
  assert.deepEqual([low, high, confidence], [1, 3, 0.75]);
  assert.equal(medianInterval([5]).confidence, 0);
});

test('medianInterval() holds the true median as often as it says (BENCH-4)', () => {
  const prng = new Prng(1);
  const rounds = 2_000;
  let held = 0;
  for (let round = 0; round < rounds; round++) {
    // Skewed: its median is a quarter.
    const { low, high } = medianInterval(upTo(20).map(() => prng.unit() ** 2));
    if (low <= 0.25 && 0.25 <= high) held++;
  }
  assert.ok(held / rounds > 0.94 && held / rounds < 0.975, `${held / rounds}`);
  assert.equal(median([4, 1, 3]), 3);
});
