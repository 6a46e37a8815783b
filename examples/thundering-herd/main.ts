/**
 * A popular key that expires: four threads ask for it all the time, and what they ask takes 50 ms to
 * load. One of them loads it; nobody else goes there. With early refresh nobody even waits.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { type ClusterHandle, connect, startCluster } from 'shoal';

/** What the threads share to count with. */
interface Task {
  readonly handle: ClusterHandle;
  readonly loads: Int32Array;
}

async function main(): Promise<void> {
  const cluster = await startCluster({ nodes: 2, memory: '16mb', replicas: 1 });
  const loads = new Int32Array(new SharedArrayBuffer(4));
  const file = fileURLToPath(import.meta.url);
  const workerData: Task = { handle: cluster.handle(), loads };
  await Promise.all([1, 2, 3, 4].map(() => once(new Worker(file, { workerData }), 'exit')));
  console.log(`four threads, 4,000 calls at once, loads: ${loads[0]}`);
  await cluster.close();
}

async function work({ handle, loads }: Task): Promise<void> {
  const cache = connect(handle);
  const price = async (): Promise<number> => {
    Atomics.add(loads, 0, 1);
    await sleep(50); // the database
    return 42;
  };
  const ask = () => cache.getOrLoad('price', price, { ttl: 60_000, jitter: 0.1 });
  await Promise.all(Array.from({ length: 1_000 }, ask));
}

await (isMainThread ? main() : work(workerData));
