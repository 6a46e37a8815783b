import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import type { Cluster } from '#src/runtime/cluster.js';
import { commitFault, FAULTY_NODE, Gate } from './faults.js';
import { clusterFor, clusterOf, keysOf, nextEvent, portsOf } from './harness.js';
import { RespClient } from './resp-client.js';

const KEYS = keysOf('key', 300);

/** Has every node but the first stand still until the test is over. */
async function freezeOthers(t: { after(act: () => void): void }, cluster: Cluster): Promise<void> {
  for (const { id } of cluster.nodes().slice(1)) {
    const gate = new Gate();
    t.after(() => gate.open());
    commitFault({ id, what: 'stand still', gate: gate.memory });
    await gate.waitedAt();
  }
}

test('Reads need no owner that answers: its memory is enough (CLUSTER-1, LIB-1)', async (t) => {
  const cluster = await clusterOf(t, FAULTY_NODE);
  const cache = cluster.client();
  await cache.setMany(KEYS.map((key, i) => [key, { i }]));
  await freezeOthers(t, cluster);
  for (const [i, key] of KEYS.entries()) {
    assert.deepEqual(cache.getSync(key), { i });
    assert.deepEqual(await cache.get(key), { i });
    assert.equal(await cache.has(key), true);
    assert.equal(await cache.ttl(key), Number.POSITIVE_INFINITY);
  }
  assert.equal(cache.getSync('none'), undefined);
  assert.equal(await cache.get('none'), undefined);
  const { hits, misses, unread, near } = cache.stats();
  assert.deepEqual([hits, misses, unread, near], [600, 2, 0, null]);
});

test('A RESP server reads keys of other nodes in place: GET, MGET, EXISTS, TTL, STRLEN (CLUSTER-2, RESP-1)', async (t) => {
  const cluster = await clusterOf(t, FAULTY_NODE, { port: 0 });
  const resp = await RespClient.connect(t, portsOf(cluster)[0] as number);
  const sets = KEYS.map((key, i) => resp.send('SET', key, `value ${i}`, 'EX', '1000'));
  await Promise.all(sets);
  await freezeOthers(t, cluster);
  const values = KEYS.map((_, i) => `value ${i}`);
  assert.deepEqual(await Promise.all(KEYS.map((key) => resp.send('GET', key))), values);
  assert.deepEqual(await resp.send('MGET', ...KEYS), values);
  assert.equal(await resp.send('EXISTS', ...KEYS, 'none'), KEYS.length);
  assert.equal(await resp.send('STRLEN', KEYS[7] as string), 'value 7'.length);
  for (const key of KEYS) {
    const left = await resp.send('TTL', key);
    assert.ok(typeof left === 'number' && left > 900 && left <= 1000, String(left));
  }
});

test('With reads by message an owner that stands still is waited for (CLUSTER-2)', async (t) => {
  const cluster = await clusterOf(t, FAULTY_NODE, { port: 0, reads: 'proxy' });
  const cache = cluster.client();
  await cache.setMany(KEYS.map((key) => [key, 'v']));
  assert.equal(cache.getSync(KEYS[0] as string), undefined);
  assert.equal(await cache.get(KEYS[0] as string), 'v');
  const { hits, misses, unread, near } = cache.stats();
  assert.deepEqual([hits, misses, unread, near], [0, 0, 0, null]);
  const resp = await RespClient.connect(t, portsOf(cluster)[0] as number);
  const gates = KEYS.slice(0, 1).map(() => new Gate());
  for (const [i, gate] of gates.entries()) {
    t.after(() => gate.open());
    commitFault({ id: `n${i + 1}`, what: 'stand still', gate: gate.memory });
    await gate.waitedAt();
  }
  const answers = Promise.all(KEYS.map((key) => resp.send('GET', key)));
  const first = await Promise.race([answers, new Promise((resolve) => setTimeout(resolve, 50))]);
  assert.equal(first, undefined, 'some owner has to answer first');
  for (const gate of gates) gate.open();
  assert.ok((await answers).every((value) => value === 'v'));
});

test('getSync() sees at once what was acknowledged, from whichever client (LIB-1, NODE-8)', async (t) => {
  const cluster = await clusterFor(t);
  const [writer, reader] = [cluster.client(), cluster.client()];
  for (const [i, key] of KEYS.entries()) {
    await writer.set(key, i);
    assert.equal(reader.getSync(key), i);
    await writer.set(key, `${i} again`);
    assert.equal(reader.getSync(key), `${i} again`);
    await writer.delete(key);
    assert.equal(reader.getSync(key), undefined);
  }
});

test('getSync() judges expiry by the time of the read, also in a thread that does not rest (NODE-6)', async (t) => {
  const cache = (await clusterFor(t)).client();
  await cache.set('short', 'lived', { ttl: 1_000 });
  assert.equal(cache.getSync('short'), 'lived');
  const end = performance.now() + 5_000;
  while (cache.getSync('short') !== undefined) assert.ok(performance.now() < end, 'it expires');
});

test('Bytes that getSync() gives are the caller’s, and no window on the cache (LIB-2)', async (t) => {
  const cache = (await clusterFor(t)).client();
  await cache.set('bytes', Buffer.from('abc'));
  const read = cache.getSync<Buffer>('bytes');
  assert.ok(Buffer.isBuffer(read));
  read.fill(0);
  assert.deepEqual(cache.getSync('bytes'), Buffer.from('abc'));
  assert.deepEqual(await cache.get('bytes'), Buffer.from('abc'));
});

test('getInto() copies the stored bytes where they fit (LIB-1)', async (t) => {
  const cache = (await clusterFor(t)).client();
  await cache.set('text', 'grün');
  const target = Buffer.alloc(8, '.');
  assert.equal(cache.getInto('text', target, 2), 5);
  assert.equal(target.toString(), '..grün.');
  assert.equal(cache.getInto('text', target, 4), 5, 'the length, and nothing copied');
  assert.equal(target.toString(), '..grün.');
  assert.equal(cache.getInto('none', target), -1);
  const large = 'x'.repeat(300_000);
  await cache.set('large', large);
  const room = Buffer.alloc(300_000);
  assert.equal(cache.getInto('large', room), 300_000);
  assert.equal(room.toString(), large);
});

test('get() does not overtake a call of the same client for the same key (LIB-1)', async (t) => {
  const cache = (await clusterFor(t)).client();
  for (const [i, key] of KEYS.entries()) {
    const set = cache.set(key, i);
    assert.equal(await cache.get(key), i);
    await set;
    const gone = cache.delete(key);
    assert.equal(await cache.get(key), undefined);
    assert.equal(await gone, true);
  }
});

test('A pipeline sees its own writes, wherever the key is (RESP-2)', async (t) => {
  const cluster = await clusterFor(t, { port: 0 });
  const resp = await RespClient.connect(t, portsOf(cluster)[1] as number);
  const replies = KEYS.flatMap((key, i) => [
    resp.send('SET', key, String(i)),
    resp.send('GET', key),
    resp.send('DEL', key),
    resp.send('EXISTS', key),
  ]);
  const expected = KEYS.flatMap((_, i) => ['OK', String(i), 1, 0]);
  assert.deepEqual(await Promise.all(replies), expected);
});

test('What a cold node held is not read any more, nor what it holds in its next life before that (CLUSTER-5, CLUSTER-6)', async (t) => {
  const cluster = await clusterFor(t, { restart: 'cold' });
  const cache = cluster.client();
  for (const id of ['n0', 'n1', 'n2']) {
    await cache.setMany(KEYS.map((key) => [key, `before ${id}`]));
    const up = nextEvent(cluster, 'node-up', (event) => event.id === id);
    await cluster.kill(id);
    const left = KEYS.filter((key) => cache.getSync(key) !== undefined).length;
    assert.ok(left > 0 && left < KEYS.length, `${left} are left without ${id}`);
    await up;
    await cache.setMany(KEYS.map((key) => [key, `after ${id}`]));
    for (const key of KEYS) assert.equal(cache.getSync(key), `after ${id}`);
  }
});

test('Reads in place count as hits and misses of the node, and keep an entry from eviction (NODE-2, NODE-3)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 1, memory: '64kb' });
  const cache = cluster.client();
  const counts = () => cluster.stats().nodes[0]?.cache;
  const before = counts();
  await cache.set('kept', 'v');
  for (let i = 0; i < 5_000; i++) {
    await cache.set(`filler:${i}`, 'x'.repeat(100));
    assert.equal(cache.getSync('kept'), 'v');
  }
  cache.getSync('none');
  const after = counts();
  assert.ok(after !== undefined && after.evicted > 4_000);
  assert.equal(after.hits - (before?.hits ?? 0), 5_000);
  assert.equal(after.misses - (before?.misses ?? 0), 1);
});

test('A closed client reads no more (LIB-6)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  await cache.set('key', 'v');
  cache.close();
  const isClosed = (error: unknown): boolean =>
    error instanceof ShoalError && error.code === 'ERR_CLOSED';
  assert.throws(() => cache.getSync('key'), isClosed);
  assert.throws(() => cache.getInto('key', Buffer.alloc(1)), isClosed);
});
