import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration, instant, NEVER, type NodeIndex, nodeIndex } from '#src/base/units.js';
import {
  HEARTBEAT_FAILURES,
  HEARTBEAT_INTERVAL,
  Heartbeat,
  type HeartbeatOutbox,
} from '#src/membership/heartbeat.js';

const START = 1_000;

/** Drives a detector from deadline to deadline. `answers` says whether, and how late, a node answers. */
class Bench implements HeartbeatOutbox {
  readonly heartbeat: Heartbeat;
  readonly log: string[] = [];
  readonly pings: { at: number; node: number; sequence: number }[] = [];
  now = instant(START);
  readonly #delayOf: (node: NodeIndex) => number | null;
  readonly #pongs: { at: number; node: NodeIndex; sequence: number }[] = [];

  constructor(heartbeat: Heartbeat, delayOf: (node: NodeIndex) => number | null) {
    this.heartbeat = heartbeat;
    this.#delayOf = delayOf;
  }

  ping(node: NodeIndex, sequence: number): void {
    this.pings.push({ at: this.now, node, sequence });
    const delay = this.#delayOf(node);
    if (delay !== null) this.#pongs.push({ at: this.now + delay, node, sequence });
  }

  down(node: NodeIndex): void {
    this.log.push(`${this.now - START} down ${node}`);
  }

  stalled(): void {
    this.log.push(`${this.now - START} stalled`);
  }

  /** @param late how much later than its deadline each tick comes */
  runUntil(end: number, late = 0): void {
    while (this.heartbeat.deadline + late <= START + end) {
      this.now = instant(this.heartbeat.deadline + late);
      for (const { at, node, sequence } of this.#pongs.splice(0)) {
        if (at <= this.now) this.heartbeat.pong(instant(at), node, sequence);
        else this.#pongs.push({ at, node, sequence });
      }
      this.heartbeat.tick(this.now, this);
    }
  }
}

const watched = (heartbeat: Heartbeat, nodes: number): Heartbeat => {
  for (let i = 0; i < nodes; i++) heartbeat.watch(instant(START), nodeIndex(i));
  return heartbeat;
};

test('Heartbeat pings every node each interval, spread over it (CLUSTER-4, SHAPE-4)', () => {
  const bench = new Bench(watched(new Heartbeat(), 5), () => 1);
  bench.runUntil(HEARTBEAT_INTERVAL * 3);
  for (let node = 0; node < 5; node++) {
    const times = bench.pings.filter((ping) => ping.node === node).map((ping) => ping.at);
    assert.ok(times.length >= 3);
    for (let i = 1; i < times.length; i++) {
      assert.equal((times[i] as number) - (times[i - 1] as number), HEARTBEAT_INTERVAL);
    }
  }
  const first = bench.pings
    .slice(0, 5)
    .map((ping) => ping.at)
    .sort((a, b) => a - b);
  const gaps = first.slice(1).map((at, i) => at - (first[i] as number));
  assert.ok(Math.min(...gaps) >= HEARTBEAT_INTERVAL / 10, `gaps of ${gaps}`);
  assert.deepEqual(bench.log, []);
});

test('Heartbeat calls a node down after three unanswered pings in a row (CLUSTER-4)', () => {
  const bench = new Bench(watched(new Heartbeat(), 3), (node) => (node === 0 ? null : 1));
  bench.runUntil(HEARTBEAT_INTERVAL * 10);
  assert.equal(HEARTBEAT_FAILURES, 3);
  assert.equal(HEARTBEAT_INTERVAL, 5_000);
  assert.deepEqual(bench.log, [`${3 * HEARTBEAT_INTERVAL} down 0`]);
  assert.equal(bench.pings.filter((ping) => ping.node === 0).length, 3);
});

test('Heartbeat begins to count anew with each answer (CLUSTER-4)', () => {
  let pings = 0;
  const bench = new Bench(watched(new Heartbeat(), 1), () => (++pings % 3 === 0 ? 1 : null));
  bench.runUntil(HEARTBEAT_INTERVAL * 30);
  assert.deepEqual(bench.log, []);
});

test('Heartbeat spares a node that is slow, but answers (CLUSTER-4)', () => {
  const bench = new Bench(watched(new Heartbeat(), 2), () => HEARTBEAT_INTERVAL * 2.5);
  bench.runUntil(HEARTBEAT_INTERVAL * 30);
  assert.deepEqual(bench.log, []);
});

test('Heartbeat accuses nobody after a stall of its own (CLUSTER-4)', () => {
  const bench = new Bench(watched(new Heartbeat({ failures: 1 }), 3), () => 1);
  bench.runUntil(HEARTBEAT_INTERVAL * 2, 0);
  // All its pings are unanswered when it wakes: the pongs are behind it in the queue.
  const deaf = new Bench(watched(new Heartbeat({ failures: 1 }), 3), () => null);
  deaf.runUntil(HEARTBEAT_INTERVAL * 0.9);
  deaf.now = instant(deaf.heartbeat.deadline + HEARTBEAT_INTERVAL);
  deaf.heartbeat.tick(deaf.now, deaf);
  assert.equal(deaf.log.length, 1);
  assert.match(deaf.log[0] as string, /stalled$/);
  deaf.runUntil(HEARTBEAT_INTERVAL * 10);
  const accused = deaf.log.filter((line) => line.includes('down'));
  assert.equal(accused.length, 3, 'who is silent is found all the same, one round later');
});

test('Heartbeat takes a little lateness for what it is, and still finds the dead (CLUSTER-4)', () => {
  const bench = new Bench(watched(new Heartbeat(), 3), (node) => (node === 1 ? null : 1));
  bench.runUntil(HEARTBEAT_INTERVAL * 10, HEARTBEAT_INTERVAL / 10);
  assert.equal(bench.log.length, 1);
  assert.match(bench.log[0] as string, /down 1$/);
});

test('Heartbeat.pong() measures the round trip of the latest ping, once', () => {
  const bench = new Bench(watched(new Heartbeat(), 1), () => null);
  bench.heartbeat.tick(bench.now, bench);
  const node = nodeIndex(0);
  const [ping] = bench.pings;
  assert.ok(ping !== undefined);
  assert.equal(bench.heartbeat.pong(instant(START + 7), node, ping.sequence + 1), null);
  assert.equal(bench.heartbeat.pong(instant(START + 7), nodeIndex(9), ping.sequence), null);
  assert.equal(bench.heartbeat.pong(instant(START + 7), node, ping.sequence), 7);
  assert.equal(bench.heartbeat.pong(instant(START + 8), node, ping.sequence), null);
});

test('Heartbeat knows the pong of an earlier life from that of the present one', () => {
  const bench = new Bench(watched(new Heartbeat({ failures: 2 }), 1), () => null);
  const node = nodeIndex(0);
  bench.heartbeat.tick(bench.now, bench);
  bench.heartbeat.unwatch(node);
  assert.equal(bench.heartbeat.deadline, NEVER);
  bench.heartbeat.watch(bench.now, node);
  bench.heartbeat.tick(bench.now, bench);
  const [old, young] = bench.pings;
  assert.ok(old !== undefined && young !== undefined);
  assert.notEqual(old.sequence, young.sequence);
  assert.equal(bench.heartbeat.pong(bench.now, node, old.sequence), null);
});

test('Heartbeat finds exactly the silent ones, whatever the interval and the count (CLUSTER-4)', () => {
  const nodes = fc.array(fc.boolean(), { minLength: 1, maxLength: 64 });
  const knobs = fc.tuple(
    nodes,
    fc.integer({ min: 10, max: 9_999 }),
    fc.integer({ min: 1, max: 6 }),
  );
  fc.assert(
    fc.property(knobs, ([answering, interval, failures]) => {
      const heartbeat = new Heartbeat({ interval: duration(interval), failures });
      const isAnswering = (node: NodeIndex) => answering[node] === true;
      const bench = new Bench(watched(heartbeat, answering.length), (node) =>
        isAnswering(node) ? interval / 20 : null,
      );
      bench.runUntil(interval * (failures + 3));
      const down = new Set(bench.log.map((line) => Number(line.split(' down ')[1])));
      answering.forEach((answers, node) => {
        assert.equal(down.has(node), !answers, `node ${node}: ${bench.log}`);
      });
    }),
    { numRuns: 100 },
  );
});
