/** Near caches in real threads, while others write, delete, expire, evict, flush and kill. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '#src/runtime/cluster.js';
import { clusterFor, nextEvent, portsOf } from './harness.js';
import { KEYS, type Stress, StressBook, type Verdict } from './near-stress.js';
import { RespClient } from './resp-client.js';
import { inThread } from './threads.js';

const MODULE = new URL('./near-stress.js', import.meta.url).href;
const READERS = 3;
const WRITERS = 2;
const VERSIONS_A_ROUND = 150;

const inStress = (t: TestContext, stress: Stress, role: 'read' | 'write') =>
  inThread(t, { stress, role, MODULE }, async ({ stress, role, MODULE }) => {
    const { [role]: act } = await import(MODULE);
    return act(stress);
  });

interface Course {
  readonly restart: 'warm' | 'cold';
  /** Each ends with a flush, */
  readonly rounds: number;
  /** and the first ones with a kill. */
  readonly kills: number;
  readonly isGullible: boolean;
}

/** Runs all threads; returns what the readers say. */
async function stress(t: TestContext, course: Course): Promise<Verdict[]> {
  const { restart, rounds, kills, isGullible } = course;
  const cluster = await clusterFor(t, { port: 0, restart });
  const memory = StressBook.allocate();
  const book = new StressBook(memory);
  const common = { handle: cluster.handle(), book: memory, writers: WRITERS, isGullible };
  const writers = Array.from({ length: WRITERS }, (_, self) =>
    inStress(t, { ...common, self }, 'write'),
  );
  const readers = Array.from({ length: READERS }, (_, self) =>
    inStress(t, { ...common, self }, 'read'),
  );
  const flusher = await RespClient.connect(t, portsOf(cluster)[0] as number);
  for (let round = 0; round < rounds; round++) {
    await progress(book);
    await flush(flusher, book);
    if (round < kills) await killAndReturn(cluster, `n${1 + (round % 2)}`);
  }
  await progress(book);
  book.end();
  await Promise.all(writers);
  return Promise.all(readers);
}

/** Resolves when the writers have got on, however slow the machine is. */
async function progress(book: StressBook): Promise<void> {
  const goal = book.total + VERSIONS_A_ROUND;
  while (book.total < goal) await sleep(5);
}

async function flush(flusher: RespClient, book: StressBook): Promise<void> {
  const before = Array.from({ length: KEYS }, (_, key) => Atomics.load(book.acknowledged, key));
  if ((await flusher.send('FLUSHALL')) !== 'OK') return;
  for (const [key, version] of before.entries()) Atomics.store(book.flushed, key, version);
}

async function killAndReturn(cluster: Cluster, id: string): Promise<void> {
  const up = nextEvent(cluster, 'node-up', (event) => event.id === id);
  await cluster.kill(id);
  await up;
}

for (const restart of ['cold', 'warm'] as const) {
  test(`no near cache of any thread returns what was overwritten, deleted, flushed or expired, with nodes killed and ${restart} again (NODE-8, CLUSTER-8)`, async (t) => {
    const course = { restart, rounds: 3, kills: 2, isGullible: false };
    for (const { reads, nearHits, lies } of await stress(t, course)) {
      assert.deepEqual(lies, []);
      assert.ok(nearHits > reads / 20, `${nearHits} of ${reads} reads were near`);
      assert.ok(nearHits < reads);
    }
  });
}

test('the test finds near caches that believe whatever they keep', async (t) => {
  const course = { restart: 'warm', rounds: 1, kills: 0, isGullible: true } as const;
  const verdicts = await stress(t, course);
  assert.ok(verdicts.some(({ lies }) => lies.length > 0));
});
