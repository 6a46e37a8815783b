/**
 * Things with a deadline, the earliest first: a binary heap in which each thing knows its place, so
 * that one whose deadline has become pointless is taken out from the middle in O(log n). A shell
 * sets one timer, for `earliest`, however many things wait.
 *
 *     position   0        1       2       3 …
 *               [ 5 ]   [ 9 ]   [ 6 ]   [ 12 ] …      at: no later than those of 2p + 1 and 2p + 2
 *
 * Refused: a sorted list (a load that ends in time, and nearly all do, would cost O(n)), and
 * leaving the dead ones in place until their time comes (they would hold their callers' memory).
 */
import { assert } from '../base/assert.js';
import { type Instant, NEVER } from '../base/units.js';

/** The position of what is in no heap. */
export const NOT_TIMED = -1;

/** What can be given a deadline. Both fields are the heap's to write. */
export interface Timed {
  /** Its place in the heap; NOT_TIMED while it is in none. */
  position: number;
  /** Its deadline; of no meaning while it is in no heap. */
  at: Instant;
}

export class Deadlines<T extends Timed> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline; NEVER if there is none. */
  get earliest(): Instant {
    return this.#heap[0]?.at ?? NEVER;
  }

  /** Gives a thing, which has none, a deadline. */
  add(item: T, at: Instant): void {
    assert(item.position === NOT_TIMED, 'a thing has one deadline at a time');
    item.at = at;
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
  }

  /** Takes a thing out. @returns whether it was in */
  remove(item: T): boolean {
    const { position } = item;
    if (position === NOT_TIMED) return false;
    assert(this.#heap[position] === item, 'a thing is taken out of the heap that it is in');
    item.position = NOT_TIMED;
    const last = this.#heap.pop();
    if (last === undefined || last === item) return true;
    // The last one fills the hole, and may have to go either way from there.
    if (last.at < item.at) this.#rise(last, position);
    else this.#sink(last, position);
    return true;
  }

  /** Takes out the thing with the earliest deadline, if that has come. */
  takeDue(now: Instant): T | null {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return null;
    this.remove(first);
    return first;
  }

  /** Puts an item at a position, or above it where it belongs. */
  #rise(item: T, from: number): void {
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = this.#heap[above] as T;
      if (parent.at <= item.at) break;
      this.#place(parent, position);
      position = above;
    }
    this.#place(item, position);
  }

  /** Puts an item at a position, or below it where it belongs. */
  #sink(item: T, from: number): void {
    let position = from;
    for (;;) {
      const below = this.#earlierChild(position);
      const child = this.#heap[below];
      if (child === undefined || child.at >= item.at) break;
      this.#place(child, position);
      position = below;
    }
    this.#place(item, position);
  }

  #earlierChild(position: number): number {
    const left = 2 * position + 1;
    const first = this.#heap[left];
    const second = this.#heap[left + 1];
    return first !== undefined && second !== undefined && second.at < first.at ? left + 1 : left;
  }

  #place(item: T, position: number): void {
    this.#heap[position] = item;
    item.position = position;
  }
}
