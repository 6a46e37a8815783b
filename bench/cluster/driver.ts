/**
 * Drives from where no node is served. By RESP that is a thread of its own. A client of the
 * library belongs to the thread that started the cluster: this one, which is the supervisor's and
 * has nothing to do while all nodes live.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Driven, type DriveTask, drive } from './drive.js';
import type { DriverSays } from './driver-worker.js';

export class Driver implements AsyncDisposable {
  readonly #worker = new Worker(new URL('./driver-worker.js', import.meta.url));

  async run(task: DriveTask): Promise<Driven> {
    if (task.target.kind === 'library') return drive(task);
    this.#worker.postMessage(task);
    const [said] = (await once(this.#worker, 'message')) as [DriverSays];
    if ('error' in said) throw said.error;
    return said.driven;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
