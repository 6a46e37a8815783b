/** The process that holds entries, in Shoal or in a cache for each thread. Ends when it is told to. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { startCluster } from '#src/index.js';
import { ENTRY_OVERHEAD } from '#src/slab/layout.js';
import { KEY_BYTES } from '../reads/keys.js';
import { measureMemory } from '../soak/memory.js';
import { sizesPublished } from '../stress/slabs.js';
import type { HolderSays, HolderTask, HolderThreadTask } from './messages.js';

const NODES = 1;
/** Nothing must be evicted. */
const ROOM = 1.2;
/** The pool keeps one thread ready beside those of the nodes. */
const SPARE_THREADS = 1;

/** Room for a cache of everything. */
const THREAD_HEAP_MB = 4_096;

const task = JSON.parse(process.argv[2] ?? '') as HolderTask;
const said = task.who === 'shoal' ? await holdInShoal(task) : await holdOnHeaps(task);
process.send?.(said);
process.on('disconnect', () => process.exit());

async function holdInShoal({ entries, valueBytes, threads }: HolderTask): Promise<HolderSays> {
  const tracked = entries * (KEY_BYTES + valueBytes + ENTRY_OVERHEAD);
  const memory = Math.ceil((ROOM * tracked) / NODES) + 2 ** 20;
  const cluster = await startCluster({ nodes: NODES, memory, replicas: 1 });
  const handle = cluster.handle();
  await Promise.all(
    start(1, { ...task, role: 'fill', handle }).map((worker) => once(worker, 'exit')),
  );
  await ready(start(threads, { ...task, role: 'read', handle }));
  // Nodes publish what their slabs occupy once a second.
  await sizesPublished(cluster);
  const caches = cluster.stats().nodes.map(({ cache }) => cache);
  const sum = (what: 'entries' | 'trackedBytes' | 'residentBytes'): number =>
    caches.reduce((total, cache) => total + cache[what], 0);
  const held = sum('entries');
  if (held !== entries) throw new Error(`Cannot measure: ${held} of ${entries} entries are there`);
  return say(sum('trackedBytes'), sum('residentBytes'), threads + NODES + SPARE_THREADS);
}

async function holdOnHeaps({ entries, valueBytes, threads }: HolderTask): Promise<HolderSays> {
  await ready(start(threads, { ...task, role: 'keep', handle: null }));
  return say(threads * entries * (KEY_BYTES + valueBytes + ENTRY_OVERHEAD), 0, threads);
}

/** What storing and reading left behind is collected first: no one needs it. */
async function say(trackedBytes: number, slabs: number, threads: number): Promise<HolderSays> {
  const filledBytes = process.memoryUsage.rss();
  const sample = await measureMemory(threads, () => slabs);
  if (sample.threads <= threads) throw new Error('Cannot measure: a thread has not collected');
  return { trackedBytes, threads, filledBytes, slabBytes: slabs, heapBytes: sample.heapHeld };
}

function start(count: number, workerData: HolderThreadTask): Worker[] {
  const file = new URL('./holder-thread.js', import.meta.url);
  const resourceLimits = { maxOldGenerationSizeMb: THREAD_HEAP_MB };
  return Array.from({ length: count }, () => new Worker(file, { workerData, resourceLimits }));
}

/** Waits until each has read, or stored, everything. They stay. */
async function ready(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => once(worker, 'message')));
}
