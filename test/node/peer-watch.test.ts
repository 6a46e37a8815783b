import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { bytes, duration, type Instant, instant, nodeIndex } from '#src/base/units.js';
import { Heartbeat } from '#src/membership/heartbeat.js';
import { CacheNode } from '#src/node/cache-node.js';
import { Slab } from '#src/slab/slab.js';
import { SUPERVISOR } from '#src/wire/message.js';
import { address, command, Desk, requestId, START } from './support/desk.js';
import { toyRing } from './support/toy-ring.js';

const MEMORY = bytes(64 * 1024);
const INTERVAL = 100;
const FAILURES = 3;
/** More than it takes to suspect who does not answer. */
const LONG = INTERVAL * (FAILURES + 2);
const OWNER_WAIT = 1_000;

/** Node 0 of three, whose peers answer its pings or do not. */
class Bench {
  readonly desk = new Desk();
  readonly node: CacheNode;
  /** Peers that answer. */
  readonly answering = new Set([1, 2]);
  readonly turns = [0, 0, 0];
  now: Instant = START;

  constructor(isolated: 'refuse' | 'serve' = 'refuse') {
    this.node = new CacheNode({
      self: nodeIndex(0),
      slab: new Slab(Slab.allocate(MEMORY), MEMORY),
      prng: new Prng(1),
      now: START,
      reads: null,
      watch: {
        detector: new Heartbeat({ interval: duration(INTERVAL), failures: FAILURES }),
        turnsOf: (node) => this.turns[node] as number,
      },
      isolated,
    });
    this.node.ringChanged(START, toyRing(1, [0, 1, 2]), this.desk);
  }

  /** @param moves whose event loops move meanwhile */
  run(ms: number, moves: readonly number[] = [1, 2]): this {
    const end = this.now + ms;
    for (const peer of moves) this.turns[peer] = (this.turns[peer] as number) + 1;
    while (this.node.deadline <= end) {
      this.now = instant(Math.max(this.now, this.node.deadline));
      this.node.tick(this.now, this.desk);
      this.#answer();
    }
    this.now = instant(end);
    for (const peer of moves) this.turns[peer] = (this.turns[peer] as number) + 1;
    return this;
  }

  /** What the supervisor was told since the last time. */
  reports(): string[] {
    return this.desk.sent.splice(0).flatMap(({ to, message }) => {
      if (to !== SUPERVISOR) return [];
      return message.type === 'suspect' || message.type === 'trust'
        ? [`${message.type} ${message.node}`]
        : [];
    });
  }

  /** Asks for a key of this owner; its value is its name. */
  ask(op: 'get' | 'set', owner: number): void {
    const key = keyOf(owner);
    const id = requestId(++this.#lastId);
    this.node.request(this.now, id, command(op, key, op === 'set' ? key : ''), this.desk);
  }

  #lastId = 0;

  #answer(): void {
    for (const { to, message } of [...this.desk.sent]) {
      if (message.type !== 'ping' || !this.answering.has(to)) continue;
      const { sequence } = message;
      const { epoch } = toyRing(1, [0]);
      this.node.receive(this.now, address(to), epoch, { type: 'pong', sequence }, this.desk);
    }
    const rest = this.desk.sent.filter(({ message }) => message.type !== 'ping');
    this.desk.sent.splice(0, this.desk.sent.length, ...rest);
  }
}

/** A key that a node owns on the ring of all three. */
function keyOf(owner: number): string {
  const ring = toyRing(1, [0, 1, 2]);
  for (let i = 0; ; i++) {
    const key = `key ${i}`;
    if (ring.owner(command('get', key).key.hash) === owner) return key;
  }
}

test('CacheNode pings its peers, and tells the supervisor whom it misses and hears again (CLUSTER-4)', () => {
  const bench = new Bench();
  assert.deepEqual(bench.run(LONG).reports(), []);
  bench.answering.delete(1);
  assert.deepEqual(bench.run(LONG).reports(), ['suspect 1']);
  assert.deepEqual(bench.run(LONG).reports(), [], 'once');
  bench.answering.add(1);
  assert.deepEqual(bench.run(LONG).reports(), ['trust 1']);
});

test('CacheNode stops speaking to a peer that it suspects, and goes on when it answers (CLUSTER-4)', () => {
  const bench = new Bench();
  bench.answering.delete(1);
  bench.run(LONG).reports();
  bench.ask('set', 1);
  bench.ask('set', 2);
  assert.deepEqual(bench.desk.takeRequests(), [`2 set ${keyOf(2)} ${keyOf(2)}`]);
  bench.answering.add(1);
  bench.run(LONG);
  assert.deepEqual(bench.desk.takeRequests(), [`1 set ${keyOf(1)} ${keyOf(1)}`]);
});

test('CacheNode answers "nothing was done" for a peer that stays silent (CLUSTER-4)', () => {
  const bench = new Bench();
  bench.answering.delete(1);
  bench.run(LONG);
  bench.ask('set', 1);
  bench.run(OWNER_WAIT);
  assert.deepEqual(bench.desk.takeAnswers(), ['1 ERR_CLUSTER_DOWN']);
});

test('CacheNode drops a suspicion with the peer’s life, and with its place on the ring (CLUSTER-6)', () => {
  const bench = new Bench();
  bench.answering.delete(1);
  bench.run(LONG).reports();
  bench.node.peerLost(bench.now, address(1), bench.desk);
  assert.deepEqual(bench.reports(), ['trust 1']);
  bench.node.peerLinked(bench.now, address(1), bench.desk);
  bench.ask('set', 1);
  assert.equal(bench.desk.takeRequests().length, 1);
  assert.deepEqual(bench.run(LONG).reports(), ['suspect 1'], 'the new life is watched as well');
  bench.node.ringChanged(bench.now, toyRing(2, [0, 2]), bench.desk);
  assert.deepEqual(bench.reports(), ['trust 1']);
  assert.deepEqual(bench.run(LONG).reports(), []);
});

test('CacheNode that is cut off from peers that live refuses its own connections (CLUSTER-10)', () => {
  const bench = new Bench();
  bench.ask('set', 0);
  assert.deepEqual(bench.desk.takeAnswers(), ['1 stored']);
  bench.answering.clear();
  bench.run(LONG);
  bench.ask('get', 0);
  assert.deepEqual(bench.desk.takeAnswers(), ['2 ERR_CLUSTER_DOWN']);
  bench.answering.add(2);
  bench.run(LONG);
  bench.ask('get', 0);
  assert.deepEqual(bench.desk.takeAnswers(), ['3 found'], 'it is not alone any more');
});

test('CacheNode serves what it holds while it is cut off, where it is told to (CLUSTER-10)', () => {
  const bench = new Bench('serve');
  bench.ask('set', 0);
  bench.answering.clear();
  bench.run(LONG);
  bench.ask('get', 0);
  assert.deepEqual(bench.desk.takeAnswers(), ['1 stored', '2 found']);
});

test('CacheNode is not cut off from peers that hang or have died: whoever is left goes on (CLUSTER-10)', () => {
  const bench = new Bench();
  bench.ask('set', 0);
  bench.answering.clear();
  bench.run(LONG, []);
  bench.ask('get', 0);
  assert.deepEqual(bench.desk.takeAnswers(), ['1 stored', '2 found'], 'they hang');
  bench.node.peerLost(bench.now, address(1), bench.desk);
  bench.node.peerLost(bench.now, address(2), bench.desk);
  bench.run(LONG, []);
  bench.ask('get', 0);
  assert.deepEqual(bench.desk.takeAnswers(), ['3 found'], 'they are dead');
});
