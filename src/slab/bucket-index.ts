/**
 * The index: from a key's hash to its entry's slot, in buckets of one cache line.
 *
 *     word  0            1          2, 3    4 … 9        10 … 15
 *     ┌────────────┬──────────┬───────┬────────────┬────────────┐
 *     │ generation │ overflow │ floor │ six hashes │ six slots  │
 *     └────────────┴──────────┴───────┴────────────┴────────────┘
 *
 * Whole hashes are compared in the bucket, so that no other key's entry is touched. A slot word of
 * zero is an empty pair; storing it, atomically and as the last step, is what publishes an entry,
 * and zeroing it what withdraws one. The generation moves after every change that withdraws something, and before the
 * memory withdrawn is written again: a reader that sees it unmoved has read one state.
 * The floor is the highest version ever forgotten from the bucket (rule F).
 *
 * The table grows by linear hashing (Litwin 1980): one bucket is split for every 4.6 entries that
 * come in, so growing costs every insertion the same, and the last one is merged again when entries
 * have become few: the index keeps its size in step with their number. Bucket numbers come from the *mixed* hash: a node's keys lie on
 * its arcs of the ring, which is far from uniform.
 *
 * Overflow buckets (same form; generation and floor unused) are chained behind a bucket, at most
 * OVERFLOW_CHAIN_MAX of them.
 */
import { assert } from '../base/assert.js';
import {
  BUCKET_FLOOR_HIGH,
  BUCKET_FLOOR_LOW,
  BUCKET_GENERATION,
  BUCKET_HASHES,
  BUCKET_LOAD,
  BUCKET_LOAD_MIN,
  BUCKET_OVERFLOW,
  BUCKET_PAIRS,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  BUCKETS_MIN,
  CACHE_LINE,
  HEADER_BUCKET_COUNT,
  HEADER_FLOOR_HIGH,
  HEADER_FLOOR_LOW,
  NO_SLOT,
  OVERFLOW_CHAIN_MAX,
  SLOT_ADDRESS,
} from './layout.js';
import type { SlabMemory } from './memory.js';

/** No pair: the word index of nothing. */
export const NO_PAIR = -1;
/** The end of a chain of overflow buckets, which are numbered from 1. */
const NO_OVERFLOW = 0;
/** Pairs of the longest chain. */
export const CHAIN_PAIRS_MAX = BUCKET_PAIRS * (OVERFLOW_CHAIN_MAX + 1);
/** Two buckets with more pairs than this are not merged: hashes that are so crowded are crafted. */
const MERGED_PAIRS_MAX = CHAIN_PAIRS_MAX / 2;

/**
 * Spreads the hashes of a node's arcs over all bucket numbers: two steps of Murmur's finaliser.
 * It is a bijection, so two hashes share a bucket for ever only if they are equal. Signed: larger
 * numbers are objects wherever they are handed on.
 */
export function mixHash(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return h ^ (h >>> 13);
}

export class BucketIndex {
  readonly #words: Int32Array;
  readonly #bucketsAt: number;
  readonly #overflowAt: number;
  readonly #bucketsMax: number;
  readonly #overflowMax: number;
  #bucketCount = BUCKETS_MIN;
  /** The most buckets there have ever been: memory that is touched, and may hold stale pairs. */
  #bucketsTouched = BUCKETS_MIN;
  #mask = BUCKETS_MIN - 1;
  #overflowFresh = 1;
  #overflowFreed = NO_OVERFLOW;
  #overflowUsed = 0;
  readonly #hashes = new Int32Array(CHAIN_PAIRS_MAX);
  readonly #slots = new Int32Array(CHAIN_PAIRS_MAX);

  constructor(memory: SlabMemory) {
    const { layout } = memory;
    this.#words = memory.words;
    this.#bucketsAt = layout.bucketsAt / 4;
    // Overflow buckets are numbered from 1.
    this.#overflowAt = layout.overflowAt / 4 - BUCKET_WORDS;
    this.#bucketsMax = layout.bucketsMax;
    this.#overflowMax = layout.overflowMax;
  }

  /** Makes an empty index of fresh memory. */
  format(): void {
    this.#words[HEADER_BUCKET_COUNT] = BUCKETS_MIN;
  }

  /**
   * Takes over a table that somebody else has left behind: so many buckets, and which of the
   * overflow buckets, by number, are in their chains. The others are free.
   */
  adopt(bucketCount: number, overflowUsed: Uint8Array): void {
    this.#publishCount(bucketCount);
    this.#overflowFresh = overflowUsed.lastIndexOf(1) + 1 || 1;
    this.#overflowFreed = NO_OVERFLOW;
    this.#overflowUsed = 0;
    for (let overflow = this.#overflowFresh - 1; overflow > 0; overflow--) {
      if (overflowUsed[overflow] === 1) {
        this.#overflowUsed++;
        continue;
      }
      const at = this.#overflowAt + overflow * BUCKET_WORDS;
      Atomics.store(this.#words, at + BUCKET_OVERFLOW, this.#overflowFreed);
      this.#overflowFreed = overflow;
    }
  }

  /**
   * Empties the bucket behind the last of so many, where a split or a merge that was cut short has left
   * pairs: a reader who loaded another bucket count may come there yet, and nobody would tell it when
   * they are no longer true.
   */
  emptyBehind(bucketCount: number): void {
    if (bucketCount < this.#bucketsMax) this.#wipe(this.bucketAt(bucketCount));
  }

  /** Bytes of buckets in use. */
  get occupiedBytes(): number {
    return (this.#bucketCount + this.#overflowUsed) * CACHE_LINE;
  }

  /** Bytes of buckets that were ever touched. */
  get touchedBytes(): number {
    return (this.#bucketsTouched + this.#overflowFresh - 1) * CACHE_LINE;
  }

  get bucketCount(): number {
    return this.#bucketCount;
  }

  /** Word index of the bucket that a hash belongs to. */
  bucketOf(hash: number): number {
    return this.bucketAt(this.#bucketNumber(hash));
  }

  /** Word index of a bucket by its number. */
  bucketAt(number: number): number {
    return this.#bucketsAt + number * BUCKET_WORDS;
  }

  /** Word index of the next bucket of a chain, or NO_PAIR at its end. */
  nextInChain(bucket: number): number {
    const overflow = this.#words[bucket + BUCKET_OVERFLOW] as number;
    return overflow === NO_OVERFLOW ? NO_PAIR : this.#overflowAt + overflow * BUCKET_WORDS;
  }

  /** Word index of the slot word that holds `slot`, or NO_PAIR. */
  pairOf(hash: number, slot: number): number {
    const words = this.#words;
    for (let at = this.bucketOf(hash); at !== NO_PAIR; at = this.nextInChain(at)) {
      for (let i = at + BUCKET_SLOTS; i < at + BUCKET_WORDS; i++) {
        if (((words[i] as number) & SLOT_ADDRESS) === slot) return i;
      }
    }
    return NO_PAIR;
  }

  /**
   * Publishes a new pair; `slotWord` is a slot's address with its flags. False if the chain has no
   * room left: somebody must go first. The generation stays: nothing that a reader may be in the
   * middle of is withdrawn.
   */
  insert(hash: number, slotWord: number): boolean {
    const pair = this.#emptyPair(this.bucketOf(hash), OVERFLOW_CHAIN_MAX);
    if (pair === NO_PAIR) return false;
    this.#words[pair - BUCKET_PAIRS] = hash;
    Atomics.store(this.#words, pair, slotWord);
    return true;
  }

  /** Publishes another slot in a pair's place: the step that makes an overwrite or a move visible. */
  replace(pair: number, hash: number, slotWord: number): void {
    Atomics.store(this.#words, pair, slotWord);
    this.#moveGeneration(hash);
  }

  /** Withdraws a pair. The floor must have been raised before. */
  remove(pair: number, hash: number): void {
    this.removeFrom(this.bucketOf(hash), pair);
  }

  /** Withdraws a pair from the chain of a bucket. */
  removeFrom(bucket: number, pair: number): void {
    Atomics.store(this.#words, pair, NO_SLOT);
    Atomics.add(this.#words, bucket + BUCKET_GENERATION, 1);
    if (this.#words[bucket + BUCKET_OVERFLOW] !== NO_OVERFLOW) this.shortenChain(bucket);
  }

  /** Moves the generation after a change that is not one of the pairs' own (a chunk was moved). */
  touch(hash: number): void {
    this.#moveGeneration(hash);
  }

  /** Raises the floor of a hash's bucket to a version; never lowers it. */
  raiseFloor(hash: number, high: number, low: number): void {
    this.raiseFloorOf(this.bucketOf(hash), high, low);
  }

  /** The same by the bucket's word index. */
  raiseFloorOf(bucket: number, high: number, low: number): void {
    this.#storeFloor(bucket + BUCKET_FLOOR_HIGH, bucket + BUCKET_FLOOR_LOW, high, low);
  }

  /** Takes back a floor that no version can have left. */
  lowerFloor(bucket: number, high: number, low: number): void {
    Atomics.store(this.#words, bucket + BUCKET_FLOOR_HIGH, high);
    Atomics.store(this.#words, bucket + BUCKET_FLOOR_LOW, low);
  }

  /** Ends a chain at one of its buckets: its link leads nowhere. */
  cutChain(at: number, bucket: number): void {
    Atomics.store(this.#words, at + BUCKET_OVERFLOW, NO_OVERFLOW);
    Atomics.add(this.#words, bucket + BUCKET_GENERATION, 1);
  }

  /** Whether a version is above everything forgotten from the hash's bucket, or from all. */
  isAboveFloor(hash: number, high: number, low: number): boolean {
    const bucket = this.bucketOf(hash);
    return (
      this.#isAbove(bucket + BUCKET_FLOOR_HIGH, bucket + BUCKET_FLOOR_LOW, high, low) &&
      this.#isAbove(HEADER_FLOOR_HIGH, HEADER_FLOOR_LOW, high, low)
    );
  }

  /** The highest version forgotten from the hash's bucket, or from all. */
  floorOf(hash: number): { readonly high: number; readonly low: number } {
    const words = this.#words;
    const bucket = this.bucketOf(hash);
    const high = (words[bucket + BUCKET_FLOOR_HIGH] as number) >>> 0;
    const low = (words[bucket + BUCKET_FLOOR_LOW] as number) >>> 0;
    const allHigh = (words[HEADER_FLOOR_HIGH] as number) >>> 0;
    const allLow = (words[HEADER_FLOOR_LOW] as number) >>> 0;
    const isAll = allHigh > high || (allHigh === high && allLow > low);
    return isAll ? { high: allHigh, low: allLow } : { high, low };
  }

  /** Keeps the table in step with the number of entries: splits at most one bucket. */
  growFor(entries: number): void {
    if (entries <= this.#bucketCount * BUCKET_LOAD) return;
    if (this.#bucketCount < this.#bucketsMax) this.#split();
  }

  /** The same when entries have gone: merges at most one bucket. */
  shrinkFor(entries: number): void {
    if (entries >= this.#bucketCount * BUCKET_LOAD_MIN) return;
    if (this.#bucketCount > BUCKETS_MIN) this.#merge();
  }

  /**
   * Empties the table: one floor over everything, then every pair withdrawn, then as few buckets as at
   * the start. Pair by pair, so that who looks and who remembers what he found see each key go at
   * the same instant.
   */
  clear(floorHigh: number, floorLow: number): void {
    this.#storeFloor(HEADER_FLOOR_HIGH, HEADER_FLOOR_LOW, floorHigh, floorLow);
    for (let number = 0; number < this.#bucketCount; number++) this.#empty(this.bucketAt(number));
    this.#publishCount(BUCKETS_MIN);
    this.#overflowFresh = 1;
    this.#overflowFreed = NO_OVERFLOW;
    this.#overflowUsed = 0;
  }

  #bucketNumber(hash: number): number {
    const mixed = mixHash(hash);
    const number = (mixed & this.#mask) >>> 0;
    return number < this.#bucketCount ? number : number & (this.#mask >>> 1);
  }

  #isAbove(highAt: number, lowAt: number, high: number, low: number): boolean {
    const floorHigh = (this.#words[highAt] as number) >>> 0;
    return high > floorHigh || (high === floorHigh && low > (this.#words[lowAt] as number) >>> 0);
  }

  /**
   * High word first, and readers load the low one first: a floor that is read half-written is too
   * high, which costs a miss, never too low. Nearly always the high word stays, and one plain store
   * will do: the pair is withdrawn by an atomic one, after it.
   */
  #storeFloor(highAt: number, lowAt: number, high: number, low: number): void {
    if (!this.#isAbove(highAt, lowAt, high, low)) return;
    const words = this.#words;
    if (words[highAt] === (high | 0)) {
      words[lowAt] = low;
      return;
    }
    Atomics.store(words, highAt, high);
    Atomics.store(words, lowAt, low);
  }

  #moveGeneration(hash: number): void {
    Atomics.add(this.#words, this.bucketOf(hash) + BUCKET_GENERATION, 1);
  }

  /**
   * Word index of an empty pair's slot word in a chain, which grows if it must and may: `spared`
   * overflow buckets are left in the pool. An insertion spares what a split may need, which gives
   * back at least as many as it takes; so crafted keys that use up the pool stop no split.
   */
  #emptyPair(bucket: number, spared: number): number {
    const words = this.#words;
    let last = bucket;
    let length = 0;
    for (let at = bucket; at !== NO_PAIR; at = this.nextInChain(at)) {
      for (let i = at + BUCKET_SLOTS; i < at + BUCKET_WORDS; i++) {
        if (words[i] === NO_SLOT) return i;
      }
      last = at;
      length++;
    }
    if (length > OVERFLOW_CHAIN_MAX) return NO_PAIR;
    if (this.#overflowMax - this.#overflowUsed <= spared) return NO_PAIR;
    const overflow = this.#takeOverflow();
    Atomics.store(words, last + BUCKET_OVERFLOW, overflow);
    return this.#overflowAt + overflow * BUCKET_WORDS + BUCKET_SLOTS;
  }

  #takeOverflow(): number {
    const words = this.#words;
    let overflow = this.#overflowFreed;
    if (overflow !== NO_OVERFLOW) {
      this.#overflowFreed = words[
        this.#overflowAt + overflow * BUCKET_WORDS + BUCKET_OVERFLOW
      ] as number;
    } else {
      overflow = this.#overflowFresh++;
    }
    this.#overflowUsed++;
    this.#wipe(this.#overflowAt + overflow * BUCKET_WORDS);
    return overflow;
  }

  /** Withdraws every pair of a chain, whose overflow buckets are nobody's from then on. */
  #empty(bucket: number): void {
    for (let at = this.nextInChain(bucket); at !== NO_PAIR; at = this.nextInChain(at)) {
      this.#withdrawAll(at);
    }
    this.#wipe(bucket);
  }

  /** Withdraws every pair of one bucket and cuts its chain off; generations only grow, floors stay. */
  #wipe(bucket: number): void {
    const words = this.#words;
    this.#withdrawAll(bucket);
    words[bucket + BUCKET_OVERFLOW] = NO_OVERFLOW;
    Atomics.add(words, bucket + BUCKET_GENERATION, 1);
  }

  #withdrawAll(bucket: number): void {
    const words = this.#words;
    for (let i = bucket + BUCKET_SLOTS; i < bucket + BUCKET_WORDS; i++) {
      if (words[i] !== NO_SLOT) Atomics.store(words, i, NO_SLOT);
    }
  }

  /** Gives back the overflow buckets of a chain that its pairs have no need of any more. */
  shortenChain(bucket: number): void {
    const words = this.#words;
    let before = bucket;
    for (let at = this.nextInChain(bucket); at !== NO_PAIR; ) {
      const next = words[at + BUCKET_OVERFLOW] as number;
      if (this.#isEmpty(at)) {
        const overflow = words[before + BUCKET_OVERFLOW] as number;
        Atomics.store(words, before + BUCKET_OVERFLOW, next);
        Atomics.add(words, bucket + BUCKET_GENERATION, 1);
        // Atomic, so that nobody follows this link who does not see the generation moved.
        Atomics.store(words, at + BUCKET_OVERFLOW, this.#overflowFreed);
        this.#overflowFreed = overflow;
        this.#overflowUsed--;
      } else {
        before = at;
      }
      at = next === NO_OVERFLOW ? NO_PAIR : this.#overflowAt + next * BUCKET_WORDS;
    }
  }

  #isEmpty(bucket: number): boolean {
    const words = this.#words;
    for (let i = bucket + BUCKET_SLOTS; i < bucket + BUCKET_WORDS; i++) {
      if (words[i] !== NO_SLOT) return false;
    }
    return true;
  }

  /**
   * Splits the next bucket in turn. The pairs that belong to the new bucket are in both while the
   * new count is published: a reader finds them by either, and one that finds nothing looks at the
   * count again.
   */
  #split(): void {
    const words = this.#words;
    const number = this.#bucketCount;
    const mask = number > this.#mask ? this.#mask * 2 + 1 : this.#mask;
    const from = this.bucketAt(number & (mask >>> 1));
    const to = this.bucketAt(number);
    this.#wipe(to);
    words[to + BUCKET_FLOOR_HIGH] = words[from + BUCKET_FLOOR_HIGH] as number;
    words[to + BUCKET_FLOOR_LOW] = words[from + BUCKET_FLOOR_LOW] as number;
    const pairs = this.#collect(from, number, mask);
    for (let i = 0; i < pairs; i++) this.#copyPair(to, i);
    // Somebody may have come here before a merge, and would find a part of it now.
    Atomics.add(words, to + BUCKET_GENERATION, 1);
    this.#publishCount(number + 1);
    this.#withdraw(from, number, mask);
    Atomics.add(words, from + BUCKET_GENERATION, 1);
    this.#pack(from);
  }

  /**
   * Undoes the last split, unless the two chains are too long together: keys that collide stay apart
   * then. The floor of both is the higher one. The pairs are in both buckets while the new count is
   * published; generations move before a reader could take the wrong bucket for the right one again:
   * that of the one that gets the pairs when they are there, that of the other when they have gone.
   */
  #merge(): void {
    const words = this.#words;
    const number = this.#bucketCount - 1;
    const mask = number > this.#mask >>> 1 ? this.#mask : this.#mask >>> 1;
    const from = this.bucketAt(number);
    const to = this.bucketAt(number & (mask >>> 1));
    const pairs = this.#collect(from, number, mask);
    if (!this.#hasRoomFor(to, pairs)) return;
    const floorHigh = (words[from + BUCKET_FLOOR_HIGH] as number) >>> 0;
    this.raiseFloorOf(to, floorHigh, (words[from + BUCKET_FLOOR_LOW] as number) >>> 0);
    for (let i = 0; i < pairs; i++) this.#copyPair(to, i);
    Atomics.add(words, to + BUCKET_GENERATION, 1);
    this.#publishCount(number);
    this.#withdraw(from, number, mask);
    Atomics.add(words, from + BUCKET_GENERATION, 1);
    this.shortenChain(from);
  }

  /** Whether a chain that is merged with so many pairs stays short, and leaves splits their reserve. */
  #hasRoomFor(bucket: number, pairs: number): boolean {
    const words = this.#words;
    let together = pairs;
    for (let at = bucket; at !== NO_PAIR; at = this.nextInChain(at)) {
      for (let i = at + BUCKET_SLOTS; i < at + BUCKET_WORDS; i++) {
        if (words[i] !== NO_SLOT) together++;
      }
    }
    const overflowLeft = this.#overflowMax - this.#overflowUsed - OVERFLOW_CHAIN_MAX;
    return together <= MERGED_PAIRS_MAX && overflowLeft * BUCKET_PAIRS >= pairs;
  }

  /** Copies the pairs of a chain that belong to a bucket by a mask into the scratch arrays. */
  #collect(from: number, number: number, mask: number): number {
    const words = this.#words;
    let pairs = 0;
    for (let at = from; at !== NO_PAIR; at = this.nextInChain(at)) {
      for (let i = at + BUCKET_HASHES; i < at + BUCKET_SLOTS; i++) {
        const slotWord = words[i + BUCKET_PAIRS] as number;
        const hash = words[i] as number;
        if (slotWord === NO_SLOT || (mixHash(hash) & mask) >>> 0 !== number) continue;
        this.#hashes[pairs] = hash;
        this.#slots[pairs] = slotWord;
        pairs++;
      }
    }
    return pairs;
  }

  #copyPair(to: number, i: number): void {
    const pair = this.#emptyPair(to, 0);
    assert(pair !== NO_PAIR, 'what is split or merged fits in a chain');
    this.#words[pair - BUCKET_PAIRS] = this.#hashes[i] as number;
    Atomics.store(this.#words, pair, this.#slots[i] as number);
  }

  #withdraw(from: number, number: number, mask: number): void {
    const words = this.#words;
    for (let at = from; at !== NO_PAIR; at = this.nextInChain(at)) {
      for (let i = at + BUCKET_HASHES; i < at + BUCKET_SLOTS; i++) {
        if (words[i + BUCKET_PAIRS] === NO_SLOT) continue;
        if ((mixHash(words[i] as number) & mask) >>> 0 !== number) continue;
        Atomics.store(words, i + BUCKET_PAIRS, NO_SLOT);
      }
    }
  }

  /**
   * Brings the pairs of a chain's overflow buckets forward into its gaps, and frees the empty ones.
   * The generation moves while a pair is in both places: a reader who had passed the gap before it
   * was filled, and finds the old place empty, sees that something moved.
   */
  #pack(bucket: number): void {
    const words = this.#words;
    if (words[bucket + BUCKET_OVERFLOW] === NO_OVERFLOW) return;
    for (let at = this.nextInChain(bucket); at !== NO_PAIR; at = this.nextInChain(at)) {
      for (let i = at + BUCKET_SLOTS; i < at + BUCKET_WORDS; i++) {
        if (words[i] === NO_SLOT) continue;
        const gap = this.#gapBefore(bucket, at);
        if (gap === NO_PAIR) continue;
        words[gap - BUCKET_PAIRS] = words[i - BUCKET_PAIRS] as number;
        Atomics.store(words, gap, words[i] as number);
        Atomics.add(words, bucket + BUCKET_GENERATION, 1);
        Atomics.store(words, i, NO_SLOT);
      }
    }
    this.shortenChain(bucket);
  }

  #gapBefore(bucket: number, end: number): number {
    const words = this.#words;
    for (let at = bucket; at !== end; at = this.nextInChain(at)) {
      for (let i = at + BUCKET_SLOTS; i < at + BUCKET_WORDS; i++) {
        if (words[i] === NO_SLOT) return i;
      }
    }
    return NO_PAIR;
  }

  #publishCount(count: number): void {
    this.#bucketCount = count;
    this.#bucketsTouched = Math.max(this.#bucketsTouched, count);
    while (this.#mask < count - 1) this.#mask = this.#mask * 2 + 1;
    while (this.#mask >>> 1 >= count) this.#mask >>>= 1;
    Atomics.store(this.#words, HEADER_BUCKET_COUNT, count);
  }
}
