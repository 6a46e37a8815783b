/**
 * Versions decide which of two writes of one key is the newer. A version is epoch first, then a
 * counter: a primary that was deposed writes under an old epoch and loses by comparison, and no
 * version is used twice, because every life of a node is a new epoch.
 *
 *     high word                      low word
 *     ┌──────────────────┬─────────┐ ┌──────────────────────────┐
 *     │ epoch (22 bits)  │ counter │ │ counter, low 32 bits     │
 *     └──────────────────┴─────────┘ └──────────────────────────┘
 *                          10 bits
 *
 * Two unsigned words instead of a BigInt: no garbage. The node is not part of it: one epoch has
 * one primary for a key. 2^42 writes in an epoch are 50 days at a million a second.
 */
import { assert } from './assert.js';
import type { Epoch } from './units.js';

const COUNTER_HIGH_BITS = 10;
/** The last epoch there can be: one change of membership a second for 48 days. */
export const EPOCH_MAX = 2 ** (32 - COUNTER_HIGH_BITS) - 1;

/** Issues versions in rising order. */
export class VersionClock {
  high = 0;
  low = 0;

  constructor(epoch: Epoch) {
    this.enter(epoch);
  }

  /** Starts issuing in a later epoch. */
  enter(epoch: Epoch): void {
    assert(epoch >= 1 && epoch <= EPOCH_MAX, 'an epoch fits in 22 bits');
    const high = (epoch << COUNTER_HIGH_BITS) >>> 0;
    assert(high > this.high, 'a version clock moves to a later epoch only');
    this.high = high;
    this.low = 0;
  }

  /** Moves to the next version, to be read from `high` and `low`. */
  advance(): void {
    this.low = (this.low + 1) >>> 0;
    if (this.low !== 0) return;
    const high = this.high + 1;
    assert((high & (2 ** COUNTER_HIGH_BITS - 1)) !== 0, 'an epoch has at most 2^42 writes');
    this.high = high;
  }
}

/** The epoch that a version was issued in, from the version's high word. */
export const versionEpoch = (high: number): Epoch => (high >>> COUNTER_HIGH_BITS) as Epoch;

/** Negative, zero or positive, as version a is below, the same as, or above version b. */
export function compareVersions(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  return aHigh !== bHigh ? aHigh - bHigh : aLow - bLow;
}
