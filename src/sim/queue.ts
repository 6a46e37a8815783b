/**
 * What is to happen, by when: a binary heap over time, in which things of one instant keep the
 * order in which they were planned. That order is all there is of simultaneity, so it must be
 * total: a run that is repeated pops the same tasks in the same order.
 *
 * Three arrays side by side instead of one of objects: a comparison touches numbers only.
 */
import { assert } from '../base/assert.js';
import { type Instant, NEVER } from '../base/units.js';

/** Something that happens at an instant. */
export interface Task {
  run(): void;
}

export class EventQueue {
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #tasks: Task[] = [];
  #planned = 0;

  get size(): number {
    return this.#tasks.length;
  }

  /** Things planned so far: the number of the next one. */
  get planned(): number {
    return this.#planned;
  }

  /** When the next task is due; NEVER if there is none. */
  get due(): Instant {
    return (this.#times[0] ?? NEVER) as Instant;
  }

  push(at: Instant, task: Task): void {
    const times = this.#times;
    const orders = this.#orders;
    const tasks = this.#tasks;
    const order = this.#planned++;
    let hole = tasks.length;
    // The newcomer has the highest order: it rises past later times only.
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if ((times[parent] as number) <= at) break;
      times[hole] = times[parent] as number;
      orders[hole] = orders[parent] as number;
      tasks[hole] = tasks[parent] as Task;
      hole = parent;
    }
    times[hole] = at;
    orders[hole] = order;
    tasks[hole] = task;
  }

  /** Takes out the task that is due first. */
  pop(): Task {
    const tasks = this.#tasks;
    const first = tasks[0];
    assert(first !== undefined, 'there is something to take out');
    const time = this.#times.pop() as number;
    const order = this.#orders.pop() as number;
    const last = tasks.pop() as Task;
    if (tasks.length > 0) this.#sink(time, order, last);
    return first;
  }

  /** Puts what was last in the place of the first, and lets it sink to where it belongs. */
  #sink(time: number, order: number, task: Task): void {
    const times = this.#times;
    const orders = this.#orders;
    const tasks = this.#tasks;
    const size = tasks.length;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#isBefore(child + 1, child)) child++;
      const childTime = times[child] as number;
      if (childTime > time || (childTime === time && (orders[child] as number) > order)) break;
      times[hole] = childTime;
      orders[hole] = orders[child] as number;
      tasks[hole] = tasks[child] as Task;
      hole = child;
    }
    times[hole] = time;
    orders[hole] = order;
    tasks[hole] = task;
  }

  #isBefore(a: number, b: number): boolean {
    const aTime = this.#times[a] as number;
    const bTime = this.#times[b] as number;
    if (aTime !== bTime) return aTime < bTime;
    return (this.#orders[a] as number) < (this.#orders[b] as number);
  }
}
