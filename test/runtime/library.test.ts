import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { clusterFor, keysOf } from './harness.js';

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof ShoalError && error.code === code;

test('startCluster() serves through a client and opens no port (LIB-1, LIB-5, SHAPE-1, SHAPE-2, SHAPE-3)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  assert.equal(await cache.set('greeting', 'hello'), true);
  assert.equal(await cache.get('greeting'), 'hello');
  assert.equal(await cache.has('greeting'), true);
  assert.equal(await cache.delete('greeting'), true);
  assert.equal(await cache.delete('greeting'), false);
  assert.equal(await cache.get('greeting'), undefined);
  assert.equal(await cache.has('greeting'), false);
  assert.equal(cluster.httpPort, null);
  assert.deepEqual(
    cluster.nodes().map(({ id, state, port }) => ({ id, state, port })),
    ['n0', 'n1', 'n2'].map((id) => ({ id, state: 'serving', port: null })),
  );
});

test('Client keeps the types of values, on every node (LIB-2, LIB-3, CLUSTER-1)', async (t) => {
  const cache = (await clusterFor(t)).client();
  const values: unknown[] = [
    'text ✓',
    '',
    null,
    true,
    -1.5,
    12345678901234567890n,
    new Date(0),
    { a: [1, { b: 'c' }] },
    new Map<unknown, unknown>([[1, new Set(['x'])]]),
    new Float64Array([1, 2, 3]),
  ];
  for (const [i, value] of values.entries()) {
    await cache.set(`value:${i}`, value);
    assert.deepEqual(await cache.get(`value:${i}`), value);
  }
  const bytes = Buffer.from([0, 1, 255]);
  await cache.set('bytes', bytes);
  const read = await cache.get<Buffer>('bytes');
  assert.ok(Buffer.isBuffer(read));
  assert.deepEqual(read, bytes);
  read.fill(7);
  assert.deepEqual(await cache.get('bytes'), bytes, 'a copy');
});

test('Client takes a copy of the bytes within the call to set() (LIB-2)', async (t) => {
  const cache = (await clusterFor(t)).client();
  const bytes = Buffer.from('before');
  const done = cache.set('key', bytes);
  bytes.write('after!');
  await done;
  assert.deepEqual(await cache.get('key'), Buffer.from('before'));
});

test('A string key and its UTF-8 bytes are one key (LIB-3)', async (t) => {
  const cache = (await clusterFor(t)).client();
  await cache.set('schlüssel', 'wert');
  assert.equal(await cache.get(Buffer.from('schlüssel')), 'wert');
});

test('Client refuses what it cannot store, and stores nothing (LIB-4)', async (t) => {
  const cache = (await clusterFor(t, { maxValueSize: '64kb' })).client();
  await cache.set('key', 'old');
  await assert.rejects(cache.set('', 'v'), hasCode('ERR_KEY'));
  await assert.rejects(cache.get('x'.repeat(65_536)), hasCode('ERR_KEY'));
  await assert.rejects(cache.get('\ud800'), hasCode('ERR_KEY'));
  await assert.rejects(cache.get(42 as never), hasCode('ERR_KEY'));
  for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1' as never, null as never]) {
    await assert.rejects(cache.set('key', 'new', { ttl }), hasCode('ERR_TTL'));
  }
  await assert.rejects(cache.expire('key', 0), hasCode('ERR_TTL'));
  await assert.rejects(
    cache.set('key', () => {}),
    hasCode('ERR_VALUE_TYPE'),
  );
  await assert.rejects(cache.set('key', Buffer.alloc(65_537)), hasCode('ERR_VALUE_TOO_LARGE'));
  assert.equal(await cache.get('key'), 'old');
  assert.equal(await cache.ttl('key'), Number.POSITIVE_INFINITY);
});

test('Client sets, shows and takes away times to live (LIB-1)', async (t) => {
  const cache = (await clusterFor(t)).client();
  await cache.set('key', 'v', { ttl: 60_000 });
  const left = await cache.ttl('key');
  assert.ok(left !== undefined && left > 0 && left <= 60_000);
  assert.equal(await cache.expire('key', Number.POSITIVE_INFINITY), true);
  assert.equal(await cache.ttl('key'), Number.POSITIVE_INFINITY);
  assert.equal(await cache.expire('key', 1), true);
  while ((await cache.get('key')) !== undefined);
  assert.equal(await cache.ttl('key'), undefined);
  assert.equal(await cache.expire('key', 1000), false);
});

test('getMany() keeps the order, setMany() takes any iterable (LIB-1)', async (t) => {
  const cache = (await clusterFor(t)).client();
  const keys = keysOf('many', 1000);
  assert.equal(await cache.setMany(new Map(keys.map((key, i) => [key, i]))), true);
  await cache.delete(keys[7] as string);
  const values = await cache.getMany(new Set(keys));
  assert.deepEqual(
    values,
    keys.map((_, i) => (i === 7 ? undefined : i)),
  );
  function* pairs(): Iterable<[string, string]> {
    yield ['one', '1'];
    yield ['two', '2'];
  }
  await cache.setMany(pairs(), { ttl: 60_000 });
  assert.deepEqual(await cache.getMany(['two', 'three', 'one']), ['2', undefined, '1']);
  await assert.rejects(
    cache.setMany([
      ['fine', 1],
      ['', 2],
    ]),
    hasCode('ERR_KEY'),
  );
  assert.equal(await cache.get('fine'), 1);
});

test('getMany() and setMany() take more keys than may be outstanding at a time (LIB-1)', async (t) => {
  const cache = (await clusterFor(t, { memory: '16mb' })).client();
  const keys = keysOf('lots', 70_000);
  await cache.setMany(keys.map((key) => [key, key]));
  assert.deepEqual(await cache.getMany(keys), keys);
});

test('setMany() passes on what its iterable throws (LIB-1)', async (t) => {
  const cache = (await clusterFor(t)).client();
  function* broken(): Iterable<[string, string]> {
    yield ['one', '1'];
    yield ['', '2'];
    throw new Error('no more');
  }
  await assert.rejects(cache.setMany(broken()), /no more/);
  assert.equal(await cache.get('one'), '1');
});

test('A cluster has up to 1,024 clients at a time (LIB-1)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 1 });
  const clients = Array.from({ length: 1024 }, () => cluster.client());
  assert.throws(() => cluster.client(), hasCode('ERR_BUSY'));
  await clients[1023]?.set('key', 'v');
  for (const client of clients.slice(0, 1000)) client.close();
  // A client's place is free when its channel has closed, which its node and the supervisor hear.
  for (;;) {
    try {
      assert.equal(await cluster.client().get('key'), 'v');
      break;
    } catch (error) {
      assert.ok(hasCode('ERR_BUSY')(error), String(error));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});

test('A call gives up when its signal says so (LIB-1)', async (t) => {
  const cache = (await clusterFor(t)).client();
  const reason = new Error('enough');
  await assert.rejects(cache.get('key', { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const call = cache.delete('key', { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(call, reason);
  assert.equal(await cache.get('key', { signal: new AbortController().signal }), undefined);
});

test('A value whose getter uses the client is stored under its own key (LIB-2)', async (t) => {
  const cache = (await clusterFor(t)).client();
  const calls: Promise<unknown>[] = [];
  const value = {
    get inner(): number {
      calls.push(cache.set('other', 2));
      return 1;
    },
  };
  await cache.set('key', value);
  await Promise.all(calls);
  assert.deepEqual(await cache.getMany(['key', 'other']), [{ inner: 1 }, 2]);
});

test('Clients of one cluster see each other’s writes; a closed one refuses (LIB-1, LIB-6)', async (t) => {
  const cluster = await clusterFor(t);
  const first = cluster.client();
  const second = cluster.client();
  await first.set('key', 'from the first');
  assert.equal(await second.get('key'), 'from the first');
  const outstanding = first.delete('other');
  first.close();
  first.close();
  await assert.rejects(outstanding, hasCode('ERR_OUTCOME_UNKNOWN'));
  await assert.rejects(first.get('key'), hasCode('ERR_CLOSED'));
  assert.equal(await second.get('key'), 'from the first');
});

test('close() answers what is outstanding, then everything refuses (LIB-6)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  const outstanding = cache.setMany(keysOf('late', 500).map((key) => [key, 'v']));
  const closing = cluster.close();
  assert.equal(cluster.close(), closing, 'once');
  assert.equal(await outstanding, true);
  await closing;
  await assert.rejects(cache.get('late:0'), hasCode('ERR_CLOSED'));
  assert.throws(() => cluster.client(), hasCode('ERR_CLOSED'));
  await assert.rejects(cluster.kill('n0'), hasCode('ERR_CLOSED'));
  await assert.rejects(cluster.restart('n0'), hasCode('ERR_CLOSED'));
  assert.equal(cluster.healthy, false);
});
