/** Faults by HTTP: every status there is, who is refused, and that the faults are real. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { type ChaosSource, EFFECT_PATIENCE_MS } from '#src/http/chaos.js';
import { objectionTo } from '#src/http/own-request.js';
import { HttpServer } from '#src/http/server.js';
import { clusterFor, nextEvent } from '../runtime/harness.js';

/** Writes down what it is asked to do; `outcome` is what comes of it. */
class PaperChaos implements ChaosSource {
  readonly calls: string[] = [];
  outcome = (): Promise<void> => Promise.resolve();

  nodeIds = (): readonly string[] => ['n0', 'n1'];
  kill = (id: string): Promise<void> => this.#note(`kill ${id}`);
  restart = (id: string): Promise<void> => this.#note(`restart ${id}`);
  pause = (id: string, ms: number): Promise<void> => this.#note(`pause ${id} ${ms}`);
  cut = (a: string, b: string): Promise<void> => this.#note(`cut ${a} ${b}`);
  heal = (a: string, b: string): Promise<void> => this.#note(`heal ${a} ${b}`);
  delay = (a: string, b: string, ms: number): Promise<void> => this.#note(`delay ${a} ${b} ${ms}`);
  drop = (a: string, b: string, rate: number): Promise<void> =>
    this.#note(`drop ${a} ${b} ${rate}`);

  #note(call: string): Promise<void> {
    this.calls.push(call);
    return this.outcome();
  }
}

interface Answer {
  readonly status: number | undefined;
  readonly allow: string | undefined;
  readonly body: string;
}

type Ask = (
  path: string,
  how?: { method?: string; headers?: Record<string, string> },
) => Promise<Answer>;

/** Asks by Node's own client, which lets a test say any Host and Origin. */
const asking =
  (port: number): Ask =>
  (path, { method = 'POST', headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          body += String(chunk);
        });
        response.on('end', () => {
          resolve({ status: response.statusCode, allow: response.headers.allow, body });
        });
      });
      sent.on('error', reject).end();
    });

async function serverFor(t: TestContext, chaos: ChaosSource | null) {
  const server = new HttpServer({ healthy: true, stats: () => ({}), chaos });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close());
  return { server, port, ask: asking(port) };
}

/** Every route, what it calls, and what it answers. */
const ROUTES: readonly (readonly [string, string, object])[] = [
  ['/nodes/n1/kill', 'kill n1', { what: 'kill', nodes: ['n1'] }],
  ['/nodes/n1/restart?x=1', 'restart n1', { what: 'restart', nodes: ['n1'] }],
  ['/nodes/n0/pause?ms=500', 'pause n0 500', { what: 'pause', nodes: ['n0'], ms: 500 }],
  ['/links/n0/n1/cut', 'cut n0 n1', { what: 'cut', nodes: ['n0', 'n1'] }],
  ['/links/n1/n0/heal', 'heal n1 n0', { what: 'heal', nodes: ['n1', 'n0'] }],
  ['/links/n0/n1/delay?ms=2.5', 'delay n0 n1 2.5', { what: 'delay', nodes: ['n0', 'n1'], ms: 2.5 }],
  [
    '/links/n0/n1/drop?rate=0.1',
    'drop n0 n1 0.1',
    { what: 'drop', nodes: ['n0', 'n1'], rate: 0.1 },
  ],
];

test('POST of a fault is 200 with what was done, when it has taken effect (HTTP-1)', async (t) => {
  const chaos = new PaperChaos();
  const { ask } = await serverFor(t, chaos);
  for (const [path, call, answer] of ROUTES) {
    const { status, body } = await ask(path);
    assert.deepEqual([status, JSON.parse(body)], [200, answer]);
    assert.equal(chaos.calls.pop(), call);
  }
});

test('Without --chaos every fault is 403, kill and restart as well (HTTP-1)', async (t) => {
  const { ask } = await serverFor(t, null);
  for (const [path] of [...ROUTES, ['/nodes/nobody/kill'], ['/nodes/n0/pause']] as const) {
    const { status, body } = await ask(path);
    assert.deepEqual(
      [status, body],
      [403, 'Fault injection is off: start the cluster with --chaos\n'],
    );
  }
});

test('An unknown node is 404, a bad or missing number 400, another method 405 (HTTP-1)', async (t) => {
  const chaos = new PaperChaos();
  const { ask } = await serverFor(t, chaos);
  for (const path of ['/nodes/n9/kill', '/nodes/n9/pause', '/links/n0/n9/cut', '/links//n1/heal']) {
    const { status, body } = await ask(path);
    assert.equal(status, 404, path);
    assert.match(body, /^There is no node (n9)?, only n0, n1\n$/);
  }
  for (const path of ['/nodes/n0', '/nodes/n0/hug', '/nodes/n0/kill/now', '/links/n0/cut', '/']) {
    const { status, body } = await ask(path);
    assert.deepEqual([status, body.split('\n').length], [404, 2], path);
  }
  const numbers = ['', '?ms', '?ms=', '?ms=x', '?ms=1e3', '?ms=0x10', '?ms=1&ms=2', '?rate=1'];
  for (const query of numbers) {
    const { status, body } = await ask(`/nodes/n0/pause${query}`);
    const line = 'pause needs one decimal number in the query: ?ms=N\n';
    assert.deepEqual([status, body], [400, line], query);
  }
  assert.equal((await ask('/links/n0/n1/drop?ms=1')).status, 400);
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
    const { status, allow } = await ask('/links/n0/n1/cut', { method });
    assert.deepEqual([status, allow], [405, 'POST'], method);
  }
  assert.deepEqual(chaos.calls, []);
});

test('What comes of a fault decides the status: 400, 500, 503 or 504, one line each (HTTP-1)', async (t) => {
  const chaos = new PaperChaos();
  const { ask } = await serverFor(t, chaos);
  const cases: readonly (readonly [Error, number, string])[] = [
    [new RangeError('Cannot cut link: one end'), 400, 'Cannot cut link: one end\n'],
    [new ShoalError('ERR_TIMEOUT', 'too late'), 504, 'too late\n'],
    [new ShoalError('ERR_CLOSED', 'closed'), 503, 'closed\n'],
    [new ShoalError('ERR_BUSY', 'busy'), 503, 'busy\n'],
    [new ShoalError('ERR_START', 'no port'), 500, 'no port\n'],
    [new TypeError('oh'), 500, 'Something unexpected happened\n'],
  ];
  for (const [error, expected, line] of cases) {
    chaos.outcome = () => Promise.reject(error);
    const { status, body } = await ask('/links/n0/n0/cut');
    assert.deepEqual([status, body], [expected, line]);
  }
});

test('A fault that takes no effect in time is 504 (HTTP-1)', async (t) => {
  const chaos = new PaperChaos();
  const { ask } = await serverFor(t, chaos);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const begun = new Promise<void>((resolve) => {
    chaos.outcome = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  const answer = ask('/nodes/n0/restart');
  await begun;
  // The clock of the answer is set right behind the call.
  await new Promise(setImmediate);
  t.mock.timers.tick(EFFECT_PATIENCE_MS);
  const { status, body } = await answer;
  assert.deepEqual([status, body], [504, 'It has not taken effect within 15000 ms, and may yet\n']);
});

test('A POST from a page of elsewhere is 403, whatever it asks for (HTTP-1)', async (t) => {
  const chaos = new PaperChaos();
  const { ask, port } = await serverFor(t, chaos);
  const host = `127.0.0.1:${port}`;
  const refused = [
    { host, origin: 'http://evil.example' },
    { host, origin: 'null' },
    { host, origin: `http://127.0.0.1:${port + 1}` },
    { host, origin: `https://${host}` },
    { host, origin: `http://${host}.evil.example` },
    { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
    { host: `evil.example:${port}` },
    { host: `localhost.evil.example:${port}` },
    { host: `127.0.0.1.evil.example:${port}` },
    { host: `10.0.0.1:${port}` },
    { host: '127.0.0.1' },
    { host: `127.0.0.1:${port + 1}` },
    { host: `[::2]:${port}` },
  ];
  for (const headers of refused) {
    for (const path of ['/nodes/n0/kill', '/healthz', '/nothing']) {
      const { status, body } = await ask(path, { headers });
      assert.equal(status, 403, JSON.stringify(headers));
      assert.match(body, /^The (Host|Origin) header is not this server: [^\n]+\n$/);
    }
  }
  assert.deepEqual(chaos.calls, []);
  assert.notEqual(objectionTo({}, { host: '', port: 80 }), null, 'HTTP/1.0 may say no Host');
  // Reading is as it was: these answers are nobody's secret, and health checks have many names.
  for (const headers of refused) {
    assert.equal((await ask('/healthz', { method: 'GET', headers })).status, 200);
  }
});

test('A POST by this server’s own page, or by a program, is let in (HTTP-1)', async (t) => {
  const chaos = new PaperChaos();
  const { ask, port } = await serverFor(t, chaos);
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`, `LocalHost:${port}`, `[::1]:${port}`];
  for (const host of [...hosts, `127.1.2.3:${port}`]) {
    assert.equal((await ask('/nodes/n0/kill', { headers: { host } })).status, 200, host);
    const headers = { host, origin: `http://${host}` };
    assert.equal((await ask('/nodes/n0/kill', { headers })).status, 200, host);
  }
  assert.equal(chaos.calls.length, 2 * (hosts.length + 1));
});

test('Faults by HTTP are those of the cluster, with --chaos alone (HTTP-1, CLUSTER-8)', async (t) => {
  const cluster = await clusterFor(t, { nodes: 2, httpPort: 0, chaos: true });
  const ask = asking(cluster.httpPort ?? 0);
  const up = nextEvent(cluster, 'node-up');
  assert.equal((await ask('/nodes/n1/kill')).status, 200);
  assert.equal((await up).id, 'n1');
  assert.equal((await ask('/nodes/n1/restart')).status, 200);
  const cut = nextEvent(cluster, 'fault');
  assert.equal((await ask('/links/n0/n1/cut')).status, 200);
  assert.deepEqual(await cut, { what: 'cut', link: ['n0', 'n1'] });
  for (const path of ['/links/n0/n1/delay?ms=5', '/links/n0/n1/drop?rate=1', '/links/n1/n0/heal']) {
    assert.equal((await ask(path)).status, 200, path);
  }
  assert.equal((await ask('/nodes/n0/pause?ms=1')).status, 200);
  const { status, body } = await ask('/nodes/n0/pause?ms=0');
  assert.deepEqual(
    [status, body],
    [400, 'Cannot pause node: ms must be a number from 1 to 60000, received 0\n'],
  );
  assert.equal((await ask('/links/n0/n0/cut')).status, 400);
  const tame = await clusterFor(t, { nodes: 1, httpPort: 0 });
  assert.equal((await asking(tame.httpPort ?? 0)('/nodes/n0/kill')).status, 403);
  assert.equal(tame.nodes()[0]?.state, 'serving');
});
