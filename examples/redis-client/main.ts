/**
 * The same cluster through an unmodified Redis client. Every node answers for every key: what it
 * does not own it asks of the owner.
 */
import { Redis } from 'ioredis';
import { startCluster } from 'shoal';

// Port 0: each node on a free one. `node dist/cluster.js` listens on 7001 and up.
const cluster = await startCluster({ nodes: 3, memory: '16mb', replicas: 1, port: 0 });
const clients = cluster
  .nodes()
  .map(({ port }) => new Redis({ host: '127.0.0.1', port: Number(port) }));
const [first, , last] = clients;
if (first === undefined || last === undefined) throw new Error('three nodes were asked for');

try {
  await first.set('greeting', 'hello', 'EX', 60);
  console.log('written through n0, read through n2:', await last.get('greeting'));
  console.log('seconds to live:', await last.ttl('greeting'));

  // A pipeline over keys of all nodes, through one connection.
  const pipeline = first.pipeline();
  for (let i = 0; i < 100; i++) pipeline.set(`key:${i}`, `value ${i}`);
  await pipeline.exec();
  console.log(await last.mget('key:1', 'key:50', 'key:99'));

  // The library sees text and bytes that a Redis client stored as bytes.
  console.log('in the library:', await cluster.client().get('key:7'));
} finally {
  for (const client of clients) client.disconnect();
  await cluster.close();
}
