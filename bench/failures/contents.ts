/** What is in the clusters whose failures are measured: keys by owner, all there before it begins. */

import type { Client, Cluster } from '#src/index.js';
import { HashRing } from '#src/ring/hash-ring.js';
import type { Effort } from '../support/suite.js';

const VALUE_BYTES = 100;
const SETS_AT_A_TIME = 10_000;

/** Starting the thread of a node takes a tenth of a second of processor time. */
export const NODES: Readonly<Record<Effort, number>> = { smoke: 2, normal: 5, full: 5 };
/** Of a node; much more than is put in, so that nothing is evicted. */
export const MEMORY = '32mb';
export const VALUES_ARE = `keys of about 10 and values of ${VALUE_BYTES} bytes`;

const keyOf = (i: number): string => `key:${i}`;

/** The one value that a key has: anything else that is read is wrong. */
export const storedUnder = (key: string): string => key.padEnd(VALUE_BYTES, '.');

/** Names of so many keys, by the index of the node that owns them while all serve. */
export function keysByOwner(cluster: Cluster, count: number): string[][] {
  const ids = cluster.nodes().map(({ id }) => id);
  const ring = new HashRing({ nodes: ids });
  const keys: string[][] = ids.map(() => []);
  for (let i = 0; i < count; i++) {
    const key = keyOf(i);
    keys[ids.indexOf(ring.lookup(key) ?? '')]?.push(key);
  }
  return keys;
}

/** Stores so many entries. */
export async function fill(cluster: Cluster, count: number): Promise<void> {
  const client = cluster.client();
  for (let from = 0; from < count; from += SETS_AT_A_TIME) await fillSome(client, from, count);
  client.close();
}

async function fillSome(client: Client, from: number, count: number): Promise<void> {
  const length = Math.min(SETS_AT_A_TIME, count - from);
  const keys = Array.from({ length }, (_, i) => keyOf(from + i));
  await client.setMany(keys.map((key) => [key, storedUnder(key)]));
}
