/**
 * What happens when, earliest first: a binary heap in typed arrays. Millions of events pass
 * through it in a run, so that none is an object.
 *
 *     instants  [ 3, 5, 4, 9, 7 ]      a parent, at i, is no later than its children,
 *     events    [ a, c, b, e, d ]      at 2i + 1 and 2i + 2
 */
import { type Instant, instant, NEVER } from '#src/base/units.js';

const CAPACITY_MIN = 64;

export class EventQueue {
  #instants = new Float64Array(CAPACITY_MIN);
  #events = new Uint32Array(CAPACITY_MIN);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** When the next event is; NEVER if there is none. */
  get nextAt(): Instant {
    return this.#size === 0 ? NEVER : instant(this.#instants[0] as number);
  }

  push(at: Instant, event: number): void {
    if (this.#size === this.#events.length) this.#grow();
    const instants = this.#instants;
    let i = this.#size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((instants[parent] as number) <= at) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#put(i, at, event);
  }

  /** Takes the event at `nextAt`; there must be one. */
  pop(): number {
    const first = this.#events[0] as number;
    this.#size--;
    const at = this.#instants[this.#size] as number;
    const event = this.#events[this.#size] as number;
    let i = 0;
    for (;;) {
      const child = this.#earlierChild(i);
      if (child === null || (this.#instants[child] as number) >= at) break;
      this.#move(child, i);
      i = child;
    }
    this.#put(i, at, event);
    return first;
  }

  #earlierChild(i: number): number | null {
    const left = 2 * i + 1;
    if (left >= this.#size) return null;
    const right = left + 1;
    if (right >= this.#size) return left;
    const instants = this.#instants;
    return (instants[left] as number) <= (instants[right] as number) ? left : right;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#instants[from] as number, this.#events[from] as number);
  }

  #put(i: number, at: number, event: number): void {
    this.#instants[i] = at;
    this.#events[i] = event;
  }

  #grow(): void {
    const instants = new Float64Array(this.#instants.length * 2);
    const events = new Uint32Array(this.#events.length * 2);
    instants.set(this.#instants);
    events.set(this.#events);
    this.#instants = instants;
    this.#events = events;
  }
}
