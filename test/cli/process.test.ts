import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { flagOf, OPTION_NAMES, OPTIONS } from '#src/config/table.js';
import { ShoalProcess } from './shoal-process.js';

const SMALL = ['--nodes', '2', '--memory', '1mb', '--port', '0', '--http-port', 'off'];

interface ReadyEvent {
  readonly nodes: readonly { readonly id: string; readonly port: number }[];
  readonly http: number | null;
}

const ready = async (shoal: ShoalProcess): Promise<ReadyEvent> =>
  (await shoal.event('ready')) as unknown as ReadyEvent;

/** Sends bytes to a port of this machine and gives the first answer. */
async function ask(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(text);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return String(chunk);
  } finally {
    socket.destroy();
  }
}

/** How long a process is suspended. */
const SUSPENDED_MS = 2_000;

describe('node dist/cluster.js', () => {
  it('starts five nodes that serve, by default (SHAPE-5, CLI-4)', async () => {
    const args = ['--nodes', '5', '--memory', '1mb', '--port', '0', '--http-port', '0', '--json'];
    await using shoal = new ShoalProcess(args);
    const { nodes, http } = await ready(shoal);
    assert.deepEqual(
      nodes.map(({ id }) => id),
      ['n0', 'n1', 'n2', 'n3', 'n4'],
    );
    for (const { port } of nodes) assert.equal(await ask(port, 'PING\r\n'), '+PONG\r\n');
    const answer = await fetch(`http://127.0.0.1:${http}/healthz`);
    assert.equal(answer.status, 200);
    await answer.text();
    shoal.child.kill('SIGTERM');
    assert.equal(await shoal.end(), 0);
    assert.equal(shoal.stderr, '');
  });

  it('takes ports in a row from the one it is given (CLI-1)', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    await using shoal = new ShoalProcess([
      ...SMALL,
      '--json',
      '--nodes',
      '1',
      '--port',
      String(port),
    ]);
    assert.deepEqual((await ready(shoal)).nodes, [{ id: 'n0', port }]);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`drains and exits 0 on ${signal}, and prints a ready line before (CLI-3)`, async () => {
      await using shoal = new ShoalProcess(SMALL);
      assert.match(await shoal.line(/^ready/), /^ready: RESP on 127\.0\.0\.1, ports \d+, \d+$/);
      shoal.child.kill(signal);
      assert.equal(await shoal.end(), 0);
      assert.equal(shoal.stderr, '');
      assert.equal(shoal.lines.at(-1), 'stopped');
    });
  }

  it('blames nobody for the time in which the whole process was suspended (CLUSTER-4)', async () => {
    const args = ['--nodes', '3', '--memory', '1mb', '--port', '0', '--http-port', 'off', '--json'];
    await using shoal = new ShoalProcess([...args, '--heartbeat-interval', '250']);
    const { nodes } = await ready(shoal);
    shoal.child.kill('SIGSTOP');
    // Longer than three heartbeats: time is what is tested.
    await new Promise((resolve) => setTimeout(resolve, SUSPENDED_MS));
    shoal.child.kill('SIGCONT');
    const { late } = await shoal.event('supervisor-stalled');
    assert.ok(Number(late) >= SUSPENDED_MS / 2, `late by ${late}`);
    for (const { port } of nodes) assert.equal(await ask(port, 'PING\r\n'), '+PONG\r\n');
    shoal.child.kill('SIGTERM');
    assert.equal(await shoal.end(), 0);
    assert.ok(
      shoal.lines.every((line) => !line.includes('node-down')),
      shoal.lines.join('\n'),
    );
  });

  it('exits at once on a second signal (CLI-3)', async () => {
    await using shoal = new ShoalProcess([...SMALL, '--json']);
    await ready(shoal);
    // Both are delivered before its next turn, so that the first has not ended it yet.
    shoal.child.kill('SIGSTOP');
    shoal.child.kill('SIGTERM');
    shoal.child.kill('SIGINT');
    shoal.child.kill('SIGCONT');
    const code = await shoal.end();
    assert.ok(code === 130 || code === 143, `ended with ${String(code)}`);
  });

  it('exits 1 with one line when a port is in use (CLI-2)', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    try {
      for (const args of [
        ['--nodes', '1', '--port', port, '--http-port', 'off'],
        ['--nodes', '1', '--port', '0', '--http-port', port],
      ]) {
        await using shoal = new ShoalProcess(['--memory', '1mb', ...args]);
        assert.equal(await shoal.end(), 1);
        assert.match(shoal.stderr, new RegExp(`^shoal: Cannot [^\\n]*${port}[^\\n]*\\n$`));
      }
    } finally {
      taken.close();
    }
  });

  it('exits 2 with one line for a bad option (CLI-2)', async () => {
    for (const args of [['--nodes', '0'], ['--frobnicate'], ['--password', 'p']]) {
      await using shoal = new ShoalProcess(args);
      assert.equal(await shoal.end(), 2);
      assert.match(shoal.stderr, /^shoal: Cannot start cluster: [^\n]+\n$/);
      assert.deepEqual(shoal.lines, []);
    }
  });

  it('takes every option at once, and each in the environment (CLI-1)', async () => {
    const environment = {
      SHOAL_NODES: '1',
      SHOAL_MEMORY: '100k',
      SHOAL_PORT: '0',
      SHOAL_HTTP_PORT: 'off',
      SHOAL_JSON: 'true',
    };
    await using byVariable = new ShoalProcess([], environment);
    assert.equal((await ready(byVariable)).nodes.length, 1);
    const values: Readonly<Record<string, string>> = {
      nodes: '3',
      replicas: '3',
      writeQuorum: '3',
      readQuorum: '1',
      memory: '1mb',
      vnodes: '20',
      host: '127.0.0.2',
      port: '0',
      httpPort: 'off',
      heartbeatInterval: '100',
      heartbeatFailures: '2',
      detector: 'heartbeat',
      isolated: 'serve',
      drainTimeout: '100',
      restart: 'off',
      restartGrace: '0',
      maxValueSize: '1mb',
      reads: 'proxy',
    };
    const names = OPTION_NAMES.filter(
      (name) => OPTIONS[name].reach === 'everywhere' && !OPTIONS[name].hidden,
    );
    const args = names.flatMap((name) => {
      const isSwitch = OPTIONS[name].kind.placeholder === null;
      return isSwitch ? [flagOf(name)] : [flagOf(name), values[name] ?? 'no sample'];
    });
    await using byFlag = new ShoalProcess([...args, '--json']);
    assert.equal((await ready(byFlag)).nodes.length, 3);
  });

  it('serves on when nobody reads what it prints (CLI-4)', async () => {
    await using shoal = new ShoalProcess([...SMALL, '--json']);
    const { nodes } = await ready(shoal);
    shoal.child.stdout?.destroy();
    for (const { port } of nodes) assert.equal(await ask(port, 'PING\r\n'), '+PONG\r\n');
    // It has something to say now, and nobody to say it to.
    shoal.child.kill('SIGTERM');
    assert.equal(await shoal.end(), 0);
    assert.equal(shoal.stderr, '');
  });

  it('prints help and version and exits 0 (CLI-1)', async () => {
    await using help = new ShoalProcess(['--help']);
    assert.equal(await help.end(), 0);
    assert.match(help.lines[0] ?? '', /^Usage: shoal/);
    await using version = new ShoalProcess(['--version']);
    assert.equal(await version.end(), 0);
    assert.match(version.lines.join(''), /^\d+\.\d+\.\d+/);
  });
});
