import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { OPERATION_KINDS, type OperationKind } from './plan.js';

/** Latencies by kind of operation, in nanoseconds; a histogram posted to a thread is shared. */
export type Latencies = Readonly<Record<OperationKind, RecordableHistogram>>;

/** An hour in nanoseconds: what takes longer is recorded as that. */
const LATENCY_NS_MAX = 3_600_000_000_000;
const NS_PER_MS = 1_000_000;

export function createLatencies(): Latencies {
  // Three digits: a value is right to 0.1 %.
  const create = (): RecordableHistogram =>
    createHistogram({ lowest: 1, highest: LATENCY_NS_MAX, figures: 3 });
  return {
    get: create(),
    set: create(),
    insert: create(),
    delete: create(),
    modify: create(),
    fill: create(),
  };
}

/** Records a latency. The histogram takes whole numbers from 1. */
export function recordMs(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.min(Math.max(Math.round(ms * NS_PER_MS), 1), LATENCY_NS_MAX));
}

/** Error texts are told apart up to this many; the rest is counted together. */
const ERROR_KINDS_MAX = 32;
/** Wrong values described in full. */
const WRONG_SAMPLES_MAX = 5;

/** What one generator thread counted in the measured time. */
export class Tally {
  readonly operations: Record<OperationKind, number> = Object.fromEntries(
    OPERATION_KINDS.map((kind) => [kind, 0]),
  ) as Record<OperationKind, number>;
  hits = 0;
  misses = 0;
  /** Bytes of values read and written. */
  valueBytesRead = 0;
  valueBytesWritten = 0;
  /** Operations without a good answer, by the server's word or the way the connection was lost. */
  readonly errors = new Map<string, number>();
  errorCount = 0;
  /** Values that were not what was written, over the whole run, warm-up included. */
  wrong = 0;
  stale = 0;
  readonly wrongSamples: string[] = [];
  reconnects = 0;
  /** Open loop: due in the measured time, but never sent. */
  unsent = 0;
  /** Open loop: sent over 1 ms late because the server had no room for more in flight. */
  lateForRoom = 0;
  /** Open loop: sent over 1 ms late because this thread was busy. */
  lateForThread = 0;
  /** How busy the thread was: 0 to 1. */
  utilization = 0;

  error(kind: string): void {
    this.errorCount++;
    const name = this.errors.has(kind) || this.errors.size < ERROR_KINDS_MAX ? kind : 'others';
    this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
  }

  wrongValue(kind: 'wrong' | 'stale', sample: () => string): void {
    if (kind === 'wrong') this.wrong++;
    else this.stale++;
    if (this.wrongSamples.length < WRONG_SAMPLES_MAX) this.wrongSamples.push(sample());
  }

  /** Takes in another thread's counts. */
  add(other: TallyData): void {
    for (const kind of OPERATION_KINDS) this.operations[kind] += other.operations[kind];
    this.hits += other.hits;
    this.misses += other.misses;
    this.valueBytesRead += other.valueBytesRead;
    this.valueBytesWritten += other.valueBytesWritten;
    for (const [kind, count] of other.errors) {
      this.errors.set(kind, (this.errors.get(kind) ?? 0) + count);
    }
    this.errorCount += other.errorCount;
    this.wrong += other.wrong;
    this.stale += other.stale;
    this.wrongSamples.push(...other.wrongSamples);
    this.reconnects += other.reconnects;
    this.unsent += other.unsent;
    this.lateForRoom += other.lateForRoom;
    this.lateForThread += other.lateForThread;
    this.utilization = Math.max(this.utilization, other.utilization);
  }
}

/** A tally as it comes out of a thread: the fields without the methods. */
export type TallyData = Pick<
  Tally,
  | 'operations'
  | 'hits'
  | 'misses'
  | 'valueBytesRead'
  | 'valueBytesWritten'
  | 'errors'
  | 'errorCount'
  | 'wrong'
  | 'stale'
  | 'wrongSamples'
  | 'reconnects'
  | 'unsent'
  | 'lateForRoom'
  | 'lateForThread'
  | 'utilization'
>;
