/**
 * A circuit breaker: a source that fails again and again is left alone for a while, instead of
 * being asked by everybody who misses. That lets it recover, and answers the callers at once.
 *
 *     closed ── `failures` loads in a row fail ──▶ open ── `resetAfter` has passed ──▶ half-open
 *       ▲                                           ▲                                   │   │
 *       │                                           └────────── the probe fails ────────┘   │
 *       └────────────────────────────── the probe succeeds ─────────────────────────────────┘
 *
 * closed: loads begin freely. open: none begins. half-open: one does, the probe, and its end
 * decides; meanwhile no other begins.
 *
 * A load that began before the present state did says nothing about it: its end is counted, and
 * otherwise ignored. Else a load that hung through an outage would open the circuit again after it.
 *
 * M. Nygard, "Release It!", 2nd edition 2018, chapter 5; M. Fowler, "CircuitBreaker", 2014
 * (martinfowler.com/bliki/CircuitBreaker.html).
 */
import { assert } from '../base/assert.js';
import { type Duration, duration, elapsed, type Instant, instant } from '../base/units.js';

export interface CircuitBreakerOptions {
  /**
   * Loads that have to fail one after the other, no success between them, until the circuit opens:
   * a whole number from 1 to 1,000,000. What a loader rejects with is a failure, and so is a load
   * that takes longer than its `timeout`. @default 5
   */
  readonly failures?: number;
  /**
   * Milliseconds, from 1 to 2,147,483,647, for which the circuit stays open; then one load is let
   * through to find out. Shorter notices sooner that the source is back, and disturbs it more often
   * while it is not. @default 10_000
   */
  readonly resetAfter?: number;
}

/** `closed`: loads begin; `open`: none does; `half-open`: one at a time does, and decides. */
export type CircuitState = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerStats {
  /** Loads that were let in and have ended, well or not. */
  readonly loads: number;
  /** How many of them failed. */
  readonly failures: number;
  /** Loads that were not let in. */
  readonly rejected: number;
  /** How often the circuit has opened, failed probes included. */
  readonly opened: number;
}

const FAILURES = 5;
const FAILURES_MAX = 1_000_000;
const RESET_AFTER_MS = 10_000;
const RESET_AFTER_MS_MAX = 2_147_483_647;
/** Before every instant: loads of the first state belong to it whenever they began. */
const ALWAYS = instant(Number.NEGATIVE_INFINITY);

/**
 * Leaves a source that fails alone for a while. Made once for each source (a database, a service)
 * and given to all the loads that use it: `getOrLoad(key, loader, { breaker })`. It counts what is
 * loaded in its own thread; other threads have their own.
 *
 * While it is open, `getOrLoad` gives a stale value where `staleIfError` allows, and fails at once
 * where not.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'shoal';
 *
 * const database = new CircuitBreaker({ failures: 3, resetAfter: 5_000 });
 * database.state; // 'closed'
 * database.stats; // { loads: 0, failures: 0, rejected: 0, opened: 0 }
 * ```
 */
export class CircuitBreaker {
  readonly #failuresMax: number;
  readonly #resetAfter: Duration;
  #state: CircuitState = 'closed';
  /** When the state began; of half-open, when its present probe did. Earlier loads don't count. */
  #since = ALWAYS;
  /** Failures one after the other, while closed. */
  #inARow = 0;
  /** Whether the one load of half-open is under way. */
  #isProbing = false;
  /** The last instant that anybody has told: what `state` goes by. */
  #told = ALWAYS;
  #loads = 0;
  #failures = 0;
  #rejected = 0;
  #opened = 0;

  /**
   * @throws TypeError for an option that is no number
   * @throws RangeError for one that is out of range
   */
  constructor(options: CircuitBreakerOptions = {}) {
    const { failures = FAILURES, resetAfter = RESET_AFTER_MS } = options;
    check('failures', failures, FAILURES_MAX, Number.isInteger(failures), 'a whole number');
    check('resetAfter', resetAfter, RESET_AFTER_MS_MAX, true, 'a number of milliseconds');
    this.#failuresMax = failures;
    this.#resetAfter = duration(Math.ceil(resetAfter));
  }

  /**
   * Whether loads may begin. It has no clock of its own: an open circuit that nobody has asked
   * for `resetAfter` is called open until the next load comes, which will be let in.
   */
  get state(): CircuitState {
    return this.#isOver(this.#told) ? 'half-open' : this.#state;
  }

  get stats(): CircuitBreakerStats {
    return {
      loads: this.#loads,
      failures: this.#failures,
      rejected: this.#rejected,
      opened: this.#opened,
    };
  }

  /**
   * Not for users: asks whether a load may begin. After a true, exactly one of `leave`,
   * `succeeded` and `failed` must follow.
   */
  enter(now: Instant): boolean {
    this.#hear(now);
    switch (this.#state) {
      case 'closed':
        return true;
      case 'open':
        if (!this.#isOver(now)) return this.#reject();
        this.#become('half-open', now);
        this.#isProbing = true;
        return true;
      case 'half-open':
        if (this.#isProbing) return this.#reject();
        this.#since = now;
        this.#isProbing = true;
        return true;
    }
  }

  /**
   * Not for users: a load that was let in did not happen, so its place is free again.
   *
   * @param begun what `enter` was told for this load; left out, it began in the present state
   */
  leave(begun: Instant = this.#since): void {
    if (this.#isProbe(begun)) this.#isProbing = false;
  }

  /**
   * Not for users: a load has ended well.
   *
   * @param begun what `enter` was told for this load; left out, it began in the present state
   */
  succeeded(now: Instant, begun: Instant = now): void {
    this.#hear(now);
    this.#loads++;
    if (this.#isProbe(begun)) this.#become('closed', now);
    else if (this.#state === 'closed' && begun >= this.#since) this.#inARow = 0;
  }

  /**
   * Not for users: a load has failed, or taken too long.
   *
   * @param begun what `enter` was told for this load; left out, it began in the present state
   */
  failed(now: Instant, begun: Instant = now): void {
    this.#hear(now);
    this.#loads++;
    this.#failures++;
    if (this.#isProbe(begun)) this.#open(now);
    else if (this.#state === 'closed' && begun >= this.#since) {
      this.#inARow++;
      if (this.#inARow >= this.#failuresMax) this.#open(now);
    }
  }

  /** Loads of the probe's time other than the probe are none: nobody else is let in. */
  #isProbe(begun: Instant): boolean {
    return this.#state === 'half-open' && this.#isProbing && begun >= this.#since;
  }

  /** Whether the circuit was open long enough by then. */
  #isOver(now: Instant): boolean {
    return this.#state === 'open' && elapsed(this.#since, now) >= this.#resetAfter;
  }

  #reject(): false {
    this.#rejected++;
    return false;
  }

  #open(now: Instant): void {
    this.#become('open', now);
    this.#opened++;
  }

  #become(state: CircuitState, now: Instant): void {
    assert(state !== this.#state, 'a state is left for another');
    this.#state = state;
    this.#since = now;
    this.#inARow = 0;
    this.#isProbing = false;
  }

  #hear(now: Instant): void {
    if (now > this.#told) this.#told = now;
  }
}

function check(name: string, value: unknown, max: number, isWhole: boolean, wanted: string): void {
  const claim = `Cannot make circuit breaker: ${name} must be ${wanted} from 1 to ${max}`;
  if (typeof value !== 'number') {
    throw new TypeError(`${claim}: received ${value === null ? 'null' : typeof value}`);
  }
  if (!isWhole || !(value >= 1 && value <= max))
    throw new RangeError(`${claim}: received ${value}`);
}
