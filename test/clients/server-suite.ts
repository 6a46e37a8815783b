/** DBSIZE, FLUSHALL, FLUSHDB, INFO, CONFIG GET, COMMAND. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Bench } from './conformance.js';

const MEMORY = 16 * 1024 * 1024;

export function serverSuite(bench: Bench): void {
  for (const flush of ['flushAll', 'flushDb'] as const) {
    it(`DBSIZE counts all nodes, and ${flush} empties them (RESP-1)`, async () => {
      const pairs = Array.from({ length: 200 }, (_, i): [string, string] => [`k:${i}`, 'v']);
      await bench.at(0).mset(pairs);
      for (let node = 0; node < 5; node++) assert.equal(await bench.at(node).dbsize(), 200);
      assert.equal(await bench.at(3)[flush](), 'OK');
      for (let node = 0; node < 5; node++) assert.equal(await bench.at(node).dbsize(), 0);
      assert.deepEqual(bench.entries(), [0, 0, 0, 0, 0]);
    });
  }

  it('FLUSHALL takes ASYNC and SYNC (RESP-1)', async () => {
    for (const mode of ['ASYNC', 'SYNC']) {
      await bench.at(1).set('k', 'v');
      assert.equal(await bench.at(2).send('FLUSHALL', mode), 'OK');
      assert.equal(await bench.at(3).dbsize(), 0);
    }
  });

  it('INFO tells what a Redis tells, and which node it is of (RESP-1)', async () => {
    for (const [node, { id, port }] of bench.cluster.nodes().entries()) {
      const info = await bench.at(node).info();
      assert.match(info, /^# Server\r\nredis_version:7\.0\.15\r\n/);
      assert.match(info, new RegExp(`\r\ntcp_port:${port}\r\n`));
      assert.match(info, /\r\nrole:master\r\n/);
      assert.match(info, /\r\ncluster_enabled:0\r\n/);
      assert.match(info, /\r\nloading:0\r\n/);
      assert.match(info, new RegExp(`# Shoal\r\nnode:${id}\r\nnodes_up:5\r\nnodes_known:5\r\n`));
    }
    const memory = await bench.at(0).info('memory');
    assert.match(
      memory,
      new RegExp(`^# Memory\r\nused_memory:\\d+\r\n[^#]*maxmemory:${MEMORY}\r\n`),
    );
  });

  it('CONFIG GET answers names and patterns (RESP-1)', async () => {
    assert.deepEqual(await bench.at(0).configGet('maxmemory'), { maxmemory: String(MEMORY) });
    assert.deepEqual(await bench.at(0).configGet('maxmem*'), {
      maxmemory: String(MEMORY),
      'maxmemory-policy': 'allkeys-lru',
    });
    assert.deepEqual(await bench.at(0).configGet('SAVE'), { SAVE: '' });
    assert.deepEqual(await bench.at(0).configGet('nonsense'), {});
  });

  it('COMMAND names every command, and those alone (RESP-1)', async () => {
    const names = await bench.at(0).commandList();
    assert.equal(await bench.at(0).commandCount(), names.length);
    const issued = 'ping echo get set del unlink exists mget mset ttl pttl expire pexpire persist';
    const others =
      'strlen type dbsize flushall flushdb info config command client hello select quit';
    for (const name of `${issued} ${others} cluster`.split(' '))
      assert.ok(names.includes(name), name);
    const told = (await bench.at(1).send('COMMAND', 'INFO', ...names)) as unknown[][];
    assert.deepEqual(
      told.map(([name]) => name),
      names,
    );
    const all = (await bench.at(2).send('COMMAND')) as unknown[];
    assert.equal(all.length, names.length);
    assert.deepEqual(await bench.at(3).send('COMMAND', 'GETKEYS', 'MSET', 'a', '1', 'b', '2'), [
      'a',
      'b',
    ]);
  });
}
