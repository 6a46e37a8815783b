/**
 * A cluster, a client, a few values, and the end. No port is opened: the library opens none
 * unless asked for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster } from 'shoal';

const cluster = await startCluster({ nodes: 3, memory: '16mb', replicas: 1 });
try {
  const cache = cluster.client();

  // What is put in comes back as it was: strings, bytes, and data.
  await cache.set('greeting', 'hello');
  await cache.set('user:1000', { name: 'Ada', born: new Date('1815-12-10') });
  console.log(await cache.get('greeting'));
  console.log(await cache.get('user:1000'));

  // A time to live is in milliseconds.
  await cache.set('code', '4711', { ttl: 50 });
  await sleep(60);
  console.log('after its time:', await cache.get('code'));

  console.log('deleted:', await cache.delete('greeting'));
  console.log('then:', await cache.get('greeting'));
} finally {
  // Nodes are threads: the process ends when they have.
  await cluster.close();
}
