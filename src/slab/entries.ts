/**
 * Entries: what one slot holds, and the chain of chunks behind it if the slot is too small.
 *
 *     slot of an entry                                     chunk                   last chunk
 *     ┌─────────────┬──────────────┬─────────────────┐     ┌──────┬──────────┐     ┌──────┬──────┐
 *     │ header 48 B │ key, padded  │ value …         │ ──▶ │ next │ … value  │ ──▶ │ next │ …    │
 *     └─────────────┴──────────────┴─────────────────┘     └──────┴──────────┘     └──────┴──────┘
 *
 * Key and value are one stream of bytes: the slot holds its beginning, full chunks of the largest
 * size class follow, and a last one of whatever class fits the rest. Nearly every entry is one
 * slot, and every key but a very long one lies in the first: those paths are kept straight.
 *
 * An entry is written into slots that no reader knows and then published, so whatever the index
 * points to is whole. The checksum is over the header alone; it guards the fields by which a
 * reader would find its way after the memory's owner has gone.
 */
import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.js';
import { staleForOf } from '../base/brief.js';
import type { KeyBuffer } from '../base/key.js';
import { after, type Instant } from '../base/units.js';
import {
  CHUNK_BACK,
  CHUNK_HEADER_BYTES,
  CHUNK_NEXT,
  ENTRY_CHAIN,
  ENTRY_CHECKSUM,
  ENTRY_EXPIRY_GRANULE,
  ENTRY_HASH,
  ENTRY_HEADER_BYTES,
  ENTRY_HEADER_WORDS,
  ENTRY_LOADING,
  ENTRY_NEWER,
  ENTRY_OVERHEAD,
  ENTRY_SHAPE,
  ENTRY_VALUE_LENGTH,
  ENTRY_VERSION_HIGH,
  ENTRY_VERSION_LOW,
  GRANULE_BYTES,
  NO_SLOT,
  SLOT_ADDRESS,
  TAG_CHUNK,
  TAG_ENTRY,
} from './layout.js';
import type { SlabMemory } from './memory.js';
import { copyWords, packWords, ShortViews, WORD_COPY_MAX } from './word-copy.js';

/** Word index of the expiry's first word. */
const ENTRY_EXPIRY = ENTRY_EXPIRY_GRANULE * (GRANULE_BYTES / 4);
export const KEY_LENGTH_MASK = 0xffff;
const KIND_SHIFT = 16;
const KIND_MASK = 3;

const padded = (length: number): number => (length + 3) & ~3;

export class Entries {
  readonly #memory: SlabMemory;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  /** Bytes of the stream that the largest slot, and a full chunk, hold. */
  readonly #headCapacity: number;
  readonly #chunkCapacity: number;
  /** Where short values come by on their way out. */
  readonly #short = new Int32Array(Math.ceil(WORD_COPY_MAX / 4));
  readonly #shortViews = new ShortViews(this.#short.buffer);

  constructor(memory: SlabMemory, slotBytesMax: number) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#numbers = memory.numbers;
    this.#headCapacity = slotBytesMax - ENTRY_HEADER_BYTES;
    this.#chunkCapacity = slotBytesMax - CHUNK_HEADER_BYTES;
  }

  /** Bytes that an entry's first slot needs. */
  slotBytesFor(keyLength: number, valueLength: number): number {
    return ENTRY_HEADER_BYTES + Math.min(padded(keyLength) + valueLength, this.#headCapacity);
  }

  /** Bytes that remain for chunks. */
  chainBytesFor(keyLength: number, valueLength: number): number {
    return Math.max(padded(keyLength) + valueLength - this.#headCapacity, 0);
  }

  /** Bytes of the slot for the next chunk, when `remaining` bytes of the stream are left. */
  chunkBytesFor(remaining: number): number {
    return CHUNK_HEADER_BYTES + Math.min(remaining, this.#chunkCapacity);
  }

  /** Whether a key of this length lies whole in its entry's first slot. */
  isKeyInSlot(keyLength: number): boolean {
    return padded(keyLength) <= this.#headCapacity;
  }

  get chunkCapacity(): number {
    return this.#chunkCapacity;
  }

  valueLength(entry: number): number {
    return (this.#words[entry * 2 + ENTRY_VALUE_LENGTH] as number) >>> 0;
  }

  keyLength(entry: number): number {
    return (this.#words[entry * 2 + ENTRY_SHAPE] as number) & KEY_LENGTH_MASK;
  }

  kind(entry: number): number {
    return ((this.#words[entry * 2 + ENTRY_SHAPE] as number) >>> KIND_SHIFT) & KIND_MASK;
  }

  expiry(entry: number): Instant {
    return this.#numbers[entry + ENTRY_EXPIRY_GRANULE] as Instant;
  }

  /** Load time and stale window, packed as in `base/brief.ts`. */
  loading(entry: number): number {
    return this.#words[entry * 2 + ENTRY_LOADING] as number;
  }

  /** When the entry is of no use to anybody: at its expiry, or when its stale window is over. */
  keptUntil(entry: number): Instant {
    return after(this.expiry(entry), staleForOf(this.loading(entry)));
  }

  hash(entry: number): number {
    return this.#words[entry * 2 + ENTRY_HASH] as number;
  }

  versionHigh(entry: number): number {
    return (this.#words[entry * 2 + ENTRY_VERSION_HIGH] as number) >>> 0;
  }

  versionLow(entry: number): number {
    return (this.#words[entry * 2 + ENTRY_VERSION_LOW] as number) >>> 0;
  }

  chain(entry: number): number {
    return this.#words[entry * 2 + ENTRY_CHAIN] as number;
  }

  trackedBytes(entry: number): number {
    return this.keyLength(entry) + this.valueLength(entry) + ENTRY_OVERHEAD;
  }

  /** Whether the entry's key is this one. The hashes are known to be equal. */
  hasKey(entry: number, key: KeyBuffer): boolean {
    const words = this.#words;
    const { length } = key;
    if (this.keyLength(entry) !== length) return false;
    if (!this.isKeyInSlot(length)) return this.#hasLongKey(entry, key);
    const keyWords = key.words;
    const count = (length + 3) >> 2;
    const at = entry * 2 + ENTRY_HEADER_WORDS;
    for (let i = 0; i < count; i++) {
      if (words[at + i] !== keyWords[i]) return false;
    }
    return true;
  }

  /** Writes header and key of a new entry; links and value are still to come. */
  writeHeader(
    entry: number,
    key: KeyBuffer,
    valueLength: number,
    kind: number,
    expiry: Instant,
    versionHigh: number,
    versionLow: number,
    loading: number,
  ): void {
    const words = this.#words;
    const at = entry * 2;
    // Whoever attaches tells an entry that is not linked yet from a free slot by this.
    words[at + ENTRY_NEWER] = NO_SLOT | TAG_ENTRY;
    words[at + ENTRY_VERSION_HIGH] = versionHigh;
    words[at + ENTRY_VERSION_LOW] = versionLow;
    this.#numbers[entry + ENTRY_EXPIRY_GRANULE] = expiry;
    words[at + ENTRY_VALUE_LENGTH] = valueLength;
    words[at + ENTRY_SHAPE] = key.length | (kind << KIND_SHIFT);
    words[at + ENTRY_HASH] = key.hash;
    words[at + ENTRY_CHAIN] = NO_SLOT;
    words[at + ENTRY_LOADING] = loading;
    words[at + ENTRY_CHECKSUM] = this.checksum(entry);
  }

  /** Checksum of the header fields that never change once the entry is published. */
  checksum(entry: number): number {
    return headerChecksum(this.#words, entry * 2);
  }

  /** Whether the header is as it was written. */
  isIntact(entry: number): boolean {
    return this.#words[entry * 2 + ENTRY_CHECKSUM] === this.checksum(entry);
  }

  writeKey(entry: number, key: KeyBuffer): void {
    const count = (key.length + 3) >> 2;
    if (count * 4 > this.#headCapacity) {
      this.#writeStream(entry, 0, key.bytes, 0, padded(key.length));
      return;
    }
    const words = this.#words;
    const keyWords = key.words;
    const at = entry * 2 + ENTRY_HEADER_WORDS;
    for (let i = 0; i < count; i++) words[at + i] = keyWords[i] as number;
  }

  writeValue(entry: number, source: Uint8Array, start: number, end: number): void {
    const from = padded(this.keyLength(entry));
    if (this.chain(entry) !== NO_SLOT) {
      this.#writeStream(entry, from, source, start, end);
      return;
    }
    const isWhole = start === 0 && end === source.length;
    if (isWhole || end - start > WORD_COPY_MAX) {
      this.#memory.write(entry, ENTRY_HEADER_BYTES + from, part(source, start, end));
    } else {
      const to = entry * 2 + ENTRY_HEADER_WORDS + (from >> 2);
      packWords(source, start, end, this.#words, to);
    }
  }

  /** Copies the whole value to `target[at …)`. */
  copyValue(entry: number, target: Uint8Array, at: number): void {
    const from = padded(this.keyLength(entry));
    const length = this.valueLength(entry);
    if (this.chain(entry) !== NO_SLOT) {
      this.#readStream(entry, from, target, at, length);
      return;
    }
    if (length > WORD_COPY_MAX) {
      target.set(this.#memory.bytes(entry, ENTRY_HEADER_BYTES + from, length), at);
    } else {
      copyWords(this.#words, entry * 2 + ENTRY_HEADER_WORDS + (from >> 2), this.#short, length);
      target.set(this.#shortViews.of(length), at);
    }
  }

  readValue(entry: number): Buffer {
    const value = Buffer.allocUnsafe(this.valueLength(entry));
    this.copyValue(entry, value, 0);
    return value;
  }

  /** Hangs a chunk behind `before`, an entry (`isFirst`) or the chunk that was the last. */
  appendChunk(before: number, isFirst: boolean, chunk: number): void {
    this.#words[chunk * 2 + CHUNK_NEXT] = NO_SLOT;
    this.#words[chunk * 2 + CHUNK_BACK] = before | TAG_CHUNK;
    this.#words[before * 2 + (isFirst ? ENTRY_CHAIN : CHUNK_NEXT)] = chunk;
  }

  nextChunk(chunk: number): number {
    return this.#words[chunk * 2 + CHUNK_NEXT] as number;
  }

  /** What comes before a chunk: the chunk before it, or the entry. */
  previousOf(chunk: number): number {
    return (this.#words[chunk * 2 + CHUNK_BACK] as number) & SLOT_ADDRESS;
  }

  #hasLongKey(entry: number, key: KeyBuffer): boolean {
    const stored = Buffer.allocUnsafe(key.length);
    this.#readStream(entry, 0, stored, 0, key.length);
    return stored.compare(key.bytes, 0, key.length) === 0;
  }

  #writeStream(entry: number, from: number, source: Uint8Array, start: number, end: number): void {
    let slot = entry;
    let skip = from;
    let at = start;
    while (at < end) {
      const header = slot === entry ? ENTRY_HEADER_BYTES : CHUNK_HEADER_BYTES;
      const capacity = slot === entry ? this.#headCapacity : this.#chunkCapacity;
      if (skip < capacity) {
        const take = Math.min(capacity - skip, end - at);
        this.#memory.write(slot, header + skip, part(source, at, at + take));
        at += take;
        skip += take;
      }
      skip -= capacity;
      slot = this.#next(slot, entry);
      assert(at === end || slot !== NO_SLOT, 'a chain is as long as its stream');
    }
  }

  #readStream(entry: number, from: number, target: Uint8Array, at: number, length: number): void {
    let slot = entry;
    let skip = from;
    let to = at;
    const end = at + length;
    while (to < end && slot !== NO_SLOT) {
      const header = slot === entry ? ENTRY_HEADER_BYTES : CHUNK_HEADER_BYTES;
      const capacity = slot === entry ? this.#headCapacity : this.#chunkCapacity;
      if (skip < capacity) {
        const take = Math.min(capacity - skip, end - to);
        target.set(this.#memory.bytes(slot, header + skip, take), to);
        to += take;
        skip += take;
      }
      skip -= capacity;
      slot = this.#next(slot, entry);
    }
  }

  #next(slot: number, entry: number): number {
    return slot === entry ? this.chain(entry) : this.nextChunk(slot);
  }
}

/**
 * The checksum of a header at a word index: without a loop, for whoever has a million to check. The
 * factors are odd, so that no bit of a word is lost.
 */
export function headerChecksum(words: Int32Array, at: number): number {
  return (
    (Math.imul(words[at + ENTRY_VERSION_HIGH] as number, 0x1e3779b5) +
      Math.imul(words[at + ENTRY_VERSION_LOW] as number, 0x1e3779b7) +
      Math.imul(words[at + ENTRY_EXPIRY] as number, 0x1e3779b9) +
      Math.imul(words[at + ENTRY_EXPIRY + 1] as number, 0x1e3779bb) +
      Math.imul(words[at + ENTRY_VALUE_LENGTH] as number, 0x1e3779bd) +
      Math.imul(words[at + ENTRY_SHAPE] as number, 0x1e3779bf) +
      Math.imul(words[at + ENTRY_HASH] as number, 0x1e3779c1) +
      Math.imul(words[at + ENTRY_LOADING] as number, 0x1e3779c3)) |
    0
  );
}

/** `source[start, end)`; a view is made only where it must be. */
function part(source: Uint8Array, start: number, end: number): Uint8Array {
  if (start === 0 && end === source.length) return source;
  return new Uint8Array(source.buffer, source.byteOffset + start, end - start);
}
