import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration, instant, NEVER, type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { DetectorMessage, DetectorOutbox, Evidence } from '#src/membership/detector.js';
import { HEARTBEAT_FAILURES, HEARTBEAT_INTERVAL, Heartbeat } from '#src/membership/heartbeat.js';

const START = 1_000;

/** Drives a detector from deadline to deadline. `answers` says whether, and how late, a node answers. */
class Bench implements DetectorOutbox {
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

  send(node: NodeIndex, message: DetectorMessage): void {
    assert.equal(message.type, 'ping');
    const { sequence } = message as { sequence: number };
    this.pings.push({ at: this.now, node, sequence });
    const delay = this.#delayOf(node);
    if (delay !== null) this.#pongs.push({ at: this.now + delay, node, sequence });
  }

  suspect(node: NodeIndex, { missed, silent }: Evidence): void {
    this.log.push(`${this.now - START} suspect ${node}: ${missed} missed in ${silent}`);
  }

  trust(node: NodeIndex): void {
    this.log.push(`${this.now - START} trust ${node}`);
  }

  pong(at: number, node: NodeIndex, sequence: number): void {
    this.heartbeat.receive(instant(at), node, { type: 'pong', sequence }, this);
  }

  stalled(): void {
    this.log.push(`${this.now - START} stalled`);
  }

  /** @param late how much later than its deadline each tick comes */
  runUntil(end: number, late = 0): void {
    while (this.heartbeat.deadline + late <= START + end) {
      this.now = instant(this.heartbeat.deadline + late);
      for (const { at, node, sequence } of this.#pongs.splice(0)) {
        if (at <= this.now) this.pong(at, node, sequence);
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

test('Heartbeat suspects a node after three unanswered pings in a row (CLUSTER-4)', () => {
  const bench = new Bench(watched(new Heartbeat(), 3), (node) => (node === 0 ? null : 1));
  bench.runUntil(HEARTBEAT_INTERVAL * 10);
  assert.equal(HEARTBEAT_FAILURES, 3);
  assert.equal(HEARTBEAT_INTERVAL, 5_000);
  const after = 3 * HEARTBEAT_INTERVAL;
  assert.deepEqual(bench.log, [`${after} suspect 0: 3 missed in ${after}`], 'once');
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
  const accused = deaf.log.filter((line) => line.includes('suspect'));
  assert.equal(accused.length, 3, 'who is silent is found all the same, one round later');
});

test('Heartbeat takes a little lateness for what it is, and still finds the dead (CLUSTER-4)', () => {
  const bench = new Bench(watched(new Heartbeat(), 3), (node) => (node === 1 ? null : 1));
  bench.runUntil(HEARTBEAT_INTERVAL * 10, HEARTBEAT_INTERVAL / 10);
  assert.equal(bench.log.length, 1);
  assert.match(bench.log[0] as string, /suspect 1: 3 missed/);
});

test('Heartbeat takes a suspicion back when the node answers, and can have it again (CLUSTER-4)', () => {
  let isDeaf = true;
  const bench = new Bench(watched(new Heartbeat(), 1), () => (isDeaf ? null : 1));
  bench.runUntil(HEARTBEAT_INTERVAL * 5);
  isDeaf = false;
  bench.runUntil(HEARTBEAT_INTERVAL * 7);
  isDeaf = true;
  bench.runUntil(HEARTBEAT_INTERVAL * 13);
  assert.deepEqual(
    bench.log.map((line) => line.split(' ').slice(1, 2).join()),
    ['suspect', 'trust', 'suspect'],
  );
});

test('Heartbeat makes nothing of answers to what it never asked, or to an earlier ping twice', () => {
  const bench = new Bench(watched(new Heartbeat({ failures: 1 }), 1), () => null);
  const node = nodeIndex(0);
  bench.runUntil(HEARTBEAT_INTERVAL);
  assert.equal(bench.log.length, 1);
  const sequence = bench.pings.at(-1)?.sequence as number;
  bench.pong(bench.now, node, sequence + 1);
  bench.pong(bench.now, nodeIndex(9), sequence);
  assert.equal(bench.log.length, 1);
  bench.pong(bench.now, node, sequence);
  bench.pong(bench.now, node, sequence);
  assert.equal(bench.log.length, 2);
});

test('Heartbeat asks at once where there is reason to, and not in volleys', () => {
  const bench = new Bench(watched(new Heartbeat(), 1), () => 1);
  bench.runUntil(0);
  for (let i = 0; i < 5; i++) {
    bench.now = instant(bench.now + HEARTBEAT_INTERVAL / 10);
    bench.heartbeat.hasten(bench.now, nodeIndex(0));
    bench.heartbeat.tick(bench.now, bench);
  }
  const times = bench.pings.map(({ at }) => at - START);
  assert.deepEqual(times, [0, HEARTBEAT_INTERVAL / 2]);
});

test('Heartbeat knows the pong of an earlier life from that of the present one', () => {
  const bench = new Bench(watched(new Heartbeat({ failures: 1 }), 1), () => null);
  const node = nodeIndex(0);
  bench.heartbeat.tick(bench.now, bench);
  bench.heartbeat.unwatch(bench.now, node);
  assert.equal(bench.heartbeat.deadline, NEVER);
  bench.heartbeat.watch(bench.now, node);
  bench.heartbeat.tick(bench.now, bench);
  const [old, young] = bench.pings;
  assert.ok(old !== undefined && young !== undefined);
  assert.notEqual(old.sequence, young.sequence);
  bench.runUntil(HEARTBEAT_INTERVAL);
  assert.equal(bench.log.length, 1);
  bench.pong(bench.now, node, old.sequence);
  assert.equal(bench.log.length, 1, 'still suspected');
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
      const down = new Set(
        bench.log.map((line) => Number.parseInt(line.split(' suspect ')[1] ?? '', 10)),
      );
      answering.forEach((answers, node) => {
        assert.equal(down.has(node), !answers, `node ${node}: ${bench.log}`);
      });
    }),
    { numRuns: 100 },
  );
});
