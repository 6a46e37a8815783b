/**
 * Reads a slab in place, from any thread: finds a key in the index, copies its value to private
 * memory, and makes sure that what it copied was there. It takes no lock, writes nothing but notes,
 * and waits for nobody: if the owner changed something under its eyes it starts over, a bounded
 * number of times.
 *
 * The steps are those of "A reader's steps" in `README.md`, which has the argument why they are
 * sound. In short: the generations say that nothing was withdrawn meanwhile; memory that was not withdrawn is
 * not written. What is read before the generations are looked at again may be anything, so every
 * number is bounded before it is used as an address, and nothing is believed or returned before.
 */
import type { KeyBuffer } from '../base/key.js';
import { VALUE_KINDS, type ValueKind } from '../base/kinds.js';
import { type Bytes, type Instant, NEVER } from '../base/units.js';
import { mixHash } from './bucket-index.js';
import { fence } from './fence.js';
import {
  BUCKET_FLOOR_HIGH,
  BUCKET_FLOOR_LOW,
  BUCKET_GENERATION,
  BUCKET_HASHES,
  BUCKET_OVERFLOW,
  BUCKET_PAIRS,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  BUCKETS_MIN,
  CHUNK_HEADER_BYTES,
  CHUNK_NEXT,
  ENTRY_CHAIN,
  ENTRY_EXPIRY_GRANULE,
  ENTRY_HEADER_BYTES,
  ENTRY_HEADER_WORDS,
  ENTRY_LOADING,
  ENTRY_OVERHEAD,
  ENTRY_SHAPE,
  ENTRY_VALUE_LENGTH,
  ENTRY_VERSION_HIGH,
  ENTRY_VERSION_LOW,
  GRANULE_BYTES,
  HEADER_BUCKET_COUNT,
  HEADER_FLOOR_HIGH,
  HEADER_FLOOR_LOW,
  NO_SLOT,
  OVERFLOW_CHAIN_MAX,
  SLOT_ADDRESS,
} from './layout.js';
import { SlabMemory } from './memory.js';
import { NoteWriter } from './read-notes.js';
import type { ReadScratch } from './read-scratch.js';
import { sizeClasses } from './size-classes.js';
import { copyWords, WORD_COPY_MAX } from './word-copy.js';

export { ReadScratch } from './read-scratch.js';

/** How often a look starts over before it gives up. */
export const READ_TRIES_MAX = 32;

export type LookOutcome =
  /** The key's entry, whole; whether it has expired, or is past its window, is for the caller to judge. */
  | 'found'
  /** The key was not there at some instant during the look. */
  | 'absent'
  /** The owner changed the key's bucket during each of READ_TRIES_MAX tries. */
  | 'contended';

export type LookPart =
  | 'value'
  /** Everything but the value's bytes. */
  | 'header';

const KEY_LENGTH_MASK = 0xffff;
const KIND_SHIFT = 16;
const KIND_MASK = 3;

/** The end of a chain of overflow buckets. */
const NO_OVERFLOW = 0;

const padded = (length: number): number => (length + 3) & ~3;

export class SlabReader {
  /** Bytes of the value, which after a look for `value` are the beginning of the scratch. */
  length = 0;
  kind: ValueKind = 'bytes';
  expiry: Instant = NEVER;
  /** The entry's load time and stale window, packed as in `base/brief.ts`. */
  loading = 0;
  /** The entry's version, or that of the floor if the key is absent. */
  versionHigh = 0;
  versionLow = 0;
  slot = NO_SLOT;
  /** The key's, as a signed word. */
  hash = 0;
  /** Where the key belongs, and its generation from before anything was read: for `wouldFind`. */
  bucket = 0;
  generation = 0;
  /** The word of the index that names the slot found: for `wouldFind`. */
  place = 0;

  readonly #memory: SlabMemory;
  readonly #words: Int32Array;
  readonly scratch: ReadScratch;
  readonly #notes: NoteWriter;
  readonly #bucketsAt: number;
  readonly #bucketsMax: number;
  readonly #overflowAt: number;
  readonly #overflowMax: number;
  readonly #firstSlot: number;
  readonly #totalBytes: number;
  readonly #memoryLimit: number;
  readonly #headCapacity: number;
  readonly #chunkCapacity: number;

  /** @param noteRing any number that tells this reader from others, where it can */
  constructor(
    memory: SharedArrayBuffer,
    memoryLimit: Bytes,
    scratch: ReadScratch,
    noteRing: number,
  ) {
    this.#memory = new SlabMemory(memory, memoryLimit);
    const { layout, words } = this.#memory;
    const { slotBytesMax } = sizeClasses(layout.pageBytes);
    this.#words = words;
    this.scratch = scratch;
    this.#notes = new NoteWriter(words, noteRing);
    this.#bucketsAt = layout.bucketsAt / 4;
    this.#bucketsMax = layout.bucketsMax;
    // Overflow buckets are numbered from 1.
    this.#overflowAt = layout.overflowAt / 4 - BUCKET_WORDS;
    this.#overflowMax = layout.overflowMax;
    this.#firstSlot = layout.pagesAt / GRANULE_BYTES;
    this.#totalBytes = layout.totalBytes;
    this.#memoryLimit = memoryLimit;
    this.#headCapacity = slotBytesMax - ENTRY_HEADER_BYTES;
    this.#chunkCapacity = slotBytesMax - CHUNK_HEADER_BYTES;
  }

  /** Looks for a key. The fields say what was found; the scratch has the value. */
  look(key: KeyBuffer, part: LookPart): LookOutcome {
    for (let tries = 0; tries < READ_TRIES_MAX; tries++) {
      const outcome = this.#try(key, part);
      if (outcome !== 'contended') return outcome;
    }
    return 'contended';
  }

  /**
   * Whether a look would find now what an earlier one has found: for those who remember it. The
   * arguments are that look's. The generation alone does not tell: it moves a moment after the slot
   * word, and a look between the two finds the new entry already. It is loaded behind an atomic
   * load, and by a plain one.
   */
  wouldFind(place: number, slot: number, bucket: number, generation: number): boolean {
    const words = this.#words;
    if ((Atomics.load(words, place) & SLOT_ADDRESS) !== slot) return false;
    return words[bucket + BUCKET_GENERATION] === generation;
  }

  /** Counts what the last look found as a hit, and lets the owner know that it was used. */
  noteHit(): void {
    this.#notes.hit(this.slot, this.hash);
  }

  /** The same for an entry of an earlier look. */
  noteHitAt(slot: number, hash: number): void {
    this.#notes.hit(slot, hash);
  }

  noteMiss(): void {
    this.#notes.miss();
  }

  #try(key: KeyBuffer, part: LookPart): LookOutcome {
    const words = this.#words;
    // Atomic, both: the pairs are loaded after them, and are at least as new.
    const count = Atomics.load(words, HEADER_BUCKET_COUNT);
    if (count < BUCKETS_MIN || count > this.#bucketsMax) return 'contended';
    const bucket = this.#bucketOf(key.hash | 0, count);
    this.bucket = bucket;
    this.generation = Atomics.load(words, bucket + BUCKET_GENERATION);
    const slot = this.#find(bucket, key);
    if (slot === NO_SLOT) return this.#confirmAbsent(key, count);
    const isCopied = this.#copy(slot, key, part);
    return isCopied && this.#isStill() ? 'found' : 'contended';
  }

  /**
   * Whether all that was loaded so far was in place: the bucket's generation is what it was. A plain
   * load, which the fence keeps behind all others.
   */
  #isStill(): boolean {
    fence();
    return this.#words[this.bucket + BUCKET_GENERATION] === this.generation;
  }

  /**
   * Nothing was found: looks again, between two looks at what an absent key's answer depends on
   * beside the pairs: the floors and the bucket count. The generation comes last: a bucket that was
   * merged with another and split from it again has another one, though the count is the same.
   */
  #confirmAbsent(key: KeyBuffer, count: number): LookOutcome {
    const words = this.#words;
    const { bucket } = this;
    // Atomic, for their order: the low words before the high ones, all before the pairs.
    const low = Atomics.load(words, bucket + BUCKET_FLOOR_LOW);
    const slabLow = Atomics.load(words, HEADER_FLOOR_LOW);
    const high = Atomics.load(words, bucket + BUCKET_FLOOR_HIGH);
    const slabHigh = Atomics.load(words, HEADER_FLOOR_HIGH);
    if (this.#find(bucket, key) !== NO_SLOT) return 'contended';
    fence();
    const isSettled =
      // Atomic, for the generation to be loaded after it: a bucket that was merged with another and split
      // from it again has another generation, though the count is the same.
      Atomics.load(words, HEADER_BUCKET_COUNT) === count &&
      words[bucket + BUCKET_GENERATION] === this.generation &&
      words[bucket + BUCKET_FLOOR_LOW] === low &&
      words[bucket + BUCKET_FLOOR_HIGH] === high &&
      words[HEADER_FLOOR_LOW] === slabLow &&
      words[HEADER_FLOOR_HIGH] === slabHigh;
    if (!isSettled) return 'contended';
    this.#setFloor(high >>> 0, low >>> 0, slabHigh >>> 0, slabLow >>> 0);
    return 'absent';
  }

  /** The greater of the two floors is the answer. */
  #setFloor(high: number, low: number, slabHigh: number, slabLow: number): void {
    const isSlabs = slabHigh > high || (slabHigh === high && slabLow > low);
    this.versionHigh = isSlabs ? slabHigh : high;
    this.versionLow = isSlabs ? slabLow : low;
    this.slot = NO_SLOT;
    this.length = 0;
  }

  #bucketOf(hash: number, count: number): number {
    const mask = -1 >>> Math.clz32(count - 1);
    const folded = (mixHash(hash) & mask) >>> 0;
    const number = folded < count ? folded : folded & (mask >>> 1);
    return this.#bucketsAt + number * BUCKET_WORDS;
  }

  /** The slot of the key's entry, or NO_SLOT. */
  #find(bucket: number, key: KeyBuffer): number {
    const words = this.#words;
    const hash = key.hash | 0;
    let at = bucket;
    for (let length = 0; length <= OVERFLOW_CHAIN_MAX; length++) {
      for (let i = at + BUCKET_HASHES; i < at + BUCKET_SLOTS; i++) {
        if (words[i] !== hash) continue;
        // Atomic: the entry's content is published by this word.
        const slot = Atomics.load(words, i + BUCKET_PAIRS) & SLOT_ADDRESS;
        if (slot !== NO_SLOT && this.#hasKey(slot, key)) {
          this.place = i + BUCKET_PAIRS;
          return slot;
        }
      }
      if (words[at + BUCKET_OVERFLOW] === NO_OVERFLOW) return NO_SLOT;
      const overflow = Atomics.load(words, at + BUCKET_OVERFLOW);
      if (overflow <= 0 || overflow > this.#overflowMax) return NO_SLOT;
      at = this.#overflowAt + overflow * BUCKET_WORDS;
    }
    return NO_SLOT;
  }

  #hasKey(slot: number, key: KeyBuffer): boolean {
    const words = this.#words;
    const { length } = key;
    if (!this.#isWithin(slot, ENTRY_HEADER_BYTES)) return false;
    const at = slot * 2;
    if (((words[at + ENTRY_SHAPE] as number) & KEY_LENGTH_MASK) !== length) return false;
    if (padded(length) > this.#headCapacity) return this.#hasLongKey(slot, key);
    if (!this.#isWithin(slot, ENTRY_HEADER_BYTES + length)) return false;
    const keyWords = key.words;
    const count = (length + 3) >> 2;
    for (let i = 0; i < count; i++) {
      if (words[at + ENTRY_HEADER_WORDS + i] !== keyWords[i]) return false;
    }
    return true;
  }

  #hasLongKey(slot: number, key: KeyBuffer): boolean {
    if (!this.scratch.fit(key.length)) return false;
    if (!this.#copyStream(slot, 0, key.length)) return false;
    const { bytes } = this.scratch;
    for (let i = 0; i < key.length; i++) {
      if (bytes[i] !== key.bytes[i]) return false;
    }
    return true;
  }

  /** Copies header and value; false if what is there cannot be an entry. */
  #copy(slot: number, key: KeyBuffer, part: LookPart): boolean {
    const words = this.#words;
    const at = slot * 2;
    const length = (words[at + ENTRY_VALUE_LENGTH] as number) >>> 0;
    const kind = VALUE_KINDS[((words[at + ENTRY_SHAPE] as number) >>> KIND_SHIFT) & KIND_MASK];
    if (key.length + length + ENTRY_OVERHEAD > this.#memoryLimit) return false;
    if (kind === undefined) return false;
    this.slot = slot;
    this.hash = key.hash | 0;
    this.length = length;
    this.kind = kind;
    this.expiry = this.#memory.numbers[slot + ENTRY_EXPIRY_GRANULE] as Instant;
    this.loading = words[at + ENTRY_LOADING] as number;
    this.versionHigh = (words[at + ENTRY_VERSION_HIGH] as number) >>> 0;
    this.versionLow = (words[at + ENTRY_VERSION_LOW] as number) >>> 0;
    return part === 'header' || this.#copyValue(slot, padded(key.length), length);
  }

  #copyValue(slot: number, from: number, length: number): boolean {
    const scratch = this.scratch;
    // No memory is asked for on the word of a length that may be garbage.
    if (scratch.mustGrow(length) && !this.#isStill()) return false;
    if (!scratch.fit(length)) return false;
    if (from + length > this.#headCapacity) return this.#copyStream(slot, from, length);
    if (!this.#isWithin(slot, ENTRY_HEADER_BYTES + from + length)) return false;
    if (length > WORD_COPY_MAX) {
      scratch.bytes.set(this.#memory.bytes(slot, ENTRY_HEADER_BYTES + from, length));
    } else {
      copyWords(this.#words, slot * 2 + ENTRY_HEADER_WORDS + (from >> 2), scratch.words, length);
    }
    return true;
  }

  /** Copies part of what lies behind an entry's header, in its slot and its chunks. */
  #copyStream(entry: number, from: number, length: number): boolean {
    const { bytes } = this.scratch;
    let slot = entry;
    let header = ENTRY_HEADER_BYTES;
    let capacity = this.#headCapacity;
    let link = entry * 2 + ENTRY_CHAIN;
    let skip = from;
    for (let to = 0; ; ) {
      const take = Math.min(capacity - skip, length - to);
      if (take > 0) {
        if (!this.#isWithin(slot, header + skip + take)) return false;
        bytes.set(this.#memory.bytes(slot, header + skip, take), to);
        to += take;
        skip += take;
      }
      if (to === length) return true;
      skip -= capacity;
      if (this.#words[this.bucket + BUCKET_GENERATION] !== this.generation) return false;
      // Atomic: the chunk's content is published by the link to it.
      slot = Atomics.load(this.#words, link);
      if (!this.#isWithin(slot, CHUNK_HEADER_BYTES)) return false;
      header = CHUNK_HEADER_BYTES;
      capacity = this.#chunkCapacity;
      link = slot * 2 + CHUNK_NEXT;
    }
  }

  /** Whether `bytes` from a slot on are memory for entries. */
  #isWithin(slot: number, bytes: number): boolean {
    return slot >= this.#firstSlot && slot * GRANULE_BYTES + bytes <= this.#totalBytes;
  }
}
