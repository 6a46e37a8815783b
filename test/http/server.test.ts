import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { HttpServer, type HttpSource } from '#src/http/server.js';
import { clusterFor } from '../runtime/harness.js';

async function serverFor(t: TestContext, source: HttpSource): Promise<string> {
  const server = new HttpServer(source);
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close());
  return `http://127.0.0.1:${port}`;
}

const WELL: HttpSource = { healthy: true, stats: () => ({ epoch: 7 }), chaos: null };

test('/healthz is 200 while a node serves, and 503 otherwise (HTTP-1, CLUSTER-10)', async (t) => {
  const source = { healthy: true, stats: () => ({}), chaos: null };
  const address = await serverFor(t, source);
  const well = await fetch(`${address}/healthz`);
  assert.deepEqual([well.status, await well.text()], [200, 'ok\n']);
  source.healthy = false;
  const down = await fetch(`${address}/healthz`);
  assert.deepEqual([down.status, await down.text()], [503, 'cluster down\n']);
});

test('/stats.json gives the figures of its source, fresh each time (HTTP-2)', async (t) => {
  let reads = 0;
  const address = await serverFor(t, {
    ...WELL,
    stats: () => ({ reads: ++reads }),
  });
  const first = await fetch(`${address}/stats.json?pretty`);
  assert.equal(first.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(first.headers.get('cache-control'), 'no-store');
  assert.deepEqual(await first.json(), { reads: 1 });
  assert.deepEqual(await (await fetch(`${address}/stats.json`)).json(), { reads: 2 });
});

test('Other paths are 404, other methods 405, and HEAD has no body (HTTP-1)', async (t) => {
  const address = await serverFor(t, WELL);
  const lost = await fetch(`${address}/nothing`);
  assert.equal(lost.status, 404);
  assert.match(await lost.text(), /there is \/healthz and \/stats\.json/);
  const posted = await fetch(`${address}/healthz`, { method: 'POST', body: 'x'.repeat(100_000) });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  const head = await fetch(`${address}/healthz`, { method: 'HEAD' });
  assert.deepEqual(
    [head.status, head.headers.get('content-length'), await head.text()],
    [200, '3', ''],
  );
});

test('HttpServer.listen() says which port it cannot have (HTTP-1)', async (t) => {
  const address = await serverFor(t, WELL);
  const port = Number(new URL(address).port);
  await assert.rejects(new HttpServer(WELL).listen({ host: '127.0.0.1', port }), (error) => {
    assert.ok(error instanceof ShoalError);
    assert.equal(error.code, 'ERR_START');
    assert.match(error.message, /^Cannot listen for HTTP on 127\.0\.0\.1:\d+: it is in use/);
    return true;
  });
});

test('HttpServer.close() does not wait for a connection that is kept alive (HTTP-1, LIB-6)', async (t) => {
  const server = new HttpServer(WELL);
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  await server.close();
  await ended;
});

test('A cluster’s /stats.json shows nodes, shares, ring epoch and R, W and Q (HTTP-2)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 3, httpPort: 0, restart: 'off' });
  const cache = cluster.client();
  await cache.setMany(Array.from({ length: 50 }, (_, i) => [`key ${i}`, 'v']));
  await cluster.kill('n2');
  const response = await fetch(`http://127.0.0.1:${cluster.httpPort}/stats.json`);
  const stats = (await response.json()) as ReturnType<typeof cluster.stats>;
  assert.equal(stats.epoch, 2);
  assert.deepEqual(stats.replication, {
    replicas: 3,
    writeQuorum: 2,
    readQuorum: 2,
    copiesKept: 1,
  });
  assert.deepEqual(
    stats.nodes.map(({ id, state, memory }) => ({ id, state, memory })),
    [
      { id: 'n0', state: 'serving', memory: 1 << 20 },
      { id: 'n1', state: 'serving', memory: 1 << 20 },
      { id: 'n2', state: 'down', memory: 1 << 20 },
    ],
  );
  const sum = stats.nodes.reduce((total, { share }) => total + share, 0);
  assert.ok(Math.abs(sum - 1) < 1e-9);
  assert.equal(
    stats.nodes.reduce((total, { cache: { sets } }) => total + sets, 0),
    50,
  );
  assert.ok(stats.nodes.every(({ cache: { residentBytes } }) => residentBytes > 0));
});
