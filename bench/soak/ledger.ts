/**
 * What is known of every key, in memory that all drivers of a process share. A key has one writer
 * and at most one write of it is on its way, so what a reader may find is known exactly:
 *
 *     write s issued          acknowledged                 written again, or deleted
 *     ──────┼─────────────────────┼───────────────────────────┼──────────▶
 *      open │ s or an older one   │ settled: s, or a miss that an outage or the expiry explains
 *
 * `acked` is the floor: what a read that begins now must not be below. `mark` changes with every step
 * of a key and carries its state; a reader that finds the same mark before and after its read knows
 * that nothing happened to the key in between, and may rely on the times as well.
 */
import { assert } from '#src/base/assert.js';

/** What a key is while its mark stands. */
export type KeyState =
  /** A write is on its way, or was and nobody knows what became of it; or never written. */
  | 'open'
  /** The last write was acknowledged. It is there until `livesUntil`. */
  | 'present'
  /** The last delete was acknowledged. */
  | 'absent';

const STATES: readonly KeyState[] = ['open', 'present', 'absent'];
const STATE_BITS = 2;

/** What an acknowledged write promises. */
export interface Promised {
  readonly sequence: number;
  readonly state: 'present' | 'absent';
  /** When the write was issued. */
  readonly wroteAtMs: number;
  /** Until then it is there, unless an outage took it. */
  readonly livesUntilMs: number;
  /** After that it must not be found any more. */
  readonly goneAfterMs: number;
}

/** A key as a reader saw it when its read began. */
export interface Look {
  readonly key: number;
  /** The lowest sequence that may be found. */
  readonly floor: number;
  readonly mark: number;
}

const BYTES_A_KEY = 3 * 4 + 3 * 8;

export class Ledger {
  readonly memory: SharedArrayBuffer;
  readonly #wroteAtMs: Float64Array;
  readonly #livesUntilMs: Float64Array;
  readonly #goneAfterMs: Float64Array;
  readonly #mark: Int32Array;
  readonly #acked: Int32Array;
  readonly #issued: Int32Array;

  static memoryFor(keys: number): SharedArrayBuffer {
    return new SharedArrayBuffer(keys * BYTES_A_KEY);
  }

  constructor(memory: SharedArrayBuffer) {
    const keys = memory.byteLength / BYTES_A_KEY;
    assert(Number.isInteger(keys), 'the memory is a ledger’s');
    this.memory = memory;
    this.#wroteAtMs = new Float64Array(memory, 0, keys);
    this.#livesUntilMs = new Float64Array(memory, keys * 8, keys);
    this.#goneAfterMs = new Float64Array(memory, keys * 16, keys);
    this.#mark = new Int32Array(memory, keys * 24, keys);
    this.#acked = new Int32Array(memory, keys * 28, keys);
    this.#issued = new Int32Array(memory, keys * 32, keys);
  }

  // The writer's side.

  /** The sequence of the next write, which is on its way now. */
  issue(key: number): number {
    const sequence = Atomics.load(this.#issued, key) + 1;
    Atomics.store(this.#issued, key, sequence);
    this.#step(key, 'open');
    return sequence;
  }

  acknowledge(key: number, promised: Promised): void {
    this.#wroteAtMs[key] = promised.wroteAtMs;
    this.#livesUntilMs[key] = promised.livesUntilMs;
    this.#goneAfterMs[key] = promised.goneAfterMs;
    Atomics.store(this.#acked, key, promised.sequence);
    this.#step(key, promised.state);
  }

  /** The write was not done: the key is what it was. */
  revert(key: number, state: KeyState): void {
    this.#step(key, state);
  }

  // Everybody's side.

  look(key: number, nowMs: number): Look {
    const mark = Atomics.load(this.#mark, key);
    const acked = Atomics.load(this.#acked, key);
    const isGone = nowMs > (this.#goneAfterMs[key] as number);
    const expired = isGone && stateOf(mark) === 'present' && this.isUnchanged(key, mark);
    return { key, mark, floor: expired ? acked + 1 : acked };
  }

  isUnchanged(key: number, mark: number): boolean {
    return Atomics.load(this.#mark, key) === mark;
  }

  state(key: number): KeyState {
    return stateOf(Atomics.load(this.#mark, key));
  }

  /** Since when the key has been there, if by all that is known it must be; else null. */
  presentSince({ key, mark }: Look, nowMs: number): number | null {
    if (stateOf(mark) !== 'present') return null;
    const livesUntilMs = this.#livesUntilMs[key] as number;
    const wroteAtMs = this.#wroteAtMs[key] as number;
    return nowMs < livesUntilMs && this.isUnchanged(key, mark) ? wroteAtMs : null;
  }

  acked(key: number): number {
    return Atomics.load(this.#acked, key);
  }

  issued(key: number): number {
    return Atomics.load(this.#issued, key);
  }

  // Between processes, which share no memory: floors only ever rise, so late ones are still true.

  floors(from: number, to: number): Int32Array {
    return this.#acked.slice(from, to);
  }

  adopt(from: number, floors: Int32Array): void {
    for (let i = 0; i < floors.length; i++) {
      const floor = floors[i] as number;
      if (floor > this.acked(from + i)) Atomics.store(this.#acked, from + i, floor);
    }
  }

  #step(key: number, state: KeyState): void {
    const steps = (Atomics.load(this.#mark, key) >>> STATE_BITS) + 1;
    Atomics.store(this.#mark, key, (steps << STATE_BITS) | STATES.indexOf(state));
  }
}

const stateOf = (mark: number): KeyState => STATES[mark & ((1 << STATE_BITS) - 1)] ?? 'open';
