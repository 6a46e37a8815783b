import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import type { StartOptions } from '#src/config/options.js';
import { HashRing } from '#src/ring/hash-ring.js';
import type { Client } from '#src/runtime/client.js';
import type { Cluster } from '#src/runtime/cluster.js';
import type { NodeDownEvent } from '#src/runtime/events.js';
import { commitFault, FAULTY_NODE, Waiting } from './faults.js';
import { clusterOf, keysOf, nextEvent } from './harness.js';

/** Longer than any test: what is to come back comes back, however busy the machine is. */
const ENDLESS_MS = 60_000;
/** Over before anything can come back. */
const NO_TIME_MS = 1;
const KEYS = keysOf('key', 2000);
const NODES = ['n0', 'n1', 'n2'];

const valueIn = (key: string, round: number): string => `${key} in round ${round}`;
const writeAll = (cache: Client, round: number): Promise<true> =>
  cache.setMany(KEYS.map((key) => [key, valueIn(key, round)]));

/** Cache nodes that can misbehave, and a client. */
async function warmCluster(
  t: TestContext,
  options: StartOptions = {},
): Promise<{ cluster: Cluster; cache: Client; epochs: number[]; downs: NodeDownEvent[] }> {
  const cluster = await clusterOf(t, FAULTY_NODE, { restartGrace: ENDLESS_MS, ...options });
  const epochs: number[] = [];
  const downs: NodeDownEvent[] = [];
  cluster.on('epoch', ({ epoch }) => epochs.push(epoch));
  cluster.on('node-down', (event) => downs.push(event));
  return { cluster, cache: cluster.client(), epochs, downs };
}

/** Every answer is there and of the round. */
async function assertAll(cache: Client, round: number): Promise<void> {
  const values = await cache.getMany(KEYS);
  assert.deepEqual(
    values,
    KEYS.map((key) => valueIn(key, round)),
  );
}

/** The keys of a node of three, two of which are n0 and n1. */
function keysOfNode(id: string): string[] {
  const ring = new HashRing({ nodes: ['n0', 'n1', id] });
  return KEYS.filter((key) => ring.lookup(key) === id);
}

test('Acknowledged writes survive the kill of every node, with one copy of each (CLUSTER-6, CLUSTER-9)', async (t) => {
  const { cluster, cache, epochs, downs } = await warmCluster(t);
  for (const [round, id] of NODES.entries()) {
    await writeAll(cache, round);
    const entries = cluster.stats().nodes[round]?.cache.entries;
    const up = nextEvent(cluster, 'node-up');
    await cluster.kill(id);
    assert.equal(cluster.nodes()[round]?.state, 'held');
    const { downtime, ...event } = await up;
    assert.deepEqual(event, { id, port: null, restarts: 1, warm: true, entries });
    assert.ok(downtime !== null && downtime > 0);
    assert.equal(cluster.nodes()[round]?.downtime, downtime);
    await assertAll(cache, round);
  }
  assert.deepEqual(epochs, [2, 3, 4], 'every life is an epoch, and nobody ever left the ring');
  assert.deepEqual(
    downs.map(({ reason, held }) => [reason, held]),
    NODES.map(() => ['killed', true]),
  );
  // What was overwritten under the new epochs is overwritten for good.
  await writeAll(cache, 7);
  await assertAll(cache, 7);
});

for (const what of ['throw', 'reject', 'exit'] as const) {
  test(`A node that dies (${what}) keeps its entries (SHAPE-1, CLUSTER-4, CLUSTER-6)`, async (t) => {
    const { cluster, cache, downs } = await warmCluster(t);
    await writeAll(cache, 0);
    const up = nextEvent(cluster, 'node-up');
    commitFault({ id: 'n1', what });
    assert.equal((await up).warm, true);
    assert.deepEqual(
      downs.map(({ id, reason, held }) => [id, reason, held]),
      [['n1', 'crashed', true]],
    );
    await assertAll(cache, 0);
  });
}

test('A node that hangs is killed for it, and keeps its entries (SHAPE-4, CLUSTER-4)', async (t) => {
  const { cluster, cache, downs } = await warmCluster(t, {
    heartbeatInterval: 50,
    heartbeatFailures: 3,
  });
  await writeAll(cache, 0);
  const up = nextEvent(cluster, 'node-up');
  commitFault({ id: 'n0', what: 'hang' });
  assert.equal((await up).warm, true);
  assert.equal(downs[0]?.reason, 'hung');
  await assertAll(cache, 0);
});

test('What is submitted while a node is away waits for it, and succeeds (CLUSTER-5, CLUSTER-9)', async (t) => {
  const waiting = new Waiting();
  t.after(() => waiting.close());
  const { cluster, cache } = await warmCluster(t, { nodes: ['n0', 'n1', 'waits'].map(asNode) });
  const keys = keysOfNode('waits').slice(0, 100);
  await writeAll(cache, 0);
  await cluster.kill('waits');
  await waiting.arrival();
  const late = cluster.client();
  const writes = keys.map((key, i) => (i % 2 ? cache : late).set(key, valueIn(key, 1)));
  const reads = keys.map((key) => cache.get(key));
  assert.equal(cluster.nodes()[2]?.state, 'held');
  waiting.letIn();
  assert.ok((await Promise.all(writes)).every((done) => done));
  const read = await Promise.all(reads);
  read.forEach((value, i) => {
    const key = keys[i] as string;
    assert.ok([valueIn(key, 0), valueIn(key, 1)].includes(String(value)), String(value));
  });
  assert.deepEqual(
    await late.getMany(keys),
    keys.map((key) => valueIn(key, 1)),
  );
});

test('When the grace is over successors take over, and nothing old is read when it is back (CLUSTER-5, CLUSTER-9)', async (t) => {
  const nodes = ['n0', 'n1', 'late'].map(asNode);
  const { cluster, cache, downs } = await warmCluster(t, { nodes, restartGrace: NO_TIME_MS });
  for (let round = 0; round < 6; round += 2) {
    await writeAll(cache, round);
    const isOff = nextEvent(cluster, 'node-down', ({ held }) => !held);
    const isBack = nextEvent(cluster, 'node-up');
    await cluster.kill('late');
    assert.equal((await isOff).reason, 'late');
    await writeSome(cache, round + 1);
    assert.deepEqual(
      [(await isBack).warm, cluster.stats().nodes[2]?.cache.entries === 0],
      [false, true],
    );
    await assertNothingOld(cache, round);
  }
  assert.equal(downs.length, 6);
});

test('A neighbour that restarts warm answers nothing that it took in for another (CLUSTER-5, CLUSTER-9)', async (t) => {
  const nodes = ['n0', 'n1', 'dies'].map(asNode);
  const { cluster, cache } = await warmCluster(t, { nodes });
  const isOff = (): Promise<unknown> => nextEvent(cluster, 'node-down', ({ held }) => !held);
  const isUp = (): Promise<unknown> => nextEvent(cluster, 'node-up');
  await writeAll(cache, 0);
  // Off the ring for a while: its neighbours take its keys, and lose them again.
  const [off, back] = [isOff(), isUp()];
  await cluster.kill('dies');
  await off;
  await writeSome(cache, 1);
  await back;
  await writeAll(cache, 2);
  for (const id of ['n0', 'n1']) {
    const up = isUp();
    await cluster.kill(id);
    await up;
  }
  const offAgain = isOff();
  await cluster.kill('dies');
  await offAgain;
  const values = await cache.getMany(KEYS);
  values.forEach((value, i) => {
    if (value !== undefined) assert.equal(value, valueIn(KEYS[i] as string, 2));
  });
});

test('A node whose memory cannot be used comes back empty (CLUSTER-6)', async (t) => {
  const nodes = ['n0', 'n1', 'spoilt'].map(asNode);
  const { cluster, cache, downs } = await warmCluster(t, { nodes });
  await writeAll(cache, 0);
  const up = nextEvent(cluster, 'node-up');
  await cluster.kill('spoilt');
  assert.deepEqual([(await up).warm, (await up).entries], [false, 0]);
  assert.deepEqual(
    downs.map(({ reason, held }) => [reason, held]),
    [
      ['killed', true],
      ['unusable', false],
    ],
  );
  const gone = new Set(keysOfNode('spoilt'));
  const values = await cache.getMany(KEYS);
  assert.deepEqual(
    values.map((value) => value === undefined),
    KEYS.map((key) => gone.has(key)),
  );
});

test('A node that dies while it takes its memory over comes back empty (CLUSTER-6)', async (t) => {
  const nodes = ['n0', 'n1', 'dies'].map(asNode);
  const { cluster, cache, downs } = await warmCluster(t, { nodes });
  await writeAll(cache, 0);
  const up = nextEvent(cluster, 'node-up');
  await cluster.kill('dies');
  assert.equal((await up).warm, false);
  assert.deepEqual(
    downs.map(({ reason, held }) => [reason, held]),
    [
      ['killed', true],
      ['crashed', false],
    ],
  );
});

test('restart() keeps the entries, and resolves when the node serves (CLUSTER-6)', async (t) => {
  const { cluster, cache } = await warmCluster(t, { nodes: 2 });
  await writeAll(cache, 0);
  await cluster.restart('n1');
  const [, node] = cluster.nodes();
  assert.deepEqual([node?.state, node?.restarts, node?.warmRestarts], ['serving', 1, 1]);
  await assertAll(cache, 0);
});

test('All nodes can die at once, more than there are spare threads (CLUSTER-6)', async (t) => {
  const { cluster, cache, downs } = await warmCluster(t, { nodes: 5 });
  await writeAll(cache, 0);
  const ids = cluster.nodes().map(({ id }) => id);
  const ups = ids.map((id) => nextEvent(cluster, 'node-up', (event) => event.id === id));
  await Promise.all(ids.map((id) => cluster.kill(id)));
  await Promise.all(ups);
  assert.deepEqual(
    downs.filter(({ held }) => !held),
    [],
  );
  await assertAll(cache, 0);
});

test('A node that is late while it waits for a thread comes back all the same (CLUSTER-6)', async (t) => {
  const { cluster } = await warmCluster(t, { nodes: 5, restartGrace: NO_TIME_MS });
  const ids = cluster.nodes().map(({ id }) => id);
  const ups = ids.map((id) => nextEvent(cluster, 'node-up', (event) => event.id === id));
  await Promise.all(ids.map((id) => cluster.kill(id)));
  await Promise.all(ups);
  assert.equal(await cluster.client().set('key', 'value'), true);
});

test('close() answers who waits for a node that is away, and ends everything (LIB-6)', async (t) => {
  const { cluster, cache } = await warmCluster(t, { nodes: ['n0', 'n1', 'late'].map(asNode) });
  const [key = ''] = keysOfNode('late');
  await writeAll(cache, 0);
  await cluster.kill('late');
  const call = cache.set(key, 'v').then(
    () => 'done',
    (error: unknown) => (error instanceof ShoalError ? error.code : String(error)),
  );
  await cluster.close();
  assert.ok(['done', 'ERR_OUTCOME_UNKNOWN', 'ERR_CLUSTER_DOWN'].includes(await call));
});

const asNode = (id: string): { id: string } => ({ id });

/** Writes a round for every other key, as far as there is somebody to write to. */
async function writeSome(cache: Client, round: number): Promise<void> {
  const keys = KEYS.filter((_, i) => i % 2 === 0);
  await Promise.all(keys.map((key) => cache.set(key, valueIn(key, round)).catch(ifUnknown)));
}

/** A write that the node's return crossed may or may not have happened. */
function ifUnknown(error: unknown): void {
  assert.ok(error instanceof ShoalError && error.code === 'ERR_OUTCOME_UNKNOWN', String(error));
}

/** Keys of even number were written in `round` and in the next, the others in `round` alone. */
async function assertNothingOld(cache: Client, round: number): Promise<void> {
  const values = await cache.getMany(KEYS);
  values.forEach((value, i) => {
    if (value === undefined) return;
    const key = KEYS[i] as string;
    assert.equal(value, valueIn(key, i % 2 === 0 ? round + 1 : round));
  });
}
