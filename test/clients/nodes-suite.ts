/** One cache behind five doors; and what becomes of it when a node is killed. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './conformance.js';
import type { Connection } from './driver.js';

const KEYS = 300;
const KILLED = 2;
/** Between two attempts on a connection that is being made again. */
const ATTEMPT_MS = 5;

const keys = Array.from({ length: KEYS }, (_, i) => `spread:${i}`);

async function writeAll(connection: Connection): Promise<void> {
  const commands = keys.map((key) => ['SET', key, `value of ${key}`]);
  assert.deepEqual(
    await connection.pipeline(commands),
    keys.map(() => 'OK'),
  );
}

/** How many of the keys are missing; all others must have their value. */
async function missing(connection: Connection): Promise<number> {
  const values = await connection.mget(keys);
  let count = 0;
  for (const [i, value] of values.entries()) {
    if (value === null) count++;
    else assert.equal(value, `value of ${keys[i]}`);
  }
  return count;
}

/** A client may tell of the lost connection instead of trying again: its user does, then. */
async function untilAnswered(connection: Connection): Promise<void> {
  for (;;) {
    try {
      await connection.ping();
      return;
    } catch {
      await sleep(ATTEMPT_MS);
    }
  }
}

export function nodesSuite(bench: Bench): void {
  it('Keys written through one connection lie on all nodes and are read at each (RESP-1, CLUSTER-2)', async () => {
    for (let writer = 0; writer < 5; writer++) {
      await bench.at(writer).flushAll();
      await writeAll(bench.at(writer));
      const entries = bench.entries();
      assert.ok(
        entries.every((count) => count > 0),
        String(entries),
      );
      assert.equal(
        entries.reduce((sum, count) => sum + count),
        KEYS,
      );
      for (let reader = 0; reader < 5; reader++) {
        assert.equal(await missing(bench.at(reader)), 0);
      }
    }
  });

  it('What one node has acknowledged is read through every other (RESP-1, CLUSTER-2)', async () => {
    for (let i = 0; i < 100; i++) {
      const [writer, reader] = [bench.at(i % 5), bench.at((i * 3 + 1) % 5)];
      assert.equal(await writer.set('turn', String(i)), 'OK');
      assert.equal(await reader.get('turn'), String(i));
      assert.equal(await reader.del(['turn']), 1);
      assert.equal(await writer.get('turn'), null);
    }
  });

  it('A killed node comes back with its keys, and so do its clients (RESP-1, CLUSTER-5, CLUSTER-6)', async () => {
    await writeAll(bench.at(0));
    const id = bench.cluster.nodes()[KILLED]?.id as string;
    const isBack = new Promise<void>((resolve) => {
      const onUp = (event: { id: string }): void => {
        if (event.id !== id) return;
        bench.cluster.off('node-up', onUp);
        resolve();
      };
      bench.cluster.on('node-up', onUp);
    });
    await bench.cluster.kill(id);
    await isBack;
    for (const node of [0, 1, 3, 4]) assert.equal(await missing(bench.at(node)), 0);
    await untilAnswered(bench.at(KILLED));
    assert.equal(await missing(bench.at(KILLED)), 0);
    await writeAll(bench.at(KILLED));
    for (let node = 0; node < 5; node++) assert.equal(await missing(bench.at(node)), 0);
  });
}
