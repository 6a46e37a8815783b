/**
 * Times operations of nanoseconds. A clock read costs as much as one of them, so a sample is always
 * a batch of at least a thousand, whose inputs were built before the clock started.
 */
import { Bench } from 'tinybench';
import { median } from './median.js';
import type { Effort } from './suite.js';

/** Operations of a sample, at the least. */
export const BATCH_MIN = 1_000;

export interface Plan {
  /** How often all tasks are run, by turns: what disturbs one round meets all tasks alike. */
  readonly rounds: number;
  readonly timeMs: number;
  readonly warmupMs: number;
}

const PLANS: Record<Effort, Plan> = {
  smoke: { rounds: 1, timeMs: 10, warmupMs: 5 },
  normal: { rounds: 3, timeMs: 150, warmupMs: 100 },
  full: { rounds: 7, timeMs: 400, warmupMs: 100 },
};

export interface Task {
  readonly name: string;
  /** Operations that one call of `batch` does: BATCH_MIN or more. */
  readonly operations: number;
  readonly batch: () => void | Promise<void>;
  /** Runs before each batch, outside the clock: builds its inputs. */
  readonly prepare?: () => void;
}

export interface Timing {
  readonly name: string;
  /** Nanoseconds an operation: median of a round's samples, median of the rounds. */
  readonly median: number;
  /** The same at the 99th percentile: what else the machine was doing shows here. */
  readonly p99: number;
}

/** Times tasks against each other, by turns, in one process. */
export async function measure(
  tasks: readonly Task[],
  effort: Effort,
  plan: Plan = PLANS[effort],
): Promise<Timing[]> {
  const rounds: Timing[][] = [];
  for (let round = 0; round < plan.rounds; round++) rounds.push(await runRound(tasks, plan));
  return tasks.map(({ name }, i) => {
    const timings = rounds.map((round) => round[i] as Timing);
    return {
      name,
      median: median(timings.map(({ median }) => median)),
      p99: median(timings.map(({ p99 }) => p99)),
    };
  });
}

async function runRound(tasks: readonly Task[], plan: Plan): Promise<Timing[]> {
  const { timeMs, warmupMs } = plan;
  const bench = new Bench({ time: timeMs, warmupTime: warmupMs, iterations: 8, throws: true });
  for (const { name, operations, batch, prepare } of tasks) {
    if (operations < BATCH_MIN) {
      throw new RangeError(`Cannot time '${name}': ${operations} operations a sample are too few`);
    }
    bench.add(name, batch, prepare === undefined ? {} : { beforeEach: prepare });
  }
  await bench.run();
  return bench.tasks.map(({ name, result }, i) => {
    if (result.state !== 'completed') throw new Error(`Cannot time '${name}': ${result.state}`);
    const nanoseconds = 1e6 / (tasks[i] as Task).operations;
    const { p50, p99 } = result.latency;
    return { name, median: p50 * nanoseconds, p99: p99 * nanoseconds };
  });
}

let sink = 0;

/** Keeps a result alive, so that what made it isn't optimised away. */
export function consume(value: number): void {
  sink = (sink + value) | 0;
}
