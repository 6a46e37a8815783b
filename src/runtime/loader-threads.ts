/**
 * The threads of one loader in a file: a piscina pool, and the loads that wait for a thread of it.
 *
 * The waiting ones are kept here and not in piscina's queue, which would not do: it takes one out
 * that is given up by looking through all of them, and it stands still when the only thread is ended
 * with a load. So piscina is given no more than it has threads.
 *
 * A load that is given up takes its thread with it, since nothing else ends a function that computes
 * for ever. No other load suffers: a thread has one at a time.
 */
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { ShoalError } from '../base/errors.js';
import { adoptValue } from '../values/value.js';
import { errorOf, type LoaderAnswer, type LoaderTask } from './loader-task.js';

/** Loads that wait for a thread of one loader. */
export const LOADER_QUEUE_MAX = 16_384;
/** Heap of a loader's thread: one that runs away ends itself, not the process. */
const LOADER_HEAP_MB = 1_024;
/** How long a thread without a load is kept. */
const LOADER_IDLE_MS = 60_000;
const LOADER_FILE = fileURLToPath(new URL('../workers/loader.cjs', import.meta.url));

interface Job {
  readonly task: LoaderTask;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

export class LoaderThreads {
  readonly #threads: number;
  readonly #pool: Piscina<LoaderTask, LoaderAnswer>;
  /** In the order of their calls. */
  readonly #waiting = new Set<Job>();
  /** Of each job in a thread, what ends it. */
  readonly #running = new Map<Job, AbortController>();
  /** Threads that have been ended and are not gone yet. */
  readonly #ending = new Set<Promise<unknown>>();
  #closed = false;

  constructor(threads: number) {
    this.#threads = threads;
    this.#pool = new Piscina<LoaderTask, LoaderAnswer>({
      filename: LOADER_FILE,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: LOADER_IDLE_MS,
      // A loader may connect to the cluster: a thread at rest must go on hearing.
      atomics: 'disabled',
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: LOADER_HEAP_MB },
    });
    // A thread without a load died, of what a load has left behind. The next load has a new one.
    this.#pool.on('error', () => {});
  }

  /** @throws ShoalError `ERR_BUSY` */
  run(task: LoaderTask, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#waiting.size >= LOADER_QUEUE_MAX) {
        throw new ShoalError(
          'ERR_BUSY',
          `Cannot load: ${LOADER_QUEUE_MAX} loads wait for a thread of this loader`,
        );
      }
      const giveUp = (): void => {
        reject(signal.reason);
        this.#drop(job);
      };
      const settled =
        <T>(settle: (result: T) => void) =>
        (result: T): void => {
          signal.removeEventListener('abort', giveUp);
          settle(result);
        };
      const job: Job = { task, resolve: settled(resolve), reject: settled(reject) };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(job);
      this.#startNext();
    });
  }

  /** Ends all threads; what is loading or waiting rejects. Resolves when no thread is left. */
  async close(reason: ShoalError): Promise<void> {
    this.#closed = true;
    for (const job of [...this.#waiting, ...this.#running.keys()]) job.reject(reason);
    this.#waiting.clear();
    await Promise.all([this.#pool.destroy(), ...this.#ending]);
  }

  #startNext(): void {
    for (const job of this.#waiting) {
      if (this.#closed || this.#running.size >= this.#threads) return;
      this.#waiting.delete(job);
      this.#start(job);
    }
  }

  #start(job: Job): void {
    const killer = new AbortController();
    this.#running.set(job, killer);
    this.#pool
      .run(job.task, { signal: killer.signal })
      .then((answer) => settle(job, answer))
      .catch((cause: unknown) => job.reject(endOf(cause)))
      .finally(() => {
        this.#running.delete(job);
        this.#startNext();
      });
  }

  #drop(job: Job): void {
    this.#waiting.delete(job);
    const killer = this.#running.get(job);
    if (killer === undefined) return;
    const before: readonly Worker[] = this.#pool.threads;
    killer.abort();
    const left = new Set(this.#pool.threads);
    for (const thread of before) if (!left.has(thread)) this.#awaitEnd(thread);
  }

  /** piscina forgets a thread when it ends it; a second `terminate` tells when it is gone. */
  #awaitEnd(thread: Worker): void {
    const gone = thread.terminate().finally(() => this.#ending.delete(gone));
    this.#ending.add(gone);
  }
}

function settle({ resolve, reject }: Job, answer: LoaderAnswer): void {
  switch (answer.how) {
    case 'found':
      resolve(adoptValue(answer.kind, answer.bytes));
      break;
    case 'nothing':
      resolve(undefined);
      break;
    case 'failed':
      reject(errorOf(answer.error));
      break;
  }
}

/** The thread ended under a load: by an error outside it, for want of heap, or by `process.exit`. */
function endOf(cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Cannot load: the loader's thread ended: ${why}`, { cause });
}
