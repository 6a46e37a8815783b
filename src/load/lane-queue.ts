import { assert } from '../base/assert.js';
import { Operation } from './operation.js';

/**
 * The operations in flight on one connection, oldest first: a ring of operations that are filled
 * again and again. One more than the depth, so that the one being answered and the one being
 * filled are never the same.
 */
export class LaneQueue {
  readonly #ring: readonly Operation[];
  #head = 0;
  #count = 0;

  constructor(depth: number) {
    this.#ring = Array.from({ length: depth + 1 }, () => new Operation());
  }

  get count(): number {
    return this.#count;
  }

  get room(): number {
    return this.#ring.length - 1 - this.#count;
  }

  /** The operation that `push` will add. */
  blank(): Operation {
    assert(this.room > 0, 'an operation is issued where there is room');
    return this.#ring[(this.#head + this.#count) % this.#ring.length] as Operation;
  }

  push(): void {
    this.#count++;
  }

  /** The oldest, without removing it. */
  oldest(): Operation | null {
    return this.#count === 0 ? null : (this.#ring[this.#head] as Operation);
  }

  /** Removes the oldest. It stays as it is until two more were filled. */
  shift(): Operation | null {
    const operation = this.oldest();
    if (operation === null) return null;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#count--;
    return operation;
  }
}
