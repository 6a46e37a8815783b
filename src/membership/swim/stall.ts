/**
 * Whether a detector was itself asleep. Who wakes up late finds its time-outs over and the answers
 * unread in its own queue; it must not take the one for the lack of the other.
 */
import { type Duration, elapsed, type Instant } from '../../base/units.js';

/** A call that is late by more than this share of the period finds a detector that slept. */
export const SWIM_STALL_SHARE = 0.25;

export class StallWatch {
  readonly #limit: number;

  constructor(interval: Duration) {
    this.#limit = interval * SWIM_STALL_SHARE;
  }

  /** How long the detector slept; null if it was awake. */
  sleptUntil(now: Instant, deadline: Instant): Duration | null {
    const late = elapsed(deadline, now);
    return late > this.#limit ? late : null;
  }
}
