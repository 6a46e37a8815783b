/** What a client that has not been taken up yet does with what it is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  after,
  duration,
  epoch,
  instant,
  type KeyHash,
  NEVER,
  type NodeIndex,
  nodeIndex,
} from '#src/base/units.js';
import { Command } from '#src/node/command.js';
import { PARKED_MAX, REQUEST_TIMEOUT } from '#src/node/limits.js';
import type { Outbox } from '#src/node/outbox.js';
import { placeStartList } from '#src/ring/placement.js';
import { PublishedView } from '#src/ring/published-view.js';
import { Tenures } from '#src/ring/tenures.js';
import { ClientMachine, type Companion } from '#src/runtime/client-machine.js';
import { type Address, type RequestId, SUPERVISOR } from '#src/wire/message.js';

const START = instant(0);
const MEMBERS = placeStartList(
  ['n0', 'n1'].map((id) => ({ id, weight: 1 }) as never),
  150,
);

/** A ring of two nodes, of which those given are up; the last ring without any. */
function ring(number: number, up: readonly number[]): PublishedView {
  const members = MEMBERS.map((member) => ({
    ...member,
    state: up.includes(member.index) ? ('up' as const) : ('down' as const),
  }));
  const first = epoch(number);
  const tenures = Tenures.begin(first);
  return new PublishedView({ epoch: first, vnodes: 150, members, tenures });
}

/** Writes down what a client sends and answers. */
class Desk implements Outbox {
  readonly lines: string[] = [];

  send(to: Address, message: Parameters<Outbox['send']>[1]): void {
    const key = message.type === 'request' ? Buffer.from(message.key).toString() : '';
    this.lines.push(`to ${to}: ${message.type} ${key}`);
  }

  reply(id: RequestId, { status, error }: Parameters<Outbox['reply']>[1]): void {
    this.lines.push(`${id}: ${error ?? status}`);
  }

  take(): string[] {
    return this.lines.splice(0);
  }
}

const NO_LOADS: Companion = {
  deadline: NEVER,
  woken() {},
  peerLost() {},
  tick() {},
  close() {},
};

function clientFor() {
  const desk = new Desk();
  const ends: string[] = [];
  const machine = new ClientMachine(1 << 20, false, NO_LOADS, () => ends.push('end'));
  const ask = (id: number, key: string, at = START): void => {
    const command = new Command();
    command.key.loadString(key);
    command.prepare('delete');
    machine.request(at, id as RequestId, command, desk);
  };
  return { machine, desk, ends, ask };
}

const ownerOf = (view: PublishedView, key: string): NodeIndex | null => {
  const command = new Command();
  command.key.loadString(key);
  return view.owner(command.key.hash as KeyHash);
};
const BOTH = ring(1, [0, 1]);
/** A key of n0 and one of n1. */
const keyOf = (node: number): string =>
  Array.from({ length: 100 }, (_, i) => `key:${i}`).find((key) => ownerOf(BOTH, key) === node) ??
  '';

test('ClientMachine keeps what it is asked, in order, until the welcome (LIB-1)', () => {
  const { machine, desk, ask } = clientFor();
  machine.ringChanged(START, BOTH, desk);
  ask(1, keyOf(1));
  ask(2, keyOf(0));
  ask(3, keyOf(1));
  machine.peerLinked(START, 0 as Address, desk);
  machine.peerLinked(START, 1 as Address, desk);
  assert.deepEqual(desk.take(), []);
  assert.equal(machine.isWelcome, false);
  machine.welcome(START, desk);
  machine.welcome(START, desk);
  const sent = [1, 0, 1].map((node) => `to ${node}: request ${keyOf(node)}`);
  assert.deepEqual(desk.take(), sent);
});

test('ClientMachine sends nothing to a node of its ring that has gone before the links were made (CLUSTER-6)', () => {
  const { machine, desk, ask } = clientFor();
  machine.ringChanged(START, BOTH, desk);
  ask(1, keyOf(1));
  ask(2, keyOf(0));
  machine.peerLinked(START, 0 as Address, desk);
  machine.welcome(START, desk);
  assert.deepEqual(desk.take(), [`to 0: request ${keyOf(0)}`]);
  machine.ringChanged(START, ring(2, [0]), desk);
  assert.deepEqual(desk.take(), [`to 0: request ${keyOf(1)}`]);
});

test('ClientMachine gives up in time and within the limit what nobody takes up (LIB-1)', () => {
  const { machine, desk, ask } = clientFor();
  machine.ringChanged(START, BOTH, desk);
  for (let id = 1; id <= PARKED_MAX; id++) ask(id, 'key');
  assert.deepEqual(desk.take(), []);
  ask(PARKED_MAX + 1, 'key');
  assert.deepEqual(desk.take(), [`${PARKED_MAX + 1}: ERR_BUSY`]);
  const end = after(START, REQUEST_TIMEOUT);
  assert.equal(machine.deadline, end);
  machine.tick(after(START, duration(REQUEST_TIMEOUT - 1)), desk);
  assert.deepEqual(desk.take(), []);
  machine.tick(end, desk);
  const lines = desk.take();
  assert.equal(lines.length, PARKED_MAX);
  assert.ok(lines.every((line) => line.endsWith(': ERR_CLUSTER_DOWN')));
});

test('ClientMachine tells of the last ring and of a lost supervisor, and of no other (LIB-6)', () => {
  const { machine, desk, ends } = clientFor();
  machine.ringChanged(START, BOTH, desk);
  machine.ringChanged(START, ring(2, []), desk);
  machine.peerLost(START, nodeIndex(1) as number as Address, desk);
  assert.deepEqual(ends, []);
  machine.peerLost(START, SUPERVISOR, desk);
  const first = epoch(3);
  const tenures = Tenures.begin(first);
  const last = new PublishedView({ epoch: first, vnodes: 150, members: [], tenures });
  machine.ringChanged(START, last, desk);
  assert.deepEqual(ends, ['end', 'end']);
});
