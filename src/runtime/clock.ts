/**
 * The cluster's one clock: milliseconds since 1970 that never step.
 *
 * `Date.now()` steps when somebody sets the time, and `performance.now()` counts from another
 * origin in every thread. `process.hrtime` has one origin for all threads of a process, so the
 * supervisor captures, once, how far the wall is from it, and hands that number to every thread:
 *
 *     now = performance.now() + (hrtime − performance.now(), measured once a thread)
 *                             + (wall − hrtime, measured once a cluster)
 *
 * The price: a wall clock that is corrected later is not followed. `performance.now` costs some
 * 50 ns, so a shell reads the clock once a turn.
 */
import { performance } from 'node:perf_hooks';
import { type Instant, instant } from '../base/units.js';

/** Milliseconds from the origin of `process.hrtime` to 1970: the same number in every thread. */
export type WallOffset = number & { readonly wallOffset: unique symbol };

const NANOSECONDS_A_MS = 1e6;
/** Two clocks are read one after the other; the closest of a few pairs is the truest. */
const READINGS = 5;

const hrtimeMs = (): number => Number(process.hrtime.bigint()) / NANOSECONDS_A_MS;

/** Captures the wall time. Once a cluster: two captures differ when the wall was set in between. */
export function captureWall(): WallOffset {
  return (Date.now() - hrtimeMs()) as WallOffset;
}

/** The clock, as one thread reads it. Whole milliseconds. */
export class Clock {
  readonly #offset: number;

  constructor(wall: WallOffset) {
    this.#offset = threadOffset() + wall;
  }

  now(): Instant {
    return instant(Math.floor(performance.now() + this.#offset));
  }
}

/** hrtime − performance.now() in this thread. */
function threadOffset(): number {
  let best = 0;
  let width = Number.POSITIVE_INFINITY;
  for (let i = 0; i < READINGS; i++) {
    const before = performance.now();
    const shared = hrtimeMs();
    const after = performance.now();
    if (after - before >= width) continue;
    width = after - before;
    best = shared - (before + after) / 2;
  }
  return best;
}
