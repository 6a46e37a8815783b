/** Clients with a near cache, in one thread. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShoalError } from '#src/base/errors.js';
import { HashRing } from '#src/ring/hash-ring.js';
import { connect } from '#src/runtime/connect.js';
import { clusterFor, keysOf } from './harness.js';

/** A cluster, a client with a near cache, and one without. */
async function setUp(t: TestContext, entries = 100) {
  const cluster = await clusterFor(t);
  return { cluster, near: cluster.client({ near: { entries } }), plain: cluster.client() };
}

test('get() and getSync() of a key that nobody changed give the same object (LIB-2)', async (t) => {
  const { near, plain } = await setUp(t);
  await plain.set('key', { list: [1, { deep: true }] });
  const value = near.getSync('key');
  assert.deepEqual(value, { list: [1, { deep: true }] });
  assert.equal(near.getSync('key'), value);
  assert.equal(await near.get('key'), value);
  assert.deepEqual(await near.getMany(['key', 'none']), [value, undefined]);
  assert.deepEqual(near.stats().near, { hits: 3, misses: 2, entries: 1 });
  assert.equal(plain.stats().near, null);
});

test('A near cache sees what others write, delete and let expire (NODE-8)', async (t) => {
  const { near, plain } = await setUp(t);
  for (let i = 0; i < 50; i++) {
    await plain.set('key', { i });
    assert.deepEqual(near.getSync('key'), { i });
    assert.deepEqual(await near.get('key'), { i });
  }
  await plain.delete('key');
  assert.equal(near.getSync('key'), undefined);
  assert.equal(near.stats().near?.entries, 0);
  await plain.set('key', 'short', { ttl: 1_000 });
  assert.equal(near.getSync('key'), 'short');
  while ((await plain.get('key')) !== undefined) await sleep(2);
  assert.equal(near.getSync('key'), undefined);
});

test('get() does not overtake writes of its own client (LIB-1)', async (t) => {
  const { near } = await setUp(t);
  await near.set('key', 1);
  assert.equal(near.getSync('key'), 1);
  const written = near.set('key', 2);
  const read = near.get('key');
  assert.equal(await read, 2);
  await written;
});

test('A near cache keeps the object over a change of the ring that does not concern the key', async (t) => {
  const { cluster, near, plain } = await setUp(t);
  const ring = new HashRing(cluster.options);
  const key = keysOf('key', 100).find((name) => ring.lookup(name) === 'n0') as string;
  await plain.set(key, { name: 'Ada' });
  const value = near.getSync(key);
  await cluster.restart('n1');
  const { hits = 0 } = near.stats().near ?? {};
  assert.equal(near.getSync(key), value);
  assert.equal(near.stats().near?.hits, hits, 'it was looked up');
  // Kept near again as soon as all nodes work by the new ring.
  while (near.stats().near?.hits === hits) {
    assert.equal(near.getSync(key), value);
    await sleep(1);
  }
});

test('Shared objects are frozen, and so is what is not kept', async (t) => {
  const { near, plain } = await setUp(t);
  const large = { text: 'x'.repeat(70_000), part: {} };
  await plain.set('small', { part: {} });
  await plain.set('large', large);
  for (const key of ['small', 'large', Buffer.from('small')]) {
    for (const value of [near.getSync<typeof large>(key), await near.get<typeof large>(key)]) {
      assert.ok(Object.isFrozen(value));
      assert.ok(Object.isFrozen(value?.part));
    }
  }
  assert.equal(near.stats().near?.entries, 1, 'neither large values nor keys of bytes are kept');
  assert.ok(!Object.isFrozen(plain.getSync('small')));
});

test('Nothing is frozen in production', async (t) => {
  const { cluster, plain } = await setUp(t);
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  const near = cluster.client({ near: { entries: 1 } });
  if (before === undefined) delete process.env['NODE_ENV'];
  else process.env['NODE_ENV'] = before;
  await plain.set('key', {});
  assert.ok(!Object.isFrozen(near.getSync('key')));
  assert.equal(near.getSync('key'), near.getSync('key'));
});

test('Bytes are the caller’s: a copy each time (LIB-2)', async (t) => {
  const { near, plain } = await setUp(t);
  await plain.set('bytes', Buffer.from('abc'));
  for (let i = 0; i < 3; i++) {
    const bytes = i === 2 ? await near.get<Buffer>('bytes') : near.getSync<Buffer>('bytes');
    assert.ok(Buffer.isBuffer(bytes));
    assert.equal(bytes.toString(), 'abc');
    bytes.fill('x');
  }
  assert.equal(near.stats().near?.hits, 2);
});

test('getInto() reads in place, whatever is kept', async (t) => {
  const { near, plain } = await setUp(t);
  await plain.set('key', 'text');
  near.getSync('key');
  const target = Buffer.alloc(4);
  assert.equal(near.getInto('key', target), 4);
  assert.equal(target.toString(), 'text');
  assert.equal(near.stats().near?.hits, 0);
  assert.equal(near.stats().hits, 2);
});

test('A near cache keeps the keys that are used, and no more than it may', async (t) => {
  const { near, plain } = await setUp(t, 10);
  const keys = keysOf('key', 200);
  await plain.setMany(keys.map((key) => [key, key]));
  await near.set('hot', 'hot');
  near.getSync('hot');
  for (const key of keys) {
    near.getSync(key);
    near.getSync('hot');
  }
  assert.deepEqual(near.stats().near, { hits: 200, misses: 201, entries: 10 });
});

test('near.entries is a whole number from 1 to a million (ERR_USAGE)', async (t) => {
  const { cluster } = await setUp(t);
  const handle = cluster.handle();
  for (const entries of [0, -1, 1.5, 1_000_001, Number.NaN, '5', undefined]) {
    const near = { entries } as { entries: number };
    for (const make of [() => cluster.client({ near }), () => connect(handle, { near })]) {
      assert.throws(make, (error) => error instanceof ShoalError && error.code === 'ERR_USAGE');
    }
  }
  assert.ok(cluster.client({ near: { entries: 1 } }));
});

test('With reads: proxy nothing is kept near', async (t) => {
  const cluster = await clusterFor(t, { reads: 'proxy' });
  const client = cluster.client({ near: { entries: 10 } });
  await client.set('key', {});
  assert.notEqual(await client.get('key'), await client.get('key'));
  assert.equal(client.stats().near, null);
});
