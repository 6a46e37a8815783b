/** What the simulation itself takes: wall time and memory, for each size. */
import { performance } from 'node:perf_hooks';
import type { Cell, Section } from '../support/suite.js';

const MIB = 2 ** 20;

interface Cost {
  seconds: number;
  /** The most seen after a piece of work. */
  residentMiB: number;
}

export class Costs {
  readonly #bySize = new Map<number, Cost>();

  /** Does a piece of work for clusters of one size, and books it. */
  book<T>(members: number, work: () => T): T {
    const cost = this.#bySize.get(members) ?? { seconds: 0, residentMiB: 0 };
    this.#bySize.set(members, cost);
    const start = performance.now();
    const result = work();
    cost.seconds += (performance.now() - start) / 1_000;
    cost.residentMiB = Math.max(cost.residentMiB, process.memoryUsage.rss() / MIB);
    return result;
  }

  section(): Section {
    const rows: Cell[][] = [...this.#bySize].map(([members, { seconds, residentMiB }]) => [
      members,
      seconds,
      Math.round(residentMiB),
    ]);
    return {
      title: 'What the simulation takes',
      columns: ['members', 'wall s', 'RSS MiB'],
      rows,
      notes: [
        'of all measurements above at this size, in one process and thread; RSS: of the process, the',
        'most at the end of a measurement: with garbage, and with what earlier ones have left',
      ],
    };
  }
}
