import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { type TestContext, test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { type Cluster, startCluster } from '#src/index.js';
import { requireProgram } from '../support/external.js';
import { encodeInline } from './inline-request.js';
import { run } from './programs.js';
import { encode } from './raw-connection.js';

const NODES = 5;
const MEGABYTE = 1024 * 1024;

/** A redis-cli for each node. */
class Shells implements AsyncDisposable {
  readonly cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Null, and the test is skipped, where there is no redis-cli. */
  static async start(t: TestContext): Promise<Shells | null> {
    if (!requireProgram(t, 'redis-cli')) return null;
    return new Shells(await startCluster({ nodes: NODES, memory: '16mb', port: 0 }));
  }

  /** What redis-cli says; it must end well, and have no complaints of its own. */
  async say(node: number, args: readonly string[], input?: Buffer | string): Promise<Buffer> {
    const port = this.cluster.nodes()[node]?.port;
    const { code, stdout, stderr } = await run('redis-cli', ['-p', String(port), ...args], input);
    assert.equal(stderr, '', args.join(' '));
    assert.equal(code, 0, args.join(' '));
    return stdout;
  }

  async text(node: number, ...args: string[]): Promise<string> {
    return String(await this.say(node, args));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cluster.close();
  }
}

test('redis-cli reads at every node what it wrote at another (RESP-1, CLUSTER-2)', async (t) => {
  await using shells = await Shells.start(t);
  if (shells === null) return;
  for (let node = 0; node < NODES; node++) {
    assert.equal(await shells.text(node, 'set', `key:${node}`, `value ${node}`), 'OK\n');
  }
  const keys = Array.from({ length: NODES }, (_, i) => `key:${i}`);
  for (let node = 0; node < NODES; node++) {
    assert.equal(
      await shells.text(node, 'mget', ...keys),
      keys.map((_, i) => `value ${i}\n`).join(''),
    );
  }
});

/** What is shown for a person, in both protocols. */
const SHOWN: readonly (readonly [args: string[], shown: string])[] = [
  [['ping'], 'PONG\n'],
  [['get', 'absent'], '(nil)\n'],
  [['set', 'a', 'x "y"'], 'OK\n'],
  [['get', 'a'], '"x \\"y\\""\n'],
  [['strlen', 'a'], '(integer) 5\n'],
  [['mget', 'a', 'absent'], '1) "x \\"y\\""\n2) (nil)\n'],
  [['ttl', 'a'], '(integer) -1\n'],
  [['cluster', 'slots'], '(error) ERR This instance has cluster support disabled\n'],
  [['monitor'], "(error) ERR unknown command 'monitor', with args beginning with: \n"],
  [['select', '1'], '(error) ERR DB index is out of range\n'],
  [['get'], "(error) ERR wrong number of arguments for 'get' command\n"],
  [['-r', '3', 'echo', 'again'], '"again"\n"again"\n"again"\n'],
  [['-c', 'get', 'a'], '"x \\"y\\""\n'],
  [['-n', '0', 'get', 'a'], '"x \\"y\\""\n'],
];

for (const [name, protocol] of [
  ['RESP2', []],
  ['RESP3', ['-3']],
] as const) {
  test(`redis-cli shows replies and errors as those of a Redis, in ${name} (RESP-1, RESP-3, RESP-6)`, async (t) => {
    await using shells = await Shells.start(t);
    if (shells === null) return;
    for (const [i, [args, shown]] of SHOWN.entries()) {
      const said = await shells.text(i % NODES, ...protocol, '--no-raw', ...args);
      // After an error it puts an empty line, unless it is on a terminal.
      assert.equal(said.replace(/\n+$/, '\n'), shown, args.join(' '));
    }
  });
}

test('redis-cli -3 is shown maps, nulls and text of their own types (RESP-6)', async (t) => {
  await using shells = await Shells.start(t);
  if (shells === null) return;
  const say = (...args: string[]): Promise<string> => shells.text(1, '-3', '--no-raw', ...args);
  assert.equal(await say('config', 'get', 'maxmemory'), `1# "maxmemory" => "${16 * MEGABYTE}"\n`);
  assert.match(await say('hello', '3'), /3# "proto" => \(integer\) 3\n/);
  assert.match(await say('info', 'server'), /^# Server\r\nredis_version:/);
  const docs = JSON.parse(await shells.text(1, '-3', '--json', 'command', 'docs', 'get', 'set'));
  assert.deepEqual(Object.keys(docs), ['get', 'set']);
});

test('redis-cli reads commands line by line (RESP-1)', async (t) => {
  await using shells = await Shells.start(t);
  if (shells === null) return;
  const lines = ['set a 1', 'mset b 2 c "two words"', 'mget a b c absent', 'nonsense x', 'del a b'];
  assert.equal(
    String(await shells.say(2, [], `${lines.join('\n')}\n`)).replaceAll('\n\n', '\n'),
    [
      'OK\nOK\n1\n2\ntwo words',
      "ERR unknown command 'nonsense', with args beginning with: 'x' ",
      '2\n',
    ].join('\n'),
  );
});

test('redis-cli -x stores a megabyte of any bytes and reads it elsewhere (RESP-1)', async (t) => {
  await using shells = await Shells.start(t);
  if (shells === null) return;
  const prng = new Prng(1);
  const value = Buffer.from(Uint8Array.from({ length: MEGABYTE }, () => prng.uint32()));
  assert.equal(String(await shells.say(0, ['-x', 'set', 'large'], value)), 'OK\n');
  const read = await shells.say(3, ['--raw', 'get', 'large']);
  assert.ok(read.equals(Buffer.concat([value, Buffer.from('\n')])));
});

test('redis-cli --pipe takes a file of requests of both forms without an error (RESP-1, RESP-2)', async (t) => {
  await using shells = await Shells.start(t);
  if (shells === null) return;
  const count = 10_000;
  const requests: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const words = ['SET', `pipe:${i}`, `value\r\n${i}`].map((word) => Buffer.from(word));
    requests.push(i % 3 === 0 ? encodeInline(words) : encode(words));
  }
  const said = String(await shells.say(4, ['--pipe'], Buffer.concat(requests)));
  assert.match(said, new RegExp(`errors: 0, replies: ${count}\\n`));
  assert.equal(await shells.text(0, 'dbsize'), `${count}\n`);
  assert.equal(await shells.text(1, '--no-raw', 'get', 'pipe:4711'), '"value\\r\\n4711"\n');
});
