import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '#src/base/units.js';
import { Awareness } from '#src/membership/swim/awareness.js';

test('Awareness keeps its score between 0 and one below the longest wait (CLUSTER-3)', () => {
  const awareness = new Awareness(8);
  const table = [
    { delta: -1, score: 0, wait: 100 },
    { delta: 1, score: 1, wait: 200 },
    { delta: 3, score: 4, wait: 500 },
    { delta: -1, score: 3, wait: 400 },
    { delta: 10, score: 7, wait: 800 },
    { delta: 0, score: 7, wait: 800 },
    { delta: -9, score: 0, wait: 100 },
  ];
  for (const { delta, score, wait } of table) {
    awareness.shift(delta);
    assert.equal(awareness.score, score);
    assert.equal(awareness.scale(duration(100)), wait);
  }
});

test('Awareness of at most 1 leaves all waits as they are (CLUSTER-3)', () => {
  const awareness = new Awareness(1);
  awareness.shift(5);
  assert.equal(awareness.scale(duration(100)), 100);
});
