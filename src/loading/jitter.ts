/**
 * Jitter: entries that were stored together should not expire together. Each lives a random share
 * shorter than it was told, never longer: a TTL is a promise about how old a value may be.
 */
import type { Prng } from '../base/prng.js';
import { type Duration, duration } from '../base/units.js';

/**
 * A time to live shortened at random, uniformly, by up to a share of it.
 *
 * @param share from 0 (not at all, and no chance is drawn) to 1 (all of it may go, but for 1 ms)
 * @returns whole milliseconds, at least 1; rounded up, so at most `ttl` if that is whole
 */
export function jittered(ttl: Duration, share: number, prng: Pick<Prng, 'unit'>): Duration {
  if (share <= 0) return ttl;
  // unit() is below 1, so something is left, and rounding up makes it a millisecond.
  return duration(Math.ceil(ttl * (1 - share * prng.unit())));
}
