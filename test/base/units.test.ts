import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  after,
  bytes,
  type Duration,
  duration,
  earlier,
  elapsed,
  type Instant,
  instant,
  NEVER,
  type NodeIndex,
  nodeId,
  nodeIndex,
} from '#src/base/units.js';

const wake = (at: Instant): Instant => at;
const wait = (time: Duration): Duration => time;
const pick = (node: NodeIndex): NodeIndex => node;

test('Instant and Duration follow the few operations there are (SHAPE-7)', () => {
  assert.equal(after(instant(1_000), duration(500)), 1_500);
  assert.equal(elapsed(instant(1_000), instant(1_500)), 500);
  assert.equal(earlier(instant(2), instant(1)), 1);
  assert.equal(earlier(instant(0), NEVER), 0);
});

test('NEVER is later than every instant, and time 0 is an instant like any (SHAPE-7)', () => {
  assert.ok(NEVER > instant(Number.MAX_VALUE));
  assert.equal(after(NEVER, duration(1)), NEVER);
  assert.equal(elapsed(instant(0), NEVER), Number.POSITIVE_INFINITY);
  assert.equal(after(instant(0), duration(0)), 0);
});

test('Units do not stand in for one another: the compiler refuses (SHAPE-7)', () => {
  // @ts-expect-error a bare number is no time
  wake(1_000);
  // @ts-expect-error a duration is no instant
  wake(duration(1_000));
  // @ts-expect-error an instant is no duration
  wait(instant(1_000));
  // @ts-expect-error a number of bytes is no node
  pick(bytes(3));
  // @ts-expect-error a bare string is no node's name
  const name: ReturnType<typeof nodeId> = 'n0';
  assert.equal(pick(nodeIndex(3)), 3);
  assert.equal(name, nodeId('n0'));
});
