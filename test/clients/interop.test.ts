/**
 * One kind of entry through both doors: what a Redis client stores the library reads, and what the
 * library stores a Redis client sees, as bytes.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, before, beforeEach, describe, it } from 'node:test';
import { unpack } from 'msgpackr';
import { type Client, type Cluster, startCluster } from '#src/index.js';
import type { Connection } from './driver.js';
import { ioredisDriver } from './ioredis-driver.js';

const BYTES = Buffer.from([0, 255, 13, 10, 128]);
const HOUR_MS = 3_600_000;

describe('Between RESP and the library', () => {
  let cluster: Cluster;
  let library: Client;
  let redis: Connection;

  before(async () => {
    cluster = await startCluster({ nodes: 5, memory: '16mb', port: 0 });
    library = cluster.client();
    redis = await ioredisDriver.connect(cluster.nodes()[1]?.port as number, 3);
  });
  after(async () => {
    redis.end();
    await cluster.close();
  });
  beforeEach(async () => {
    await redis.flushAll();
  });

  it('what SET and MSET stored is a Buffer to the library (LIB-3)', async () => {
    await redis.set('text', 'żółć');
    await redis.mset([
      [BYTES, BYTES],
      ['empty', ''],
    ]);
    assert.deepEqual(await library.get('text'), Buffer.from('żółć'));
    assert.deepEqual(await library.get(BYTES), BYTES);
    assert.deepEqual(await library.get('empty'), Buffer.alloc(0));
  });

  it('bytes and text of the library are seen as they are (LIB-3)', async () => {
    await library.set('text', 'żółć');
    await library.set('bytes', BYTES);
    await library.set(BYTES, new Uint8Array(BYTES));
    assert.equal(await redis.get('text'), 'żółć');
    assert.equal(await redis.strlen('text'), Buffer.byteLength('żółć'));
    assert.deepEqual(await redis.getBytes('bytes'), BYTES);
    assert.deepEqual(await redis.getBytes(BYTES), BYTES);
    assert.equal(await redis.type('text'), 'string');
  });

  it('data of the library is seen as msgpack, which others can read (LIB-3)', async () => {
    const data = { name: 'Ada', born: 1815, tags: ['a', null, true], at: { x: 0.5 } };
    await library.set('data', data);
    const seen = await redis.getBytes('data');
    assert.ok(seen !== null);
    assert.deepEqual(unpack(seen), data);
    assert.equal(await redis.strlen('data'), seen.length);
    assert.equal(await redis.type('data'), 'string');
    assert.deepEqual(await library.get('data'), data);
  });

  it('a kind lasts as long as the value, whichever door changes its expiry (LIB-2, LIB-3)', async () => {
    const data = new Map([['a', 1n]]);
    await library.set('data', data);
    assert.equal(await redis.pexpire('data', HOUR_MS), 1);
    assert.deepEqual(await library.get('data'), data);
    const seen = await redis.getBytes('data');
    assert.ok(seen !== null);
    await redis.set('data', seen, { unit: 'KEEPTTL' });
    assert.deepEqual(await library.get('data'), seen);
    const left = await library.ttl('data');
    assert.ok(left !== undefined && left > HOUR_MS / 2 && left <= HOUR_MS, String(left));
  });

  it('SET with GET answers the bytes of whatever was there (LIB-3)', async () => {
    await library.set('k', 'text');
    assert.equal(await redis.set('k', 'x', { get: true }), 'text');
    await library.set('k', 42);
    // As msgpack a small number is the byte of that number.
    assert.equal(await redis.set('k', 'y', { get: true, condition: 'XX' }), '*');
    assert.deepEqual(await library.get('k'), Buffer.from('y'));
  });

  it('expiry and deletion through one door are seen through the other (LIB-3)', async () => {
    await library.set('k', 'v', { ttl: HOUR_MS });
    const left = await redis.pttl('k');
    assert.ok(left > HOUR_MS / 2 && left <= HOUR_MS, String(left));
    assert.equal(await redis.persist('k'), 1);
    assert.equal(await library.ttl('k'), Number.POSITIVE_INFINITY);
    assert.equal(await library.expire('k', HOUR_MS), true);
    assert.ok((await redis.ttl('k')) > 0);
    assert.equal(await redis.del(['k']), 1);
    assert.equal(await library.has('k'), false);
    await redis.set('k', 'w');
    assert.equal(await library.delete('k'), true);
    assert.equal(await redis.exists(['k']), 0);
  });

  it('many keys written through one door are read through the other (LIB-3, CLUSTER-2)', async () => {
    const keys = Array.from({ length: 300 }, (_, i) => `both:${i}`);
    await library.setMany(keys.map((key) => [key, key.toUpperCase()]));
    assert.deepEqual(
      await redis.mget(keys),
      keys.map((key) => key.toUpperCase()),
    );
    await redis.mset(keys.map((key) => [key, `${key}!`]));
    assert.deepEqual(
      (await library.getMany(keys)).map(String),
      keys.map((key) => `${key}!`),
    );
    assert.equal(await redis.dbsize(), keys.length);
  });
});
