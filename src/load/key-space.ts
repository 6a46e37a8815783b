import { assert } from '../base/assert.js';

const DIGIT_ZERO = 0x30;

/**
 * The keys themselves: key number i is its decimal digits, padded with zeros in front to the
 * key's size. Where sizes differ, a key's size follows from its number, by mixing. A number that
 * has more digits than its size (many inserts into a space of short keys) makes a longer key,
 * never another key's.
 */
export class KeySpace {
  readonly #min: number;
  readonly #span: number;

  constructor(size: { readonly min: number; readonly max: number }) {
    assert(size.min >= 1, 'a key has at least one byte');
    assert(size.max >= size.min, 'the largest key is not below the smallest');
    this.#min = size.min;
    this.#span = size.max - size.min + 1;
  }

  /** Bytes of a key. */
  size(key: number): number {
    const size = this.#span === 1 ? this.#min : this.#min + (mix(key) % this.#span);
    return Math.max(size, digitsOf(key));
  }

  /** Writes a key of `size` bytes to `target[at …)`. */
  write(key: number, size: number, target: Uint8Array, at: number): void {
    let rest = key;
    for (let i = at + size - 1; i >= at; i--) {
      const next = Math.floor(rest / 10);
      target[i] = DIGIT_ZERO + (rest - next * 10);
      rest = next;
    }
  }

  /** The key as a string. */
  text(key: number): string {
    return String(key).padStart(this.size(key), '0');
  }
}

/** Decimal digits of a whole number. */
export function digitsOf(n: number): number {
  let digits = 1;
  for (let rest = n; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

/** Spreads neighbouring numbers over 32 bits. */
function mix(n: number): number {
  let z = (n + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
