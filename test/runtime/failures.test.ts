import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { HashRing } from '#src/ring/hash-ring.js';
import type { Client } from '#src/runtime/client.js';
import { commitFault, FAULTY_NODE, Gate } from './faults.js';
import { clusterFor, clusterOf, keysOf, nextEvent } from './harness.js';

const KEYS = keysOf('key', 2000);
/** Which answers are there, by key. */
const presence = async (cache: Client): Promise<boolean[]> =>
  (await cache.getMany(KEYS)).map((value, i) => {
    if (value === undefined) return false;
    assert.equal(value, `value ${i}`, 'no value but the right one');
    return true;
  });
const fill = (cache: Client): Promise<true> =>
  cache.setMany(KEYS.map((key, i) => [key, `value ${i}`]));

test('kill() with cold restarts loses what the node held and nothing else; it returns empty (CLUSTER-4, CLUSTER-5, CLUSTER-6)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 5, restart: 'cold' });
  const cache = cluster.client();
  await fill(cache);
  const share = cluster.nodes()[2]?.share ?? 0;
  const up = nextEvent(cluster, 'node-up', ({ id }) => id === 'n2');
  await cluster.kill('n2');
  await up;
  const left = await presence(cache);
  const lost = left.filter((is) => !is).length;
  assert.ok(Math.abs(lost / KEYS.length - share) < 0.05, `lost ${lost}, share ${share}`);
  await fill(cache);
  assert.ok((await presence(cache)).every((is) => is));
  const after = cluster.nodes()[2];
  assert.deepEqual([after?.state, after?.restarts, after?.share], ['serving', 1, share]);
});

test('A node that stood still while others were killed keeps what it holds (CLUSTER-5)', async (t) => {
  const cluster = await clusterOf(t, FAULTY_NODE, { nodes: 3, restart: 'cold' });
  const cache = cluster.client();
  await fill(cache);
  const gate = new Gate();
  t.after(() => gate.open());
  commitFault({ id: 'n1', what: 'stand still', gate: gate.memory });
  await gate.waitedAt();
  for (const id of ['n0', 'n2']) {
    const up = nextEvent(cluster, 'node-up', (event) => event.id === id);
    await cluster.kill(id);
    await up;
  }
  gate.open();
  const ring = new HashRing({ nodes: ['n0', 'n1', 'n2'] });
  const left = await presence(cache);
  assert.deepEqual(
    left,
    KEYS.map((key) => ring.lookup(key) === 'n1'),
  );
});

test('A killed node stays off the ring with restarts off; its successors take over (CLUSTER-5, CLUSTER-8)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 3, restart: 'off' });
  const cache = cluster.client();
  await fill(cache);
  const epochs: number[] = [];
  cluster.on('epoch', ({ epoch }) => epochs.push(epoch));
  await cluster.kill('n1');
  assert.deepEqual(epochs, [2]);
  assert.deepEqual(
    cluster.nodes().map(({ state }) => state),
    ['serving', 'down', 'serving'],
  );
  assert.equal(cluster.nodes()[1]?.share, 0);
  const before = await presence(cache);
  assert.ok(before.some((is) => is) && before.some((is) => !is));
  await fill(cache);
  assert.ok((await presence(cache)).every((is) => is));
  await cluster.restart('n1');
  assert.deepEqual(epochs, [2, 3]);
  assert.deepEqual(await presence(cache), before, 'it has its range again, and nothing in it');
});

test('Without a node on the ring, calls fail with ERR_CLUSTER_DOWN (CLUSTER-10)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2, restart: 'off' });
  const cache = cluster.client();
  await Promise.all([cluster.kill('n0'), cluster.kill('n1')]);
  assert.equal(cluster.healthy, false);
  const isDown = (error: unknown): boolean =>
    error instanceof ShoalError && error.code === 'ERR_CLUSTER_DOWN';
  await assert.rejects(cache.get('key'), isDown);
  await assert.rejects(cache.set('key', 'v'), isDown);
  await cluster.restart('n0');
  assert.equal(await cache.set('key', 'v'), true);
  assert.equal(await cache.get('key'), 'v');
});

for (const what of ['throw', 'reject', 'exit', 'fill the heap'] as const) {
  test(`A node that dies (${what}) is noticed at once and brought back, empty (SHAPE-1, CLUSTER-4)`, async (t) => {
    // A heap that fills up holds the event loop up: how long is the machine's business, not a hang.
    const heartbeatInterval = 60_000;
    const options = { nodes: 2, restart: 'cold', heartbeatInterval } as const;
    const cluster = await clusterOf(t, FAULTY_NODE, options);
    const down = nextEvent(cluster, 'node-down');
    const up = nextEvent(cluster, 'node-up');
    commitFault({ id: 'n1', what });
    const { id, reason, text, held } = await down;
    assert.deepEqual([id, reason, held], ['n1', 'crashed', false]);
    assert.notEqual(text, '');
    const { downtime, ...event } = await up;
    assert.deepEqual(event, { id: 'n1', port: null, restarts: 1, warm: false, entries: 0 });
    assert.ok(downtime !== null && downtime > 0);
    assert.equal(await cluster.client().set('key', 'v'), true);
  });
}

test('A node that blocks its event loop is found by heartbeats, killed and replaced (SHAPE-4, CLUSTER-4)', async (t) => {
  const cluster = await clusterOf(t, FAULTY_NODE, {
    nodes: 3,
    restart: 'cold',
    heartbeatInterval: 50,
    heartbeatFailures: 3,
  });
  const down = nextEvent(cluster, 'node-down');
  const up = nextEvent(cluster, 'node-up');
  commitFault({ id: 'n0', what: 'hang' });
  const { text, ...event } = await down;
  assert.deepEqual(event, { id: 'n0', reason: 'hung', held: false });
  assert.match(text, /event loop/);
  assert.equal((await up).id, 'n0');
  const cache = cluster.client();
  await fill(cache);
  assert.ok((await presence(cache)).every((is) => is));
});

test('kill() ends a node that hangs, too (SHAPE-1)', async (t) => {
  const cluster = await clusterOf(t, FAULTY_NODE, { nodes: 2, restart: 'off' });
  commitFault({ id: 'n0', what: 'hang' });
  await cluster.kill('n0');
  await cluster.restart('n0');
  assert.equal(cluster.nodes()[0]?.state, 'serving');
});

test('kill() and restart() of a node that is not there say which there are (SHAPE-1)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2 });
  await assert.rejects(cluster.kill('n7'), {
    name: 'RangeError',
    message: 'Cannot kill node: there is no n7, only n0, n1',
  });
  await assert.rejects(cluster.restart('n7'), { name: 'RangeError' });
});

test('A listener that throws keeps nothing from happening (CLUSTER-6)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2 });
  const thrown: unknown[] = [];
  const own = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of own) process.on('uncaughtException', listener);
  });
  const up = nextEvent(cluster, 'node-up');
  const error = new Error('a listener’s own');
  cluster.once('node-down', () => {
    throw error;
  });
  await cluster.kill('n0');
  assert.equal((await up).id, 'n0');
  assert.deepEqual(thrown, [error]);
});

for (const restart of ['warm', 'cold'] as const)
  test(`Killing under load gives documented errors and no wrong value, with ${restart} restarts (CLUSTER-5, CLUSTER-9)`, async (t) => {
    const cluster = await clusterFor(t, { nodes: 4, restart, restartGrace: 60_000 });
    const clients = [cluster.client(), cluster.client()];
    const documented = new Set([
      'ERR_CLUSTER_DOWN',
      'ERR_OUTCOME_UNKNOWN',
      'ERR_TIMEOUT',
      'ERR_BUSY',
    ]);
    let isOver = false;
    let answered = 0;
    const settle = async (call: Promise<unknown>, expected: string | null): Promise<void> => {
      try {
        const value = await call;
        if (expected !== null && value !== undefined) assert.equal(value, expected);
        answered++;
      } catch (error) {
        assert.ok(error instanceof ShoalError && documented.has(error.code), String(error));
      }
    };
    const workers = clients.map(async (cache) => {
      for (let round = 0; !isOver; round++) {
        const batch = KEYS.slice((round * 50) % 2000, ((round * 50) % 2000) + 50);
        await Promise.all(batch.map((key) => settle(cache.set(key, `of ${key}`), null)));
        await Promise.all(batch.map((key) => settle(cache.get(key), `of ${key}`)));
      }
    });
    for (let round = 0; round < 12; round++) {
      const id = `n${round % 4}`;
      const up = nextEvent(cluster, 'node-up', (event) => event.id === id);
      await cluster.kill(id);
      await up;
    }
    isOver = true;
    await Promise.all(workers);
    assert.ok(answered > 1000, `${answered} answers`);
    assert.deepEqual(
      cluster.nodes().map(({ state, restarts }) => [state, restarts]),
      Array.from({ length: 4 }, () => ['serving', 3]),
    );
  });
