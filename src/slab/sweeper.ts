/**
 * Finds entries with an expiry, by chance and without touching the others: a walk along the
 * buckets from a random one on, which is as good as picking at random, since where a key lies is
 * its hash. The slot words say which entries have an expiry.
 */
import type { Prng } from '../base/prng.js';
import { type BucketIndex, NO_PAIR } from './bucket-index.js';
import { BUCKET_PAIRS, BUCKET_SLOTS, BUCKET_WORDS, SLOT_ADDRESS, SLOT_EXPIRES } from './layout.js';

/** Entries that one sample looks at (NODE-6). */
export const SAMPLE_ENTRIES = 20;
/** Buckets that one sample walks along at the most, where few entries have an expiry. */
export const SAMPLE_BUCKETS_MAX = 400;

/** Fills `into` with up to SAMPLE_ENTRIES slots of entries that have an expiry; returns how many. */
export function sampleExpiring(
  words: Int32Array,
  index: BucketIndex,
  prng: Prng,
  into: Int32Array,
): number {
  const { bucketCount } = index;
  let found = 0;
  let number = prng.below(bucketCount);
  const walk = Math.min(SAMPLE_BUCKETS_MAX, bucketCount);
  for (let walked = 0; walked < walk; walked++) {
    for (let at = index.bucketAt(number); at !== NO_PAIR; at = index.nextInChain(at)) {
      for (let i = at + BUCKET_SLOTS; i < at + BUCKET_WORDS; i++) {
        const slotWord = words[i] as number;
        if ((slotWord & SLOT_EXPIRES) === 0) continue;
        into[found++] = slotWord & SLOT_ADDRESS;
        if (found === SAMPLE_ENTRIES) return found;
      }
    }
    number = number + 1 === bucketCount ? 0 : number + 1;
  }
  return found;
}

/** Pairs of a bucket's chain, as slots, for whoever must choose among them. */
export function* slotsOfChain(
  words: Int32Array,
  index: BucketIndex,
  hash: number,
): Generator<number> {
  for (let at = index.bucketOf(hash); at !== NO_PAIR; at = index.nextInChain(at)) {
    for (let i = 0; i < BUCKET_PAIRS; i++) {
      const slotWord = words[at + BUCKET_SLOTS + i] as number;
      if (slotWord !== 0) yield slotWord & SLOT_ADDRESS;
    }
  }
}
