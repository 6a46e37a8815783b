/** The keys of the LRU benchmarks: like a service's, one length, and never met twice as an object. */
import { Prng } from '#src/base/prng.js';
import { Zipf } from '#src/load/zipf.js';

export type Distribution = 'uniform' | 'zipf';
/** Where the strings come from. */
export type KeyStrings =
  /** Built anew for each operation, outside the clock, from parts: what a service does. */
  | 'fresh'
  /** The very objects that the cache was filled with: what no service does. */
  | 'interned';

const DIGITS = 12;
const PREFIX = 'user:profile:';
export const KEY_BYTES = PREFIX.length + DIGITS;

export const keyOf = (number: number): string => `${PREFIX}${String(number).padStart(DIGITS, '0')}`;

/** Spreads ranks over the key numbers, so that hot keys do not lie together: a bijection on 0 … n−1. */
const scatter = (rank: number, entries: number): number => (rank * 7_919) % entries;

export class KeySource {
  readonly #entries: number;
  readonly #prng: Prng;
  readonly #zipf: Zipf | null;
  #next: number;

  constructor(entries: number, distribution: Distribution, seed: number) {
    this.#entries = entries;
    this.#prng = new Prng(seed);
    this.#zipf = distribution === 'zipf' ? new Zipf(entries, 0.99) : null;
    this.#next = entries;
  }

  /** Number of a key that the cache was filled with. */
  number(): number {
    if (this.#zipf === null) return this.#prng.below(this.#entries);
    return scatter(this.#zipf.draw(this.#prng) - 1, this.#entries);
  }

  /** Number of a key that there has not been. */
  unseen(): number {
    return this.#next++;
  }
}
