import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import {
  BYTES_HELD_MAX,
  FRAMES_HELD_MAX,
  type LinkFault,
  LinkFaults,
  type Post,
  WHOLE,
} from '#src/runtime/link-faults.js';
import type { Address } from '#src/wire/message.js';

const PEER = 3 as Address;
const OTHER = 4 as Address;

/** Faults under a clock that a test moves, and what has come through them to the channel. */
class Bench {
  readonly posted: number[] = [];
  readonly faults: LinkFaults;
  readonly #t: TestContext;
  #now = 0;
  readonly post: Post = (frame) => this.posted.push(frame[0] ?? -1);

  constructor(t: TestContext, seed = 1) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    this.#t = t;
    this.faults = new LinkFaults(new Prng(seed), () => this.#now);
  }

  set(fault: Partial<LinkFault>): number {
    return this.faults.set(PEER, { ...WHOLE, ...fault });
  }

  send(...frames: number[]): void {
    for (const frame of frames) this.sendBytes(Uint8Array.of(frame));
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.faults.through(PEER, this.post)(bytes);
  }

  pass(ms: number): void {
    this.#now += ms;
    this.#t.mock.timers.tick(ms);
  }

  /** A timer fires although the clock has not come so far. */
  fireEarly(ms: number): void {
    this.#t.mock.timers.tick(ms);
  }
}

test('LinkFaults leaves whole links alone, before a fault and after it (CLUSTER-8)', (t) => {
  const bench = new Bench(t);
  assert.equal(bench.faults.through(PEER, bench.post), bench.post);
  assert.equal(bench.set({}), 0);
  bench.set({ isCut: true });
  assert.notEqual(bench.faults.through(PEER, bench.post), bench.post);
  assert.equal(bench.faults.through(OTHER, bench.post), bench.post, 'the other link is whole');
  bench.set(WHOLE);
  assert.equal(bench.faults.through(PEER, bench.post), bench.post);
});

test('LinkFaults lets nothing through a cut link, there and back, and counts it (CLUSTER-8)', (t) => {
  const bench = new Bench(t);
  assert.equal(bench.faults.loses(PEER), false);
  bench.set({ isCut: true });
  bench.send(1, 2);
  assert.equal(bench.faults.loses(PEER), true);
  assert.equal(bench.faults.loses(OTHER), false);
  assert.equal(bench.set(WHOLE), 3);
  bench.send(3);
  assert.deepEqual(bench.posted, [3]);
  assert.equal(bench.faults.loses(PEER), false);
  assert.equal(bench.set({ isCut: true }), 0, 'the count begins anew');
});

test('LinkFaults posts a delayed frame when its time has come, not before (CLUSTER-8)', (t) => {
  const bench = new Bench(t);
  bench.set({ delayMs: 10 });
  bench.send(1);
  bench.pass(4);
  bench.send(2);
  bench.pass(5);
  assert.deepEqual(bench.posted, []);
  bench.pass(1);
  assert.deepEqual(bench.posted, [1]);
  bench.pass(3);
  assert.deepEqual(bench.posted, [1]);
  bench.pass(1);
  assert.deepEqual(bench.posted, [1, 2]);
});

test('LinkFaults does not take an early timer for the time (CLUSTER-8)', (t) => {
  const bench = new Bench(t);
  bench.set({ delayMs: 10 });
  bench.send(1);
  bench.pass(8);
  bench.fireEarly(2);
  assert.deepEqual(bench.posted, []);
  bench.pass(2);
  assert.deepEqual(bench.posted, [1]);
});

test('LinkFaults keeps the order when a later delay is shorter (CLUSTER-8)', (t) => {
  const bench = new Bench(t);
  bench.set({ delayMs: 100 });
  bench.send(1);
  bench.set({ delayMs: 1 });
  bench.send(2);
  bench.pass(99);
  assert.deepEqual(bench.posted, []);
  bench.pass(1);
  assert.deepEqual(bench.posted, [1, 2]);
});

test('LinkFaults sends at once, in order, what a healed link holds (CLUSTER-8)', (t) => {
  const bench = new Bench(t);
  bench.set({ delayMs: 100 });
  bench.send(1, 2, 3);
  assert.equal(bench.set(WHOLE), 0);
  bench.send(4);
  bench.pass(1_000);
  assert.deepEqual(bench.posted, [1, 2, 3, 4]);
});

test('LinkFaults loses what a link holds that is cut, or whose channel closes (CLUSTER-8)', (t) => {
  const bench = new Bench(t);
  bench.set({ delayMs: 100 });
  bench.send(1, 2);
  assert.equal(bench.set({ delayMs: 100, isCut: true }), 2);
  bench.set({ delayMs: 100 });
  bench.send(3);
  bench.faults.channelCloses(PEER);
  bench.faults.channelCloses(OTHER);
  bench.pass(1_000);
  assert.deepEqual(bench.posted, []);
  bench.send(4);
  bench.pass(100);
  assert.deepEqual(bench.posted, [4], 'the next channel has the same fault');
});

test('LinkFaults drops by its seed: nothing at 0, all at 1, about the rate between (CLUSTER-8)', (t) => {
  const bench = new Bench(t, 7);
  const FRAMES = 2_000;
  const send = (): void => {
    for (let i = 0; i < FRAMES; i++) bench.send(1);
  };
  bench.set({ delayMs: 1, dropRate: 0 });
  send();
  assert.equal(bench.set({ dropRate: 1 }), 0);
  send();
  assert.equal(bench.set(WHOLE), FRAMES);
  bench.set({ dropRate: 0.25 });
  send();
  const lost = bench.set(WHOLE);
  assert.ok(Math.abs(lost / FRAMES - 0.25) < 0.05, `${lost}`);
  assert.equal(bench.posted.length, FRAMES + FRAMES - lost);
});

test('LinkFaults holds frames and bytes up to its limits, and loses what is above (CLUSTER-8)', (t) => {
  const bench = new Bench(t);
  bench.set({ delayMs: 10 });
  for (let i = 0; i < FRAMES_HELD_MAX + 5; i++) bench.send(1);
  assert.equal(bench.set({ delayMs: 10 }), 5);
  bench.pass(10);
  assert.equal(bench.posted.length, FRAMES_HELD_MAX);
  const large = new Uint8Array(BYTES_HELD_MAX / 4);
  for (let i = 0; i < 6; i++) bench.sendBytes(large);
  assert.equal(bench.set({ delayMs: 10 }), 5 + 2);
  bench.pass(10);
  bench.sendBytes(large);
  assert.equal(bench.set(WHOLE), 5 + 2, 'there is room again');
});
