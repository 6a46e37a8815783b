import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { RespServer } from '#src/runtime/resp-server.js';
import { startCluster } from '#src/start-cluster.js';
import { clusterFor, keysOf, nextEvent, portsOf } from './harness.js';
import { PaperNode } from './paper-node.js';
import { RespClient } from './resp-client.js';

test('Any of five nodes takes any request and forwards it to the owner (CLUSTER-2, RESP-1)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 5, port: 0 });
  const ports = portsOf(cluster);
  assert.equal(new Set(ports).size, 5);
  const clients = await Promise.all(ports.map((port) => RespClient.connect(t, port)));
  const keys = keysOf('resp', 200);
  const at = (i: number): RespClient => clients[i % 5] as RespClient;
  const stored = await Promise.all(keys.map((key, i) => at(i).send('SET', key, `value ${i}`)));
  assert.ok(stored.every((reply) => reply === 'OK'));
  for (const shift of [0, 1, 2, 3, 4]) {
    const got = await Promise.all(keys.map((key, i) => at(i + shift).send('GET', key)));
    assert.deepEqual(
      got,
      keys.map((_, i) => `value ${i}`),
    );
  }
  assert.equal(await at(0).send('DBSIZE'), 200);
  assert.deepEqual(await at(1).send('MGET', ...keys.slice(0, 3), 'none'), [
    'value 0',
    'value 1',
    'value 2',
    null,
  ]);
  const counts = cluster.stats().nodes.map(({ cache, connections }) => {
    assert.equal(connections, 1);
    return cache.entries;
  });
  assert.ok(
    counts.every((entries) => entries > 0),
    String(counts),
  );
  assert.equal(await at(2).send('FLUSHALL'), 'OK');
  assert.equal(await at(3).send('DBSIZE'), 0);
});

test('Library and RESP see the same entries (LIB-3)', async (t) => {
  const cluster = await clusterFor(t, { port: 0 });
  const resp = await RespClient.connect(t, portsOf(cluster)[1] as number);
  const cache = cluster.client();
  await resp.send('SET', 'by:resp', 'bytes', 'PX', '60000');
  assert.deepEqual(await cache.get('by:resp'), Buffer.from('bytes'));
  const left = (await cache.ttl('by:resp')) ?? 0;
  assert.ok(left > 0 && left <= 60_000);
  await cache.set('by:library', 'text', { ttl: 60_000 });
  assert.equal(await resp.send('GET', 'by:library'), 'text');
  assert.ok(((await resp.send('PTTL', 'by:library')) as number) > 0);
});

test('Replies to a pipeline keep its order, whoever owns the keys (CLUSTER-2, RESP-2)', async (t) => {
  const cluster = await clusterFor(t, { port: 0 });
  const resp = await RespClient.connect(t, portsOf(cluster)[0] as number);
  const replies: Promise<unknown>[] = [];
  for (const key of keysOf('p', 3000)) {
    replies.push(resp.send('SET', key, key), resp.send('PING', key), resp.send('GET', key));
  }
  const got = await Promise.all(replies);
  assert.deepEqual(
    got,
    keysOf('p', 3000).flatMap((key) => ['OK', key, key]),
  );
});

test('A client that does not read is not read from, and gets everything once it reads (RESP-4)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 1, port: 0, memory: '4mb' });
  const port = portsOf(cluster)[0] as number;
  const slow = await RespClient.connect(t, port);
  const large = 'x'.repeat(500_000);
  assert.equal(await slow.send('SET', 'large', large), 'OK');
  slow.pause();
  const replies = Array.from({ length: 60 }, () => slow.send('GET', 'large'));
  const other = await RespClient.connect(t, port);
  for (let i = 0; i < 50; i++) assert.equal(await other.send('PING'), 'PONG');
  slow.resume();
  for (const reply of replies) assert.equal(await reply, large);
});

test('A client that ends its half gets the replies it is owed (RESP-4)', async (t) => {
  const cluster = await clusterFor(t, { port: 0 });
  const resp = await RespClient.connect(t, portsOf(cluster)[0] as number);
  const replies = keysOf('half', 300).map((key) => resp.send('SET', key, 'v'));
  resp.end();
  assert.ok((await Promise.all(replies)).every((reply) => reply === 'OK'));
  await resp.closed;
});

test('QUIT and protocol errors are answered, then the connection ends (RESP-3)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 1, port: 0 });
  const port = portsOf(cluster)[0] as number;
  const polite = await RespClient.connect(t, port);
  assert.equal(await polite.send('QUIT'), 'OK');
  await polite.closed;
  const rude = await RespClient.connect(t, port);
  const reply = rude.next();
  rude.raw('*1\r\n!oops\r\n');
  assert.match(String(await reply), /ERR Protocol error/);
  await rude.closed;
});

test('Connections outlive the death of another node; without an owner they say so (CLUSTER-5, CLUSTER-10)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 3, port: 0, restart: 'off' });
  const resp = await RespClient.connect(t, portsOf(cluster)[0] as number);
  const keys = keysOf('outlive', 100);
  await Promise.all(keys.map((key) => resp.send('SET', key, 'v')));
  await cluster.kill('n1');
  await cluster.kill('n2');
  const replies = await Promise.all(keys.map((key) => resp.send('SET', key, 'w')));
  assert.ok(replies.every((reply) => reply === 'OK'));
  assert.equal(await resp.send('DBSIZE'), 100);
});

test('A restarted node listens on its old port (CLUSTER-6, SHAPE-5)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2, port: 0 });
  const ports = portsOf(cluster);
  const old = await RespClient.connect(t, ports[1] as number);
  const up = nextEvent(cluster, 'node-up');
  await cluster.kill('n1');
  await old.closed;
  assert.equal((await up).port, ports[1]);
  const fresh = await RespClient.connect(t, ports[1] as number);
  assert.equal(await fresh.send('PING'), 'PONG');
  assert.deepEqual(portsOf(cluster), ports);
});

test('A port in use is one clear error, and nothing is left of the start (SHAPE-5)', async (t) => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  t.after(() => blocker.close());
  const address = blocker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const isClear = (error: unknown): boolean =>
    error instanceof ShoalError &&
    error.code === 'ERR_START' &&
    error.message.includes(`127.0.0.1:${port}: it is in use`) &&
    !error.message.includes('\n');
  await assert.rejects(startCluster({ nodes: 1, memory: '1mb', port }), isClear);
  await assert.rejects(startCluster({ nodes: 1, memory: '1mb', httpPort: port }), isClear);
});

test('close() waits for a client that does not read no longer than the drain timeout (LIB-6, CLI-3)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 1, port: 0, memory: '4mb', drainTimeout: 50 });
  const slow = await RespClient.connect(t, portsOf(cluster)[0] as number);
  await slow.send('SET', 'large', 'x'.repeat(500_000));
  slow.pause();
  const replies = Array.from({ length: 100 }, () => slow.send('GET', 'large'));
  await cluster.close();
  slow.resume();
  const got = await Promise.all(replies);
  assert.ok(got.at(-1) instanceof Error, 'it was cut off');
});

test('A connection over the limit is told so, in Redis’s words, and closed (RESP-3, RESP-4)', async (t) => {
  const machine = new PaperNode();
  const server = new RespServer(machine, 2);
  machine.drive(server);
  const port = await server.listen('127.0.0.1', 0);
  t.after(() => server.destroy());
  const first = await RespClient.connect(t, port);
  const second = await RespClient.connect(t, port);
  assert.deepEqual([await first.send('PING'), await second.send('PING')], ['PONG', 'PONG']);
  const third = await RespClient.connect(t, port);
  assert.match(String(await third.next()), /ERR max number of clients reached/);
  await third.closed;
  second.end();
  await second.closed;
  await machine.untilConnections(1);
  const fourth = await RespClient.connect(t, port);
  assert.equal(await fourth.send('PING'), 'PONG');
  const info = String(await fourth.send('INFO'));
  assert.match(info, /rejected_connections:1\r/);
  assert.match(info, /connected_clients:2\r/);
});

test('close() answers what a connection has sent, and closes it (LIB-6, CLI-3)', async (t) => {
  const cluster = await clusterFor(t, { port: 0 });
  const port = portsOf(cluster)[0] as number;
  const resp = await RespClient.connect(t, port);
  assert.equal(await resp.send('PING'), 'PONG');
  await cluster.close();
  await resp.closed;
  await assert.rejects(RespClient.connect(t, port));
});
