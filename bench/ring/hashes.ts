/** Why MurmurHash3: the shares that common hash functions give on realistic keys. */
import { Buffer } from 'node:buffer';
import { murmur3 } from '#src/base/hash.js';
import type { KeyHash } from '#src/base/units.js';
import { placeStartList } from '#src/ring/placement.js';
import { RingTable } from '#src/ring/table.js';
import type { Effort, Section, SuiteContext } from '../support/suite.js';
import { KEY_KINDS, sequentialKeys } from './keys.js';

const NODES = 5;
const KEYS: Record<Effort, number> = { smoke: 2_000, normal: 50_000, full: 500_000 };

type HashFunction = (data: Uint8Array) => number;

const HASHES: Record<string, HashFunction> = {
  MurmurHash3: murmur3,
  CRC32: crc32,
  'FNV-1a': fnv1a,
  'Java hashCode': javaHashCode,
};

export function balanceByHash({ effort, progress }: SuiteContext): Section {
  const nodes = Array.from({ length: NODES }, (_, i) => ({ id: `n${i}`, weight: 1 }));
  const table = RingTable.build(placeStartList(nodes, 150));
  const rows = Object.entries(KEY_KINDS).map(([kind, make]) => {
    progress(`hash functions: ${kind}`);
    const keys = sequentialKeys(make, KEYS[effort]).map((key) => Buffer.from(key));
    return [kind, ...Object.values(HASHES).map((hash) => worstShare(table, keys, hash))];
  });
  const noise = 100 * Math.sqrt((NODES - 1) / KEYS[effort]);
  return {
    title: `Why MurmurHash3: the worst of ${NODES} nodes × 150, % off, by hash of the key (RING-1)`,
    columns: ['keys', ...Object.keys(HASHES)],
    rows,
    notes: [
      `${KEYS[effort]} keys numbered 0, 1, 2 …; sampling alone puts a node ${noise.toFixed(1)} % off (1 σ)`,
      'all on the same ring, whose arcs are at most 1.5 % off',
    ],
  };
}

function worstShare(table: RingTable, keys: readonly Uint8Array[], hash: HashFunction): number {
  const counts = new Float64Array(NODES);
  for (const key of keys) {
    const owner = table.owner(hash(key) as KeyHash) as number;
    counts[owner] = (counts[owner] as number) + 1;
  }
  return Math.max(...counts.map((count) => Math.abs((count * NODES) / keys.length - 1) * 100));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(data: Uint8Array): number {
  let crc = -1;
  for (const byte of data) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 255] as number);
  return ~crc >>> 0;
}

function fnv1a(data: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function javaHashCode(data: Uint8Array): number {
  let hash = 0;
  for (const byte of data) hash = (Math.imul(hash, 31) + byte) | 0;
  return hash >>> 0;
}
