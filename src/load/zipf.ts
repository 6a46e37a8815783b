/**
 * Ranks with Zipf's law: rank k of n is drawn with probability proportional to k^−θ. θ = 0 is
 * uniform, 0.99 is YCSB's habit, production caches go from 0 to beyond 2.
 *
 * Rejection-inversion (W. Hörmann, G. Derflinger: "Rejection-inversion to generate variates from
 * monotone discrete distributions", ACM TOMACS 6(3), 1996): the histogram of k^−θ is covered by
 * the area under the continuous x^−θ, which can be inverted in closed form; a draw whose area
 * sticks out over its histogram bar is drawn again. Exact for every θ ≥ 0, no table, constant
 * time, and fewer than 1.3 tries a draw.
 *
 * Refused: YCSB's own generator (Gray et al., 1994), which is an approximation and ends at θ < 1,
 * and a table of cumulative weights, 8 bytes and a cache miss or two for every key.
 */
import { assert } from '../base/assert.js';
import type { Prng } from '../base/prng.js';

/** Below this, (e^y − 1) / y and log(1 + y) / y are 1 to the last digit. */
const TINY = 1e-10;

export class Zipf {
  readonly #count: number;
  readonly #theta: number;
  /** The area up to the left edge of rank 1's share, and up to the right edge of rank n's. */
  readonly #areaFirst: number;
  readonly #areaLast: number;
  /** A draw that lands at most this far left of its rank is accepted without computing areas. */
  readonly #sure: number;

  /**
   * @param count number of ranks, 1 to 2^53
   * @param theta skew, 0 and above
   */
  constructor(count: number, theta: number) {
    assert(Number.isSafeInteger(count) && count >= 1, 'a Zipf law has at least one rank');
    assert(Number.isFinite(theta) && theta >= 0, 'a Zipf skew is 0 or more');
    this.#count = count;
    this.#theta = theta;
    this.#areaFirst = this.#area(1.5) - 1;
    this.#areaLast = this.#area(count + 0.5);
    this.#sure = 2 - this.#inverse(this.#area(2.5) - this.#height(2));
  }

  /** A rank from 1 to n. */
  draw(prng: Prng): number {
    for (;;) {
      const area = this.#areaLast + unit53(prng) * (this.#areaFirst - this.#areaLast);
      const x = this.#inverse(area);
      const rank = Math.min(Math.max(Math.round(x), 1), this.#count);
      if (rank - x <= this.#sure) return rank;
      if (area >= this.#area(rank + 0.5) - this.#height(rank)) return rank;
    }
  }

  #height(x: number): number {
    return Math.exp(-this.#theta * Math.log(x));
  }

  /** ∫ x^−θ dx, with the constant chosen so that it runs smoothly through θ = 1. */
  #area(x: number): number {
    const log = Math.log(x);
    const y = (1 - this.#theta) * log;
    return Math.abs(y) < TINY ? log : (Math.expm1(y) / y) * log;
  }

  #inverse(area: number): number {
    const y = Math.max(area * (1 - this.#theta), -1); // Rounding may step over the edge.
    return Math.exp(Math.abs(y) < TINY ? area : (Math.log1p(y) / y) * area);
  }
}

/** A uniform number in [0, 1) with 53 bits: 32 would leave ranks beyond 10^8 undrawn. */
function unit53(prng: Prng): number {
  return ((prng.uint32() >>> 5) * 67_108_864 + (prng.uint32() >>> 6)) / 9_007_199_254_740_992;
}
