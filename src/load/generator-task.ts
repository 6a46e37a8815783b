import { availableParallelism } from 'node:os';
import { unreachable } from '../base/assert.js';
import { Prng } from '../base/prng.js';
import type { Checks } from './account.js';
import { Board } from './board.js';
import { Generator } from './generator.js';
import { KeySpace } from './key-space.js';
import { type LibraryClient, LibraryLane } from './library-lane.js';
import type { OpenLane } from './operation.js';
import type { Endpoint, LoadPlan } from './plan.js';
import { RequestWriter } from './request-writer.js';
import { RespLane } from './resp-lane.js';
import { MixSource, type Part, PreloadSource } from './source.js';
import type { Latencies, TallyData } from './tally.js';
import { ValueStamp } from './value-stamp.js';
import { valueWriter } from './value-writer.js';
import { WriteOrder } from './write-order.js';

/** What the generators drive. */
export type Target =
  | { readonly kind: 'resp'; readonly endpoints: readonly Endpoint[] }
  /** A client of a cluster of this process: it belongs to its thread, and so does the generator. */
  | { readonly kind: 'library'; readonly client: LibraryClient };

/** One thread's part of a run. */
export interface GeneratorTask {
  /** Write every key once, or drive the plan's traffic for its time. */
  readonly job: 'preload' | 'drive';
  readonly plan: LoadPlan;
  readonly part: Part;
  readonly target: Target;
  readonly latencies: Latencies;
  readonly board: SharedArrayBuffer;
  /** Tells the values of this run from those of others. */
  readonly run: number;
}

/** Threads that generate unless said otherwise: a quarter of the cores; the rest can serve. */
export const defaultThreads = (): number => Math.max(1, Math.floor(availableParallelism() / 4));

/** A preload does not wait for each answer. */
const PRELOAD_DEPTH = 64;

/** Generates, in this thread. @throws ShoalError ERR_START if the target cannot be reached */
export function runGeneratorTask(task: GeneratorTask): Promise<TallyData> {
  const { job, plan, part } = task;
  const prng = threadPrng(plan.seed, part.thread, job);
  const driving = job === 'drive';
  const checks = plan.verify ? makeChecks(task) : null;
  const generator = new Generator({
    source: driving ? new MixSource(plan, part, prng) : new PreloadSource(plan, part, prng),
    fill: driving && plan.traffic.fill,
    checks,
    latencies: task.latencies,
    board: new Board(task.board),
    thread: part.thread,
    rate: driving && plan.rate !== null ? plan.rate / part.threads : null,
    warmUpMs: driving ? plan.warmUpMs : 0,
    durationMs: driving ? plan.durationMs : null,
  });
  return generator.run(openers(task, checks?.stamp ?? null));
}

/** Writers are told apart over both jobs: preloading threads come after driving ones. */
function makeChecks({ job, plan, part, run }: GeneratorTask): Checks {
  const writer = part.thread + (job === 'preload' ? part.threads : 0);
  return { stamp: new ValueStamp(run, writer), order: new WriteOrder(plan.traffic.keys) };
}

/** The lanes of one thread: every `threads`-th connection of the plan. */
function openers({ job, plan, part, target }: GeneratorTask, stamp: ValueStamp | null): OpenLane[] {
  const keys = new KeySpace(plan.traffic.keySize);
  const values = valueWriter(stamp);
  const depth = job === 'preload' ? Math.max(plan.pipeline, PRELOAD_DEPTH) : plan.pipeline;
  const open = (connection: number): OpenLane => {
    switch (target.kind) {
      case 'resp': {
        const { endpoints } = target;
        const writer = new RequestWriter(keys, values);
        return (owner) => RespLane.open({ endpoints, first: connection, depth, writer }, owner);
      }
      case 'library': {
        const { client } = target;
        return async (owner) => new LibraryLane({ client, depth, keys, values }, owner);
      }
      default:
        return unreachable(target);
    }
  };
  const lanes: OpenLane[] = [];
  for (let i = part.thread; i < plan.connections; i += part.threads) lanes.push(open(i));
  return lanes;
}

function threadPrng(seed: number, thread: number, job: GeneratorTask['job']): Prng {
  const root = new Prng(seed);
  const jobs = { preload: root.fork(), drive: root.fork() };
  let prng = jobs[job].fork();
  for (let i = 0; i < thread; i++) prng = jobs[job].fork();
  return prng;
}
