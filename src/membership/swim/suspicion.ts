/**
 * How long a member stays suspected before it is declared faulty. Lifeguard's dynamic time-out
 * (Dadgar et al. 2018, section 3.2): it begins long, for one accuser may be the sick one, and each
 * member that accuses independently shortens it, down to a minimum.
 *
 *     remaining  max ┤●
 *                    │  ╲          timeout = max(min, max − (max − min) · ln(c + 1) / ln(k + 1))
 *                min ┤    ╲__●     c: confirmations, k: as many as bring it to the minimum
 *                    └────────── c
 *                     0  1   k
 *
 *     min = mult · max(1, log10 N) · interval        max = maxMult · min        k = mult − 2
 *
 * log10 N because that is how news travels: the accused must have the time to hear of it, and
 * its refutation to come back. Where fewer than k others could confirm, nobody is waited for and
 * the time-out is the minimum. This is the formula of memberlist (`remainingSuspicionTime`).
 *
 * **Last calls**, which are ours. Under heavy loss in a large cluster there is more news than
 * messages carry, and some members never hear of a refutation that all others heard. So whoever is
 * about to declare a member faulty pings it once more, or twice: any answer brings the refutation.
 */
import { assert } from '../../base/assert.js';
import { after, type Duration, duration, type Instant, type NodeIndex } from '../../base/units.js';

/** Bounds of a suspicion's time-out in a cluster of one size. */
export interface SuspicionBounds {
  readonly min: Duration;
  readonly max: Duration;
  /** Confirmations that bring the time-out to `min`; 0 where nobody could confirm. */
  readonly confirmations: number;
}

/** A first accuser and the accused cannot confirm. */
const NO_CONFIRMERS = 2;

/**
 * @param size members with oneself, at least 1
 * @param mult periods of the shortest time-out for each power of ten of the size
 * @param maxMult the longest time-out over the shortest, at least 1
 */
export function suspicionBounds(
  size: number,
  interval: Duration,
  mult: number,
  maxMult: number,
): SuspicionBounds {
  assert(size >= 1, 'a cluster has a member');
  const min = mult * Math.max(1, Math.log10(size)) * interval;
  const wanted = Math.max(0, mult - NO_CONFIRMERS);
  const confirmations = size - NO_CONFIRMERS < wanted ? 0 : wanted;
  return {
    min: duration(min),
    max: duration(confirmations === 0 ? min : min * maxMult),
    confirmations,
  };
}

/** The whole time-out of a suspicion that so many have confirmed. */
export function suspicionTimeout(confirmed: number, bounds: SuspicionBounds): Duration {
  const { min, max, confirmations } = bounds;
  if (confirmations === 0) return min;
  const share = Math.log(confirmed + 1) / Math.log(confirmations + 1);
  return duration(Math.max(min, max - share * (max - min)));
}

/** What is to be done about a suspect whose time is up. */
export type Verdict =
  /** Ping it, and wait for the answer. */
  'call' | 'faulty';

/** A running suspicion of one member. */
export class Suspicion {
  readonly #bounds: SuspicionBounds;
  /** Who accused: the first, and who confirmed. At most k + 1, each once. */
  readonly #accusers: NodeIndex[];
  #startedAt: Instant;
  #deadline: Instant;
  /** Pings that are still due to it before it is faulty. */
  #callsLeft: number;
  #isCalled = false;

  constructor(now: Instant, accuser: NodeIndex, bounds: SuspicionBounds, lastCalls: number) {
    this.#bounds = bounds;
    this.#callsLeft = lastCalls;
    this.#accusers = [accuser];
    this.#startedAt = now;
    this.#deadline = after(now, suspicionTimeout(0, bounds));
  }

  /** Who accused first. */
  get accuser(): NodeIndex {
    return this.#accusers[0] as NodeIndex;
  }

  /** When its time is up. */
  get deadline(): Instant {
    return this.#deadline;
  }

  /** Counts a further accuser. False: known already, or no more are needed. */
  confirm(accuser: NodeIndex): boolean {
    const confirmed = this.#accusers.length - 1;
    if (confirmed >= this.#bounds.confirmations) return false;
    if (this.#accusers.includes(accuser)) return false;
    this.#accusers.push(accuser);
    const timeout = suspicionTimeout(confirmed + 1, this.#bounds);
    // A call that is under way has its time, whoever else accuses.
    if (!this.#isCalled) this.#deadline = after(this.#startedAt, timeout);
    return true;
  }

  /** Its time is up. @param patience how long a call waits for its answer */
  timeIsUp(now: Instant, patience: Duration): Verdict {
    if (this.#callsLeft === 0) return 'faulty';
    this.#callsLeft--;
    this.#isCalled = true;
    this.#deadline = after(now, patience);
    return 'call';
  }

  /** The clock stood still for the observer: the time-out runs so much longer. */
  extend(late: Duration, earliest: Instant): void {
    const wait = Math.max(late, earliest - this.#deadline);
    this.#startedAt = after(this.#startedAt, duration(wait));
    this.#deadline = after(this.#deadline, duration(wait));
  }
}
