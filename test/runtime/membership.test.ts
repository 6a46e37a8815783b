/** Nodes that come, go, hang and accuse each other, on real threads. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { HashRing } from '#src/ring/hash-ring.js';
import type { Client } from '#src/runtime/client.js';
import type { Cluster } from '#src/runtime/cluster.js';
import { startCluster } from '#src/start-cluster.js';
import { commitFault, FAULTY_NODE, Gate } from './faults.js';
import { clusterFor, clusterOf, keysOf, nextEvent } from './harness.js';
import { RespClient } from './resp-client.js';
import { inThread, startThread } from './threads.js';

const KEYS = keysOf('key', 600);
const fill = (cache: Client): Promise<true> => cache.setMany(KEYS.map((key) => [key, key]));

/** The keys whose values are there. */
async function present(cache: Client): Promise<Set<string>> {
  const values = await cache.getMany(KEYS);
  return new Set(KEYS.filter((key, i) => values[i] === key));
}

test('addNode() moves only the keys that the newcomer takes, and gives it its share (CLUSTER-3, CLUSTER-6)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 3 });
  const cache = cluster.client();
  await fill(cache);
  const names: string[] = [];
  cluster.onAny(({ event }) => {
    // A busy machine may hold this thread up at any time.
    if (event !== 'supervisor-stalled') names.push(event);
  });
  assert.equal(await cluster.addNode({ weight: 2, memory: '2mb' }), 'n3');
  assert.deepEqual(names, ['epoch', 'node-joining', 'epoch', 'node-up']);
  const node = cluster.nodes()[3];
  assert.deepEqual([node?.state, node?.weight, node?.memory], ['serving', 2, 2 ** 21]);
  assert.ok(Math.abs((node?.share ?? 0) - 0.4) < 0.05, `its share is ${node?.share}`);
  const ring = new HashRing({ nodes: ['n0', 'n1', 'n2'] }).addNode('n3', { weight: 2 });
  const kept = await present(cache);
  for (const key of KEYS) assert.equal(kept.has(key), ring.lookup(key) !== 'n3', key);
  await fill(cache);
  assert.equal((await present(cache)).size, KEYS.length);
});

test('A node that was added is killed, comes back warm, and leaves like any other (CLUSTER-5, CLUSTER-6)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2, restartGrace: 60_000 });
  const cache = cluster.client();
  const id = await cluster.addNode();
  await fill(cache);
  await cluster.restart(id);
  assert.equal((await present(cache)).size, KEYS.length, 'it came back with its memory');
  await cluster.removeNode(id);
  assert.deepEqual(
    cluster.nodes().map((node) => node.id),
    ['n0', 'n1'],
  );
  await fill(cache);
  assert.equal((await present(cache)).size, KEYS.length);
  assert.equal(await cluster.addNode({ id }), id, 'its name and its place are free again');
  await fill(cache);
  assert.equal((await present(cache)).size, KEYS.length);
});

test('removeNode() moves only the keys of who leaves, and no call of a client fails (CLUSTER-5)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 4 });
  const cache = cluster.client();
  await fill(cache);
  let isOver = false;
  const traffic = (async () => {
    while (!isOver) await Promise.all(KEYS.slice(0, 50).map((key) => cache.set(key, key)));
  })();
  await cluster.removeNode('n1');
  isOver = true;
  await traffic;
  const ring = new HashRing({ nodes: ['n0', 'n1', 'n2', 'n3'] });
  const kept = await present(cache);
  for (const key of KEYS.slice(50)) assert.equal(kept.has(key), ring.lookup(key) !== 'n1', key);
});

test('A node that leaves answers what its connections have sent, and closes them (CLUSTER-5, RESP-1)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2, port: 0 });
  const port = cluster.nodes()[1]?.port ?? 0;
  const client = await RespClient.connect(t, port);
  const answer = client.send('SET', 'key', 'value');
  assert.equal(await answer, 'OK');
  await Promise.all([cluster.removeNode('n1'), client.closed]);
  const other = await RespClient.connect(t, cluster.nodes()[0]?.port ?? 0);
  assert.equal(await other.send('PING'), 'PONG');
});

test('addNode() and removeNode() refuse what cannot be, in words (CLUSTER-3, LIB-4)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2 });
  await assert.rejects(cluster.addNode({ id: 'n1' }), {
    name: 'RangeError',
    message: 'Cannot add node: there is a node n1 already',
  });
  await assert.rejects(cluster.addNode({ weight: 0 }), {
    code: 'ERR_USAGE',
    message: 'Cannot add node: node.weight must be a number from 0.01 to 100: received 0',
  });
  await assert.rejects(cluster.removeNode('n7'), { name: 'RangeError' });
  await cluster.removeNode('n0');
  await assert.rejects(cluster.removeNode('n1'), {
    name: 'RangeError',
    message: 'Cannot remove node: n1 is the last one; close() ends the cluster',
  });
});

test('A newcomer that cannot start is gone again, and the ring is as it was (CLUSTER-3)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2, port: 0 });
  // Two clusters with one place to listen: the third node's port is taken.
  const port = cluster.nodes()[1]?.port ?? 0;
  const other = await clusterFor(t, { nodes: 1, port: port - 1 });
  const left = nextEvent(other, 'node-left');
  await assert.rejects(other.addNode(), (error: unknown) => {
    assert.ok(error instanceof ShoalError);
    assert.equal(error.code, 'ERR_START');
    assert.match(error.message, /Cannot start node n1: .*in use/);
    return true;
  });
  assert.equal((await left).id, 'n1');
  assert.deepEqual(
    other.nodes().map(({ id, share }) => [id, share]),
    [['n0', 1]],
  );
  await other.client().set('key', 'value');
});

test('A node’s event loop that stands is told of without a heartbeat, and that it moves again (CLUSTER-4)', async (t) => {
  const cluster = await clusterOf(t, FAULTY_NODE, { nodes: 2 });
  const gate = new Gate();
  t.after(() => gate.open());
  const stalled = nextEvent(cluster, 'node-stalled');
  const resumed = nextEvent(cluster, 'node-resumed');
  commitFault({ id: 'n1', what: 'stand still', gate: gate.memory });
  const { id, standing } = await stalled;
  assert.equal(id, 'n1');
  assert.ok(standing >= 700);
  gate.open();
  assert.equal((await resumed).id, 'n1');
  assert.deepEqual(
    cluster.nodes().map(({ state, restarts }) => [state, restarts]),
    [
      ['serving', 0],
      ['serving', 0],
    ],
  );
});

test('Two nodes that accuse each other stay on the one ring, and serve all but each other (CLUSTER-8)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 3, chaos: true, heartbeatInterval: 250 });
  const before = cluster.stats().epoch;
  const accusations = [
    nextEvent(cluster, 'node-suspected', ({ id, by }) => id === 'n0' && by === 'n1'),
    nextEvent(cluster, 'node-suspected', ({ id, by }) => id === 'n1' && by === 'n0'),
  ];
  await cluster.cut('n0', 'n1');
  await Promise.all(accusations);
  const cache = cluster.client();
  await fill(cache);
  assert.equal((await present(cache)).size, KEYS.length);
  const trust = [
    nextEvent(cluster, 'node-trusted', ({ id, by }) => id === 'n0' && by === 'n1'),
    nextEvent(cluster, 'node-trusted', ({ id, by }) => id === 'n1' && by === 'n0'),
  ];
  await cluster.heal('n0', 'n1');
  await Promise.all(trust);
  assert.equal(cluster.stats().epoch, before, 'one ring, from beginning to end');
  assert.ok(cluster.nodes().every(({ restarts }) => restarts === 0));
});

test('Nodes watch each other by SWIM where told to: a link that is cut, and healed, is told (CLUSTER-3, CLUSTER-4)', async (t) => {
  const options = { nodes: 2, chaos: true, heartbeatInterval: 250, detector: 'swim' } as const;
  const cluster = await clusterFor(t, options);
  const before = cluster.stats().epoch;
  const suspected = nextEvent(
    cluster,
    'node-suspected',
    ({ id, by }) => id === 'n1' && by === 'n0',
  );
  await cluster.cut('n0', 'n1');
  const { missed, silent } = await suspected;
  assert.ok(missed >= 1 && silent > 0);
  const trusted = nextEvent(cluster, 'node-trusted', ({ id, by }) => id === 'n1' && by === 'n0');
  await cluster.heal('n0', 'n1');
  await trusted;
  assert.equal(cluster.stats().epoch, before);
});

test('With SWIM a node that is restarted is trusted by all in its new life (CLUSTER-6)', async (t) => {
  const options = { nodes: 3, heartbeatInterval: 250, detector: 'swim' } as const;
  const cluster = await clusterFor(t, options);
  const cache = cluster.client();
  for (const id of ['n1', 'n1', 'n2']) {
    await cluster.restart(id);
    await fill(cache);
    assert.equal((await present(cache)).size, KEYS.length);
  }
});

/** A cluster of two whose n0 hears from nobody, and a connection to n0. */
async function isolatedNode(
  t: TestContext,
  isolated: 'refuse' | 'serve',
): Promise<[Cluster, RespClient, string]> {
  const options = { nodes: 2, port: 0, chaos: true, heartbeatInterval: 250, isolated } as const;
  const cluster = await clusterFor(t, options);
  const key =
    KEYS.find((name) => new HashRing({ nodes: ['n0', 'n1'] }).lookup(name) === 'n0') ?? '';
  const client = await RespClient.connect(t, cluster.nodes()[0]?.port ?? 0);
  await client.send('SET', key, 'value');
  const suspected = nextEvent(cluster, 'node-suspected', ({ by }) => by === 'n0');
  await cluster.cut('n0', 'n1');
  await suspected;
  return [cluster, client, key];
}

test('A node that is cut off answers -CLUSTERDOWN, until it hears from somebody (CLUSTER-10, RESP-3)', async (t) => {
  const [cluster, client, key] = await isolatedNode(t, 'refuse');
  // Its peer lives: that shows with the next turn of the peer's event loop.
  let reply = await client.send('GET', key);
  while (!(reply instanceof Error)) reply = await client.send('GET', key);
  assert.match(reply.message, /^CLUSTERDOWN /);
  const trusted = nextEvent(cluster, 'node-trusted', ({ by }) => by === 'n0');
  await cluster.heal('n0', 'n1');
  await trusted;
  assert.equal(await client.send('GET', key), 'value');
});

test('A node that is cut off serves what it holds with isolated: serve (CLUSTER-10)', async (t) => {
  const [, client, key] = await isolatedNode(t, 'serve');
  for (let i = 0; i < 100; i++) assert.equal(await client.send('GET', key), 'value');
});

test('A blocked supervisor is no outage: other threads read and write meanwhile (CLUSTER-8)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 3 });
  const events: string[] = [];
  cluster.onAny(({ event }) => events.push(event));
  const stalled = nextEvent(cluster, 'supervisor-stalled');
  const counts = new Int32Array(new SharedArrayBuffer(8));
  const argument = { handle: cluster.handle(), counts };
  const thread = startThread(t, argument, async ({ handle, counts: shared }, { shoal }) => {
    const cache = shoal.connect(handle);
    const count = (which: number): number => Atomics.add(shared, which, 1);
    for (let i = 0; ; i++) {
      const key = `key ${i % 500}`;
      await cache.set(key, i).then(
        () => count(0),
        () => count(1),
      );
      if (cache.getSync(key) !== i) count(1);
    }
  });
  while (Atomics.load(counts, 0) === 0) await new Promise(setImmediate);
  const before = Atomics.load(counts, 0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
  assert.ok(Atomics.load(counts, 0) > before, 'writes went on');
  assert.ok((await stalled).late > 1_000);
  await thread.worker.terminate();
  assert.equal(Atomics.load(counts, 1), 0, 'none failed, none read anything else');
  assert.ok(events.every((event) => event !== 'node-down' && event !== 'epoch'));
});

test('startCluster() in a worker supervises from there: nodes die and are brought back (CLUSTER-6, LIB-1)', async (t) => {
  const answer = await inThread(t, null, async (_, { shoal }) => {
    const options = { nodes: 2, memory: '1mb', restartGrace: 60_000 };
    const cluster = await shoal.startCluster(options);
    const up = new Promise((resolve) => cluster.on('node-up', resolve));
    await cluster.kill('n1');
    await up;
    const cache = cluster.client();
    await cache.set('key', 'value');
    const value = await cache.get('key');
    const restarts = cluster.nodes()[1]?.restarts;
    await cluster.close();
    return [value, restarts];
  });
  assert.deepEqual(answer, ['value', 1]);
});

test('Detectors watch nobody in a cluster of one, and it serves (CLUSTER-3)', async () => {
  await using cluster = await startCluster({ nodes: 1, memory: '1mb', heartbeatInterval: 10 });
  await cluster.client().set('key', 'value');
  assert.equal(await cluster.client().get('key'), 'value');
});
