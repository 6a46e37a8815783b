/**
 * Durations in 16 bits, and the two of them that an entry of the cache has in one word: how long
 * its load took, and for how long after its expiry it may still be handed out to those who ask for
 * stale data expressly.
 *
 *     ┌───────────────────┬────────────────────┐    word: ┌──────────────────┬───────────────────┐
 *     │ exponent (5 bits) │ mantissa (11 bits) │          │ stale for (high) │ load time (low)   │
 *     └───────────────────┴────────────────────┘          └──────────────────┴───────────────────┘
 *
 * A small floating-point number without a sign, in sixteenths of a millisecond: exact up to 128 ms,
 * from there on with a leading one before the mantissa that is not written, as in IEEE 754. So every
 * code is one duration, and a longer one has a higher code. The longest is 8.7 years, and stands for
 * all beyond.
 *
 * Rounded up: who asked for a window gets all of it, and at most 1/2048 more (or 1/16 ms, if that is
 * more). Of a load time that much is noise.
 */
import { assert } from './assert.js';
import { type Duration, duration } from './units.js';

const PER_MS = 16;
const MANTISSA_BITS = 11;
/** Below this many units a duration is its own code; from here on it has a leading one. */
const LEADING_ONE = 2 ** MANTISSA_BITS;
const MANTISSA_MASK = LEADING_ONE - 1;
const CODE_BITS = 16;
const CODE_MAX = 2 ** CODE_BITS - 1;

/** The duration that a code stands for; every number of 16 bits is a code. */
export function decodeBrief(code: number): Duration {
  const exponent = code >>> MANTISSA_BITS;
  if (exponent === 0) return duration(code / PER_MS);
  const units = (LEADING_ONE + (code & MANTISSA_MASK)) * 2 ** (exponent - 1);
  return duration(units / PER_MS);
}

/** The longest duration that there is a code for. */
export const BRIEF_MAX = decodeBrief(CODE_MAX);

/** The code of the shortest duration that is not shorter than this one; of the longest, if none is. */
export function encodeBrief(time: Duration): number {
  assert(time >= 0, 'a duration is not negative');
  if (time >= BRIEF_MAX) return CODE_MAX;
  let units = Math.ceil(time * PER_MS);
  let halvings = 0;
  // Rounding up each half is rounding up the whole.
  for (; units >= 2 * LEADING_ONE; halvings++) units = Math.ceil(units / 2);
  // The leading one, where there is one, counts the exponent up from the halvings.
  return (halvings << MANTISSA_BITS) + units;
}

/** Both facts about an entry's loading in one signed word: 0 if there are none. */
export function packLoading(loadTime: Duration, staleFor: Duration): number {
  return encodeBrief(loadTime) | (encodeBrief(staleFor) << CODE_BITS);
}

/** How long the load took, from any word. */
export const loadTimeOf = (word: number): Duration => decodeBrief(word & CODE_MAX);

/** How long after its expiry an entry may be handed out as stale, from any word. */
export const staleForOf = (word: number): Duration => decodeBrief(word >>> CODE_BITS);
