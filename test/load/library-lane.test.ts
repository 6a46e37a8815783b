import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board } from '#src/load/board.js';
import { runGeneratorTask } from '#src/load/generator-task.js';
import type { LibraryClient } from '#src/load/library-lane.js';
import { createLatencies } from '#src/load/tally.js';
import { findWorkload } from '#src/load/workloads.js';

/** A client over a Map, answering in the next turn; every tenth get fails. */
class FakeClient implements LibraryClient {
  readonly data = new Map<string, Uint8Array>();
  gets = 0;

  async get(key: string): Promise<unknown> {
    await new Promise(setImmediate);
    if (++this.gets % 10 === 0) throw Object.assign(new Error('busy'), { code: 'ERR_BUSY' });
    return this.data.get(key);
  }

  async set(key: string, value: Uint8Array): Promise<unknown> {
    await new Promise(setImmediate);
    this.data.set(key, Buffer.from(value));
    return true;
  }

  async delete(key: string): Promise<unknown> {
    return this.data.delete(key);
  }
}

/** A client that answers at once, as one does that reads in place. */
class PromptClient extends FakeClient {
  override async get(key: string): Promise<unknown> {
    return this.data.get(key);
  }
}

const driveFor = (
  client: LibraryClient,
  workload: 'ycsb-c' | 'ycsb-f',
): ReturnType<typeof runGeneratorTask> =>
  runGeneratorTask({
    job: 'drive',
    plan: {
      workload: null,
      traffic: { ...findWorkload(workload), keys: 50, fill: true },
      via: 'library',
      threads: 1,
      connections: 3,
      pipeline: 4,
      rate: null,
      warmUpMs: 0,
      durationMs: 100,
      verify: true,
      seed: 1,
    },
    part: { thread: 0, threads: 1 },
    target: { kind: 'library', client },
    latencies: createLatencies(),
    board: new Board(1).memory,
    run: 1,
  });

test('LibraryLane ends in time although every read is answered at once (BENCH-2)', async () => {
  const tally = await driveFor(new PromptClient(), 'ycsb-c');
  assert.ok(tally.hits > 0);
  assert.equal(tally.errorCount, 0);
});

test('LibraryLane drives the library’s client, and counts its codes (BENCH-2)', async () => {
  const client = new FakeClient();
  const tally = await driveFor(client, 'ycsb-f');
  assert.ok(tally.hits > 0);
  assert.ok(tally.operations.fill > 0);
  assert.ok(tally.operations.modify > 0);
  assert.deepEqual([...tally.errors.keys()], ['ERR_BUSY']);
  assert.equal(tally.wrong + tally.stale, 0);
});
