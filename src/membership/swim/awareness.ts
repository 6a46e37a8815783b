/**
 * Lifeguard's local health (Dadgar et al. 2018, section 3.1): a detector that has reason to think
 * that it is slow itself waits longer before it blames others.
 *
 *     score      0      1      2   …   7        the worse, the higher
 *     waits     ×1     ×2     ×3   …  ×8        period and probe time-out
 *
 *     a probe answered −1 · a nack that did not come +1 · a probe failed that nobody else was asked
 *     about +1 · having to refute a suspicion of itself +1 · having stood still +1
 *
 * The nack is the clever part: who asked three others and heard from none of them, not even "he has
 * not answered me", is more likely deaf than surrounded by the dead.
 */
import { assert } from '../../base/assert.js';
import { type Duration, duration } from '../../base/units.js';

export class Awareness {
  readonly #scoreMax: number;
  /** Invariant: 0 <= score <= scoreMax. */
  #score = 0;

  /** @param multiplierMax the longest wait over the shortest, at least 1 (1: the score stays 0) */
  constructor(multiplierMax: number) {
    assert(Number.isInteger(multiplierMax), 'the awareness limit is a whole number');
    assert(multiplierMax >= 1, 'awareness lengthens waits');
    this.#scoreMax = multiplierMax - 1;
  }

  /** 0 is healthy. */
  get score(): number {
    return this.#score;
  }

  /** Moves the score, within its limits. */
  shift(delta: number): void {
    this.#score = Math.min(this.#scoreMax, Math.max(0, this.#score + delta));
  }

  /** A wait as long as the health of this detector advises. */
  scale(wait: Duration): Duration {
    return duration(wait * (this.#score + 1));
  }
}
