import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { instant, nodeId, nodeIndex } from '#src/base/units.js';
import { Backoff } from '#src/membership/backoff.js';
import { FAILURES_MAX, NodeRecord } from '#src/membership/node-record.js';

const STEADY_MS = 30_000;

const life = (): NodeRecord =>
  new NodeRecord(nodeIndex(1), nodeId('n1'), new Backoff({ prng: new Prng(1) }));

test('A node that keeps dying waits longer each time, and is given up (CLUSTER-6)', () => {
  const node = life();
  const waits: (number | null)[] = [];
  for (let i = 0; i < FAILURES_MAX; i++) {
    node.noteServing(instant(i));
    waits.push(node.noteDeath(instant(i), 'crashed'));
  }
  assert.equal(waits.pop(), null);
  assert.ok(
    waits.every((wait, i) => i < 2 || (wait ?? 0) >= (waits[i - 2] ?? 0)),
    String(waits),
  );
  assert.ok((waits[0] ?? 0) <= 50);
});

test('A node that served for long has not died in a row (CLUSTER-6)', () => {
  const node = life();
  for (let i = 0; i < FAILURES_MAX * 3; i++) {
    node.noteServing(instant(i * STEADY_MS));
    assert.notEqual(node.noteDeath(instant((i + 1) * STEADY_MS), 'hung'), null);
    assert.equal(node.failures, 1);
  }
});

test('Deaths that were asked for do not count, and cost no wait (CLUSTER-6)', () => {
  const node = life();
  for (let i = 0; i < FAILURES_MAX * 3; i++) {
    node.noteServing(instant(i));
    assert.equal(node.noteDeath(instant(i), 'killed'), 0);
  }
  assert.equal(node.failures, 0);
});
