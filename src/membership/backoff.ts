/**
 * How long to wait before a node that died is started again. The first restart comes almost at once;
 * who keeps dying waits twice as long each time, up to a limit, with some jitter, so that nodes
 * that died together do not come back together. Who lived long enough is new again.
 *
 *     died at once, again and again:   50, 100, 200, 400 … 10,000 ms, each shortened by up to half
 */
import { assert } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import { type Duration, duration, elapsed, type Instant } from '../base/units.js';

export const BACKOFF_BASE = duration(50);
export const BACKOFF_MAX = duration(10_000);
export const BACKOFF_RESET_AFTER = duration(30_000);
/** A wait is shortened by a random share up to this. */
const JITTER_SHARE = 0.5;

export interface BackoffOptions {
  readonly prng: Prng;
  /** The first wait before jitter, over 0. Default 50 ms. */
  readonly base?: Duration;
  /** The longest wait, at least `base`. Default 10,000 ms. */
  readonly max?: Duration;
  /** Who served this long is new again: the next wait is the first one. Default 30,000 ms. */
  readonly resetAfter?: Duration;
}

/** The waits of one node. */
export class Backoff {
  readonly #prng: Prng;
  readonly #base: Duration;
  readonly #max: Duration;
  readonly #resetAfter: Duration;
  /** The next wait before jitter. */
  #next: Duration;
  /** Since when the node serves; null while it does not. */
  #servesSince: Instant | null = null;

  constructor(options: BackoffOptions) {
    this.#prng = options.prng;
    this.#base = options.base ?? BACKOFF_BASE;
    this.#max = options.max ?? BACKOFF_MAX;
    this.#resetAfter = options.resetAfter ?? BACKOFF_RESET_AFTER;
    assert(this.#base > 0, 'a back-off begins with a wait');
    assert(this.#max >= this.#base, 'the longest wait is no shorter than the first');
    this.#next = this.#base;
  }

  /** The node serves. */
  started(now: Instant): void {
    this.#servesSince = now;
  }

  /** The node died, or could not be started: how long to wait before the next try. */
  died(now: Instant): Duration {
    const since = this.#servesSince;
    if (since !== null && elapsed(since, now) >= this.#resetAfter) this.#next = this.#base;
    this.#servesSince = null;
    const wait = Math.round(this.#next * (1 - JITTER_SHARE * this.#prng.unit()));
    this.#next = duration(Math.min(this.#max, this.#next * 2));
    return duration(wait);
  }
}
