/** How clients in other threads begin and end: waiting, draining, dying, and who is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { ShoalError } from '#src/base/errors.js';
import type { Cluster } from '#src/runtime/cluster.js';
import { connect } from '#src/runtime/connect.js';
import type { ClusterHandle } from '#src/runtime/handle.js';
import { startCluster } from '#src/start-cluster.js';
import { countPorts, FAULTY_NODE, Gate } from './faults.js';
import { clusterFor, clusterOf, keysOf } from './harness.js';
import { inThread, nextWord, startThread, type TestThread } from './threads.js';

const KEYS = keysOf('key', 200);
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof ShoalError && error.code === code;

/** Resolves when the cluster has so many clients. */
async function untilClients(cluster: Cluster, count: number): Promise<void> {
  while (cluster.stats().clients !== count) await nextTurn();
}

/** A cluster whose supervisor is a thread of its own, and has stored `key`; it stands still on demand. */
async function startElsewhere(t: Parameters<typeof startThread>[0]) {
  const thread = startThread(t, null, async (_, { shoal, threads, say }) => {
    const cluster = await shoal.startCluster({ nodes: 2, memory: '1mb' });
    await cluster.client().set('key', 'v');
    const port = threads.parentPort;
    await new Promise<void>((resolve) => {
      port?.on('message', (memory: SharedArrayBuffer | 'close') => {
        if (memory === 'close') resolve();
        else {
          const word = new Int32Array(memory);
          Atomics.store(word, 0, 2);
          Atomics.wait(word, 0, 2);
        }
      });
      say(cluster.handle());
    });
    port?.removeAllListeners('message');
    await cluster.close();
  });
  return { thread, handle: await nextWord<ClusterHandle>(thread) };
}

/** Has a supervisor's thread stand still. */
async function block(
  t: Parameters<typeof startThread>[0],
  { worker }: TestThread<unknown>,
): Promise<Gate> {
  const gate = new Gate();
  t.after(() => gate.open());
  worker.postMessage(gate.memory);
  await gate.waitedAt();
  return gate;
}

test('While the supervisor’s thread is blocked reads go on, connected clients write, new ones wait in order (LIB-1, CLUSTER-10)', async (t) => {
  const { thread, handle } = await startElsewhere(t);
  const connected = connect(handle);
  await connected.set('connected', 1);
  const gate = await block(t, thread);
  const late = connect(handle);
  assert.equal(late.getSync('key'), 'v');
  assert.equal(await late.get('key'), 'v', 'needs no message');
  assert.equal(await connected.set('connected', 2), true);
  assert.equal(late.getSync('connected'), 2);
  const answered: string[] = [];
  const note =
    <T>(name: string) =>
    (value: T): T => {
      answered.push(name);
      return value;
    };
  const calls = [
    late.set('key', 'w').then(note('set')),
    late.get('key').then(note('get')),
    late.delete('key').then(note('delete')),
    late.has('key').then(note('has')),
  ];
  const controller = new AbortController();
  const given = late.set('given up', 1, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(given, { message: 'enough' });
  assert.equal(late.getSync('key'), 'v');
  assert.deepEqual(answered, []);
  gate.open();
  assert.deepEqual(await Promise.all(calls), [true, 'w', true, false]);
  assert.deepEqual(answered, ['set', 'get', 'delete', 'has']);
});

test('Calls wait for the supervisor up to their limits, and can be made again (LIB-1, CLUSTER-10)', async (t) => {
  const { thread, handle } = await startElsewhere(t);
  const gate = await block(t, thread);
  const cache = connect(handle);
  const calls = Array.from({ length: 16_384 }, (_, i) => cache.set('counter', i));
  const outcomes = Promise.allSettled(calls);
  await assert.rejects(cache.set('counter', -1), hasCode('ERR_BUSY'));
  for (const outcome of await outcomes) {
    assert.ok(outcome.status === 'rejected' && hasCode('ERR_CLUSTER_DOWN')(outcome.reason));
    assert.match(outcome.reason.message, /^Cannot set key: .* nothing was done, try again$/);
  }
  assert.equal(cache.getSync('key'), 'v');
  const again = cache.set('counter', 'again');
  gate.open();
  assert.equal(await again, true);
  assert.equal(cache.getSync('counter'), 'again');
});

test('A client that is closed while it connects leaves nothing behind (LIB-6)', async (t) => {
  const { thread, handle } = await startElsewhere(t);
  const gate = await block(t, thread);
  const cache = connect(handle);
  const call = cache.set('key', 'never');
  cache.close();
  await assert.rejects(call, hasCode('ERR_CLOSED'));
  assert.throws(() => cache.getSync('key'), hasCode('ERR_CLOSED'));
  gate.open();
  const other = connect(handle);
  assert.equal(await other.delete('key'), true, 'as it was');
});

test('A cluster that closes refuses who connects meanwhile (LIB-6)', async (t) => {
  const { thread, handle } = await startElsewhere(t);
  const gate = await block(t, thread);
  thread.worker.postMessage('close');
  const cache = connect(handle);
  const call = cache.set('key', 'w');
  gate.open();
  // The cluster begins to close, and hears of the client, in one turn or in two, in either order.
  const outcome = await call.then(String, ({ code }: ShoalError) => code);
  assert.ok(['true', 'ERR_CLOSED'].includes(outcome), outcome);
  await thread.result;
  await assert.rejects(cache.set('key', 'x'), hasCode('ERR_CLOSED'));
});

test('close() answers what clients of other threads have outstanding, then all refuse (LIB-6)', async (t) => {
  const cluster = await clusterFor(t);
  const given = { handle: cluster.handle(), KEYS };
  const threads = Array.from({ length: 3 }, () =>
    startThread(t, given, async ({ handle, KEYS }, { shoal, say }) => {
      const cache = shoal.connect(handle);
      const codes = new Set<unknown>();
      let isClosed = false;
      say('begins');
      while (!isClosed) {
        const outcomes = await Promise.allSettled(KEYS.map((key) => cache.set(key, 'v')));
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') codes.add(outcome.reason.code);
        }
        isClosed = codes.size > 0;
      }
      try {
        cache.getSync('key');
      } catch (error) {
        codes.add(`read: ${(error as ShoalError).code}`);
      }
      return [...codes];
    }),
  );
  await Promise.all(threads.map(nextWord));
  await untilClients(cluster, 3);
  await cluster.close();
  for (const { result } of threads)
    assert.deepEqual(await result, ['ERR_CLOSED', 'read: ERR_CLOSED']);
});

test('close() is noticed by a thread that only reads, and does not wait for one that rests (LIB-6)', async (t) => {
  // With a drain timeout that no test outlasts.
  const cluster = await clusterFor(t, { drainTimeout: 600_000 });
  const gate = new Gate();
  t.after(() => gate.open());
  const handle = cluster.handle();
  const spinning = startThread(t, handle, async (handle, { shoal, say }) => {
    const cache = shoal.connect(handle);
    await cache.set('key', 'v');
    say('reads');
    try {
      for (;;) if (cache.getSync('key') !== 'v') return 'a miss';
    } catch (error) {
      return (error as ShoalError).code;
    }
  });
  const resting = startThread(t, { handle, gate: gate.memory }, async (given, { shoal }) => {
    const cache = shoal.connect(given.handle);
    await cache.set('other', 'v');
    const word = new Int32Array(given.gate);
    Atomics.store(word, 0, 2);
    Atomics.wait(word, 0, 2);
    return cache.set('other', 'w').then(String, ({ code }) => code as string);
  });
  await Promise.all([nextWord(spinning), gate.waitedAt()]);
  await cluster.close();
  assert.equal(await spinning.result, 'ERR_CLOSED');
  gate.open();
  assert.equal(await resting.result, 'ERR_CLOSED');
});

test('A handle of a cluster that is gone gives clients that say so (LIB-6)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 1 });
  await cluster.client().set('key', 'v');
  const closed = cluster.handle();
  await cluster.close();
  assert.throws(() => cluster.handle(), hasCode('ERR_CLOSED'));
  assert.throws(() => connect(closed).getSync('key'), hasCode('ERR_CLOSED'));
  await assert.rejects(connect(closed).get('key'), hasCode('ERR_CLOSED'));
  const code = await inThread(t, closed, (handle, { shoal }) =>
    shoal
      .connect(handle)
      .set('key', 'w')
      .then(String, (error) => error.code as string),
  );
  assert.equal(code, 'ERR_CLOSED');
  // Its thread was ended, and had no time to say anything.
  const { thread, handle } = await startElsewhere(t);
  const cache = connect(handle);
  await cache.set('key', 'w');
  const call = cache.set('key', 'x').then(String, (error: ShoalError) => error.code);
  await thread.worker.terminate();
  const outcome = await call;
  assert.ok(['true', 'ERR_OUTCOME_UNKNOWN', 'ERR_CLOSED'].includes(outcome), outcome);
  const isOver = (): boolean => {
    try {
      return cache.getSync('key') === undefined;
    } catch (error) {
      return hasCode('ERR_CLOSED')(error);
    }
  };
  while (!isOver()) await nextTurn();
  await assert.rejects(connect(handle).set('key', 'y'), {
    code: 'ERR_CLOSED',
    message: /^Cannot reach cluster: thread \d+ does not run it any more: start another/,
  });
});

test('Threads that come and go leave no client, channel or listener behind (LIB-6, NODE-8)', async (t) => {
  const cluster = await clusterOf(t, FAULTY_NODE, { nodes: 3 });
  const given = { handle: cluster.handle(), KEYS };
  const before = await Promise.all(cluster.nodes().map(({ id }) => countPorts(id)));
  const own = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
  const ownBefore = own();
  // Some end before they are taken up, some by themselves afterwards, some are cut off at work.
  for (let batch = 0; batch < 20; batch++) {
    const early = startThread(t, given, ({ handle }, { shoal }) => {
      shoal.connect(handle).getSync('key');
    });
    const whole = startThread(t, given, async ({ handle, KEYS }, { shoal }) => {
      await shoal.connect(handle).setMany(KEYS.map((key) => [key, 'v']));
    });
    const cut = startThread(t, given, async ({ handle, KEYS }, { shoal, say }) => {
      const cache = shoal.connect(handle);
      await cache.set('key', 'v');
      say('works');
      for (;;) await cache.setMany(KEYS.map((key) => [key, 'v']));
    });
    await nextWord(cut);
    await cut.worker.terminate();
    await Promise.all([early.ended, whole.ended]);
  }
  await untilClients(cluster, 0);
  for (const [i, { id }] of cluster.nodes().entries()) {
    while ((await countPorts(id)) !== before[i]) await nextTurn();
  }
  while (own() !== ownBefore) await nextTurn();
  assert.equal(await cluster.client().set('key', 'w'), true);
});

test('Reception: one listener a thread, with handles out only, and the user’s messages are his own (LIB-6)', async (t) => {
  const listeners = (): number => process.listenerCount('workerMessage');
  const warnings: Error[] = [];
  const onWarning = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const heard: unknown[] = [];
  const listener = (message: unknown): void => {
    heard.push(message);
    if ((message as { shoal?: unknown }).shoal === 'connect') throw new Error('what is that?');
  };
  process.on('workerMessage', listener);
  t.after(() => process.off('workerMessage', listener));
  const clusters: Cluster[] = [];
  for (let i = 0; i < 11; i++) clusters.push(await startCluster({ nodes: 1, memory: '64kb' }));
  t.after(() => Promise.all(clusters.map((cluster) => cluster.close())));
  assert.equal(listeners(), 1);
  const handles = clusters.map((cluster) => [cluster.handle(), cluster.handle()][0]);
  assert.equal(listeners(), 2);
  const answers = await inThread(t, { handles, threadId }, async (given, { shoal, threads }) => {
    // Node's messages between threads keep no thread alive.
    const hold = setInterval(() => {}, 1_000);
    const send = (message: unknown) => threads.postMessageToThread(given.threadId, message);
    await send('mine');
    await send({ shoal: 'connect', cluster: 'no introduction', port: 1 }).catch(() => {});
    const caches = given.handles.map((handle) => shoal.connect(handle as ClusterHandle));
    const answers = await Promise.all(caches.map((cache) => cache.set('key', 'v')));
    await send({ mine: 2 });
    clearInterval(hold);
    return answers;
  });
  assert.deepEqual(
    answers,
    Array.from({ length: 11 }, () => true),
  );
  assert.deepEqual([heard[0], heard.at(-1), heard.length], ['mine', { mine: 2 }, 14]);
  await Promise.all(clusters.map((cluster) => cluster.close()));
  assert.deepEqual(process.listeners('workerMessage'), [listener]);
  assert.deepEqual(warnings, []);
});
