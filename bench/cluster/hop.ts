/**
 * What the way over another node costs (CLUSTER-7). One connection to one node asks for keys that
 * this node owns, and for keys that the others own; the library asks each owner itself.
 */
import type { Target } from '#src/load/generator-task.js';
import { summarize } from '#src/load/report.js';
import { createLatencies, type Latencies } from '#src/load/tally.js';
import { HashRing } from '#src/ring/hash-ring.js';
import type { Cluster } from '#src/runtime/cluster.js';
import { startCluster } from '#src/start-cluster.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { KEYS } from './drive.js';
import { Driver } from './driver.js';

const NODES = 5;
const KEY_COUNT = 10_000;
const VALUE_BYTES = 100;
const DEPTHS = [1, 64] as const;

interface Plan {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: { rounds: 1, warmUpMs: 20, durationMs: 100 },
  normal: { rounds: 5, warmUpMs: 200, durationMs: 1_000 },
  full: { rounds: 15, warmUpMs: 300, durationMs: 3_000 },
};

/** A way to a value, and the keys that are read on it. */
interface Way {
  readonly name: string;
  readonly target: Target;
  readonly list: readonly number[];
}

export async function proxyHop({ effort, progress }: SuiteContext): Promise<Section> {
  const plan = PLANS[effort];
  await using cluster = await startCluster({
    nodes: NODES,
    memory: '16mb',
    port: 0,
    reads: 'proxy',
  });
  await using driver = new Driver();
  const ways = await prepare(cluster, driver);
  const rows: Cell[][] = [];
  for (const depth of DEPTHS) {
    const latencies = ways.map(() => createLatencies());
    for (let round = 0; round < plan.rounds; round++) {
      for (const [w, way] of ways.entries()) {
        progress(`proxy hop, ${depth} in flight, round ${round + 1}: ${way.name}`);
        await read(driver, way, depth, plan, latencies[w] as Latencies);
      }
    }
    const seconds = (plan.rounds * plan.durationMs) / 1_000;
    const figures = latencies.map((own) => figuresOf(own, seconds));
    for (const [w, { name }] of ways.entries()) rows.push([depth, name, ...(figures[w] ?? [])]);
    const [direct = [], hop = []] = figures;
    rows.push([depth, '= the hop', ...hop.map((figure, i) => figure - (direct[i] ?? 0))]);
  }
  return {
    title: `The proxy hop: GET of ${VALUE_BYTES} bytes, ${NODES} nodes, one connection; µs (CLUSTER-7)`,
    columns: ['in flight', 'way', 'p50', 'p99', 'p99.9', 'max', 'gets/s'],
    rows,
    notes: [
      'closed loop, by turns, all rounds in one histogram; CLUSTER-7 asks for a hop below 5,000 µs at p99',
      'the hop: second row less the first, figure by figure',
      'RESP is driven from a thread of its own, the library from the thread that started the cluster,',
      'which serves nobody',
    ],
  };
}

/** Writes all keys, and sorts them by whether the first node owns them. */
async function prepare(cluster: Cluster, driver: Driver): Promise<Way[]> {
  const { id, port } = cluster.nodes()[0] ?? {};
  if (id === undefined || !port) throw new Error('Cannot measure: the first node has no port');
  const target: Target = { kind: 'resp', endpoints: [{ host: cluster.options.host, port }] };
  await driver.run({
    target,
    connections: 1,
    depth: 64,
    valueBytes: VALUE_BYTES,
    traffic: { kind: 'fill', keys: KEY_COUNT },
    readThrough: false,
    timed: null,
    latencies: createLatencies(),
  });
  const all = Array.from({ length: KEY_COUNT }, (_, key) => key);
  const owners = ownersOf(cluster, all);
  return [
    { name: `RESP, ${id} owns the key`, target, list: all.filter((key) => owners[key] === id) },
    { name: 'RESP, another node does', target, list: all.filter((key) => owners[key] !== id) },
    { name: 'library', target: { kind: 'library', client: cluster.client() }, list: all },
  ];
}

/** The owner of each key by a ring of the same nodes, which must be where the cluster put them. */
function ownersOf(cluster: Cluster, keys: readonly number[]): (string | undefined)[] {
  const ring = new HashRing(cluster.options);
  const owners = keys.map((key) => ring.lookup(KEYS.text(key)));
  for (const { id, cache } of cluster.stats().nodes) {
    const expected = owners.filter((owner) => owner === id).length;
    if (cache.entries === expected) continue;
    throw new Error(`Cannot measure: ${id} has ${cache.entries} keys, by the ring ${expected}`);
  }
  return owners;
}

async function read(
  driver: Driver,
  { target, list }: Way,
  depth: number,
  timed: Plan,
  latencies: Latencies,
): Promise<void> {
  const { misses } = await driver.run({
    target,
    connections: 1,
    depth,
    valueBytes: VALUE_BYTES,
    traffic: { kind: 'read', list },
    readThrough: false,
    timed,
    latencies,
  });
  if (misses > 0) throw new Error(`Cannot measure: ${misses} reads found nothing`);
}

const US_PER_MS = 1_000;

/** Percentiles in whole µs, and reads a second. */
function figuresOf({ get }: Latencies, seconds: number): number[] {
  const summary = summarize(get);
  if (summary === null) throw new Error('Cannot measure: there was no answer');
  const { p50, p99, p999, max } = summary;
  const percentiles = [p50, p99, p999, max].map((ms) => Math.round(ms * US_PER_MS));
  return [...percentiles, Math.round(get.count / seconds)];
}
