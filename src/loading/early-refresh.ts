/**
 * Early refresh: which hit loads an entry anew although it has not expired yet.
 *
 * If everybody waited for the expiry, all who ask for a key would miss at the same instant. So each
 * hit tosses a coin that turns from "no" to "yes" as the expiry draws near, sooner for what takes
 * longer to load. One hit refreshes a little early; the others go on reading.
 *
 *     due when   now − δ·β·ln(rand) ≥ expiry        δ: how long the last load took, rand: in (0, 1]
 *     so         P(due) = exp(−left / (β·δ))        left = expiry − now
 *
 * β = 1 is optimal for the paper's cost model; more refreshes earlier, 0 never. Nothing has to be
 * agreed between the askers, and nothing is stored but δ.
 *
 * A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention",
 * VLDB 2015 (XFetch).
 */
import type { Prng } from '../base/prng.js';
import type { Duration } from '../base/units.js';

/**
 * −ln of the smallest chance that a Prng gives, 2^-32: 22.18. Further from its expiry than so many
 * β·δ no entry can be due, and a hit costs one comparison. The exact law has 2.3e-10 left there.
 */
export const SPREADS_MAX = 32 * Math.LN2;

/**
 * Whether a hit on an entry that has `left` to live should load it anew now. Who has nothing left
 * is due, unless `beta` or `loadTime` is 0: then nothing is early, and the expiry decides.
 *
 * @param loadTime how long the last load of the entry took
 * @param beta 0: never; above 1 earlier, below 1 later
 */
export function isDueEarly(
  left: Duration,
  loadTime: Duration,
  beta: number,
  prng: Pick<Prng, 'unit'>,
): boolean {
  const spread = beta * loadTime;
  if (spread <= 0 || left > SPREADS_MAX * spread) return false;
  // In (0, 1], where unit() is in [0, 1): ln 0 would be due at any distance.
  const rand = 1 - prng.unit();
  return -spread * Math.log(rand) >= left;
}
