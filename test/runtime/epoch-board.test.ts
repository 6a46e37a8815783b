import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { epoch, instant, nodeId, nodeIndex } from '#src/base/units.js';
import { placeStartList } from '#src/ring/placement.js';
import { PublishedView } from '#src/ring/published-view.js';
import type { PublishedRing } from '#src/ring/table-codec.js';
import { Tenures } from '#src/ring/tenures.js';
import { EpochBoard, NO_RING } from '#src/runtime/epoch-board.js';

const VNODES = 10;
const IDS = ['n0', 'n1', 'n2'];
const MEMBERS = placeStartList(
  IDS.map((id) => ({ id: nodeId(id), weight: 1 })),
  VNODES,
);

const TENURES = Tenures.begin(epoch(1));

/** The ring of an epoch: node `epoch mod 3` is down, so the rings of neighbours differ. */
const ringOf = (number: number): PublishedRing => ({
  epoch: epoch(number),
  vnodes: VNODES,
  tenures: TENURES,
  members: MEMBERS.map((member, i) => ({
    ...member,
    state: i === number % IDS.length ? 'down' : 'up',
  })),
});

const boardFor = (): EpochBoard => EpochBoard.create(IDS.length, IDS.length * VNODES);

test('EpochBoard gives back the ring that was published last (CLUSTER-3, CLUSTER-8)', () => {
  const board = boardFor();
  assert.equal(board.epoch, NO_RING);
  const reader = new EpochBoard(board.memory);
  for (let number = 1; number <= 20; number++) {
    board.publish(ringOf(number));
    assert.equal(reader.epoch, number);
    assert.deepEqual(reader.read(reader.epoch), ringOf(number));
  }
  assert.throws(() => board.publish(ringOf(30)), /one after the other/);
});

test('EpochBoard gives the time of the latest turn, in seconds, beyond 2038 too', () => {
  const board = boardFor();
  const reader = new EpochBoard(board.memory);
  const since = (before: number): number => (reader.seconds - before) | 0;
  for (const start of [0, 1_800_000_000, 2 ** 31 - 1, 2 ** 32 - 1]) {
    board.noteTime(instant(start * 1_000 + 999));
    const before = reader.seconds;
    reader.noteTime(instant(start * 1_000 + 1_000));
    assert.equal(since(before), 1);
    board.noteTime(instant((start + 60) * 1_000));
    assert.equal(since(before), 60);
  }
});

test('EpochBoard.plainEpoch is the epoch', () => {
  const board = boardFor();
  board.publish(ringOf(1));
  assert.equal(new EpochBoard(board.memory).plainEpoch, 1);
});

test('EpochBoard gives the ring of an epoch that has just passed, and none that is long gone (CLUSTER-5)', () => {
  const board = boardFor();
  for (let number = 1; number <= 20; number++) board.publish(ringOf(number));
  assert.equal(board.read(epoch(4)), null);
  for (let number = 5; number <= 20; number++) {
    assert.deepEqual(board.read(epoch(number)), ringOf(number));
  }
});

test('EpochBoard keeps what each node says of itself apart (SHAPE-4)', () => {
  const board = boardFor();
  const [a, b] = [nodeIndex(0), nodeIndex(63)];
  board.noteSeen(a, epoch(3));
  board.noteConnections(b, 12);
  for (let i = 0; i < 5; i++) board.countTurn(b);
  assert.deepEqual(
    [a, b].map((node) => [board.seenBy(node), board.turnsOf(node), board.connectionsOf(node)]),
    [
      [3, 0, 0],
      [0, 5, 12],
    ],
  );
  board.clearNode(b);
  assert.deepEqual([board.turnsOf(b), board.connectionsOf(b)], [5, 0]);
  assert.equal(board.epoch, NO_RING);
});

test('EpochBoard gives a whole ring while another thread publishes (CLUSTER-8)', async () => {
  const board = boardFor();
  const url = (path: string): string =>
    JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    Promise.all([import(${url('runtime/epoch-board.js')})]).then(([{ EpochBoard }]) => {
      const { memory, rings } = workerData;
      const board = new EpochBoard(memory);
      parentPort.postMessage('ready');
      for (const ring of rings) {
        board.publish(ring);
        for (let spin = 0; spin < 20_000; spin++);
      }
    });`;
  const rings = Array.from({ length: 2000 }, (_, i) => ringOf(i + 1));
  const worker = new Worker(source, { eval: true, workerData: { memory: board.memory, rings } });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  await new Promise((resolve) => worker.once('message', resolve));
  let last = 0;
  let reads = 0;
  while (last < rings.length) {
    const number = board.epoch;
    const ring = number === NO_RING ? null : board.read(number);
    if (ring === null) continue;
    assert.ok(ring.epoch === number && ring.epoch >= last);
    last = ring.epoch;
    reads++;
    assert.deepEqual(ring.members[last % IDS.length]?.state, 'down');
  }
  assert.ok(reads > 0);
  await exited;
});

test('PublishedView shows who serves, and shares that sum up to all (CLUSTER-3)', () => {
  const view = new PublishedView(ringOf(1));
  assert.deepEqual(view.nodes, [0, 2]);
  assert.deepEqual(
    [0, 1, 2].map((i) => view.isUp(nodeIndex(i))),
    [true, false, true],
  );
  const shares = view.shares(3);
  assert.equal(shares[1], 0);
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
});
