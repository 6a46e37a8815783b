import type { BoardCounts } from './board.js';
import type { Answer, Operation } from './operation.js';
import { type Latencies, recordMs, Tally } from './tally.js';
import type { ValueStamp } from './value-stamp.js';
import type { WriteOrder } from './write-order.js';

/** How values are checked. */
export interface Checks {
  readonly stamp: ValueStamp;
  readonly order: WriteOrder;
}

/** What is to be done about an answer. */
export type Settlement =
  /** Nothing: the operation is over. */
  | 'over'
  /** The second half of a modify has to be issued. */
  | 'write-back'
  /** A get missed. */
  | 'missed'
  /** The operation failed. */
  | 'failed';

/** How much of a wrong value is shown. */
const SAMPLE_BYTES = 32;

/**
 * Books every answer: counts and latencies of the operations that were due in the measured time,
 * and, over the whole run, what was wrong with the values read.
 */
export class Account {
  readonly tally = new Tally();
  readonly #latencies: Latencies;
  readonly #checks: Checks | null;
  #measureFromMs = 0;
  #measureToMs = Number.POSITIVE_INFINITY;
  #sequence = 0;
  #answered = 0;
  #errors = 0;
  #hits = 0;
  #misses = 0;

  constructor(latencies: Latencies, checks: Checks | null) {
    this.#latencies = latencies;
    this.#checks = checks;
  }

  /** Counts operations that were due in [from, to). */
  measure(fromMs: number, toMs: number): void {
    this.#measureFromMs = fromMs;
    this.#measureToMs = toMs;
  }

  isMeasured(intendedMs: number): boolean {
    return intendedMs >= this.#measureFromMs && intendedMs < this.#measureToMs;
  }

  /** An operation is about to be issued: numbers it, and says what it may lawfully find. */
  issued(operation: Operation): void {
    const order = this.#checks?.order;
    if (operation.step === 'get') {
      operation.floor = order?.floor(operation.key) ?? 0;
      return;
    }
    operation.sequence = ++this.#sequence;
    order?.issued(operation.key, operation.sequence);
  }

  /** An operation has its answer. */
  settled(operation: Operation, answer: Answer, nowMs: number): Settlement {
    this.#answered++;
    const failed = answer.outcome === 'refused' || answer.outcome === 'lost';
    const measured = this.isMeasured(operation.intendedMs);
    if (operation.step !== 'get') {
      this.#checks?.order.settled(operation.key, failed ? 'unknown' : 'acknowledged');
    }
    if (failed) {
      this.#errors++;
      if (measured) this.tally.error(answer.error);
      return 'failed';
    }
    if (operation.step === 'get') this.#read(operation, answer, measured);
    if (operation.kind === 'modify' && operation.step === 'get') return 'write-back';
    if (measured) this.#record(operation, nowMs);
    return answer.outcome === 'miss' ? 'missed' : 'over';
  }

  /** Counts of the whole run so far, warm-up included. */
  counts(): BoardCounts {
    return {
      answered: this.#answered,
      hits: this.#hits,
      misses: this.#misses,
      errors: this.#errors,
      wrong: this.tally.wrong + this.tally.stale,
    };
  }

  #record(operation: Operation, nowMs: number): void {
    this.tally.operations[operation.kind]++;
    recordMs(this.#latencies[operation.kind], nowMs - operation.intendedMs);
    if (operation.step === 'set') this.tally.valueBytesWritten += operation.size;
  }

  #read(operation: Operation, answer: Answer, measured: boolean): void {
    if (answer.outcome === 'miss') {
      this.#misses++;
      if (measured) this.tally.misses++;
      return;
    }
    this.#hits++;
    if (measured) {
      this.tally.hits++;
      this.tally.valueBytesRead += answer.end - answer.start;
    }
    if (this.#checks !== null) this.#check(this.#checks.stamp, operation, answer);
  }

  #check(stamp: ValueStamp, { key, floor }: Operation, { bytes, start, end }: Answer): void {
    if (stamp.check(key, bytes, start, end) === 'wrong') {
      this.tally.wrongValue('wrong', () => {
        const head = bytes.toString('hex', start, Math.min(end, start + SAMPLE_BYTES));
        return `key ${key}: a value of ${end - start} bytes that was never written: ${head}`;
      });
      return;
    }
    const found = stamp.ownSequence;
    if (found === null || found >= floor) return;
    this.tally.wrongValue(
      'stale',
      () => `key ${key}: write ${found} was read after write ${floor} had been acknowledged`,
    );
  }
}
