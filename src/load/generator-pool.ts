import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';

/** Megabytes of heap that a generator thread may use before it is ended. */
const HEAP_MB_MAX = 1_024;

const WORKER = fileURLToPath(new URL('../workers/load.js', import.meta.url));

/** Runs tasks that generate. */
export interface TaskRunner {
  /** Runs one task beside the others; rejects with what the task threw. */
  run<Result>(task: unknown): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Threads that generate, apart from those that serve. All are started at once and kept: a pool
 * that grows with its queue would start late, and one that shrinks would start twice.
 */
export class GeneratorPool implements TaskRunner {
  readonly #pool: Piscina;

  constructor(threads: number) {
    this.#pool = new Piscina({
      filename: WORKER,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A worker that waits for a task in Atomics.wait would not turn its event loop.
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    });
  }

  run<Result>(task: unknown): Promise<Result> {
    return this.#pool.run(task) as Promise<Result>;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
