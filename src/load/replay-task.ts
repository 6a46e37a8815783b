import { performance } from 'node:perf_hooks';
import { Board } from './board.js';
import { Generator } from './generator.js';
import type { Operation } from './operation.js';
import type { Endpoint } from './plan.js';
import { RequestWriter } from './request-writer.js';
import { RespLane } from './resp-lane.js';
import type { Source } from './source.js';
import type { Latencies, TallyData } from './tally.js';
import { readTrace } from './trace-reader.js';
import { valueWriter } from './value-writer.js';

/** Accesses that are replayed against a cluster at most: they are held in memory, 12 bytes each. */
export const REPLAY_ACCESSES_MAX = 50_000_000;

/** The replay of a trace against a cluster, over RESP; runs in a generator thread. */
export interface ReplayTask {
  readonly job: 'replay';
  readonly file: string;
  readonly accesses: number;
  /** Bytes of a value where the trace has no sizes. */
  readonly valueSize: number;
  readonly endpoints: readonly Endpoint[];
  /** Accesses in flight; with more than one a get may overtake the set before it. */
  readonly pipeline: number;
  readonly latencies: Latencies;
  readonly board: SharedArrayBuffer;
}

export interface ClusterReplayCounts {
  readonly tally: TallyData;
  readonly seconds: number;
}

/**
 * Replays in this thread.
 * @throws ShoalError ERR_START if the cluster cannot be reached, ERR_USAGE if the trace cannot be read
 */
export async function runReplayTask(task: ReplayTask): Promise<ClusterReplayCounts> {
  const trace = await loadTrace(task);
  const generator = new Generator({
    source: new TraceSource(trace),
    fill: true,
    checks: null,
    latencies: task.latencies,
    board: new Board(task.board),
    thread: 0,
    rate: null,
    warmUpMs: 0,
    durationMs: null,
  });
  const writer = new RequestWriter(trace, valueWriter(null));
  const settings = { endpoints: task.endpoints, first: 0, depth: task.pipeline, writer };
  const start = performance.now();
  const tally = await generator.run([(owner) => RespLane.open(settings, owner)]);
  return { tally, seconds: (performance.now() - start) / 1_000 };
}

/** A trace in memory; its keys are numbered in the order in which they first appear. */
class LoadedTrace {
  readonly keyBytes: Buffer[] = [];
  readonly #numbers = new Map<string, number>();
  readonly accesses: number[] = [];
  readonly sizes: number[] = [];

  add(key: string, size: number): void {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.keyBytes.length;
      this.#numbers.set(key, number);
      this.keyBytes.push(Buffer.from(key));
    }
    this.accesses.push(number);
    this.sizes.push(size);
  }

  size(key: number): number {
    return (this.keyBytes[key] as Buffer).length;
  }

  write(key: number, _size: number, target: Uint8Array, at: number): void {
    target.set(this.keyBytes[key] as Buffer, at);
  }
}

async function loadTrace({ file, accesses, valueSize }: ReplayTask): Promise<LoadedTrace> {
  const trace = new LoadedTrace();
  for await (const { keys, sizes } of readTrace(file, Math.min(accesses, REPLAY_ACCESSES_MAX))) {
    keys.forEach((key, i) => {
      trace.add(key, sizes === null ? valueSize : (sizes[i] as number));
    });
  }
  return trace;
}

/** Gets in the trace's order; a set that follows a miss has the size of the key's last access. */
class TraceSource implements Source {
  readonly #trace: LoadedTrace;
  readonly #lastSize: number[] = [];
  #next = 0;

  constructor(trace: LoadedTrace) {
    this.#trace = trace;
  }

  next(operation: Operation): boolean {
    const key = this.#trace.accesses[this.#next];
    if (key === undefined) return false;
    this.#lastSize[key] = this.#trace.sizes[this.#next] as number;
    this.#next++;
    operation.kind = 'get';
    operation.step = 'get';
    operation.key = key;
    return true;
  }

  follow(operation: Operation): void {
    operation.size = this.#lastSize[operation.key] ?? 0;
    operation.ttlMs = null;
  }
}
