/**
 * A slab's shared memory as a foreigner sees it: nothing is taken from the owner's heap, only what
 * the layout documents. Tests look through it at buckets, floors, generations and entries.
 */
import assert from 'node:assert/strict';
import type { Bytes } from '#src/base/units.js';
import { mixHash } from '#src/slab/bucket-index.js';
import { Entries } from '#src/slab/entries.js';
import {
  BUCKET_FLOOR_HIGH,
  BUCKET_FLOOR_LOW,
  BUCKET_GENERATION,
  BUCKET_HASHES,
  BUCKET_OVERFLOW,
  BUCKET_PAIRS,
  BUCKET_WORDS,
  CHUNK_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  ENTRY_NEWER,
  HEADER_BUCKET_COUNT,
  HEADER_FLOOR_HIGH,
  HEADER_FLOOR_LOW,
  HEADER_NOTES_USED,
  HEADER_OLDEST,
  NO_SLOT,
  NOTE_RINGS,
  OVERFLOW_CHAIN_MAX,
  SLOT_ADDRESS,
  SLOT_EXPIRES,
  type SlabLayout,
} from '#src/slab/layout.js';
import { SlabMemory } from '#src/slab/memory.js';
import { type SizeClasses, sizeClasses } from '#src/slab/size-classes.js';

/** One published pair of a bucket. */
export interface Pair {
  /** Word index of the slot word. */
  readonly at: number;
  /** Unsigned. */
  readonly hash: number;
  readonly slot: number;
  readonly expires: boolean;
}

/** One number for a version, exact up to epoch 2^11: enough for tests. */
export const versionNumber = (high: number, low: number): number =>
  (high >>> 0) * 2 ** 32 + (low >>> 0);

export class SlabView {
  readonly memory: SlabMemory;
  readonly layout: SlabLayout;
  readonly words: Int32Array;
  readonly classes: SizeClasses;
  readonly entries: Entries;

  constructor(buffer: SharedArrayBuffer, limit: number) {
    this.memory = new SlabMemory(buffer, limit as Bytes);
    this.layout = this.memory.layout;
    this.words = this.memory.words;
    this.classes = sizeClasses(this.layout.pageBytes);
    this.entries = new Entries(this.memory, this.classes.slotBytesMax);
  }

  word(at: number): number {
    return this.words[at] as number;
  }

  get bucketCount(): number {
    return this.word(HEADER_BUCKET_COUNT);
  }

  /** Rings of notes that readers have written to. */
  get noteRingsUsed(): number {
    let used = 0;
    for (let ring = 0; ring < NOTE_RINGS; ring++) {
      const bits = this.word(HEADER_NOTES_USED + (ring >> 5));
      if ((bits & (1 << (ring & 31))) !== 0) used++;
    }
    return used;
  }

  /** Linear hashing by the book: modulo the next power of two, folded back where there is none yet. */
  bucketNumber(hash: number, count = this.bucketCount): number {
    let size = 1;
    while (size < count) size *= 2;
    const number = (mixHash(hash) >>> 0) % size;
    return number < count ? number : number % (size / 2);
  }

  bucketAt(number: number): number {
    return this.layout.bucketsAt / 4 + number * BUCKET_WORDS;
  }

  /** Word indexes of a bucket and its overflow buckets. */
  chain(number: number): number[] {
    const chain = [this.bucketAt(number)];
    for (;;) {
      const overflow = this.word((chain[chain.length - 1] as number) + BUCKET_OVERFLOW);
      if (overflow === 0) return chain;
      assert.ok(overflow > 0 && overflow <= this.layout.overflowMax, 'an overflow bucket exists');
      chain.push(this.layout.overflowAt / 4 + (overflow - 1) * BUCKET_WORDS);
      assert.ok(chain.length <= 1 + OVERFLOW_CHAIN_MAX, 'a chain is no longer than its limit');
    }
  }

  pairsIn(bucket: number): Pair[] {
    const pairs: Pair[] = [];
    for (let i = 0; i < BUCKET_PAIRS; i++) {
      const at = bucket + BUCKET_HASHES + BUCKET_PAIRS + i;
      const slotWord = this.word(at);
      if (slotWord === NO_SLOT) continue;
      const hash = this.word(at - BUCKET_PAIRS) >>> 0;
      const expires = (slotWord & SLOT_EXPIRES) !== 0;
      pairs.push({ at, hash, slot: slotWord & SLOT_ADDRESS, expires });
    }
    return pairs;
  }

  find(hash: number, key: Uint8Array): Pair | undefined {
    for (const bucket of this.chain(this.bucketNumber(hash))) {
      for (const pair of this.pairsIn(bucket)) {
        if (pair.hash === hash && key.length === this.entries.keyLength(pair.slot)) {
          if (this.keyOf(pair.slot).equals(key)) return pair;
        }
      }
    }
    return undefined;
  }

  /** A copy of an entry's key, gathered from its slot and chunks. */
  keyOf(entry: number): Buffer {
    const length = this.entries.keyLength(entry);
    if (length > this.classes.slotBytesMax - ENTRY_HEADER_BYTES) {
      return this.stream(entry).subarray(0, length);
    }
    return Buffer.from(this.memory.bytes(entry, ENTRY_HEADER_BYTES, length));
  }

  valueOf(entry: number): Buffer {
    return this.stream(entry).subarray((this.entries.keyLength(entry) + 3) & ~3);
  }

  /** Length of what slot and chunks hold: the key, padded to a word, and the value. */
  streamLength(entry: number): number {
    return ((this.entries.keyLength(entry) + 3) & ~3) + this.entries.valueLength(entry);
  }

  /** Key and value as they lie behind each other. */
  stream(entry: number): Buffer {
    const stream = Buffer.alloc(this.streamLength(entry));
    let at = this.#copy(entry, ENTRY_HEADER_BYTES, stream, 0);
    for (let chunk = this.entries.chain(entry); at < stream.length; ) {
      assert.notEqual(chunk, NO_SLOT, 'a chain is as long as its stream');
      at += this.#copy(chunk, CHUNK_HEADER_BYTES, stream, at);
      chunk = this.entries.nextChunk(chunk);
    }
    return stream;
  }

  /** Slots of the recency list, least recently used first. */
  recency(): number[] {
    const slots: number[] = [];
    const most = this.layout.totalBytes / 8;
    for (let slot = this.word(HEADER_OLDEST); slot !== NO_SLOT; ) {
      assert.ok(slots.length < most, 'the recency list ends');
      slots.push(slot);
      slot = this.word(slot * 2 + ENTRY_NEWER);
    }
    return slots;
  }

  generation(hash: number): number {
    return this.word(this.bucketAt(this.bucketNumber(hash)) + BUCKET_GENERATION) >>> 0;
  }

  /** What the replica would answer for an absent key. */
  floor(hash: number): number {
    const bucket = this.bucketAt(this.bucketNumber(hash));
    const high = this.word(bucket + BUCKET_FLOOR_HIGH);
    return Math.max(versionNumber(high, this.word(bucket + BUCKET_FLOOR_LOW)), this.slabFloor);
  }

  get slabFloor(): number {
    return versionNumber(this.word(HEADER_FLOOR_HIGH), this.word(HEADER_FLOOR_LOW));
  }

  version(entry: number): number {
    return versionNumber(this.entries.versionHigh(entry), this.entries.versionLow(entry));
  }

  /** Rule F's answer for a key: the version of its entry, or else the floor. */
  answer(hash: number, key: Uint8Array): number {
    const pair = this.find(hash, key);
    return pair === undefined ? this.floor(hash) : this.version(pair.slot);
  }

  #copy(slot: number, header: number, target: Buffer, at: number): number {
    const length = Math.min(this.classes.slotBytesMax - header, target.length - at);
    target.set(this.memory.bytes(slot, header, length), at);
    return length;
  }
}
