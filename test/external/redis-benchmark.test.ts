/** redis-benchmark stops at the first error reply; what it prints must not speak of one either. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCluster } from '#src/index.js';
import { requireProgram } from '../support/external.js';
import { run } from './programs.js';

const NODES = 5;
const DEPTHS = ['1', '16', '64'];
/** Small: whether it works is asked here, not how fast. */
const SIZE = ['-n', '3000', '-c', '20', '-d', '64', '-r', '1000'];
const TESTS = ['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'MSET (10 keys)'];

/** The tests that a run reports, by the lines of its CSV. */
const reported = (csv: string): string[] =>
  csv
    .split('\n')
    .slice(1)
    .flatMap((line) => /^"([^"]+)","[\d.]+"/.exec(line)?.slice(1) ?? []);

for (const [name, protocol] of [
  ['RESP2', []],
  ['RESP3', ['-3']],
] as const) {
  test(`redis-benchmark runs against every node, in ${name} (RESP-1, RESP-6)`, async (t) => {
    if (!requireProgram(t, 'redis-benchmark')) return;
    await using cluster = await startCluster({ nodes: NODES, memory: '16mb', port: 0 });
    for (const { id, port } of cluster.nodes()) {
      for (const depth of DEPTHS) {
        const where = ['-p', String(port), ...protocol];
        const what = ['-t', 'ping,set,get,mset', '-P', depth, ...SIZE, '--csv'];
        const { code, stdout, stderr } = await run('redis-benchmark', [...where, ...what]);
        const said = `${id}, -P ${depth}: ${stdout}${stderr}`;
        assert.equal(code, 0, said);
        assert.equal(stderr, '', said);
        assert.doesNotMatch(said, /error|warn/i);
        assert.deepEqual(reported(String(stdout)), TESTS, said);
      }
    }
    const held = cluster.stats().nodes.map(({ cache }) => cache.entries);
    assert.ok(
      held.every((entries) => entries > 0),
      `every node holds some of the keys: ${held}`,
    );
  });
}
