/**
 * What a GET costs that lands on a node which does not own the key: CPU time of the whole process,
 * against keys of the node's own on the same connections. In pairs, by turns, so that what else
 * the machine does meets both; once with reads in place, once with reads by message.
 */
import { createLatencies } from '#src/load/tally.js';
import { HashRing } from '#src/ring/hash-ring.js';
import { KEYS } from '../cluster/drive.js';
import { Driver } from '../cluster/driver.js';
import { cpuSeconds } from '../peers/cpu-time.js';
import { HOST, type Server, startShoalCluster } from '../peers/servers.js';
import { median, medianInterval } from '../support/median.js';
import type { Cell, Effort, Section, Suite, SuiteContext } from '../support/suite.js';

const NODES = 3;
const KEY_COUNT = 100_000;
const VALUE_BYTES = 100;
const MEMORY_MB = 64;
const CONNECTIONS = 8;
const DEPTHS = [1, 16] as const;
const READS = ['shared', 'proxy'] as const;

interface Plan {
  readonly pairs: number;
  readonly durationMs: number;
}

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: { pairs: 1, durationMs: 60 },
  normal: { pairs: 20, durationMs: 700 },
  full: { pairs: 20, durationMs: 2_000 },
};

/** CPU time of an operation in µs, pair by pair. */
interface Series {
  readonly own: number[];
  readonly others: number[];
}

export const foreignSuite: Suite = {
  about: "RESP GET of other nodes' keys against the node's own: CPU time, in pairs",
  async *run(context) {
    yield await foreignKeys(context);
  },
};

async function foreignKeys({ effort, progress }: SuiteContext): Promise<Section> {
  const plan = PLANS[effort];
  await using driver = new Driver();
  const rows: Cell[][] = [];
  for (const reads of READS) {
    await using server = await startShoalCluster(NODES, MEMORY_MB, ['--reads', reads]);
    await fill(driver, server);
    for (const depth of DEPTHS) {
      const series: Series = { own: [], others: [] };
      // The first pair is nobody's: the server gets warm.
      for (let pair = -1; pair < plan.pairs; pair++) {
        progress(`GET of others' keys, --reads ${reads}, ${depth} in flight, pair ${pair + 1}`);
        // Who goes first changes from pair to pair.
        const turns = pair % 2 === 0 ? LISTS : LISTS.toReversed();
        for (const [whose, list] of turns) {
          const us = await costOf(driver, server, { list, depth, durationMs: plan.durationMs });
          if (us !== null && pair >= 0) series[whose].push(us);
        }
      }
      rows.push([`--reads ${reads}`, depth, ...figuresOf(series)]);
    }
  }
  return {
    title: `GET by RESP of other nodes' keys against the node's own: CPU time of the whole process (${NODES} nodes)`,
    columns: ['reads', 'in flight', 'own µs', "others' µs", 'ratio', '95 % interval', 'pairs'],
    rows,
    notes: [
      `${VALUE_BYTES} bytes, ${KEY_COUNT.toLocaleString('en-US')} keys, ${CONNECTIONS} connections, all to the first node; ${plan.durationMs} ms a run, alternating;`,
      'ratio: the median of the ratios of the pairs; the interval is that of the median, by the binomial',
      'distribution (too few pairs cannot give 95 %: then it is their range); CPU time by the clock tick, 10 ms',
    ],
  };
}

const ids = Array.from({ length: NODES }, (_, i) => `n${i}`);
const LISTS: readonly (readonly [whose: keyof Series, list: readonly number[]])[] = listKeys();

function listKeys(): [keyof Series, number[]][] {
  const ring = new HashRing({ nodes: ids });
  const own: number[] = [];
  const others: number[] = [];
  for (let key = 0; key < KEY_COUNT; key++) {
    (ring.lookup(KEYS.text(key)) === ids[0] ? own : others).push(key);
  }
  return [
    ['own', own],
    ['others', others],
  ];
}

async function fill(driver: Driver, { port }: Server): Promise<void> {
  await driver.run({
    target: { kind: 'resp', endpoints: [{ host: HOST, port }] },
    connections: 1,
    depth: 64,
    valueBytes: VALUE_BYTES,
    traffic: { kind: 'fill', keys: KEY_COUNT },
    readThrough: false,
    timed: null,
    latencies: createLatencies(),
  });
}

interface Run {
  readonly list: readonly number[];
  readonly depth: number;
  readonly durationMs: number;
}

/** µs of CPU time an operation; null where it cannot be told. Nothing warms up: all of it is counted. */
async function costOf(
  driver: Driver,
  { pid, port }: Server,
  { list, depth, durationMs }: Run,
): Promise<number | null> {
  const latencies = createLatencies();
  const before = cpuSeconds(pid);
  const { hits, misses } = await driver.run({
    target: { kind: 'resp', endpoints: [{ host: HOST, port }] },
    connections: CONNECTIONS,
    depth,
    valueBytes: VALUE_BYTES,
    traffic: { kind: 'read', list },
    readThrough: false,
    timed: { warmUpMs: 0, durationMs },
    latencies,
  });
  const after = cpuSeconds(pid);
  if (misses > 0) throw new Error(`Cannot measure: ${misses} reads found nothing`);
  return before === null || after === null ? null : ((after - before) / hits) * 1e6;
}

function figuresOf({ own, others }: Series): Cell[] {
  const ratios = others.map((us, pair) => us / (own[pair] ?? Number.NaN)).filter(Number.isFinite);
  if (ratios.length === 0) return ['unknown', 'unknown', 'unknown', 'unknown', 0];
  const { low, high } = medianInterval(ratios);
  const interval = `${low.toFixed(3)} to ${high.toFixed(3)}`;
  return [median(own), median(others), median(ratios).toFixed(3), interval, ratios.length];
}
