/** How long a lookup takes: as the ring grows, and beside other packages. */
import { createRequire } from 'node:module';
import { KeyBuffer } from '#src/base/key.js';
import type { KeyHash } from '#src/base/units.js';
import { HashRing } from '#src/ring/hash-ring.js';
import { placeStartList } from '#src/ring/placement.js';
import { RingTable } from '#src/ring/table.js';
import { consume, measure, type Task } from '../support/measure.js';
import type { Section, SuiteContext } from '../support/suite.js';
import { randomKeys } from './keys.js';

/** More than any cache in a peer holds, so that lookups are measured and not its cache. */
const MANY_KEYS = 65_536;
const FEW_KEYS = 1_000;
const BATCH = 4_096;

const nodeNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);

const SIZES: readonly (readonly [nodes: number, vnodes: number])[] = [
  [10, 10],
  [10, 100],
  [10, 1_000],
  [10, 10_000],
  [64, 15_625],
];

export async function lookupGrowth({ effort, progress }: SuiteContext): Promise<Section> {
  const keys = randomKeys(1, MANY_KEYS);
  const hashes = hashAll(keys);
  const rows = [];
  for (const [nodes, vnodes] of SIZES) {
    progress(`lookup at ${nodes * vnodes} vnodes`);
    const names = nodeNames(nodes);
    const ring = new HashRing({ vnodes, nodes: names });
    const placed = placeStartList(
      names.map((id) => ({ id, weight: 1 })),
      vnodes,
    );
    const table = RingTable.build(placed);
    const [whole, search] = await measure(
      [
        chunked('lookup', keys, (chunk) => {
          let sum = 0;
          for (const key of chunk) sum += (ring.lookup(key) as string).length;
          return sum;
        }),
        chunked('search', hashes, (chunk) => {
          let sum = 0;
          for (const hash of chunk) sum += table.owner(hash) as number;
          return sum;
        }),
      ],
      effort,
    );
    const steps = Math.log2(nodes * vnodes);
    rows.push([nodes * vnodes, nodes, vnodes, steps, whole?.median ?? 0, search?.median ?? 0]);
  }
  return {
    title: 'Ring lookup as the ring grows (RING-3, RING-7)',
    columns: ['vnodes', 'nodes', 'per node', 'log2', 'lookup ns', 'search ns'],
    rows,
    notes: [
      'lookup: HashRing.lookup of a string of 10 to 15 bytes, hash included; search: from a hash',
      `${MANY_KEYS} keys in random order, ${BATCH} a sample; medians. Of O(log N) steps the table over`,
      'the top bits takes off the first 16; what is beyond shows, and so do misses of the caches',
      'above 125,000 vnodes balance is not searched for: one stratified draw a node',
    ],
  };
}

export async function lookupBesidePeers({ effort, progress }: SuiteContext): Promise<Section> {
  const names = nodeNames(10);
  const peers = makePeers(names);
  const rows = [];
  for (const count of [MANY_KEYS, FEW_KEYS]) {
    progress(`lookup beside peers, ${count} keys`);
    const keys = randomKeys(2, count);
    const tasks = peers.map(([name, work]) => chunked(name, keys, work));
    const timings = await measure(tasks, effort);
    const own = timings[0]?.median ?? Number.NaN;
    for (const { name, median, p99 } of timings)
      rows.push([name, count, median, p99, median / own]);
  }
  return {
    title: 'Lookup at 1,000 vnodes beside peers: 10 nodes × 100 (RING-7, BENCH-1)',
    columns: ['ring', 'keys', 'median ns', 'p99 ns', '× shoal'],
    rows,
    notes: [
      `consistent-hash ${versionOf('consistent-hash')}: 100 control points a node`,
      `hashring ${versionOf('hashring')}: 25 × 4 points a node, MD5; remembers its last 5,000 keys,`,
      'which is all there is to see with 1,000 keys',
    ],
  };
}

const require = createRequire(import.meta.url);

/** Versions that were measured, from the packages themselves. */
const versionOf = (name: string): string =>
  (require(`${name}/package.json`) as { version: string }).version;

/** Looks all keys up, and returns something that depends on every answer. */
type Work = (keys: readonly string[]) => number;

/** The peers have no types; this is as much of them as is used. */
interface Peer {
  get(key: string): string;
}
type ConsistentHashClass = new () => Peer & { add(node: string, points: number): void };
type KetamaClass = new (nodes: string[], algorithm: string, options: object) => Peer;

function makePeers(names: string[]): readonly (readonly [name: string, work: Work])[] {
  return [
    ['shoal', shoalWork(names)],
    ['consistent-hash', consistentHashWork(names)],
    ['hashring', ketamaWork(names)],
  ];
}

function shoalWork(nodes: string[]): Work {
  const ring = new HashRing({ vnodes: 100, nodes });
  return (keys) => {
    let sum = 0;
    for (const key of keys) sum += (ring.lookup(key) as string).length;
    return sum;
  };
}

function consistentHashWork(nodes: string[]): Work {
  const ConsistentHash = require('consistent-hash') as ConsistentHashClass;
  const ring = new ConsistentHash();
  for (const node of nodes) ring.add(node, 100);
  return (keys) => {
    let sum = 0;
    for (const key of keys) sum += ring.get(key).length;
    return sum;
  };
}

function ketamaWork(nodes: string[]): Work {
  const Ketama = require('hashring') as KetamaClass;
  const ring = new Ketama(nodes, 'md5', { 'vnode count': 25, replicas: 4 });
  return (keys) => {
    let sum = 0;
    for (const key of keys) sum += ring.get(key).length;
    return sum;
  };
}

function hashAll(keys: readonly string[]): KeyHash[] {
  const buffer = new KeyBuffer();
  return keys.map((key) => {
    buffer.loadString(key);
    return buffer.hash;
  });
}

/**
 * A task that does one chunk of its inputs a sample, round and round. `work` has a loop of its own:
 * were the loop here, all contenders would share it, and none would be inlined into it.
 */
function chunked<T>(
  name: string,
  inputs: readonly T[],
  work: (chunk: readonly T[]) => number,
): Task {
  const size = Math.min(BATCH, inputs.length);
  const chunks: T[][] = [];
  for (let at = 0; at + size <= inputs.length; at += size) chunks.push(inputs.slice(at, at + size));
  let next = 0;
  const batch = (): void => {
    consume(work(chunks[next] as T[]));
    next = next + 1 < chunks.length ? next + 1 : 0;
  };
  return { name, operations: size, batch };
}
