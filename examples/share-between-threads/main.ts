/**
 * One cache for all threads of a program: each connects with the cluster's handle, reads what the
 * others have written in place, and writes what the others will read.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { type ClusterHandle, connect, startCluster } from 'shoal';

const NAMES = ['Ada', 'Grace', 'Edsger'];

async function main(): Promise<void> {
  const cluster = await startCluster({ nodes: 2, memory: '16mb', replicas: 1 });
  const cache = cluster.client();
  await cache.set('greeting', { text: 'hello' });

  // The handle is plain data: workerData, postMessage, whatever there is between threads.
  const file = fileURLToPath(import.meta.url);
  for (const name of NAMES) {
    await once(new Worker(file, { workerData: { handle: cluster.handle(), name } }), 'exit');
  }

  // What a thread was told is stored, every thread sees from then on.
  for (const name of NAMES) console.log(`${name}: ${cache.getSync(`to:${name}`)}`);
  await cluster.close();
}

async function work({ handle, name }: { handle: ClusterHandle; name: string }): Promise<void> {
  const cache = connect(handle);
  // From shared memory, without a message: it can be the thread's first statement.
  const greeting = cache.getSync<{ text: string }>('greeting');
  await cache.set(`to:${name}`, `${greeting?.text} from another thread`);
}

await (isMainThread ? main() : work(workerData));
