/**
 * What generator threads and the main thread show each other while a run goes on: counts for the
 * progress line, and the request to stop. Counts are 32 bits and wrap; a reader takes
 * differences.
 */
const STOP = 0;
const THREADS_START = 1;
const FIELDS = ['answered', 'hits', 'misses', 'errors', 'wrong'] as const;

export type BoardField = (typeof FIELDS)[number];
export type BoardCounts = Readonly<Record<BoardField, number>>;

export class Board {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** A new board for that many threads, or a view of one that another thread made. */
  constructor(source: number | SharedArrayBuffer) {
    this.memory =
      typeof source === 'number'
        ? new SharedArrayBuffer((THREADS_START + source * FIELDS.length) * 4)
        : source;
    this.#words = new Int32Array(this.memory);
  }

  stop(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }

  publish(thread: number, counts: BoardCounts): void {
    const start = THREADS_START + thread * FIELDS.length;
    FIELDS.forEach((field, i) => {
      Atomics.store(this.#words, start + i, counts[field] | 0);
    });
  }

  /** The sums over all threads, modulo 2^32. */
  sums(): BoardCounts {
    const sums = { answered: 0, hits: 0, misses: 0, errors: 0, wrong: 0 };
    for (let start = THREADS_START; start < this.#words.length; start += FIELDS.length) {
      FIELDS.forEach((field, i) => {
        sums[field] = (sums[field] + Atomics.load(this.#words, start + i)) >>> 0;
      });
    }
    return sums;
  }
}
