import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration, instant, type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { Evidence } from '#src/membership/detector.js';
import {
  DEAF_FACTOR,
  LOOK_INTERVAL,
  STANDSTILL,
  TURN_BEAT,
  Vigil,
  type VigilOutbox,
} from '#src/membership/vigil.js';

const START = 1_000_000;
const INTERVAL = 1_000;
const FAILURES = 3;

/** What the nodes of a bench do. */
interface Conduct {
  /** Whether its event loop moves. */
  moves(node: number, at: number): boolean;
  /** Whether it answers pings; who stands does not. */
  answers(node: number, at: number): boolean;
  /** Whether the supervisor's thread runs. */
  runs(at: number): boolean;
}

const WELL: Conduct = { moves: () => true, answers: () => true, runs: () => true };

/** Drives a vigil from deadline to deadline, over nodes that behave as they are told. */
class Bench implements VigilOutbox {
  readonly log: string[] = [];
  readonly vigil: Vigil;
  readonly #turns: number[] = [];
  readonly #conduct: Conduct;
  #now = START;

  constructor(nodes: number, conduct: Partial<Conduct> = {}, hasBoard = true) {
    this.#conduct = { ...WELL, ...conduct };
    this.vigil = new Vigil({
      interval: duration(INTERVAL),
      failures: FAILURES,
      turnsOf: (node) => (hasBoard ? (this.#turns[node] ?? 0) : null),
    });
    for (let i = 0; i < nodes; i++) this.vigil.watch(this.#at, nodeIndex(i));
  }

  get #at() {
    return instant(this.#now);
  }

  #say(line: string): void {
    this.log.push(`${this.#now - START} ${line}`);
  }

  /** Millisecond by millisecond. */
  run(ms: number): this {
    const { moves, runs } = this.#conduct;
    for (const end = this.#now + ms; this.#now < end; this.#now++) {
      const at = this.#now - START;
      for (let node = 0; node < 8; node++) {
        if (at % TURN_BEAT === 0 && moves(node, at)) {
          this.#turns[node] = (this.#turns[node] ?? 0) + 1;
        }
      }
      if (runs(at) && this.vigil.deadline <= this.#now) this.vigil.tick(this.#at, this);
    }
    return this;
  }

  ping(node: NodeIndex, sequence: number): void {
    const at = this.#now - START;
    const { moves, answers } = this.#conduct;
    if (moves(node, at) && answers(node, at)) this.vigil.pong(this.#at, node, sequence, this);
  }

  hung(node: NodeIndex, text: string): void {
    this.#say(`hung ${node}: ${text}`);
  }

  suspected(node: NodeIndex, { missed }: Evidence): void {
    this.#say(`suspected ${node}: ${missed}`);
  }

  trusted(node: NodeIndex): void {
    this.#say(`trusted ${node}`);
  }

  stalled(node: NodeIndex, standing: number): void {
    this.#say(`stalled ${node}: ${standing}`);
  }

  resumed(node: NodeIndex): void {
    this.#say(`resumed ${node}`);
  }

  late(): void {
    this.#say('late');
  }

  /** What was said, without the times. */
  get said(): string[] {
    return this.log.map((line) => line.slice(line.indexOf(' ') + 1));
  }

  /** When something was said first; NaN if never. */
  timeOf(what: string): number {
    return Number.parseInt(this.log.find((line) => line.includes(what)) ?? '', 10);
  }
}

test('Vigil says nothing of nodes that are well (CLUSTER-4)', () => {
  assert.deepEqual(new Bench(5).run(60_000).log, []);
});

test('Vigil tells of a standstill within a second, and calls it a hang after three intervals (CLUSTER-4)', () => {
  const bench = new Bench(3, { moves: (node, at) => node !== 1 || at < 5_000 }).run(20_000);
  const stalled = bench.timeOf('stalled 1');
  assert.ok(stalled >= 5_000 + STANDSTILL - TURN_BEAT && stalled <= 6_000, bench.log.join('; '));
  const hung = bench.timeOf('hung 1');
  assert.ok(hung >= 7_800 && hung <= 5_000 + INTERVAL * FAILURES + LOOK_INTERVAL);
  assert.equal(bench.said.filter((line) => line.startsWith('hung')).length, 1);
});

test('Vigil takes a short standstill for no crime (CLUSTER-4)', () => {
  const moves = (node: number, at: number): boolean => node !== 0 || at % 4_000 < 2_500;
  const bench = new Bench(2, { moves }).run(60_000);
  assert.ok(bench.said.includes('resumed 0'));
  assert.ok(bench.said.every((line) => !line.startsWith('hung')));
});

test('Vigil blames nobody for its own thread’s standstill (CLUSTER-4)', () => {
  const blocked = new Bench(3, { runs: (at) => at % 3_000 < 1_000 }).run(60_000);
  assert.deepEqual(new Set(blocked.said), new Set(['late']));
  // The whole process was stopped: nobody moved meanwhile, and nobody looked.
  const stopped = (at: number): boolean => at < 5_000 || at > 30_000;
  const asleep = new Bench(3, { runs: stopped, moves: (_, at) => stopped(at) }).run(40_000);
  assert.deepEqual(asleep.said, ['late']);
});

test('Vigil finds a hung node although its own thread is blocked now and then (CLUSTER-4)', () => {
  const bench = new Bench(2, {
    moves: (node, at) => node !== 1 || at < 5_000,
    runs: (at) => at % 3_000 < 2_500,
  }).run(20_000);
  assert.ok(bench.said.some((line) => line.startsWith('hung 1')));
});

test('Vigil lets an accusation count only against who stands (CLUSTER-8)', () => {
  const accused = new Bench(3).run(1_000);
  accused.vigil.accused(instant(START + 1_000), nodeIndex(1), nodeIndex(0));
  accused.vigil.accused(instant(START + 1_000), nodeIndex(0), nodeIndex(1));
  accused.run(60_000);
  assert.deepEqual(accused.log, [], 'both live, so both stay');
  const stands = new Bench(3, { moves: (node, at) => node !== 0 || at < 1_000 }).run(1_000);
  stands.vigil.accused(instant(START + 1_000), nodeIndex(1), nodeIndex(0));
  stands.run(5_000);
  const hung = stands.timeOf('hung 0');
  assert.ok(hung >= 1_500 && hung <= 1_800, stands.log.join('; '));
  assert.match(stands.log.join(), /a peer had 3 heartbeats without an answer/);
});

test('Vigil drops an accusation when the accused answers, and those of who is gone (CLUSTER-8)', () => {
  const bench = new Bench(3, { moves: (node, at) => node !== 0 || at < 4_000 });
  bench.vigil.accused(instant(START), nodeIndex(1), nodeIndex(0));
  bench.run(4_000);
  bench.vigil.accused(instant(START + 4_000), nodeIndex(2), nodeIndex(0));
  bench.vigil.unwatch(instant(START + 4_000), nodeIndex(2));
  bench.run(2_000);
  assert.deepEqual(
    bench.said.filter((line) => line.startsWith('hung')),
    [],
    'it stands for less than three intervals, and nobody accuses it',
  );
});

test('Vigil ends a node that moves and never answers, after more patience (CLUSTER-4)', () => {
  const bench = new Bench(2, { answers: (node) => node !== 1 }).run(30_000);
  assert.equal(bench.said[0], 'suspected 1: 3');
  const hung = bench.timeOf('hung 1');
  assert.ok(hung >= DEAF_FACTOR * FAILURES * INTERVAL && hung <= 11_000, bench.log.join('; '));
});

test('Vigil takes no standing of its own for deafness of another (CLUSTER-4)', () => {
  // The answers of the first two seconds are lost; later ones lie unread while the vigil stands.
  const bench = new Bench(2, {
    answers: (node, at) => node !== 1 || at > 3_000,
    runs: (at) => at < 3_500 || at > 12_000,
  });
  bench.run(12_050);
  assert.deepEqual(
    bench.said.filter((line) => line.startsWith('hung')),
    [],
  );
});

test('Vigil without turn counters goes by heartbeats alone (CLUSTER-4)', () => {
  const bench = new Bench(3, { answers: (node) => node !== 2 }, false).run(10_000);
  assert.deepEqual(bench.said, ['suspected 2: 3', 'hung 2: 3 heartbeats without an answer']);
});

test('Vigil finds exactly those that stand for long, whoever accuses whom (CLUSTER-4, CLUSTER-8)', () => {
  const stands = fc.array(fc.boolean(), { minLength: 2, maxLength: 5 });
  const accusations = fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.nat(9_000)), { maxLength: 6 });
  fc.assert(
    fc.property(stands, accusations, (standing, accused) => {
      const moves = (node: number, at: number): boolean => standing[node] !== true || at < 2_000;
      const bench = new Bench(standing.length, { moves });
      for (let at = 0; at < 12_000; at += 500) {
        bench.run(500);
        for (const [by, node, when] of accused) {
          if (by === node || when < at || when >= at + 500) continue;
          bench.vigil.accused(instant(START + at + 500), nodeIndex(by), nodeIndex(node));
        }
      }
      const hung = bench.said.filter((line) => line.startsWith('hung'));
      const found = new Set(hung.map((line) => Number.parseInt(line.slice(5), 10)));
      for (const [node, is] of standing.entries()) assert.equal(found.has(node), is);
    }),
    { numRuns: 60 },
  );
});
