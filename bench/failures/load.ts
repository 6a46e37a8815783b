/** Threads that use a cluster while something happens to it, and what came of their calls. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Cluster } from '#src/index.js';
import { fill, keysByOwner } from './contents.js';
import { KillBoard } from './kill-board.js';
import { addTally, CALLS, emptyTally, type TallyData } from './load-tally.js';
import type { LoadTask } from './load-thread.js';

export interface LoadPlan {
  readonly nodes: number;
  readonly threads: number;
  /** From one tick of a thread to the next: in each, every node is asked once by every call. */
  readonly tickMs: number;
  readonly entries: number;
}

export class Load {
  readonly board = new KillBoard();
  readonly #workers: readonly Worker[];

  private constructor(cluster: Cluster, { threads, tickMs, entries }: LoadPlan) {
    const keys = keysByOwner(cluster, entries);
    const task = { handle: cluster.handle(), keys, tickMs, board: this.board.memory };
    this.#workers = Array.from({ length: threads }, (_, seed) => {
      const workerData: LoadTask = { ...task, seed };
      return new Worker(new URL('./load-thread.js', import.meta.url), { workerData });
    });
  }

  /** Fills the cluster, and begins. */
  static async start(cluster: Cluster, plan: LoadPlan): Promise<Load> {
    await fill(cluster, plan.entries);
    const load = new Load(cluster, plan);
    await Promise.all(load.#workers.map((worker) => once(worker, 'message')));
    return load;
  }

  /** Has all calls end, and the threads with them. */
  async end(): Promise<TallyData> {
    const sum = emptyTally();
    await Promise.all(
      this.#workers.map(async (worker) => {
        const said = once(worker, 'message');
        worker.postMessage('stop');
        const [tally] = (await said) as [TallyData];
        addTally(sum, tally);
      }),
    );
    return sum;
  }
}

/** Calls a second of all threads together, at the most. */
export const rateOf = ({ nodes, threads, tickMs }: LoadPlan): number =>
  Math.round((threads * nodes * CALLS.length * 1_000) / tickMs);
