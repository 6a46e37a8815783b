/**
 * Takes stock of an index whose owner has died, without changing anything: one walk over all
 * buckets in the order in which they lie. Which pairs point to a slot that there is, alone, from
 * the bucket where they belong, goes into the slot map; whatever is odd goes into the findings.
 *
 * A death alone leaves few oddities: pairs that are there twice, because a split, a merge or a
 * packing was cut short, and an overflow bucket without pairs. The rest is memory that no owner
 * wrote like that.
 */
import { CHAIN_PAIRS_MAX, mixHash, NO_PAIR } from './bucket-index.js';
import {
  BUCKET_FLOOR_HIGH,
  BUCKET_FLOOR_LOW,
  BUCKET_HASHES,
  BUCKET_OVERFLOW,
  BUCKET_PAIRS,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  ENTRY_HASH,
  HEADER_BUCKET_COUNT,
  NO_SLOT,
  OVERFLOW_CHAIN_MAX,
  SLOT_ADDRESS,
  SLOT_EXPIRES,
} from './layout.js';
import type { SlabMemory } from './memory.js';
import { NO_PLACE, type SlotMap } from './slot-map.js';

/** A version as two unsigned words. */
export interface Floor {
  readonly high: number;
  readonly low: number;
}

/** A pair that has to go, and the bucket in whose chain it is. */
export interface PairAt {
  readonly pair: number;
  readonly bucket: number;
}

/** What is odd about an index, by what has to be done about it. Everything as word indexes. */
export interface Findings {
  /** Pairs that point to nothing whole: forgotten, floor first. */
  readonly torn: PairAt[];
  /** Pairs of entries that are under the slab's floor, or have another pair: withdrawn. */
  readonly withdrawn: PairAt[];
  /** Pairs whose mark of an expiry is wrong. */
  readonly mismarked: number[];
  /** Buckets whose link to the next of the chain leads nowhere, and the head of the chain. */
  readonly cuts: { readonly at: number; readonly bucket: number }[];
  /** Buckets with an overflow bucket in their chain that holds nothing. */
  readonly hollow: number[];
  /** Buckets with a floor above every version that there was. */
  readonly floors: number[];
  /** Buckets with two pairs of the same hash, which could be the same key's. */
  readonly suspects: number[];
  /** Something was lost of which nothing tells the key. */
  lostUnknown: boolean;
}

/** All kinds of hashes seen, which is no set that 27 of them could be told from. */
const AMBIGUOUS = -1;

export class IndexCensus {
  readonly bucketCount: number;
  /** By number: whether an overflow bucket is in a chain. */
  readonly overflowUsed: Uint8Array;
  readonly findings: Findings = {
    torn: [],
    withdrawn: [],
    mismarked: [],
    cuts: [],
    hollow: [],
    floors: [],
    suspects: [],
    lostUnknown: false,
  };
  readonly #words: Int32Array;
  readonly #map: SlotMap;
  readonly #bucketsAt: number;
  readonly #overflowAt: number;
  readonly #overflowMax: number;
  readonly #mask: number;
  readonly #hashes = new Int32Array(CHAIN_PAIRS_MAX);
  readonly #isBlind: boolean;
  #claimed = 0;
  readonly #misplaced: PairAt[] = [];

  /**
   * Looking whether a slot is still free, before it is claimed, is a cache miss that has to be waited for: twice
   * the time of all else. So the first census claims blindly, and whether two wanted one slot shows in
   * the sum; if so, a second one looks.
   * @param highest no floor is above this
   */
  static take(memory: SlabMemory, map: SlotMap, highest: Floor): IndexCensus {
    const blind = new IndexCensus(memory, map, true);
    blind.#take(highest);
    if (map.countHeld() === blind.#claimed) return blind;
    map.releaseAll();
    const careful = new IndexCensus(memory, map, false);
    careful.#take(highest);
    return careful;
  }

  private constructor(memory: SlabMemory, map: SlotMap, isBlind: boolean) {
    this.#isBlind = isBlind;
    const { layout, words } = memory;
    this.#words = words;
    this.#map = map;
    this.#bucketsAt = layout.bucketsAt / 4;
    this.#overflowAt = layout.overflowAt / 4 - BUCKET_WORDS;
    this.#overflowMax = layout.overflowMax;
    this.bucketCount = words[HEADER_BUCKET_COUNT] as number;
    this.#mask = -1 >>> Math.clz32(this.bucketCount - 1);
    this.overflowUsed = new Uint8Array(layout.overflowMax + 1);
  }

  #take(highest: Floor): void {
    const words = this.#words;
    for (let number = 0; number < this.bucketCount; number++) {
      const bucket = this.#bucketsAt + number * BUCKET_WORDS;
      const floorHigh = (words[bucket + BUCKET_FLOOR_HIGH] as number) >>> 0;
      const isTooHigh =
        floorHigh > highest.high ||
        (floorHigh === highest.high &&
          (words[bucket + BUCKET_FLOOR_LOW] as number) >>> 0 > highest.low);
      if (isTooHigh) this.findings.floors.push(bucket);
      let seen = this.#takePairs(bucket, bucket, number, 0);
      if (words[bucket + BUCKET_OVERFLOW] !== 0) seen = this.#takeChain(bucket, number, seen);
      if (seen === AMBIGUOUS && this.#hasEqualHashes(bucket)) this.findings.suspects.push(bucket);
    }
    for (const misplaced of this.#misplaced) this.#judgeMisplaced(misplaced);
  }

  /** Word index of the bucket that a hash belongs to. */
  bucketOf(hash: number): number {
    return this.#bucketsAt + this.#numberOf(hash) * BUCKET_WORDS;
  }

  /** Word indexes of the buckets of a chain that can be walked. */
  *chain(bucket: number): Generator<number> {
    let at = bucket;
    for (let length = 0; length <= OVERFLOW_CHAIN_MAX && at !== NO_PAIR; length++) {
      yield at;
      at = this.#next(at);
    }
  }

  #numberOf(hash: number): number {
    const number = (mixHash(hash) & this.#mask) >>> 0;
    return number < this.bucketCount ? number : number & (this.#mask >>> 1);
  }

  /** A chain is followed as far as it leads to overflow buckets that no other has, and not for ever. */
  #takeChain(bucket: number, number: number, seenInBucket: number): number {
    const { findings, overflowUsed } = this;
    const words = this.#words;
    let seen = seenInBucket;
    let isHollow = false;
    let at = bucket;
    for (let length = 0; ; length++) {
      const overflow = words[at + BUCKET_OVERFLOW] as number;
      if (overflow === 0) break;
      const leads = overflow > 0 && overflow <= this.#overflowMax && length < OVERFLOW_CHAIN_MAX;
      if (!leads || overflowUsed[overflow] === 1) {
        findings.cuts.push({ at, bucket });
        break;
      }
      overflowUsed[overflow] = 1;
      at = this.#overflowAt + overflow * BUCKET_WORDS;
      if (isEmpty(words, at)) isHollow = true;
      seen = this.#takePairs(at, bucket, number, seen);
    }
    if (isHollow) findings.hollow.push(bucket);
    return seen;
  }

  /**
   * The tight loop: a million pairs pass through here while a cluster waits. Returns which of 32
   * kinds of hashes have been seen in this chain, or AMBIGUOUS once a kind has come twice.
   */
  #takePairs(at: number, bucket: number, number: number, seenBefore: number): number {
    const words = this.#words;
    const map = this.#map;
    let seen = seenBefore;
    for (let i = at + BUCKET_SLOTS; i < at + BUCKET_WORDS; i++) {
      const slotWord = words[i] as number;
      if (slotWord === NO_SLOT) continue;
      const hash = words[i - BUCKET_PAIRS] as number;
      const kind = 1 << (hash >>> 27);
      seen = (seen & kind) !== 0 ? AMBIGUOUS : seen | kind;
      // An address with other bits than it may have is of no slot.
      const place = map.placeOf(slotWord & ~SLOT_EXPIRES);
      const belongs = place !== NO_PLACE && this.#numberOf(hash) === number;
      if (belongs && (this.#isBlind || map.isFree(place))) {
        map.claim(place, i, hash, slotWord);
        this.#claimed++;
      } else {
        this.#takeOdd(i, bucket, number, place);
      }
    }
    return seen;
  }

  #takeOdd(pair: number, bucket: number, number: number, place: number): void {
    if (this.#numberOf(this.#words[pair - BUCKET_PAIRS] as number) !== number) {
      this.#misplaced.push({ pair, bucket });
    } else if (place === NO_PLACE) {
      this.findings.torn.push({ pair, bucket });
    } else {
      this.#settleRivals(place, { pair, bucket });
    }
  }

  #hasEqualHashes(bucket: number): boolean {
    const words = this.#words;
    const hashes = this.#hashes;
    let pairs = 0;
    let at = bucket;
    for (let length = 0; length <= OVERFLOW_CHAIN_MAX; length++) {
      for (let i = at + BUCKET_HASHES; i < at + BUCKET_SLOTS; i++) {
        if (words[i + BUCKET_PAIRS] === NO_SLOT) continue;
        const hash = words[i] as number;
        for (let j = 0; j < pairs; j++) if (hashes[j] === hash) return true;
        hashes[pairs++] = hash;
      }
      at = this.#next(at);
      if (at === NO_PAIR) break;
    }
    return false;
  }

  #next(at: number): number {
    const overflow = this.#words[at + BUCKET_OVERFLOW] as number;
    const leads = overflow > 0 && overflow <= this.#overflowMax;
    return leads ? this.#overflowAt + overflow * BUCKET_WORDS : NO_PAIR;
  }

  /** Two pairs point to one slot. It is one entry that is there twice, unless the hashes differ. */
  #settleRivals(place: number, second: PairAt): void {
    const words = this.#words;
    const map = this.#map;
    const hash = words[second.pair - BUCKET_PAIRS] as number;
    const firstHash = map.hashAt(place);
    if (hash === firstHash) {
      this.findings.withdrawn.push(second);
      return;
    }
    const first = { pair: map.pairAt(place), bucket: this.bucketOf(firstHash) };
    const slotWord = words[second.pair] as number;
    const secondIsRight = words[(slotWord & SLOT_ADDRESS) * 2 + ENTRY_HASH] === hash;
    if (secondIsRight) map.claim(place, second.pair, hash, slotWord);
    this.findings.torn.push(secondIsRight ? first : second);
  }

  /** In a bucket where it does not belong: left from a split or a merge, if it is where it does, too. */
  #judgeMisplaced(misplaced: PairAt): void {
    const words = this.#words;
    const { pair } = misplaced;
    const place = this.#map.placeOf((words[pair] as number) & SLOT_ADDRESS);
    const isTwice =
      place !== NO_PLACE &&
      this.#map.isEntry(place) &&
      this.#map.hashAt(place) === words[pair - BUCKET_PAIRS];
    if (isTwice) {
      this.findings.withdrawn.push(misplaced);
    } else {
      this.findings.torn.push(misplaced);
      this.findings.lostUnknown = true;
    }
  }
}

function isEmpty(words: Int32Array, bucket: number): boolean {
  for (let i = bucket + BUCKET_SLOTS; i < bucket + BUCKET_WORDS; i++) {
    if (words[i] !== NO_SLOT) return false;
  }
  return true;
}
