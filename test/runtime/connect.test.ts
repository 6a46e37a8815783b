/** Clients in other threads, on handles: what they see and what they can do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel, threadId } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { ShoalError } from '#src/base/errors.js';
import type { Client } from '#src/runtime/client.js';
import { connect } from '#src/runtime/connect.js';
import type { ClusterHandle } from '#src/runtime/handle.js';
import { clusterFor, keysOf, nextEvent } from './harness.js';
import { inThread, nextWord, startThread } from './threads.js';

const KEYS = keysOf('key', 200);

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof ShoalError && error.code === code;

test('connect(handle).getSync() reads at once, as a thread’s first statement (LIB-1, CLUSTER-1)', async (t) => {
  const cluster = await clusterFor(t);
  await cluster.client().setMany(KEYS.map((key, i) => [key, { i }]));
  const read = await inThread(t, { handle: cluster.handle(), KEYS }, ({ handle, KEYS }, tools) => {
    const first = tools.shoal.connect(handle).getSync(KEYS[0] as string);
    const cache = tools.shoal.connect(handle);
    return [first, ...KEYS.slice(1).map((key) => cache.getSync(key))];
  });
  assert.deepEqual(
    read,
    KEYS.map((_, i) => ({ i })),
  );
});

test('A connected client does all that a client does (LIB-1, LIB-2, LIB-3)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  const answers = await inThread(t, cluster.handle(), async (handle, { shoal }) => {
    const client = shoal.connect(handle);
    const target = Buffer.alloc(5, '.');
    const answers: unknown[] = [
      await client.set('text', 'grün'),
      await client.get('text'),
      client.getSync('text'),
      client.getInto('text', target),
      target.toString(),
      await client.has('text'),
      await client.ttl('text'),
      await client.expire('text', 60_000),
      await client.delete('gone'),
      await client.setMany({
        *[Symbol.iterator]() {
          yield ['a', 1n] as const;
        },
      }),
      await client.getMany(['a', 'b']),
      client.stats().unread,
    ];
    client.close();
    return [...answers, await client.get('text').catch(({ code }) => code)];
  });
  const expected = [true, 'grün', 'grün', 5, 'grün', true, Number.POSITIVE_INFINITY, true, false];
  assert.deepEqual(answers, [...expected, true, [1n, undefined], 0, 'ERR_CLOSED']);
  assert.equal(cache.getSync('text'), 'grün');
  assert.equal(await cache.get('a'), 1n);
});

test('Writes of many threads are seen in place by all when they are acknowledged (CLUSTER-1, NODE-8)', async (t) => {
  const cluster = await clusterFor(t);
  const threads = 6;
  const acknowledged = new SharedArrayBuffer(4 * threads);
  const work = { handle: cluster.handle(), acknowledged, threads, rounds: 300 };
  const looks = Array.from({ length: threads }, (_, self) =>
    inThread(t, { ...work, self }, async (given, { shoal }) => {
      const cache = shoal.connect(given.handle);
      const counts = new Int32Array(given.acknowledged);
      let looks = 0;
      const look = (): void => {
        for (let other = 0; other < given.threads; other++) {
          const least = Atomics.load(counts, other);
          const seen = cache.getSync<number>(`of:${other}`) ?? 0;
          if (seen < least) throw new Error(`of:${other} is ${seen} after ${least}`);
          if (seen > 0) looks++;
        }
      };
      for (let round = 1; round <= given.rounds; round++) {
        await cache.set(`of:${given.self}`, round);
        Atomics.store(counts, given.self, round);
        look();
      }
      return looks;
    }),
  );
  for (const seen of await Promise.all(looks)) assert.ok(seen >= work.rounds, `${seen} looks`);
});

test('A handle is plain data: it reaches threads by any way there is (LIB-1)', async (t) => {
  const cluster = await clusterFor(t);
  await cluster.client().set('key', 'v');
  const handle = cluster.handle();
  assert.deepEqual(Object.keys(structuredClone(handle)), Object.keys(handle));
  assert.equal(handle.thread, threadId);
  const listener = startThread(t, 'handles', (name, { shoal, threads, say }) => {
    const channel = new threads.BroadcastChannel(name);
    const heard = Promise.all([
      new Promise<ClusterHandle>((resolve) => {
        channel.onmessage = (event): void => resolve((event as { data: ClusterHandle }).data);
      }),
      new Promise<ClusterHandle>((resolve) => threads.parentPort?.once('message', resolve)),
    ]);
    say('listens');
    return heard.then((handles) => {
      channel.close();
      return handles.map((each) => shoal.connect(each).getSync('key'));
    });
  });
  assert.equal(await nextWord(listener), 'listens');
  const channel = new BroadcastChannel('handles');
  channel.postMessage(handle);
  listener.worker.postMessage(handle);
  assert.deepEqual(await listener.result, ['v', 'v']);
  channel.close();
});

for (const atomics of ['sync', 'async', 'disabled'] as const) {
  test(`Tasks of a piscina pool (atomics: ${atomics}) connect with a handle (LIB-1)`, async (t) => {
    const cluster = await clusterFor(t);
    const cache = cluster.client();
    const filename = fileURLToPath(new URL('./piscina-task.js', import.meta.url));
    const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2, atomics });
    t.after(() => pool.destroy());
    const handle = cluster.handle();
    const tasks = KEYS.map((key) => pool.run({ handle, key }) as Promise<unknown>);
    assert.ok((await Promise.all(tasks)).every((before) => before === undefined));
    assert.ok(KEYS.every((key) => cache.getSync(key) === `of ${key}`));
    const again = KEYS.map((key) => pool.run({ handle, key }) as Promise<unknown>);
    assert.deepEqual(
      await Promise.all(again),
      KEYS.map((key) => `of ${key}`),
    );
    assert.equal(cluster.stats().clients, 3);
    // With the threads at rest, whichever way they rest: the end of the cluster must not wait for them.
    await cluster.close();
  });
}

test('connect() works in the supervisor’s own thread, too (LIB-1)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = connect(cluster.handle());
  const set = cache.set('key', 'v');
  assert.equal(cache.getSync('key'), undefined);
  assert.equal(await set, true);
  assert.equal(cache.getSync('key'), 'v');
  assert.equal(cluster.stats().clients, 1);
  const closing = cluster.close();
  await closing;
  assert.throws(() => cache.getSync('key'), hasCode('ERR_CLOSED'));
  await assert.rejects(cache.get('key'), hasCode('ERR_CLOSED'));
});

test('A cluster that a worker has started serves every thread, and several clusters do (LIB-1)', async (t) => {
  const clusters = ['red', 'blue'].map((color) =>
    startThread(t, color, async (color, { shoal, threads, say }) => {
      const cluster = await shoal.startCluster({ nodes: 2, memory: '1mb' });
      await cluster.client().set('color', color);
      const isOver = new Promise((resolve) => threads.parentPort?.once('message', resolve));
      say(cluster.handle());
      await isOver;
      await cluster.close();
    }),
  );
  const own = await clusterFor(t);
  await own.client().set('color', 'black');
  const handles = [...(await Promise.all(clusters.map(nextWord<ClusterHandle>))), own.handle()];
  const colors = await inThread(t, handles, async (handles, { shoal }) => {
    const caches = handles.map((handle) => shoal.connect(handle));
    const colors = caches.map((cache) => cache.getSync('color'));
    await Promise.all(caches.map((cache, i) => cache.set('seen', i)));
    return colors;
  });
  assert.deepEqual(colors, ['red', 'blue', 'black']);
  const caches = handles.map((handle) => connect(handle));
  assert.deepEqual(await Promise.all(caches.map((cache) => cache.get('seen'))), [0, 1, 2]);
  for (const { worker } of clusters) worker.postMessage('close');
  for (const { result } of clusters) await result;
  await assert.rejects((caches[0] as Client).delete('seen'), hasCode('ERR_CLOSED'));
  assert.equal(await caches[2]?.delete('seen'), true);
});

test('connect() refuses what is no handle, or one of another version (LIB-4)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 1 });
  const handle = cluster.handle();
  const foreign: unknown[] = [
    undefined,
    null,
    'handle',
    {},
    cluster,
    JSON.parse(JSON.stringify(handle)),
    { ...handle, slabs: [{ node: 0 }, null] },
    { ...handle, board: new ArrayBuffer(8) },
  ];
  for (const value of foreign) {
    assert.throws(() => connect(value as ClusterHandle), {
      name: 'TypeError',
      message: /^Cannot connect to cluster: this is no handle/,
    });
  }
  for (const other of [{ version: '0.0.0' }, { shoal: 2 as never }]) {
    assert.throws(() => connect({ ...handle, ...other }), hasCode('ERR_PROTOCOL'));
  }
  assert.equal(cluster.stats().clients, 0);
});

test('An old handle never shows old memory, and finds the new (CLUSTER-5, CLUSTER-6)', async (t) => {
  const cluster = await clusterFor(t, { restart: 'cold' });
  const cache = cluster.client();
  await cache.setMany(KEYS.map((key) => [key, 'old']));
  const handle = cluster.handle();
  for (const { id } of cluster.nodes()) {
    const up = nextEvent(cluster, 'node-up', (event) => event.id === id);
    await cluster.kill(id);
    await up;
  }
  const misses = await inThread(t, { handle, KEYS }, ({ handle, KEYS }, { shoal }) => {
    const fresh = shoal.connect(handle);
    return KEYS.map((key) => fresh.getSync(key)).filter((value) => value === undefined).length;
  });
  assert.equal(misses, KEYS.length);
  await cache.setMany(KEYS.map((key) => [key, 'new']));
  // The thread does not come back to its event loop before it has seen everything.
  const rounds = await inThread(t, { handle, KEYS }, ({ handle, KEYS }, { shoal }) => {
    const spinning = shoal.connect(handle);
    for (let rounds = 1; ; rounds++) {
      const values = KEYS.map((key) => spinning.getSync(key));
      if (values.includes('old')) throw new Error('old memory');
      if (values.every((value) => value === 'new')) return rounds;
    }
  });
  assert.ok(rounds > 0);
});

test('A thread that does nothing but read follows nodes that die and return (CLUSTER-5, CLUSTER-6)', async (t) => {
  const cluster = await clusterFor(t, { restart: 'cold' });
  const cache = cluster.client();
  const stage = new SharedArrayBuffer(4);
  await cache.setMany(KEYS.map((key) => [key, 0]));
  const given = { handle: cluster.handle(), KEYS, stage };
  const reader = startThread(t, given, ({ handle, KEYS, stage }, { shoal }) => {
    const spinning = shoal.connect(handle);
    const word = new Int32Array(stage);
    for (;;) {
      const least = Atomics.load(word, 0);
      const values = KEYS.map((key) => spinning.getSync<number>(key));
      if (values.some((value) => value !== undefined && value < least)) throw new Error('stale');
      if (least === 3 && values.every((value) => value === 3)) return 'all seen';
    }
  });
  for (const [i, { id }] of cluster.nodes().entries()) {
    const up = nextEvent(cluster, 'node-up', (event) => event.id === id);
    await cluster.kill(id);
    await up;
    await cache.setMany(KEYS.map((key) => [key, i + 1]));
    Atomics.store(new Int32Array(stage), 0, i + 1);
  }
  assert.equal(await reader.result, 'all seen');
});

test('A client above the cluster’s limit is refused, by thread or here (LIB-1)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 1 });
  const handle = cluster.handle();
  const clients = Array.from({ length: 1024 }, (_, i) =>
    i % 2 === 0 ? cluster.client() : connect(handle),
  );
  const here = connect(handle);
  await assert.rejects(here.set('key', 'v'), hasCode('ERR_BUSY'));
  await assert.rejects(here.get('key'), hasCode('ERR_BUSY'), 'and for good');
  assert.throws(() => here.getSync('key'), hasCode('ERR_BUSY'));
  const there = await inThread(t, handle, (handle, { shoal }) =>
    shoal
      .connect(handle)
      .set('key', 'v')
      .then(String, ({ code }: { code: unknown }) => code),
  );
  assert.equal(there, 'ERR_BUSY');
  assert.equal(cluster.stats().clients, 1024);
  assert.equal(await clients[1023]?.set('key', 'v'), true);
});
