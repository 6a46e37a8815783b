/** The threads of a stress: started, watched, and heard at the end. */
import { Worker } from 'node:worker_threads';
import type { CrewBoard } from './board.js';
import type { ThreadSays, ThreadTask } from './messages.js';
import type { TallyData } from './tally.js';

/** A thread that has done nothing for so long hangs: twice what any call may take, and much more. */
export const SILENCE_MS_MAX = 30_000;
/** So many threads load the library at a time: all at once they would wait for each other. */
const STARTING_MAX = 8;

interface Member {
  readonly worker: Worker;
  readonly ready: Promise<void>;
  readonly done: Promise<TallyData>;
}

export class Crew {
  readonly #board: CrewBoard;
  readonly #members: Member[] = [];
  readonly #lastMs: number[] = [];
  readonly #lastProgress: number[] = [];

  constructor(board: CrewBoard) {
    this.#board = board;
  }

  /** Starts a thread for each task; resolves when all have a client. */
  async start(tasks: readonly ThreadTask[]): Promise<void> {
    for (let from = 0; from < tasks.length; from += STARTING_MAX) {
      const members = tasks.slice(from, from + STARTING_MAX).map(recruit);
      this.#members.push(...members);
      await Promise.all(members.map(({ ready }) => ready));
    }
  }

  /** All of them begin. */
  go(): void {
    for (const [thread, { worker }] of this.#members.entries()) {
      this.#lastMs[thread] = performance.now();
      worker.postMessage('go');
    }
  }

  /** Threads that have done nothing for too long. */
  silent(): number[] {
    const now = performance.now();
    return this.#members.flatMap((_, thread) => {
      const progress = this.#board.progressOf(thread);
      if (progress !== this.#lastProgress[thread]) {
        this.#lastProgress[thread] = progress;
        this.#lastMs[thread] = now;
      }
      return now - (this.#lastMs[thread] ?? now) > SILENCE_MS_MAX ? [thread] : [];
    });
  }

  /** Rounds of the thread that has done the fewest. */
  get roundsLeast(): number {
    return Math.min(...this.#members.map((_, thread) => this.#board.progressOf(thread)));
  }

  /** Lets all end; the tallies of those that did within the time, null for the others. */
  async finish(): Promise<(TallyData | null)[]> {
    this.#board.stop();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, SILENCE_MS_MAX, null);
    });
    const tallies = await Promise.all(this.#members.map(({ done }) => Promise.race([done, late])));
    clearTimeout(timer);
    return tallies;
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }
}

function recruit(task: ThreadTask): Member {
  const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: task });
  const said = <T>(pick: (said: ThreadSays) => T | undefined): Promise<T> => {
    const heard = new Promise<T>((resolve, reject) => {
      worker.on('message', (message: ThreadSays) => {
        const picked = pick(message);
        if (picked !== undefined) resolve(picked);
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error(`thread ${task.thread} ended too early`)));
    });
    heard.catch(() => {}); // Whoever waits hears of it; nobody may be waiting.
    return heard;
  };
  return {
    worker,
    ready: said((message) => (message.says === 'ready' ? null : undefined)).then(() => {}),
    done: said((message) => (message.says === 'done' ? message.tally : undefined)),
  };
}
