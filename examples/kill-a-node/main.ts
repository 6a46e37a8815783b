/**
 * What is lost with a node: what it held, and nothing else. Its keys are misses, never old
 * values; its neighbours on the ring take new ones at once, and it comes back empty.
 */
import { startCluster } from 'shoal';

const KEYS = 1_000;

const cluster = await startCluster({ nodes: 3, memory: '16mb', replicas: 1, restart: 'off' });
const cache = cluster.client();
const keys = Array.from({ length: KEYS }, (_, i) => `key:${i}`);

/** How many of the keys are there. */
async function countHits(): Promise<number> {
  const values = await cache.getMany(keys);
  return values.filter((value) => value !== undefined).length;
}

try {
  await cache.setMany(keys.map((key) => [key, `value of ${key}`]));
  console.log(`three nodes: ${await countHits()} of ${KEYS} keys`);

  await cluster.kill('n1');
  console.log(`n1 killed: ${await countHits()} of ${KEYS} keys`);

  // A cache is filled again where it misses; the two nodes that are left take everything.
  await cache.setMany(keys.map((key) => [key, `value of ${key}`]));
  console.log(`filled again: ${await countHits()} of ${KEYS} keys`);

  await cluster.restart('n1');
  const states = cluster.nodes().map(({ id, state }) => `${id} ${state}`);
  console.log(`n1 is back: ${states.join(', ')}`);
} finally {
  await cluster.close();
}
