import { META_KV_KEY_SIZE } from './meta-kv.js';
import type { Traffic } from './plan.js';
import { usage } from './quantity.js';
import { twitterTraffic } from './twitter.js';

/**
 * Named traffic. The YCSB core workloads (B. Cooper et al., "Benchmarking Cloud Serving Systems
 * with YCSB", SoCC 2010) keep their mixes, skews and records of ten fields of 100 bytes; a record
 * is one value here. YCSB E is refused: it scans ranges in key order, and a cache that places
 * keys by their hash has no such order.
 */
const YCSB: Traffic = {
  mix: { get: 1 },
  keys: 100_000,
  keySize: { min: 23, max: 23 },
  distribution: { kind: 'zipf', theta: 0.99 },
  valueSize: { kind: 'fixed', bytes: 1000 },
  ttls: [],
  preload: true,
  fill: false,
};

/** What is driven when nothing is asked for: a cache that mostly reads. */
export const DEFAULT_TRAFFIC: Traffic = {
  mix: { get: 0.9, set: 0.1 },
  keys: 100_000,
  keySize: { min: 16, max: 16 },
  distribution: { kind: 'zipf', theta: 0.99 },
  valueSize: { kind: 'fixed', bytes: 100 },
  ttls: [],
  preload: true,
  fill: false,
};

interface Workload {
  readonly about: string;
  readonly traffic: Traffic;
}

const NAMED: ReadonlyMap<string, Workload> = new Map([
  [
    'ycsb-a',
    { about: 'half reads, half updates', traffic: { ...YCSB, mix: { get: 0.5, set: 0.5 } } },
  ],
  [
    'ycsb-b',
    { about: '95 % reads, 5 % updates', traffic: { ...YCSB, mix: { get: 0.95, set: 0.05 } } },
  ],
  ['ycsb-c', { about: 'reads only', traffic: YCSB }],
  [
    'ycsb-d',
    {
      about: '95 % reads of the latest, 5 % inserts',
      traffic: {
        ...YCSB,
        mix: { get: 0.95, insert: 0.05 },
        distribution: { kind: 'latest', theta: 0.99 },
      },
    },
  ],
  [
    'ycsb-f',
    {
      about: 'half reads, half read-modify-writes',
      traffic: { ...YCSB, mix: { get: 0.5, modify: 0.5 } },
    },
  ],
  [
    'hot-key',
    {
      about: 'one key gets 80 % of all operations, 95 % of them reads',
      traffic: {
        ...DEFAULT_TRAFFIC,
        mix: { get: 0.95, set: 0.05 },
        distribution: { kind: 'hot', keys: 1, share: 0.8 },
      },
    },
  ],
  [
    'churn',
    {
      about: 'new keys all the time, short lives, deletes: eviction and expiry at work',
      traffic: {
        mix: { get: 0.5, insert: 0.4, delete: 0.1 },
        keys: 100_000,
        keySize: { min: 16, max: 64 },
        distribution: { kind: 'latest', theta: 0.8 },
        valueSize: { kind: 'range', min: 64, max: 4096 },
        ttls: [1_000, 5_000, 30_000].map((ttlMs) => ({ ttlMs, weight: 1 })),
        preload: false,
        fill: false,
      },
    },
  ],
  [
    'meta-kv',
    {
      about: "Meta's key-value cache: CacheLib's kvcache_reg, filled on a miss",
      traffic: {
        mix: { get: 1 },
        keys: 10_000_000,
        keySize: META_KV_KEY_SIZE,
        distribution: { kind: 'meta-kv' },
        valueSize: { kind: 'meta-kv' },
        ttls: [],
        preload: false,
        fill: true,
      },
    },
  ],
]);

/** Lines for the help text. */
export const WORKLOAD_LINES: readonly string[] = [
  ...[...NAMED].map(([name, { about }]) => `${name.padEnd(10)} ${about}`),
  `${'twitter-N'.padEnd(10)} cluster N of the 54 that Twitter published (twitter/cache-trace, CC BY)`,
];

/** The traffic of a named workload. @throws ShoalError ERR_USAGE */
export function findWorkload(name: string): Traffic {
  const wanted = name.toLowerCase();
  if (wanted === 'ycsb-e') {
    throw usage(
      "Cannot use workload 'ycsb-e': it scans ranges of keys, which a hash-placed cache cannot; use ycsb-a to -d or -f",
    );
  }
  const twitter = /^twitter-(\d+)$/.exec(wanted);
  if (twitter !== null) return twitterTraffic(Number(twitter[1]));
  const found = NAMED.get(wanted);
  if (found !== undefined) return found.traffic;
  throw usage(
    `Cannot find workload '${name}': there are ${[...NAMED.keys()].join(', ')} and twitter-1 to twitter-54`,
  );
}
