/**
 * The director of a trial: a cluster, threads that load and write the same few keys, threads that die
 * and are replaced, nodes that are killed. The threads check every answer themselves; here it is only
 * seen to that something happens, and that everybody lives who should.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Prng } from '#src/base/prng.js';
import { type Cluster, type LoadsStats, startCluster } from '#src/index.js';
import { upOf } from '../failures/happenings.js';
import { TrialBoard } from './trial-board.js';
import type { TrialSays, TrialTask } from './trial-messages.js';
import type { Count, Fault } from './trial-tally.js';

export interface TrialSettings {
  readonly durationMs: number;
  readonly threads: number;
  readonly nodes: number;
  readonly keys: number;
  /** From one thread's death to the next: half of it to one and a half; null: none dies. */
  readonly deathsEveryMs: number | null;
  /** The same of nodes. */
  readonly killsEveryMs: number | null;
  readonly untilFault: boolean;
  readonly seed: number;
}

/** Plain data. */
export interface TrialResult {
  readonly settings: TrialSettings;
  readonly elapsedMs: number;
  readonly counts: Readonly<Record<Count, number>>;
  readonly faults: Readonly<Record<Fault, number>>;
  /** Of what was wrong. */
  readonly examples: readonly string[];
  /** What the threads that lived to the end have counted themselves. */
  readonly loads: readonly LoadsStats[];
}

const LOOK_MS = 50;
/** A thread that has done nothing for so long hangs. */
const SILENCE_MS_MAX = 30_000;
const EXAMPLES_MAX = 12;
const MEMORY = '16mb';
/** Of the director's own lots, beside those of the threads. */
const SEEDS = 2 ** 32;

export async function runTrial(
  settings: TrialSettings,
  progress: (elapsedMs: number, board: TrialBoard) => void = () => {},
): Promise<TrialResult> {
  const { nodes } = settings;
  const cluster = await startCluster({ nodes, memory: MEMORY, replicas: 1 });
  const trial = new Trial(settings, cluster, progress);
  try {
    return await trial.run();
  } finally {
    await trial.end();
    await cluster.close();
  }
}

class Trial {
  readonly #settings: TrialSettings;
  readonly #cluster: Cluster;
  readonly #progress: (elapsedMs: number, board: TrialBoard) => void;
  readonly #board: TrialBoard;
  readonly #prng: Prng;
  readonly #workers: Worker[] = [];
  readonly #done: (Promise<LoadsStats> | undefined)[] = [];
  readonly #examples: string[] = [];
  readonly #lastProgress: number[] = [];
  readonly #lastMs: number[] = [];

  constructor(
    settings: TrialSettings,
    cluster: Cluster,
    progress: (elapsedMs: number, board: TrialBoard) => void,
  ) {
    this.#settings = settings;
    this.#cluster = cluster;
    this.#progress = progress;
    this.#board = new TrialBoard(TrialBoard.memoryFor(settings));
    this.#prng = new Prng(settings.seed);
  }

  async run(): Promise<TrialResult> {
    const { threads, deathsEveryMs, killsEveryMs } = this.#settings;
    await Promise.all(Array.from({ length: threads }, (_, thread) => this.#start(thread)));
    const startedMs = performance.now();
    const deaths = this.#again(deathsEveryMs, () => this.#replace(this.#prng.below(threads)));
    const kills = this.#again(killsEveryMs, () => this.#kill());
    await this.#watch(startedMs);
    const elapsedMs = performance.now() - startedMs;
    this.#board.stop();
    await Promise.all([deaths, kills]);
    const loads = await this.#hear();
    const { counts, faults } = this.#board;
    return { settings: this.#settings, elapsedMs, counts, faults, examples: this.#examples, loads };
  }

  async end(): Promise<void> {
    this.#board.stop();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async #start(thread: number): Promise<void> {
    const task: TrialTask = {
      thread,
      handle: this.#cluster.handle(),
      board: this.#board.memory,
      seed: this.#prng.below(SEEDS),
      kills: this.#settings.killsEveryMs !== null,
    };
    const worker = new Worker(new URL('./trial-thread.js', import.meta.url), { workerData: task });
    this.#workers[thread] = worker;
    const said = <S extends TrialSays['says']>(says: S) =>
      new Promise<Extract<TrialSays, { says: S }>>((resolve, reject) => {
        worker.on('message', (message: TrialSays) => {
          if (message.says === says) resolve(message as Extract<TrialSays, { says: S }>);
        });
        worker.once('error', reject);
        worker.once('exit', () => reject(new Error(`thread ${thread} ended too early`)));
      });
    worker.on('message', (message: TrialSays) => {
      if (message.says === 'fault') this.#example(`${message.fault}: ${message.text}`);
    });
    const done = said('done').then(({ loads }) => loads);
    // Whoever is ended on purpose is not waited for.
    done.catch(() => {});
    this.#done[thread] = done;
    this.#lastMs[thread] = performance.now();
    await said('ready');
  }

  /** Ends a thread in the midst of whatever it does, and puts another in its place. */
  async #replace(thread: number): Promise<void> {
    const board = this.#board;
    board.dies(thread);
    const worker = this.#workers[thread];
    if (worker === undefined) return;
    const exit = once(worker, 'exit');
    await worker.terminate();
    await exit;
    board.isDead(thread);
    board.count('threadDeaths');
    await this.#start(thread);
  }

  async #kill(): Promise<void> {
    const board = this.#board;
    const nodes = this.#cluster.nodes();
    const id = nodes[this.#prng.below(nodes.length)]?.id ?? '';
    board.upsetBegins();
    const up = upOf(this.#cluster, id);
    await this.#cluster.kill(id);
    try {
      await up;
    } catch (error) {
      this.#fault('hang', String(error));
    }
    board.upsetEnds();
    board.count('nodeKills');
  }

  /** Does something now and then, until the trial is over. */
  async #again(everyMs: number | null, what: () => Promise<void>): Promise<void> {
    if (everyMs === null) return;
    for (;;) {
      let leftMs = everyMs * (0.5 + this.#prng.unit());
      for (; leftMs > 0 && !this.#board.isStopping; leftMs -= LOOK_MS) {
        await sleep(Math.min(LOOK_MS, leftMs));
      }
      if (this.#board.isStopping) return;
      await what();
    }
  }

  async #watch(startedMs: number): Promise<void> {
    const { durationMs, untilFault } = this.#settings;
    for (;;) {
      const elapsedMs = performance.now() - startedMs;
      this.#progress(elapsedMs, this.#board);
      if (elapsedMs >= durationMs || (untilFault && this.#board.isFaulty)) return;
      if (this.#isAnyoneSilent()) return;
      await sleep(Math.min(LOOK_MS, durationMs - elapsedMs));
    }
  }

  #isAnyoneSilent(): boolean {
    const now = performance.now();
    const silent = this.#workers.findIndex((_, thread) => {
      const progress = this.#board.progressOf(thread);
      if (progress !== this.#lastProgress[thread]) {
        this.#lastProgress[thread] = progress;
        this.#lastMs[thread] = now;
      }
      return now - (this.#lastMs[thread] ?? now) > SILENCE_MS_MAX;
    });
    if (silent < 0) return false;
    this.#fault('hang', `thread ${silent} has done nothing for ${SILENCE_MS_MAX} ms`);
    return true;
  }

  /** What the threads have to say at the end. */
  async #hear(): Promise<LoadsStats[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, SILENCE_MS_MAX, null);
    });
    const loads: LoadsStats[] = [];
    for (const [thread, done] of this.#done.entries()) {
      const stats = done === undefined ? null : await Promise.race([done, late]);
      if (stats === null) this.#fault('hang', `thread ${thread} does not end`);
      else loads.push(stats);
    }
    clearTimeout(timer);
    return loads;
  }

  #fault(fault: Fault, text: string): void {
    this.#board.fault(fault);
    this.#example(`${fault}: ${text}`);
  }

  #example(text: string): void {
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(text);
  }
}
