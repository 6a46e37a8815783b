/**
 * Readers in threads of their own against an owner at work: real memory, real races. What they may
 * bring home is judged by what the owner had done before a look began and had begun when it ended.
 * One processor architecture shows what that one reorders; the argument for all is in
 * `src/slab/README.md`.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { Slab } from '#src/slab/slab.js';
import {
  readerWithoutGeneration,
  slabWithLateFloor,
  slabWithLateGeneration,
} from './support/planted.js';
import {
  boardBytes,
  FAULT,
  LOOKS,
  READY,
  type ReaderReport,
  type ReaderTask,
  STOP,
  type StressPlan,
} from './support/stress.js';
import { StressOwner } from './support/stress-owner.js';
import { verifySlab } from './support/verify.js';
import { SlabView } from './support/view.js';

const THREAD = new URL('./support/foreign-reader.js', import.meta.url);
const READER = import.meta.resolve('#src/slab/reader.js');
const READERS = 2;

interface Stressed {
  readonly owner: StressOwner;
  readonly reports: readonly ReaderReport[];
}

async function stress(
  plan: StressPlan,
  module = READER,
  make: typeof Slab = Slab,
): Promise<Stressed> {
  const board = new SharedArrayBuffer(boardBytes(plan));
  const words = new Int32Array(board);
  const owner = new StressOwner(plan, board, make);
  const threads = Array.from({ length: READERS }, (_, reader) => {
    const task: ReaderTask = { plan, memory: owner.memory, board, reader, module };
    return new Worker(THREAD, { workerData: task });
  });
  const reports = Promise.all(threads.map((thread) => once(thread, 'message')));
  const exits = threads.map((thread) => once(thread, 'exit'));
  while (Atomics.load(words, READY) < READERS) await new Promise(setImmediate);
  while (Atomics.load(words, FAULT) === 0) {
    for (let i = 0; i < 100; i++) owner.operate();
    if (owner.operations < plan.operations) continue;
    if (Atomics.load(words, LOOKS) >= plan.looks) break;
  }
  Atomics.store(words, STOP, 1);
  const found = await reports;
  await Promise.all(exits);
  return { owner, reports: found.map(([report]) => report as ReaderReport) };
}

const sum = (reports: readonly ReaderReport[], what: 'found' | 'absent' | 'contended'): number =>
  reports.reduce((all, report) => all + report[what], 0);

const EFFORT = { operations: 20_000, looks: 60_000 };

const PLANS: Readonly<Record<string, StressPlan>> = {
  'overwrites of few keys': { ...EFFORT, seed: 1, limit: 64_000, keys: 8, lengthMax: 400 },
  'overwrites and deletes': {
    ...EFFORT,
    seed: 2,
    limit: 200_000,
    keys: 60,
    lengthMax: 400,
    deletes: 400,
  },
  expiry: { ...EFFORT, seed: 3, limit: 200_000, keys: 60, lengthMax: 400, withTtl: 700 },
  evictions: { ...EFFORT, seed: 4, limit: 9000, keys: 40, lengthMax: 400, evicts: true },
  'chained values': { ...EFFORT, seed: 5, limit: 2 ** 20, keys: 30, lengthMax: 20_000 },
  collisions: { ...EFFORT, seed: 6, limit: 200_000, keys: 60, lengthMax: 100, hashes: 3 },
  flushes: { ...EFFORT, seed: 7, limit: 200_000, keys: 60, lengthMax: 200, flushes: 20 },
  growth: { ...EFFORT, seed: 8, limit: 16 * 2 ** 20, keys: 300, lengthMax: 60, strangers: 700 },
  moves: {
    ...EFFORT,
    seed: 9,
    operations: 60_000,
    limit: 6 * 2 ** 20,
    keys: 10_000,
    lengthMax: 2500,
    strangers: 300,
    longFrom: 40_000,
    evicts: true,
  },
};

for (const [what, plan] of Object.entries(PLANS)) {
  test(`SlabReader in other threads is right while the owner works: ${what} (NODE-8)`, async () => {
    const { owner, reports } = await stress(plan);
    for (const { fault } of reports) assert.equal(fault, null);
    assert.ok(sum(reports, 'found') > 1000);
    assert.ok(sum(reports, 'absent') > 0);
    const stats = owner.slab.stats();
    if (plan.longFrom !== undefined) assert.ok(stats.moved > 100);
    assert.equal(stats.hits, sum(reports, 'found'), 'every hit is counted once');
    assert.equal(stats.misses, sum(reports, 'absent'), 'every miss is counted once');
    owner.slab.drainNotes();
    assert.equal(owner.slab.stats().hits, stats.hits);
    assert.equal(owner.slab.stats().misses, stats.misses);
    if (plan.hashes === undefined) verifySlab(new SlabView(owner.memory, plan.limit));
  });
}

/** Long enough for a fault to show; it ends with the first. */
const planted = (plan: string, more?: Partial<StressPlan>): StressPlan => ({
  ...(PLANS[plan] as StressPlan),
  looks: 20_000_000,
  ...more,
});

async function faultsOf(plan: StressPlan, module?: string, slab?: string): Promise<string[]> {
  const make = slab === undefined ? Slab : ((await import(slab)) as { Slab: typeof Slab }).Slab;
  const { reports } = await stress(plan, module, make);
  return reports.flatMap(({ fault }) => fault ?? []);
}

test('a reader that leaves out the generation is caught by threads (NODE-8)', async () => {
  const faults = await faultsOf(planted('overwrites of few keys'), readerWithoutGeneration());
  assert.notDeepEqual(faults, []);
});

test('an owner that reuses a slot before the generation moves is caught by threads (NODE-8)', async () => {
  // Of one length, so that the next write takes the slot, and long, so that it takes its time.
  const plan = planted('overwrites of few keys', { length: 4000, limit: 2 ** 27, deletes: 0 });
  assert.notDeepEqual(await faultsOf(plan, READER, slabWithLateGeneration()), []);
});

test('an owner that raises the floor after unlinking is caught by threads (NODE-8, rule F)', async () => {
  const faults = await faultsOf(planted('evictions'), READER, slabWithLateFloor());
  assert.notDeepEqual(faults, []);
});
