/**
 * Fault injection: the link between two nodes is cut. Messages are cut, not memory: n0 still reads
 * what n1 holds, in place, and cannot write it. A client that is linked to n1 itself notices nothing.
 */
import { Redis } from 'ioredis';
import { HashRing, startCluster } from 'shoal';

const cluster = await startCluster({ nodes: 3, memory: '16mb', port: 0, chaos: true });
cluster.on('fault', (fault) => console.log('fault:', JSON.stringify(fault)));
const cache = cluster.client();
const n0 = new Redis({ host: '127.0.0.1', port: Number(cluster.nodes()[0]?.port) });
const reader = n0.duplicate(); // replies of one connection come in order

// Two keys whose owner is n1.
const ring = new HashRing({ nodes: cluster.nodes().map(({ id }) => id) });
const keys = Array.from({ length: 1_000 }, (_, i) => `key:${i}`);
const [read = '', written = ''] = keys.filter((key) => ring.lookup(key) === 'n1');

try {
  await cache.set(read, 'hello');
  await cluster.cut('n0', 'n1');

  const writing = n0.set(written, 'through n0').catch((error: Error) => error.message);
  console.log('read through n0:', await reader.get(read));
  console.log('write by a client of its own:', await cache.set(written, 'by the library'));
  console.log('write through n0:', await writing); // n0 has waited five seconds for an answer

  await cluster.heal('n0', 'n1');
  console.log('healed, write through n0:', await n0.set(written, 'through n0'));
} finally {
  for (const client of [n0, reader]) client.disconnect();
  await cluster.close();
}
