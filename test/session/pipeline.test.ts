import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '#src/base/units.js';
import { Reply } from '#src/node/reply.js';
import { BlockPool } from '#src/resp/block-pool.js';
import { ASIDE_PAUSE_BYTES, OUTPUT_BYTES_MAX } from '#src/session/limits.js';
import { Pipeline } from '#src/session/pipeline.js';

const NOW = instant(1_700_000_000_000);

const found = (size: number): Reply => {
  const reply = new Reply().clear('found');
  reply.lendBytes(Buffer.alloc(size, 'v'));
  return reply;
};

test('Pipeline has room again once what waited is out, whichever reply comes last (RESP-4)', () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  for (const order of orders) {
    const pipeline = new Pipeline(new BlockPool(), OUTPUT_BYTES_MAX);
    const slots = order.map(() => pipeline.expect('value'));
    for (const which of order) pipeline.onReply(NOW, slots[which] ?? 0, found(ASIDE_PAUSE_BYTES));
    assert.equal(pipeline.settled, true);
    assert.equal(pipeline.ready, true, `replies came as ${order}`);
    assert.equal(pipeline.take()?.length, 3 * (ASIDE_PAUSE_BYTES + '$1048576\r\n\r\n'.length));
  }
});
