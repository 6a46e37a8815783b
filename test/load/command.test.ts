import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '#src/load/main.js';
import type { LoadReport } from '#src/load/report.js';
import type { Output, Services } from '#src/load/services.js';
import type { TraceReport } from '#src/load/trace-report.js';
import { SlabCache } from '#src/slab-cache.js';
import { FakeServer, type Misbehave } from './fake-server.js';

const folder = mkdtempSync(join(tmpdir(), 'shoal-load-'));
after(() => rmSync(folder, { recursive: true }));

class Text implements Output {
  readonly isTTY: boolean;
  readonly columns = 200;
  text = '';

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

/** What the command starts, with fake servers for nodes; they notice whether they were closed. */
class World implements Services {
  readonly stdout = new Text();
  readonly stderr: Text;
  readonly killed: string[] = [];
  closed = 0;
  readonly #misbehave: Misbehave | undefined;

  constructor(misbehave?: Misbehave, isTTY = false) {
    this.#misbehave = misbehave;
    this.stderr = new Text(isTTY);
  }

  startCluster: Services['startCluster'] = async ({ nodes, port }) => {
    assert.equal(port, 0);
    const count = Array.from({ length: nodes }, (_, i) => i);
    const servers = await Promise.all(count.map(() => FakeServer.start(this.#misbehave)));
    return {
      nodes: () =>
        servers.map(({ endpoint }, i) => ({
          id: `n${i}`,
          state: 'serving',
          port: endpoint.port,
        })),
      client: () => {
        throw new Error('not asked for');
      },
      kill: async (id) => this.killed.push(id),
      close: async () => {
        await Promise.all(servers.map((server) => server.close()));
        this.closed++;
      },
    };
  };

  createCache: Services['createCache'] = (memoryLimit) => new SlabCache({ memoryLimit });
}

const run = (world: World, line: string): Promise<number> => runCommand(line.split(' '), world);

const QUICK = '--keys 500 --connections 4 --warm-up 50ms --duration 300ms';

test('load starts a cluster, drives it, reports as text and JSON, and closes it (BENCH-2, BENCH-4)', async () => {
  const world = new World();
  const json = join(folder, 'report.json');
  const code = await run(world, `--nodes 1 --verify --json ${json} ${QUICK}`);
  assert.equal(world.stderr.text, '');
  assert.equal(code, 0);
  assert.equal(world.closed, 1);
  for (const word of ['Node v20', 'cores', 'load average', 'p99.9', 'throughput', 'limit']) {
    assert.ok(world.stdout.text.includes(word.replace('v20', process.version)), word);
  }
  assert.match(world.stdout.text, /preload {3}500 keys/);
  const report = JSON.parse(readFileSync(json, 'utf8')) as LoadReport;
  assert.equal(report.kind, 'load');
  assert.equal(report.plan.traffic.keys, 500);
  assert.equal(report.environment.node, process.version);
  assert.equal(report.target.nodes, 1);
  assert.ok(report.operations > 0);
  assert.equal(report.hitRatio, 1);
  assert.deepEqual(report.verification, { wrong: 0, stale: 0, samples: [] });
  const latency = report.all.latencyMs;
  assert.ok(latency !== null && latency.p50 > 0 && latency.p50 <= latency.p99);
  assert.ok(latency.p999 <= latency.max * 1.001, 'to the three digits of the histogram');
});

test('load exits with 1 when it read a wrong value (BENCH-2)', async () => {
  let gets = 0;
  const world = new World((command, answer) => {
    const damage = command[0]?.toString() === 'GET' && ++gets % 20 === 0;
    return damage ? Buffer.from('$5\r\nwrong\r\n') : answer;
  });
  assert.equal(await run(world, `--nodes 1 --verify ${QUICK}`), 1);
  assert.match(world.stderr.text, /^load: \d+ wrong and 0 stale values were read\n$/);
  assert.match(world.stdout.text, /a value of 5 bytes that was never written: 77726f6e67/);
});

test('load exits with 1 when nothing succeeds, and says why by the errors (BENCH-2)', async () => {
  const world = new World(() => Buffer.from('-CLUSTERDOWN no node is on the ring\r\n'));
  assert.equal(await run(world, `--nodes 1 ${QUICK}`), 1);
  assert.match(world.stdout.text, /errors {6}\d+ \(\d+ CLUSTERDOWN\)/);
  assert.match(world.stderr.text, /no operation succeeded/);
  assert.equal(world.closed, 1);
});

test('load shows a line a second on a terminal, and kills nodes where asked to (BENCH-2)', async () => {
  const world = new World(undefined, true);
  const line = '--nodes 3 --kill-every 200ms --keys 500 --warm-up 0s --duration 1800ms';
  assert.equal(await run(world, line), 0);
  assert.match(world.stderr.text, /measured +1 s +\d+ ops\/s +\d+\.\d % hits {2}0 errors/);
  assert.ok(world.killed.length >= 2);
  assert.ok(world.killed.every((id) => /^n[012]$/.test(id)));
  assert.match(world.stdout.text, /kills {7}\d/);
});

test('load generates in several threads, in open loop, for a workload (BENCH-2)', async () => {
  const world = new World();
  const line = `--nodes 1 --workload ycsb-d --rate 2000 --threads 2 ${QUICK}`;
  assert.equal(await run(world, line), 0);
  assert.match(
    world.stdout.text,
    /open loop, 2000 a second over 4 connections, 2 generator threads/,
  );
  assert.match(world.stdout.text, /\ninsert {2}/);
});

test('load exits with 2 and one line when options make no sense (CLI-2, BENCH-2)', async () => {
  const missing = join(folder, 'no-such-folder', 'report.json');
  for (const line of ['--keyz 5', '--keys none', `--json ${missing}`, '--trace /no/such/file']) {
    const world = new World();
    assert.equal(await run(world, line), 2, line);
    assert.match(world.stderr.text, /^load: Cannot [^\n]+\n$/);
    assert.equal(world.stdout.text, '');
  }
});

test('load exits with 1 and one line when nobody listens at the target (BENCH-2)', async () => {
  const server = await FakeServer.start();
  const { port } = server.endpoint;
  await server.close();
  const world = new World();
  assert.equal(await run(world, `--target 127.0.0.1:${port} ${QUICK}`), 1);
  assert.match(world.stderr.text, /^load: Cannot connect to 127\.0\.0\.1:\d+: [^\n]+\n$/);
});

test('load replays a trace on one slab and on a cluster, with the same hits (BENCH-3)', async () => {
  const trace = join(folder, 'trace.txt');
  const accesses = Array.from({ length: 2_000 }, (_, i) => `key${(i * i) % 301} ${i % 97}`);
  writeFileSync(trace, accesses.join('\n'));
  const json = join(folder, 'trace.json');
  const reports: TraceReport[] = [];
  for (const where of ['--memory 1mb', '--in-process --nodes 1']) {
    const world = new World();
    assert.equal(await run(world, `--trace ${trace} --json ${json} ${where}`), 0);
    assert.match(world.stdout.text, /hit ratio {3}0\.\d{5} \(\d+ hits\)/);
    reports.push(JSON.parse(readFileSync(json, 'utf8')) as TraceReport);
  }
  const [slab, cluster] = reports;
  assert.equal(slab?.accesses, 2_000);
  assert.equal(slab?.hits, 2_000 - new Set(accesses.map((line) => line.split(' ')[0])).size);
  assert.equal(cluster?.hits, slab?.hits);
  assert.equal(slab?.slab?.evictedOutOfOrder, 0);
  assert.equal(cluster?.cluster?.errors, 0);
});
