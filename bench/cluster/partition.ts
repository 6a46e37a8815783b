/**
 * One node against five with the same memory together (NODE-8): what it brings that a node is a
 * shard with one writer, and what it costs that the memory is cut in five.
 */
import type { Target } from '#src/load/generator-task.js';
import { localTarget } from '#src/load/in-process.js';
import { summarize } from '#src/load/report.js';
import { createLatencies, type Latencies } from '#src/load/tally.js';
import type { Cluster } from '#src/runtime/cluster.js';
import { startCluster } from '#src/start-cluster.js';
import { median } from '../support/median.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { type Driven, KEY_BYTES } from './drive.js';
import { Driver } from './driver.js';

const NODE_COUNTS = [1, 5] as const;
const DOORS = ['RESP', 'library'] as const;
const VALUE_BYTES = 200;
const ENTRY_BYTES = KEY_BYTES + VALUE_BYTES + 64;
const THETA = 0.99;
/** So much of the data fits. */
const CACHED_SHARE = 0.2;
const CONNECTIONS = 10;
const DEPTH = 8;

interface Plan {
  readonly keys: number;
  /** Reads before the measured ones: they fill the cache. */
  readonly warmUp: number;
  readonly reads: number;
  readonly rounds: number;
}

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: { keys: 2_000, warmUp: 2_000, reads: 2_000, rounds: 1 },
  normal: { keys: 200_000, warmUp: 300_000, reads: 100_000, rounds: 5 },
  full: { keys: 1_000_000, warmUp: 2_000_000, reads: 500_000, rounds: 9 },
};

/** A cluster by one of its doors, and what was measured there. */
interface Runner {
  readonly nodes: number;
  readonly door: (typeof DOORS)[number];
  readonly target: Target;
  readonly latencies: Latencies;
  readonly rounds: Driven[];
}

export async function oneAgainstFive({ effort, progress }: SuiteContext): Promise<Section> {
  const plan = PLANS[effort];
  const memory = Math.floor(plan.keys * CACHED_SHARE * ENTRY_BYTES);
  await using driver = new Driver();
  const clusters: Cluster[] = [];
  try {
    for (const nodes of NODE_COUNTS) {
      progress(`1 node against 5: filling ${nodes}`);
      const cluster = await startCluster({ nodes, memory: Math.floor(memory / nodes), port: 0 });
      clusters.push(cluster);
      await replay(driver, localTarget(cluster, 'resp'), plan, plan.warmUp, 0, createLatencies());
    }
    const runners = DOORS.flatMap((door) => clusters.map((cluster) => runnerOf(cluster, door)));
    for (let round = 1; round <= plan.rounds; round++) {
      for (const { door, nodes, target, latencies, rounds } of runners) {
        progress(`1 node against 5: ${nodes} by ${door}, round ${round}`);
        // The doors share their clusters: the second would find all that the first has read.
        const seed = round * DOORS.length + DOORS.indexOf(door);
        rounds.push(await replay(driver, target, plan, plan.reads, seed, latencies));
      }
    }
    return sectionOf(plan, memory, runners);
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.close()));
  }
}

function runnerOf(cluster: Cluster, door: Runner['door']): Runner {
  return {
    nodes: cluster.options.nodes.length,
    door,
    target: localTarget(cluster, door === 'RESP' ? 'resp' : 'library'),
    latencies: createLatencies(),
    rounds: [],
  };
}

/** The same reads for all that are given the same seed. */
function replay(
  driver: Driver,
  target: Target,
  { keys }: Plan,
  reads: number,
  seed: number,
  latencies: Latencies,
): Promise<Driven> {
  return driver.run({
    target,
    connections: CONNECTIONS,
    depth: DEPTH,
    valueBytes: VALUE_BYTES,
    traffic: { kind: 'zipf', keys, theta: THETA, reads, seed },
    readThrough: true,
    timed: null,
    latencies,
  });
}

function sectionOf({ keys, reads }: Plan, memory: number, runners: readonly Runner[]): Section {
  const rates = runners.map(({ rounds }) => median(rounds.map(readsPerSecond)));
  const rows = runners.map(({ door, nodes, rounds, latencies }, r): Cell[] => {
    const one = runners.findIndex((other) => other.door === door && other.nodes === 1);
    const rate = rates[r] ?? 0;
    const hits = rounds.reduce((sum, round) => sum + round.hits, 0);
    const all = rounds.reduce((sum, round) => sum + round.hits + round.misses, 0);
    const { p50 = 0, p99 = 0 } = summarize(latencies.get) ?? {};
    const percentiles = [p50, p99].map((ms) => Math.round(ms * 1_000));
    return [
      door,
      nodes,
      Math.round(rate),
      rate / (rates[one] ?? 0),
      (hits / all) * 100,
      ...percentiles,
    ];
  });
  const entries = Math.round(CACHED_SHARE * 100);
  return {
    title: `One node against five with ${(memory / 2 ** 20).toFixed(1)} MB together (NODE-8)`,
    columns: ['by', 'nodes', 'reads/s', '× 1 node', 'hits %', 'p50 µs', 'p99 µs'],
    rows,
    notes: [
      `read-through, Zipf ${THETA} over ${keys.toLocaleString('en-US')} keys, ${KEY_BYTES} + ${VALUE_BYTES} bytes, of which ${entries} % fit;`,
      `${CONNECTIONS} connections (callers) × ${DEPTH} in flight, spread over the nodes; ${reads.toLocaleString('en-US')} reads a round, the`,
      'same ones for 1 and 5, by turns, median of the rounds. Five nodes want five cores and one for who asks:',
      'with fewer they take turns, and by RESP four reads of five go over another node',
    ],
  };
}

const readsPerSecond = ({ hits, misses, seconds }: Driven): number => (hits + misses) / seconds;
