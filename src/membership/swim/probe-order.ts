/**
 * Whom to probe next: a random order, gone through to its end and then shuffled again (SWIM, Das et
 * al. 2002, section 4.3). Drawing afresh each time would find a crash as soon on average, but
 * might leave one member unprobed for ever; this way each is probed within 2N − 1 periods.
 *
 *     ┌───────────────┬──────────────────┐
 *     │ probed        │ to be probed     │      a newcomer goes to a random place,
 *     └───────────────┴──────────────────┘      who leaves is replaced from its own side
 *                     ▲ cursor
 */
import { assert } from '../../base/assert.js';
import type { Prng } from '../../base/prng.js';
import { type NodeIndex, nodeIndex } from '../../base/units.js';
import { at, copied } from './columns.js';

/** Places grow by this factor. */
const GROWTH = 1.25;

export class ProbeOrder {
  readonly #prng: Prng;
  #order: Uint16Array;
  #count = 0;
  /** Invariant: 0 <= cursor <= count. */
  #cursor = 0;

  constructor(prng: Prng, capacity: number) {
    this.#prng = prng;
    this.#order = new Uint16Array(capacity);
  }

  /** To a random place: all orders are equally likely, whoever comes when. */
  add(node: NodeIndex): void {
    if (this.#count === this.#order.length) {
      const capacity = Math.ceil((this.#count + 1) * GROWTH);
      this.#order = copied(this.#order, new Uint16Array(capacity));
    }
    const place = this.#prng.below(this.#count + 1);
    this.#order[this.#count] = this.#at(place);
    this.#order[place] = node;
    this.#count++;
  }

  /** Nobody is skipped for it: the gap is filled from the same side of the cursor. */
  remove(node: NodeIndex): void {
    let gap = this.#order.subarray(0, this.#count).indexOf(node);
    assert(gap >= 0, 'who leaves the order was in it');
    if (gap < this.#cursor) {
      this.#cursor--;
      this.#order[gap] = this.#at(this.#cursor);
      gap = this.#cursor;
    }
    this.#count--;
    this.#order[gap] = this.#at(this.#count);
  }

  /** The next member that is wanted; null where none is. */
  next(isWanted: (node: NodeIndex) => boolean): NodeIndex | null {
    // The rest of this round and one more: in that everyone comes by.
    const steps = this.#count - this.#cursor + this.#count;
    for (let step = 0; step < steps; step++) {
      if (this.#cursor === this.#count) this.#shuffle();
      const node = this.#at(this.#cursor++);
      if (isWanted(node)) return node;
    }
    return null;
  }

  /**
   * Up to `count` different members that are wanted, at random: neighbours from a random place on,
   * for in a random order they are a random choice, and all are found where there are few.
   */
  sample(count: number, isWanted: (node: NodeIndex) => boolean): NodeIndex[] {
    const chosen: NodeIndex[] = [];
    const start = this.#prng.below(this.#count);
    for (let step = 0; step < this.#count && chosen.length < count; step++) {
      const node = this.#at((start + step) % this.#count);
      if (isWanted(node)) chosen.push(node);
    }
    return chosen;
  }

  #shuffle(): void {
    for (let last = this.#count - 1; last > 0; last--) {
      const other = this.#prng.below(last + 1);
      const node = this.#at(last);
      this.#order[last] = this.#at(other);
      this.#order[other] = node;
    }
    this.#cursor = 0;
  }

  #at(place: number): NodeIndex {
    return nodeIndex(at(this.#order, place));
  }
}
