/** Fault injection on real threads: what each fault does, and that it can be taken back. */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { suite, type TestContext, test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import type { StartOptions } from '#src/config/options.js';
import { HashRing } from '#src/ring/hash-ring.js';
import type { Cluster } from '#src/runtime/cluster.js';
import type { FaultEvent } from '#src/runtime/events.js';
import { clusterFor, nextEvent, portsOf } from './harness.js';
import { RespClient } from './resp-client.js';

interface World {
  readonly cluster: Cluster;
  /** A connection to each node. */
  readonly clients: readonly RespClient[];
  readonly faults: FaultEvent[];
}

async function worldFor(t: TestContext, options: StartOptions = {}): Promise<World> {
  const cluster = await clusterFor(t, { chaos: true, port: 0, ...options });
  const faults: FaultEvent[] = [];
  cluster.on('fault', (fault) => faults.push(fault));
  const clients = await Promise.all(portsOf(cluster).map((port) => RespClient.connect(t, port)));
  return { cluster, clients, faults };
}

/** A key that node `owner` of `count` nodes has. */
function keyOf(owner: number, count: number, prefix = 'key'): string {
  const ring = new HashRing({ nodes: Array.from({ length: count }, (_, i) => `n${i}`) });
  for (let i = 0; ; i++) if (ring.lookup(`${prefix}:${i}`) === `n${owner}`) return `${prefix}:${i}`;
}

/** A write of a key of `owner`, through another node. */
const write = ({ cluster, clients }: World, through: number, owner: number, value = 'v') =>
  clients[through]?.send('SET', keyOf(owner, cluster.nodes().length), value);

/** Milliseconds that a write across a link takes. It must succeed. */
async function timeWrite(world: World, through: number, owner: number): Promise<number> {
  const before = performance.now();
  assert.equal(await write(world, through, owner), 'OK');
  return performance.now() - before;
}

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof ShoalError && error.code === code;

// Lost frames show by a time-out of five seconds; meanwhile the others run.
suite('Fault injection', { concurrency: 2 }, () => {
  test('A cut link, and one that drops all, fail what is asked across them, and nothing else, until healed (CLUSTER-8, LIB-4)', async (t) => {
    const world = await worldFor(t, { nodes: 4 });
    const { cluster, clients, faults } = world;
    const cache = cluster.client();
    for (const owner of [1, 2]) await cache.set(keyOf(owner, 4, 'read'), `of n${owner}`);
    await cluster.cut('n0', 'n1');
    await cluster.drop('n2', 'n0', 1);
    assert.deepEqual(faults.splice(0), [
      { what: 'cut', link: ['n0', 'n1'] },
      { what: 'drop', link: ['n2', 'n0'], rate: 1 },
    ]);
    const lost = [
      [0, 1],
      [1, 0],
      [0, 2],
      [2, 0],
    ].map(([through = 0, owner = 0]) => write(world, through, owner));
    // Meanwhile: reads in place across the broken links, whole links, and clients of the library.
    const reader = await RespClient.connect(t, portsOf(cluster)[0] ?? 0);
    for (const owner of [1, 2]) {
      assert.equal(await reader.send('GET', keyOf(owner, 4, 'read')), `of n${owner}`);
    }
    assert.equal(await write(world, 3, 0), 'OK');
    assert.equal(await write(world, 3, 1), 'OK');
    assert.equal(await cache.set(keyOf(2, 4), 'by a client'), true);
    for (const reply of await Promise.all(lost)) {
      assert.ok(reply instanceof Error);
      assert.match(reply.message, /^ERR Cannot tell whether set was done: no answer for 5000 ms$/);
    }
    await cluster.heal('n1', 'n0');
    await cluster.heal('n0', 'n2');
    const [cut, dropping] = faults;
    assert.ok(cut?.what === 'heal' && cut.lost >= 2, JSON.stringify(cut));
    assert.ok(dropping?.what === 'heal' && dropping.lost >= 2, JSON.stringify(dropping));
    for (const owner of [1, 2, 3]) assert.equal(await write(world, 0, owner, 'again'), 'OK');
    assert.equal(await clients[1]?.send('GET', keyOf(2, 4)), 'again');
  });

  test('A delayed link takes longer each way and keeps the order of what it carries (CLUSTER-8)', async (t) => {
    const world = await worldFor(t);
    const { cluster, clients, faults } = world;
    const key = keyOf(1, 3);
    await cluster.delay('n0', 'n1', 40);
    assert.ok((await timeWrite(world, 0, 1)) >= 80);
    const writes = [];
    for (let i = 0; i < 50; i++) {
      if (i === 25) await cluster.delay('n0', 'n1', 1);
      writes.push(clients[0]?.send('SET', key, `value ${i}`));
    }
    assert.ok((await Promise.all(writes)).every((reply) => reply === 'OK'));
    assert.equal(await clients[0]?.send('GET', key), 'value 49');
    // Held for a minute, and sent at once when the link is whole.
    await cluster.delay('n0', 'n1', 60_000);
    const held = write(world, 0, 1, 'held');
    const shown = clients[0]?.send('PING');
    await cluster.delay('n0', 'n1', 0);
    await cluster.heal('n0', 'n1');
    assert.deepEqual([await held, await shown], ['OK', 'PONG']);
    assert.deepEqual(faults.at(-1), { what: 'heal', link: ['n0', 'n1'], lost: 0 });
  });

  for (const restart of ['warm', 'cold'] as const) {
    test(`A fault of a link survives the lives of both its ends, with ${restart} restarts (CLUSTER-6, CLUSTER-8)`, async (t) => {
      const { cluster } = await worldFor(t, { restart, restartGrace: 10_000 });
      await cluster.delay('n0', 'n1', 60);
      for (const id of ['n1', 'n0']) {
        const up = nextEvent(cluster, 'node-up', (event) => event.id === id);
        await cluster.kill(id);
        await up;
      }
      const clients = await Promise.all(
        portsOf(cluster).map((port) => RespClient.connect(t, port)),
      );
      assert.ok((await timeWrite({ cluster, clients, faults: [] }, 0, 1)) >= 120);
      await cluster.heal('n0', 'n1');
      assert.equal(await write({ cluster, clients, faults: [] }, 0, 1), 'OK');
    });
  }

  test('A fault can be set on the link of a dead node, which begins its next life with it (CLUSTER-8)', async (t) => {
    const { cluster } = await worldFor(t, { restart: 'off' });
    await cluster.kill('n1');
    await cluster.delay('n1', 'n0', 50);
    await cluster.restart('n1');
    const clients = await Promise.all(portsOf(cluster).map((port) => RespClient.connect(t, port)));
    assert.ok((await timeWrite({ cluster, clients, faults: [] }, 1, 0)) >= 100);
  });

  test('pause() resolves when the node stands still, and it goes on after that (CLUSTER-8)', async (t) => {
    const { cluster, faults } = await worldFor(t);
    const cache = cluster.client();
    const key = keyOf(1, 3);
    await cache.set(key, 'before');
    const begin = performance.now();
    await cluster.pause('n1', 300);
    assert.deepEqual(faults, [{ what: 'pause', id: 'n1', ms: 300 }]);
    const writing = cache.set(key, 'after');
    assert.equal(cache.getSync(key), 'before', 'its memory is read meanwhile');
    await writing;
    assert.ok(performance.now() - begin >= 300);
    assert.equal(await cache.get(key), 'after');
    assert.equal(cluster.nodes()[1]?.restarts, 0);
  });

  test('A pause that is longer than heartbeats allow is found by them (SHAPE-4, CLUSTER-4)', async (t) => {
    const { cluster } = await worldFor(t, { heartbeatInterval: 50, heartbeatFailures: 3 });
    const isN0 = ({ id }: { id: string }): boolean => id === 'n0';
    const news = Promise.all([
      nextEvent(cluster, 'node-down', isN0),
      nextEvent(cluster, 'node-up', isN0),
    ]);
    await cluster.pause('n0', 60_000);
    const [down, up] = await news;
    assert.deepEqual([down.reason, up.id], ['hung', 'n0']);
  });

  test('A pause of a node on its way back waits for that (CLUSTER-8)', async (t) => {
    const { cluster } = await worldFor(t);
    const up = nextEvent(cluster, 'node-up');
    await cluster.kill('n2');
    await cluster.pause('n2', 1);
    assert.equal((await up).id, 'n2');
  });

  test('Calls for nodes that are not there, or out of range, are refused by name (LIB-4)', async (t) => {
    const { cluster, faults } = await worldFor(t);
    const cases: readonly (readonly [Promise<void>, RegExp])[] = [
      [cluster.pause('n9', 5), /^Cannot pause node: there is no node n9, only n0, n1, n2$/],
      [cluster.cut('n0', 'x'), /^Cannot cut link: there is no node x, only n0, n1, n2$/],
      [cluster.heal('x', 'n0'), /^Cannot heal link: there is no node x/],
      [cluster.cut('n1', 'n1'), /^Cannot cut link: a link has two ends, received n1 twice$/],
      [cluster.delay('n1', 'n1', 5), /two ends/],
      [cluster.pause('n0', 0), /: ms must be a number from 1 to 60000, received 0$/],
      [cluster.pause('n0', 60_001), /received 60001$/],
      [cluster.pause('n0', Number.NaN), /received NaN$/],
      [cluster.delay('n0', 'n1', -1), /: ms must be a number from 0 to 60000, received -1$/],
      [cluster.delay('n0', 'n1', Number.POSITIVE_INFINITY), /received Infinity$/],
      [cluster.drop('n0', 'n1', 1.01), /: rate must be a number from 0 to 1, received 1.01$/],
      [cluster.drop('n0', 'n1', '1' as unknown as number), /rate must be/],
    ];
    for (const [call, message] of cases)
      await assert.rejects(call, { name: 'RangeError', message });
    await cluster.heal('n0', 'n1');
    assert.deepEqual(faults, [{ what: 'heal', link: ['n0', 'n1'], lost: 0 }]);
  });

  test('Without chaos every fault is refused with ERR_CHAOS_OFF and how to switch it on (LIB-4)', async (t) => {
    const cluster = await clusterFor(t);
    const calls = [
      cluster.pause('n0', 5),
      cluster.cut('n0', 'n1'),
      cluster.heal('n0', 'n1'),
      cluster.delay('n0', 'n1', 5),
      cluster.drop('nobody', 'n1', 1),
    ];
    for (const call of calls) {
      await assert.rejects(call, (error: unknown) => {
        assert.ok(hasCode('ERR_CHAOS_OFF')(error));
        assert.match(String(error), /fault injection is off; start .* chaos: true \(--chaos, /);
        return true;
      });
    }
    await cluster.kill('n0');
    await cluster.restart('n0');
  });

  test('close() does not wait for frames that are delayed, nor for what a node has not obeyed (LIB-6)', async (t) => {
    const world = await worldFor(t, { drainTimeout: 100 });
    const { cluster } = world;
    await cluster.delay('n0', 'n1', 60_000);
    const held = write(world, 0, 1);
    await cluster.pause('n2', 60_000);
    const unheard = assert.rejects(cluster.cut('n2', 'n0'), hasCode('ERR_CLOSED'));
    await cluster.close();
    await unheard;
    assert.ok((await held) instanceof Error);
    await assert.rejects(cluster.cut('n0', 'n1'), hasCode('ERR_CLOSED'));
  });
});
