/**
 * One run from start to end: preload, then drive, over a pool of generator threads; progress once
 * a second; the counts of all threads put together.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { assert } from '../base/assert.js';
import { Board, type BoardCounts } from './board.js';
import { coresBusy, coreTimes } from './cores.js';
import { GeneratorPool, type TaskRunner } from './generator-pool.js';
import { type GeneratorTask, runGeneratorTask, type Target } from './generator-task.js';
import { type LoadPlan, OPERATION_KINDS, type OperationKind } from './plan.js';
import { createLatencies, type Latencies, Tally, type TallyData } from './tally.js';

/** One second of a run, for the progress line. */
export interface Progress {
  readonly phase: 'preload' | 'warm-up' | 'measured';
  readonly second: number;
  /** Counts of this second alone. */
  readonly counts: BoardCounts;
}

/** What whoever started the run may want. */
export interface RunHooks {
  readonly onProgress: (progress: Progress) => void;
  /** Called when the preload is over and the traffic starts. */
  readonly onTraffic: () => void;
  /** Called when the warm-up is over. */
  readonly onMeasured: () => void;
  /** Ends the run early; what was measured until then is reported. */
  readonly signal: AbortSignal;
}

export interface PreloadResult {
  readonly operations: number;
  readonly errors: number;
  readonly seconds: number;
}

export interface RunResult {
  readonly preload: PreloadResult | null;
  readonly tally: Tally;
  /** Of all threads together. */
  readonly latencies: Latencies;
  /** Measured time. */
  readonly seconds: number;
  /** Share of all cores that was busy in the measured time. */
  readonly coresBusy: number;
  readonly interrupted: boolean;
}

/** Runs a plan against a target. @throws ShoalError ERR_START if it cannot be reached */
export async function runLoad(plan: LoadPlan, target: Target, hooks: RunHooks): Promise<RunResult> {
  const runner = createRunner(plan, target);
  try {
    const run = new Run(plan, target, hooks, runner);
    const preload = plan.traffic.preload ? await run.preload() : null;
    const driven = await run.drive();
    driven.tally.wrong += run.preloadWrong;
    return { preload, ...driven };
  } finally {
    await runner.close();
  }
}

/**
 * A library's client can't leave its thread, so the library is driven from this one: the
 * supervisor's, which serves nobody while all nodes live.
 */
function createRunner(plan: LoadPlan, target: Target): TaskRunner {
  if (target.kind === 'resp') return new GeneratorPool(plan.threads);
  assert(plan.threads === 1, 'the library is driven by one thread');
  const run = (task: unknown): Promise<unknown> => runGeneratorTask(task as GeneratorTask);
  return { run: run as TaskRunner['run'], close: async () => {} };
}

class Run {
  readonly #plan: LoadPlan;
  readonly #target: Target;
  readonly #hooks: RunHooks;
  readonly #runner: TaskRunner;
  readonly #id = Date.now() >>> 0;
  preloadWrong = 0;

  constructor(plan: LoadPlan, target: Target, hooks: RunHooks, runner: TaskRunner) {
    this.#plan = plan;
    this.#target = target;
    this.#hooks = hooks;
    this.#runner = runner;
  }

  async preload(): Promise<PreloadResult> {
    const start = performance.now();
    const { tally } = await this.#tasks('preload', () => 'preload');
    const seconds = (performance.now() - start) / 1_000;
    return { operations: tally.operations.set, errors: tally.errorCount, seconds };
  }

  async drive(): Promise<Omit<RunResult, 'preload'>> {
    const { warmUpMs, durationMs } = this.#plan;
    const start = performance.now();
    let measuring = start;
    let cores = coreTimes();
    this.#hooks.onTraffic();
    const warmed = setTimeout(() => {
      measuring = performance.now();
      cores = coreTimes();
      this.#hooks.onMeasured();
    }, warmUpMs);
    const phase = (): Progress['phase'] =>
      performance.now() - start < warmUpMs ? 'warm-up' : 'measured';
    try {
      const { tally, latencies } = await this.#tasks('drive', phase);
      const interrupted = this.#hooks.signal.aborted;
      const measuredMs = Math.max(performance.now() - measuring, 1);
      const seconds = (interrupted ? Math.min(measuredMs, durationMs) : durationMs) / 1_000;
      return { tally, latencies, seconds, coresBusy: coresBusy(cores, coreTimes()), interrupted };
    } finally {
      clearTimeout(warmed);
    }
  }

  /** Runs one task on each thread, and shows how it goes. */
  async #tasks(
    job: GeneratorTask['job'],
    phase: () => Progress['phase'],
  ): Promise<{ tally: Tally; latencies: Latencies }> {
    const { threads } = this.#plan;
    const board = new Board(threads);
    const stop = (): void => board.stop();
    if (this.#hooks.signal.aborted) stop();
    this.#hooks.signal.addEventListener('abort', stop);
    const ended = new AbortController();
    const watching = this.#watch(board, phase, ended.signal);
    try {
      const parts = Array.from({ length: threads }, (_, thread) => ({
        latencies: createLatencies(),
        part: { thread, threads },
      }));
      const tallies = await settleAll(
        parts.map((own) => this.#runner.run<TallyData>(this.#task(job, board, own))),
      );
      const tally = new Tally();
      for (const one of tallies) tally.add(one);
      return { tally, latencies: addLatencies(parts.map((own) => own.latencies)) };
    } finally {
      this.#hooks.signal.removeEventListener('abort', stop);
      ended.abort();
      await watching;
    }
  }

  #task(
    job: GeneratorTask['job'],
    board: Board,
    own: Pick<GeneratorTask, 'latencies' | 'part'>,
  ): GeneratorTask {
    const plan = this.#plan;
    return { job, plan, target: this.#target, board: board.memory, run: this.#id, ...own };
  }

  async #watch(board: Board, phase: () => Progress['phase'], ended: AbortSignal): Promise<void> {
    let before = board.sums();
    for (let second = 1; !ended.aborted; second++) {
      await wait(1_000, undefined, { signal: ended }).catch(() => {}); // Ended: the loop ends.
      if (ended.aborted) return;
      const now = board.sums();
      this.#hooks.onProgress({ phase: phase(), second, counts: difference(before, now) });
      before = now;
    }
  }
}

/** All results, or the first error once every task has ended: none is left running. */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function addLatencies(all: readonly Latencies[]): Latencies {
  const total = createLatencies();
  for (const own of all) for (const kind of OPERATION_KINDS) addTo(total, own, kind);
  return total;
}

function addTo(total: Latencies, own: Latencies, kind: OperationKind): void {
  if (own[kind].count > 0) total[kind].add(own[kind]);
}

/** What was counted between two looks at 32-bit counts that wrap. */
function difference(before: BoardCounts, now: BoardCounts): BoardCounts {
  return {
    answered: (now.answered - before.answered) >>> 0,
    hits: (now.hits - before.hits) >>> 0,
    misses: (now.misses - before.misses) >>> 0,
    errors: (now.errors - before.errors) >>> 0,
    wrong: (now.wrong - before.wrong) >>> 0,
  };
}
