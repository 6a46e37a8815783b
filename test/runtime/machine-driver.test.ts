import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Instant, NEVER, type NodeIndex } from '#src/base/units.js';
import { resolveOptions } from '#src/config/options.js';
import { Authority } from '#src/membership/authority.js';
import type { RingView } from '#src/node/ring-view.js';
import { captureWall } from '#src/runtime/clock.js';
import type { Control } from '#src/runtime/control.js';
import { EpochBoard } from '#src/runtime/epoch-board.js';
import { WHOLE } from '#src/runtime/link-faults.js';
import { type Machine, MachineDriver } from '#src/runtime/machine-driver.js';
import { SharedSlabs } from '#src/runtime/shared-slabs.js';
import { type Address, SUPERVISOR } from '#src/wire/message.js';

const PEER = 1 as Address;
const NODE = 1 as NodeIndex;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A machine that writes down what it is told. */
class Diary implements Machine {
  readonly deadline: Instant = NEVER;
  readonly lines: string[] = [];

  receive(_now: Instant, from: Address): void {
    this.lines.push(`message of ${from}`);
  }

  tick(): void {}

  ringChanged(_now: Instant, ring: RingView): void {
    this.lines.push(`ring ${ring.epoch}`);
  }

  peerLost(_now: Instant, peer: Address): void {
    this.lines.push(`lost ${peer}`);
  }

  peerLinked(_now: Instant, peer: Address): void {
    this.lines.push(`linked ${peer}`);
  }
}

/** A driver that has seen the first ring, knows who is out of reach, and the supervisor's end of its channel. */
function driverFor(t: TestContext) {
  const { nodes, vnodes } = resolveOptions({ nodes: 3 }, { source: 'library' });
  const board = EpochBoard.for(nodes, vnodes);
  const authority = new Authority(nodes, vnodes, (ring) => board.publish(ring));
  const machine = new Diary();
  const doors = {
    reply: () => {},
    control: ({ control }: Control) => void machine.lines.push(control),
    turnEnds: () => {},
  };
  const slabs = new SharedSlabs(board, []);
  const options = { wall: captureWall(), board: board.memory, slabs, self: null };
  const driver = new MachineDriver(options, machine, doors);
  const { port1: supervisor, port2 } = new MessageChannel();
  driver.start([{ address: SUPERVISOR, port: port2 }]);
  t.after(() => driver.close());
  // Nobody but the supervisor is within reach.
  assert.deepEqual(machine.lines.splice(0), ['lost 0', 'lost 1', 'lost 2', 'ring 1']);
  return { authority, machine, driver, supervisor };
}

/** The supervisor's word that a peer has begun another life; gives the peer's end. */
function link(supervisor: MessagePort): MessagePort {
  const { port1, port2 } = new MessageChannel();
  supervisor.postMessage({ control: 'link', address: PEER, port: port2 }, [port2]);
  return port1;
}

test('MachineDriver tells of a lost peer before its next life and the ring after it (CLUSTER-6)', (t) => {
  const { authority, machine, driver, supervisor } = driverFor(t);
  link(supervisor);
  authority.mark(NODE, 'down');
  authority.mark(NODE, 'up');
  driver.lost(PEER);
  assert.deepEqual(machine.lines, ['lost 1', 'linked 1', 'ring 3']);
});

test('MachineDriver hears nothing of a life when it has taken up the next (CLUSTER-6, CLUSTER-9)', (t) => {
  const { authority, machine, driver, supervisor } = driverFor(t);
  const { port1 } = new MessageChannel();
  driver.control(SUPERVISOR, { control: 'link', address: PEER, port: port1 });
  const frame = { epoch: authority.epoch, messages: [{ type: 'ping', sequence: 1 }] } as const;
  driver.frame(PEER, frame);
  assert.deepEqual(machine.lines.splice(0), ['linked 1', 'message of 1']);
  link(supervisor);
  authority.renew();
  driver.frame(PEER, frame);
  assert.deepEqual(machine.lines, ['lost 1', 'linked 1', 'ring 2']);
});

test('MachineDriver takes up links in the order in which they were sent (CLUSTER-6)', async (t) => {
  const { authority, driver, supervisor } = driverFor(t);
  const first = new MessageChannel();
  const second = link(supervisor);
  authority.mark(NODE, 'down');
  driver.control(SUPERVISOR, { control: 'link', address: PEER, port: first.port2 });
  driver.send(PEER, { type: 'epoch', epoch: authority.epoch });
  await nextTurn();
  await nextTurn();
  assert.ok(receiveMessageOnPort(second) !== undefined, 'the latest life is spoken to');
  assert.equal(receiveMessageOnPort(first.port1), undefined);
});

test('MachineDriver hands a fault on before the links and the ring that follow it (CLUSTER-8)', (t) => {
  const { authority, machine, driver, supervisor } = driverFor(t);
  supervisor.postMessage({ control: 'pause', order: 2, ms: 1 });
  link(supervisor);
  authority.mark(NODE, 'down');
  driver.control(SUPERVISOR, { control: 'fault', order: 1, peer: PEER, fault: WHOLE });
  assert.deepEqual(machine.lines.splice(0), ['fault']);
  driver.enter();
  assert.deepEqual(machine.lines, ['pause', 'linked 1', 'ring 2']);
});
