import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Epoch, epoch, instant } from '#src/base/units.js';
import type { End, Holder, Input } from '#src/sim/channel.js';
import { Network } from '#src/sim/network.js';
import { Stage } from '#src/sim/stage.js';
import { drawSwarm, type FaultName, type Swarm } from '#src/sim/swarm.js';
import type { Address, Message } from '#src/wire/message.js';

const A = 0 as Address;
const B = 1 as Address;
const QUIET: Partial<Swarm> = {
  faults: new Set<FaultName>(),
  delayMin: 1,
  delayMean: 5,
  tailShare: 0,
  lossShare: 0,
  doubleShare: 0,
  reorderShare: 0,
};

/** Whoever hears: writes down what comes, and when. */
class Ear implements Holder {
  readonly heard: string[] = [];
  readonly #stage: Stage;
  readonly #end: End;

  constructor(stage: Stage, end: End) {
    this.#stage = stage;
    this.#end = end;
    end.holder = this;
  }

  admit(input: Input): void {
    input.happen();
  }

  reached(): void {}

  holds(end: End): boolean {
    return end === this.#end;
  }

  frame(_end: End, of: Epoch, message: Message): void {
    if (message.type === 'ping') this.heard.push(`${message.sequence} of epoch ${of}`);
  }

  lost(): void {
    this.heard.push('lost');
  }

  sequences(): number[] {
    return this.heard.map((line) => Number.parseInt(line, 10));
  }

  get at(): number {
    return this.#stage.now;
  }
}

function pair(swarm: Partial<Swarm>): { stage: Stage; network: Network; a: End; b: End } {
  const stage = new Stage({ ...drawSwarm(1), ...QUIET, ...swarm });
  const network = new Network(stage);
  const [a, b] = network.channel(A, 0, B, 1);
  return { stage, network, a, b };
}

function talk(
  count: number,
  swarm: Partial<Swarm>,
  before: (network: Network) => void = () => {},
): Ear {
  const { stage, network, a, b } = pair(swarm);
  const ear = new Ear(stage, b);
  before(network);
  for (let sequence = 1; sequence <= count; sequence++) {
    network.post(a, epoch(3), { type: 'ping', sequence });
  }
  stage.runUntil(instant(stage.now + 60_000));
  return ear;
}

const ALL = Array.from({ length: 500 }, (_, i) => i + 1);

test('Simulated channel keeps the order of its messages, and all of them', () => {
  assert.deepEqual(talk(500, {}).sequences(), ALL);
  assert.deepEqual(talk(500, { tailShare: 0.2 }).sequences(), ALL);
  assert.equal(talk(1, {}).heard[0], '1 of epoch 3');
});

test('Simulated channel carries frames through the codec where that is on', () => {
  assert.deepEqual(talk(20, { faults: new Set<FaultName>(['codec']) }).heard, talk(20, {}).heard);
});

test('Simulated channel loses, doubles and reorders as the swarm says', () => {
  const lossy = talk(500, { lossShare: 0.1 }).sequences();
  assert.ok(lossy.length > 400 && lossy.length < 490, `${lossy.length} came`);
  const doubled = talk(500, { doubleShare: 0.1 }).sequences();
  assert.ok(doubled.length > 520, `${doubled.length} came`);
  assert.deepEqual([...new Set(doubled)], ALL, 'the first of each in order');
  const mixed = talk(500, { reorderShare: 0.2 }).sequences();
  assert.notDeepEqual(mixed, ALL);
  assert.deepEqual(
    mixed.toSorted((x, y) => x - y),
    ALL,
  );
});

test('Simulated channel that is cut loses everything until it is healed, one way only', () => {
  const { stage, network, a, b } = pair({});
  const [earA, earB] = [new Ear(stage, a), new Ear(stage, b)];
  network.cut(0, 1);
  network.post(a, epoch(1), { type: 'ping', sequence: 1 });
  network.post(b, epoch(1), { type: 'ping', sequence: 2 });
  network.heal(0, 1);
  network.post(a, epoch(1), { type: 'ping', sequence: 3 });
  stage.runUntil(instant(stage.now + 1_000));
  assert.deepEqual(earB.sequences(), [3]);
  assert.deepEqual(earA.sequences(), [2]);
});

test('Simulated channel that is clogged keeps back what it carries', () => {
  const { stage, network, a, b } = pair({});
  const ear = new Ear(stage, b);
  network.clog(0, 1, 500);
  network.post(a, epoch(1), { type: 'ping', sequence: 1 });
  stage.runUntil(instant(stage.now + 499));
  assert.deepEqual(ear.heard, []);
  stage.runUntil(instant(stage.now + 50));
  assert.deepEqual(ear.sequences(), [1]);
});

test('Simulated channel tells of its closing after what was posted before it', () => {
  const { stage, network, a, b } = pair({ delayMean: 50 });
  const ear = new Ear(stage, b);
  network.post(a, epoch(1), { type: 'ping', sequence: 1 });
  network.post(a, epoch(1), { type: 'ping', sequence: 2 });
  network.close(a);
  network.post(b, epoch(1), { type: 'ping', sequence: 3 });
  stage.runUntil(instant(stage.now + 1_000));
  assert.deepEqual(ear.heard, ['1 of epoch 1', '2 of epoch 1', 'lost']);
});

test('Simulated channel keeps what comes before its end is taken up', () => {
  const { stage, network, a, b } = pair({});
  network.post(a, epoch(1), { type: 'ping', sequence: 1 });
  stage.runUntil(instant(stage.now + 100));
  const ear = new Ear(stage, b);
  network.post(a, epoch(1), { type: 'ping', sequence: 2 });
  stage.runUntil(instant(stage.now + 100));
  assert.deepEqual(ear.heard, [], 'nothing overtakes what came early');
  stage.queue.push(stage.now, b);
  stage.runUntil(instant(stage.now + 1));
  assert.deepEqual(ear.sequences(), [1, 2]);
});
