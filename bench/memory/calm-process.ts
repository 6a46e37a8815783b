/** A process that holds entries, uses them without pause, and watches its own event loop and heap. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Prng } from '#src/base/prng.js';
import { startCluster } from '#src/index.js';
import { ENTRY_OVERHEAD } from '#src/slab/layout.js';
import { KEY_BYTES, keyOf } from '../reads/keys.js';
import { consume } from '../support/measure.js';

export interface CalmTask {
  readonly who: 'shoal' | 'lru-cache';
  readonly entries: number;
  readonly valueBytes: number;
  readonly seconds: number;
}

export interface CalmSays {
  readonly perSecond: number;
  readonly delayMs: { readonly p50: number; readonly p999: number; readonly max: number };
  /** Heap used: the least of each second, and of these the first, the least and the most. */
  readonly heapBytes: { readonly first: number; readonly least: number; readonly most: number };
  readonly rssBytes: number;
}

/** One side of the comparison. */
interface Holder {
  get(key: string): unknown;
  /** Stores several; resolves when all are stored. */
  set(keys: readonly string[]): Promise<unknown> | undefined;
}

const NODES = 2;
const ROOM = 1.2;
const FILL_AT_A_TIME = 10_000;
/** Operations in one turn of the event loop, reads and sets: some tenths of a millisecond. */
const READS_A_TURN = 200;
const SETS_A_TURN = 200;
const NS_PER_MS = 1e6;

/** The heap between collections goes up and down: what it always has is the least of each second. */
class HeapWatch {
  readonly #least: number[] = [];

  look(elapsedMs: number): void {
    const second = Math.floor(elapsedMs / 1_000);
    const used = getHeapStatistics().used_heap_size;
    this.#least[second] = Math.min(this.#least[second] ?? used, used);
  }

  /** Without the last second, which is not a whole one unless it is the only one. */
  summary(): CalmSays['heapBytes'] {
    const whole = Object.values(this.#least).slice(0, -1);
    const seconds = whole.length > 0 ? whole : Object.values(this.#least);
    return {
      first: seconds[0] ?? Number.NaN,
      least: Math.min(...seconds),
      most: Math.max(...seconds),
    };
  }
}

const task = JSON.parse(process.argv[2] ?? '') as CalmTask;
const { entries, valueBytes } = task;
const value = (): Buffer => Buffer.alloc(valueBytes, 7);
const holder = task.who === 'shoal' ? await inShoal() : await onTheHeap();
await fill();
process.send?.(await use());
process.on('disconnect', () => process.exit());

async function inShoal(): Promise<Holder> {
  const tracked = entries * (KEY_BYTES + valueBytes + ENTRY_OVERHEAD);
  const memory = Math.ceil((ROOM * tracked) / NODES) + 2 ** 20;
  const cluster = await startCluster({ nodes: NODES, memory, replicas: 1 });
  const client = cluster.client();
  return {
    get: (key) => client.getSync(key),
    set: (keys) => Promise.all(keys.map((key) => client.set(key, value()))),
  };
}

async function onTheHeap(): Promise<Holder> {
  const { LRUCache } = await import('lru-cache');
  const cache = new LRUCache<string, Buffer>({ max: entries });
  return {
    get: (key) => cache.get(key),
    set: (keys) => {
      for (const key of keys) cache.set(key, value());
      return undefined;
    },
  };
}

async function fill(): Promise<void> {
  for (let from = 0; from < entries; from += FILL_AT_A_TIME) {
    const count = Math.min(FILL_AT_A_TIME, entries - from);
    await holder.set(Array.from({ length: count }, (_, i) => keyOf(from + i)));
  }
}

async function use(): Promise<CalmSays> {
  const prng = new Prng(1);
  const some = (count: number): string[] =>
    Array.from({ length: count }, () => keyOf(prng.below(entries)));
  const heap = new HeapWatch();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const startMs = performance.now();
  const endMs = startMs + task.seconds * 1_000;
  let operations = 0;
  delay.enable();
  while (performance.now() < endMs) {
    let found = 0;
    for (const key of some(READS_A_TURN)) if (holder.get(key) !== undefined) found++;
    consume(found);
    const storing = holder.set(some(SETS_A_TURN));
    if (storing !== undefined) await storing;
    operations += READS_A_TURN + SETS_A_TURN;
    heap.look(performance.now() - startMs);
    await new Promise(setImmediate);
  }
  delay.disable();
  return {
    perSecond: (operations / (performance.now() - startMs)) * 1_000,
    delayMs: {
      p50: delay.percentile(50) / NS_PER_MS,
      p999: delay.percentile(99.9) / NS_PER_MS,
      max: delay.max / NS_PER_MS,
    },
    heapBytes: heap.summary(),
    rssBytes: process.memoryUsage.rss(),
  };
}
