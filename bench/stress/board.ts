/**
 * What threads and their director say to each other without messages: a thread that spins in reads
 * must see that it is to stop, and one that hangs must be seen to.
 */
const STOPPING = 0;
const FAULTY = 1;
const WORDS = 2;

export class CrewBoard {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  static memoryFor(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer((WORDS + threads) * Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  stop(): void {
    Atomics.store(this.#words, STOPPING, 1);
  }

  get isStopping(): boolean {
    return Atomics.load(this.#words, STOPPING) !== 0;
  }

  /** A thread has found something wrong. */
  noteFault(): void {
    Atomics.store(this.#words, FAULTY, 1);
  }

  get isFaulty(): boolean {
    return Atomics.load(this.#words, FAULTY) !== 0;
  }

  /** A thread has done something. */
  progress(thread: number): void {
    Atomics.add(this.#words, WORDS + thread, 1);
  }

  progressOf(thread: number): number {
    return Atomics.load(this.#words, WORDS + thread);
  }
}
