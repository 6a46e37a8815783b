import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, duration, epoch, NEVER, nodeIndex } from '#src/base/units.js';
import { OWNER_WAIT, REQUEST_TIMEOUT, TRIES_MAX } from '#src/node/limits.js';
import type { RingView } from '#src/node/ring-view.js';
import { Router } from '#src/node/router.js';
import type { RouterOptions } from '#src/node/router-options.js';
import type { RequestMessage, StaleMessage } from '#src/wire/message.js';
import {
  address,
  command,
  Desk,
  nodeCommand,
  replyMessage,
  requestId,
  START,
} from './support/desk.js';
import { toyRing } from './support/toy-ring.js';

/** A ring on which one node owns everything, and others may be up. */
function ringOf(number: number, owner: number, up: readonly number[] = [owner]): RingView {
  const ring = toyRing(number, [owner]);
  return {
    epoch: ring.epoch,
    nodes: up.map(nodeIndex),
    covers: () => true,
    owner: (hash) => ring.owner(hash),
    isUp: (node) => up.includes(node),
  };
}

const A = address(0);
const B = address(1);
const nodeA = nodeIndex(0);
const nodeB = nodeIndex(1);

function clientOn(ring: RingView | null, options: Partial<RouterOptions> = {}): [Router, Desk] {
  const router = new Router({ local: null, ...options });
  const desk = new Desk();
  if (ring !== null) router.ringChanged(START, ring, desk);
  return [router, desk];
}

/** The id under which the latest request went out. */
function lastId(desk: Desk): number {
  const last = desk.sent.at(-1);
  assert.ok(last !== undefined && last.message.type === 'request');
  return last.message.id;
}

const stale = (id: number, number: number): StaleMessage => ({
  type: 'stale',
  id: requestId(id),
  epoch: epoch(number),
});

test('Router brings a command to the owner and the answer back (CLUSTER-1, CLUSTER-2)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(77), command('get', 'key'), desk);
  const id = lastId(desk);
  assert.deepEqual(desk.takeRequests(), ['0 get key']);
  router.receive(START, A, replyMessage(id, 'value'), desk);
  assert.deepEqual([desk.answers[0]?.id, desk.answers[0]?.value], [77, 'value']);
  assert.equal(router.stats.outstanding, 0);
  assert.equal(router.deadline, NEVER);
});

test('Router copies key and value: a command is borrowed', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  const borrowed = command('set', 'key', 'value');
  router.request(START, requestId(1), borrowed, desk);
  borrowed.key.loadString('other');
  borrowed.value.fill(0);
  assert.deepEqual(desk.takeRequests(), ['0 set key value']);
});

test('Router asks again under the present ring what was refused as stale (CLUSTER-9)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('set', 'key', 'v'), desk);
  const id = lastId(desk);
  router.ringChanged(START, ringOf(2, 1), desk);
  desk.takeRequests();
  router.receive(START, A, stale(id, 2), desk);
  assert.notEqual(lastId(desk), id, 'each try has an id of its own');
  assert.deepEqual(desk.takeRequests(), ['1 set key v']);
});

test('Router waits for the next ring when the owner has left the present one (CLUSTER-9)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('set', 'key', 'v'), desk);
  const id = lastId(desk);
  desk.takeRequests();
  router.receive(START, A, stale(id, 2), desk);
  assert.deepEqual(desk.takeRequests(), []);
  router.ringChanged(START, ringOf(2, 1), desk);
  assert.deepEqual(desk.takeRequests(), ['1 set key v']);
});

test('Router gives up on a request that every owner refuses', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('get', 'key'), desk);
  for (let i = 0; i < TRIES_MAX; i++) router.receive(START, A, stale(lastId(desk), 1), desk);
  assert.equal(desk.takeRequests().length, TRIES_MAX);
  assert.deepEqual(desk.takeAnswers(), ['1 ERR_CLUSTER_DOWN']);
});

test('Router holds a request back until an earlier one of its key is settled (CLUSTER-9)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('set', 'key', '1'), desk);
  const id = lastId(desk);
  router.ringChanged(START, ringOf(2, 1), desk);
  desk.takeRequests();
  router.request(START, requestId(2), command('set', 'key', '2'), desk);
  router.request(START, requestId(3), command('set', 'other', '3'), desk);
  assert.deepEqual(desk.takeRequests(), ['1 set other 3'], 'other keys go on');
  router.receive(START, A, stale(id, 2), desk);
  assert.deepEqual(desk.takeRequests(), ['1 set key 1', '1 set key 2']);
});

test('Router keeps the order where the new owner is its own node (CLUSTER-9)', () => {
  const executed: string[] = [];
  const local = {
    self: nodeB,
    isLatest: () => true,
    executeLocal: (_now: unknown, _id: unknown, message: RequestMessage) => {
      executed.push(Buffer.from(message.value).toString());
    },
  };
  const [router, desk] = clientOn(ringOf(1, 0), { local });
  const first = command('set', 'key', '1');
  router.request(START, requestId(1), first, desk);
  const id = lastId(desk);
  router.ringChanged(START, ringOf(2, 1), desk);
  assert.equal(router.mustQueue(first.key.hash), true);
  router.request(START, requestId(2), command('set', 'key', '2'), desk);
  assert.deepEqual(executed, []);
  router.receive(START, A, stale(id, 2), desk);
  assert.deepEqual(executed, ['1', '2']);
  assert.equal(router.mustQueue(first.key.hash), false);
});

test('Router executes nothing here by a ring that is no longer the latest (CLUSTER-9)', () => {
  const executed: string[] = [];
  let latest = 2;
  const local = {
    self: nodeB,
    isLatest: (of: number) => of === latest,
    executeLocal: (_now: unknown, _id: unknown, message: RequestMessage) => {
      executed.push(Buffer.from(message.value).toString());
    },
  };
  const [router, desk] = clientOn(ringOf(1, 0), { local });
  router.request(START, requestId(1), command('set', 'key', '1'), desk);
  router.ringChanged(START, ringOf(2, 1), desk);
  router.request(START, requestId(2), command('set', 'key', '2'), desk);
  latest = 3;
  router.peerLost(START, nodeA, desk);
  assert.deepEqual(executed, [], 'its turn has come, but ring 2 is over');
  router.ringChanged(START, ringOf(3, 1), desk);
  assert.deepEqual(executed, ['2']);
});

test('Router lets nothing that is submitted within a reply overtake (CLUSTER-9)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('set', 'key', '1'), desk);
  const id = lastId(desk);
  router.ringChanged(START, ringOf(2, 1), desk);
  router.request(START, requestId(2), command('set', 'key', '2'), desk);
  desk.afterReply = () => {
    desk.afterReply = () => {};
    router.request(START, requestId(3), command('set', 'key', '3'), desk);
  };
  desk.takeRequests();
  router.receive(START, A, replyMessage(id), desk);
  assert.deepEqual(desk.takeRequests(), ['1 set key 2', '1 set key 3']);
});

test('Router asks again what a lost node was to read; of a write it says that nobody knows (CLUSTER-5)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('get', 'key'), desk);
  router.request(START, requestId(2), command('set', 'key', 'v'), desk);
  router.request(START, requestId(3), command('delete', 'key'), desk);
  desk.takeRequests();
  router.peerLost(START, nodeA, desk);
  assert.deepEqual(desk.takeAnswers(), ['2 ERR_OUTCOME_UNKNOWN', '3 ERR_OUTCOME_UNKNOWN']);
  router.request(START, requestId(4), command('set', 'key', 'w'), desk);
  assert.deepEqual(desk.takeRequests(), [], 'nothing is sent to a lost node');
  router.ringChanged(START, ringOf(2, 1), desk);
  assert.deepEqual(desk.takeRequests(), ['1 get key', '1 set key w']);
});

test('Router goes on with a node that is linked again (CLUSTER-6)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.peerLost(START, nodeA, desk);
  router.request(START, requestId(1), command('set', 'key', 'v'), desk);
  router.ringChanged(START, ringOf(2, 0), desk);
  assert.deepEqual(desk.takeRequests(), [], 'the ring has it, but no port leads there yet');
  router.peerLinked(START, nodeA, desk);
  assert.deepEqual(desk.takeRequests(), ['0 set key v']);
});

test('Router fails what finds no owner in time; nothing was changed (CLUSTER-10)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.peerLost(START, nodeA, desk);
  router.request(START, requestId(1), command('set', 'key', 'v'), desk);
  assert.equal(router.deadline, START + OWNER_WAIT);
  router.tick(after(START, duration(OWNER_WAIT - 1)), desk);
  assert.deepEqual(desk.takeAnswers(), []);
  router.tick(router.deadline, desk);
  assert.deepEqual(desk.takeAnswers(), ['1 ERR_CLUSTER_DOWN']);
});

test('Router says at once that the cluster is down when no node is on the ring (CLUSTER-10)', () => {
  const [router, desk] = clientOn(toyRing(1, []));
  router.request(START, requestId(1), command('get', 'key'), desk);
  assert.equal(desk.answers[0]?.text, 'Cannot get key: no node is on the ring');
  assert.deepEqual(desk.takeAnswers(), ['1 ERR_CLUSTER_DOWN']);
});

test('Router waits for its first ring', () => {
  const [router, desk] = clientOn(null);
  assert.equal(router.epoch, null);
  router.request(START, requestId(1), command('set', 'key', 'v'), desk);
  router.ringChanged(START, ringOf(1, 0), desk);
  assert.deepEqual(desk.takeRequests(), ['0 set key v']);
});

test('Router ends a request that is not answered in time, by what it may have done', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('get', 'key'), desk);
  router.request(after(START, duration(10)), requestId(2), command('set', 'key', 'v'), desk);
  const id = lastId(desk);
  assert.equal(router.deadline, START + REQUEST_TIMEOUT);
  router.tick(router.deadline, desk);
  assert.deepEqual(desk.takeAnswers(), ['1 ERR_TIMEOUT']);
  assert.equal(router.deadline, START + REQUEST_TIMEOUT + 10);
  router.tick(router.deadline, desk);
  assert.deepEqual(desk.takeAnswers(), ['2 ERR_OUTCOME_UNKNOWN']);
  router.receive(START, A, replyMessage(id), desk);
  assert.deepEqual(desk.takeAnswers(), [], 'an answer after that is late');
  assert.equal(router.stats.strays, 1);
});

test('Router counts answers that are doubled, strange or of no use, and goes on', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('get', 'key'), desk);
  const id = lastId(desk);
  router.receive(START, B, replyMessage(id), desk);
  router.receive(START, A, replyMessage(id + 1), desk);
  router.receive(START, A, { type: 'ping', sequence: 1 }, desk);
  assert.deepEqual(desk.takeAnswers(), []);
  router.receive(START, A, replyMessage(id), desk);
  router.receive(START, A, replyMessage(id), desk);
  router.receive(START, A, stale(id, 9), desk);
  assert.deepEqual(desk.takeAnswers(), ['1 miss']);
  assert.equal(router.stats.strays, 5);
});

test('Router refuses what is over a limit, at once, and leaves the rest alone', () => {
  const limits = { outstandingMax: 2, outstandingBytesMax: 20, parkedMax: 1, valueBytesMax: 16 };
  const [router, desk] = clientOn(ringOf(1, 0), limits);
  router.request(START, requestId(1), command('set', 'k', 'x'.repeat(17)), desk);
  assert.deepEqual(desk.takeAnswers(), ['1 ERR_VALUE_TOO_LARGE']);
  router.request(START, requestId(2), command('set', 'k', 'x'.repeat(16)), desk);
  router.request(START, requestId(3), command('set', 'k', 'x'.repeat(16)), desk);
  assert.match(desk.answers[0]?.text ?? '', /17 bytes are outstanding, the limit is 20/);
  assert.deepEqual(desk.takeAnswers(), ['3 ERR_BUSY']);
  router.request(START, requestId(4), command('get', 'k'), desk);
  router.request(START, requestId(5), command('get', 'k'), desk);
  assert.match(desk.answers[0]?.text ?? '', /2 requests are outstanding/);
  assert.deepEqual(desk.takeAnswers(), ['5 ERR_BUSY']);
  router.peerLost(START, nodeA, desk);
  assert.deepEqual(desk.takeAnswers(), ['2 ERR_OUTCOME_UNKNOWN']);
  router.request(START, requestId(6), command('get', 'k'), desk);
  assert.deepEqual(desk.takeAnswers(), ['6 ERR_BUSY'], 'one is parked already');
  assert.equal(router.stats.outstanding, 1);
  assert.equal(router.stats.outstandingBytes, 1);
});

test('Router sends a flush after everything that was submitted before it', () => {
  const [router, desk] = clientOn(ringOf(1, 0, [0, 1]));
  router.request(START, requestId(1), command('set', 'key', 'v'), desk);
  const id = lastId(desk);
  router.ringChanged(START, ringOf(2, 1, [0, 1]), desk);
  desk.takeRequests();
  assert.equal(router.mustQueueFlush, true);
  router.request(START, requestId(2), nodeCommand('flush', nodeB), desk);
  assert.deepEqual(desk.takeRequests(), []);
  router.receive(START, A, stale(id, 2), desk);
  assert.deepEqual(desk.takeRequests(), ['1 set key v', '1 flush']);
  assert.equal(router.mustQueueFlush, false);
});

test('Router fails a flush or a count of a node that is not on the ring', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), nodeCommand('flush', nodeB), desk);
  router.request(START, requestId(2), nodeCommand('count', nodeB), desk);
  assert.deepEqual(desk.takeAnswers(), ['1 ERR_CLUSTER_DOWN', '2 ERR_CLUSTER_DOWN']);
});

test('Router.close() answers everything and takes nothing more (LIB-6)', () => {
  const [router, desk] = clientOn(ringOf(1, 0));
  router.request(START, requestId(1), command('get', 'key'), desk);
  router.request(START, requestId(2), command('set', 'key', 'v'), desk);
  router.ringChanged(START, ringOf(2, 1), desk);
  router.request(START, requestId(3), command('set', 'key', 'w'), desk);
  router.close(desk);
  assert.deepEqual(desk.takeAnswers(), ['1 ERR_CLOSED', '2 ERR_OUTCOME_UNKNOWN', '3 ERR_CLOSED']);
  router.request(START, requestId(4), command('get', 'key'), desk);
  assert.deepEqual(desk.takeAnswers(), ['4 ERR_CLOSED']);
  assert.equal(router.deadline, NEVER);
});
