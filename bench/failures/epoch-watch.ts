/**
 * When another thread sees a ring: one that looks at the epoch word in shared memory twice a
 * millisecond, and notes the time of each epoch. No message of the supervisor's is in it.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Cluster } from '#src/index.js';
import type { HandleContent } from '#src/runtime/handle.js';

/** Epochs that there is room for: far more than a run has. */
const EPOCHS_MAX = 65_536;
const LOOK_MS = 1;

export interface WatcherTask {
  readonly board: SharedArrayBuffer;
  /** Float64Array, by epoch: when it was seen, by the machine's clock; 0: not yet. */
  readonly seenMs: SharedArrayBuffer;
  /** Int32Array: 1 ends it. */
  readonly bell: SharedArrayBuffer;
}

export class EpochWatch implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #seenMs: Float64Array;
  readonly #bell: Int32Array;

  private constructor(task: WatcherTask) {
    this.#worker = new Worker(new URL('./epoch-watcher.js', import.meta.url), { workerData: task });
    this.#seenMs = new Float64Array(task.seenMs);
    this.#bell = new Int32Array(task.bell);
  }

  static async of(cluster: Cluster): Promise<EpochWatch> {
    const { board } = cluster.handle() as HandleContent;
    const watch = new EpochWatch({
      board,
      seenMs: new SharedArrayBuffer(EPOCHS_MAX * Float64Array.BYTES_PER_ELEMENT),
      bell: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    });
    await once(watch.#worker, 'message');
    return watch;
  }

  /** When the other thread saw the epoch. */
  async seenAt(epoch: number): Promise<number> {
    for (;;) {
      const atMs = this.#seenMs[epoch] ?? Number.NaN;
      if (atMs !== 0) return atMs;
      await sleep(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#worker, 'exit');
    Atomics.store(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
    await ended;
  }
}
