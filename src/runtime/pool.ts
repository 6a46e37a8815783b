/**
 * The threads: one piscina pool, one never-ending task a node. A pool cannot grow, so a node that is
 * added later brings another one.
 *
 * piscina's defaults are made for short tasks, so nearly all of them are set here. As many threads
 * as nodes and one spare, all from the start: fewer, and tasks would queue silently for ever; with
 * the spare a restarted node finds a thread that is warm. Threads are never let go for idling, and
 * an idle one sleeps in its event loop instead of `Atomics.wait`, so that nothing stands still. A
 * heap limit makes a runaway node an error of its own instead of the end of the process.
 */
import { fileURLToPath } from 'node:url';
import { MessagePort, type Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { assert } from '../base/assert.js';
import type { NodeEnd, NodeTask } from './node-task.js';

/** Heap of a node's thread. Entries are not in it: they are in shared memory. */
const NODE_HEAP_MB = 512;
/** Threads without a node: one that is warm for who has to come back. */
const SPARES = 1;
/** The file that makes a thread a node; tests put their own in its place. */
export const NODE_FILE = fileURLToPath(new URL('../workers/node.cjs', import.meta.url));

/** How a thread's life as a node ended. */
export type ThreadEnd =
  | NodeEnd
  /** It was killed, crashed, or ran out of heap. */
  | { readonly how: 'died'; readonly cause: unknown };

/** A node's life in one thread. */
export interface NodeThread {
  /** Settles when the life is over, never rejects. */
  readonly ended: Promise<ThreadEnd>;
  /** Ends the thread at once, as a crash would. */
  kill(): void;
}

/** What piscina keeps of a thread; it shows it only to a load balancer, behind a symbol of its own. */
interface PoolThread {
  unref(): void;
}

/** A piscina pool, and how many of its threads have a node in them. */
interface Section {
  readonly pool: Piscina<NodeTask, NodeEnd>;
  readonly size: number;
  running: number;
}

export class NodePool {
  readonly #file: string;
  /** The first one is there from the start to the end; each node that is added brings one. */
  readonly #sections: Section[];
  readonly #threads = new Set<PoolThread>();
  #isUnref = false;

  /** @param file what the threads run: its default export is given each task */
  constructor(nodes: number, file: string) {
    this.#file = file;
    this.#sections = [this.#open(nodes + SPARES)];
  }

  /** Has threads for so many nodes, and a spare; lets go of one that is too many, if it is free. */
  fit(nodes: number): void {
    const size = this.#sections.reduce((sum, section) => sum + section.size, 0);
    const wanted = nodes + SPARES;
    if (size < wanted) this.#sections.push(this.#open(wanted - size));
    const last = this.#sections.at(-1);
    if (last === undefined || this.#sections.length === 1) return;
    if (last.running > 0 || size - last.size < wanted) return;
    this.#sections.pop();
    void last.pool.destroy();
  }

  /** Starts a node's life in a free thread. */
  run(task: NodeTask, transferList: Transferable[]): NodeThread {
    const killer = new AbortController();
    const section = this.#sections.find(({ size, running }) => running < size);
    assert(section !== undefined, 'there are as many threads as nodes, and a spare');
    section.running++;
    const ended = section.pool
      .run(task, { signal: killer.signal, transferList })
      .catch<ThreadEnd>((cause: unknown) => {
        // Killed before it had a thread, it still has its ports here; nobody else can close them.
        for (const item of transferList) if (item instanceof MessagePort) item.close();
        return { how: 'died', cause };
      })
      .finally(() => section.running--);
    this.#applyUnref();
    return { ended, kill: () => killer.abort() };
  }

  /** Lets the process end although nodes live. */
  unref(): void {
    this.#isUnref = true;
    this.#applyUnref();
  }

  /** Ends all threads, whatever runs in them. */
  async destroy(): Promise<void> {
    await Promise.all(this.#sections.map(({ pool }) => pool.destroy()));
  }

  #open(size: number): Section {
    const pool = new Piscina<NodeTask, NodeEnd>({
      filename: this.#file,
      minThreads: size,
      maxThreads: size,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: NODE_HEAP_MB },
    });
    // An idle thread died. It had no node, and the pool replaces it.
    pool.on('error', () => {});
    pool.on('workerCreate', this.#onCreate);
    pool.on('workerDestroy', this.#onDestroy);
    return { pool, size, running: 0 };
  }

  /** piscina holds the process whenever it posts a task, which may be in a later turn. */
  #applyUnref(): void {
    if (!this.#isUnref) return;
    for (const thread of this.#threads) thread.unref();
  }

  readonly #onCreate = (worker: object): void => {
    const thread = threadOf(worker);
    if (thread === null) return;
    this.#threads.add(thread);
    // A task that was waiting for this thread is posted right after this event.
    setImmediate(() => this.#applyUnref());
  };

  readonly #onDestroy = (worker: object): void => {
    const thread = threadOf(worker);
    if (thread !== null) this.#threads.delete(thread);
  };
}

function threadOf(worker: object): PoolThread | null {
  for (const symbol of Object.getOwnPropertySymbols(worker)) {
    if (symbol.description !== 'Piscina.kWorkerData') continue;
    const hidden: unknown = Reflect.get(worker, symbol);
    if (isPoolThread(hidden)) return hidden;
  }
  return null;
}

const isPoolThread = (hidden: unknown): hidden is PoolThread =>
  typeof hidden === 'object' &&
  hidden !== null &&
  typeof Reflect.get(hidden, 'unref') === 'function';
