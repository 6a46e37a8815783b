import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { bytes, nodeId, nodeIndex } from '#src/base/units.js';
import { Backoff } from '#src/membership/backoff.js';
import { NodeRecord } from '#src/membership/node-record.js';
import { NodeLife } from '#src/runtime/node-life.js';

function life(): NodeLife {
  const id = nodeId('n1');
  const record = new NodeRecord(nodeIndex(1), id, new Backoff({ prng: new Prng(1) }));
  return new NodeLife(nodeIndex(1), { id, weight: 1, memory: bytes(1024) }, () => record);
}

test('Who waits for a node to serve, or to be gone, is told either way (CLUSTER-6)', async () => {
  const node = life();
  const first = node.served();
  const gone = node.gone();
  node.noteServing();
  node.noteLeft();
  await Promise.all([first, gone]);
  const other = life();
  const second = other.served();
  const never = other.gone();
  other.disappoint(new Error('given up'));
  await assert.rejects(second, /given up/);
  other.giveUp(new Error('closed'));
  await assert.rejects(never, /closed/);
});
