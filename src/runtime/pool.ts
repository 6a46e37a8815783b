/**
 * The threads: one piscina pool, one never-ending task a node.
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
import type { NodeEnd, NodeTask } from './node-task.js';

/** Heap of a node's thread. Entries are not in it: they are in shared memory. */
const NODE_HEAP_MB = 512;
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

export class NodePool {
  readonly #pool: Piscina<NodeTask, NodeEnd>;
  readonly #threads = new Set<PoolThread>();
  #isUnref = false;

  /** @param file what the threads run: its default export is given each task */
  constructor(nodes: number, file: string) {
    this.#pool = new Piscina({
      filename: file,
      minThreads: nodes + 1,
      maxThreads: nodes + 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: NODE_HEAP_MB },
    });
    // An idle thread died. It had no node, and the pool replaces it.
    this.#pool.on('error', () => {});
    this.#pool.on('workerCreate', this.#onCreate);
    this.#pool.on('workerDestroy', this.#onDestroy);
  }

  /** Starts a node's life in a free thread. */
  run(task: NodeTask, transferList: Transferable[]): NodeThread {
    const killer = new AbortController();
    const ended = this.#pool
      .run(task, { signal: killer.signal, transferList })
      .catch<ThreadEnd>((cause: unknown) => {
        // Killed before it had a thread, it still has its ports here; nobody else can close them.
        for (const item of transferList) if (item instanceof MessagePort) item.close();
        return { how: 'died', cause };
      });
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
    await this.#pool.destroy();
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
