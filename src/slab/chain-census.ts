/**
 * The part of the census that has to look beyond an entry's slot: the chunks of large entries, and
 * pairs of entries whose hashes are equal.
 */
import { Buffer } from 'node:buffer';
import { murmur3 } from '../base/hash.js';
import { compareVersions } from '../base/version.js';
import type { Entries } from './entries.js';
import type { IndexCensus } from './index-census.js';
import {
  BUCKET_SLOTS,
  BUCKET_WORDS,
  CHUNK_BACK,
  CHUNK_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  ENTRY_HEADER_WORDS,
  GRANULE_BYTES,
  GRANULE_SHIFT,
  NO_SLOT,
  SLOT_ADDRESS,
  TAG_CHUNK,
  TAG_MASK,
} from './layout.js';
import type { SlabMemory } from './memory.js';
import { NO_PLACE, type SlotMap } from './slot-map.js';

export class ChainCensus {
  /** Chunks that do not know what is before them, and what is. */
  readonly strays: { readonly chunk: number; readonly before: number }[] = [];
  readonly #memory: SlabMemory;
  readonly #words: Int32Array;
  readonly #entries: Entries;
  readonly #map: SlotMap;
  readonly #index: IndexCensus;

  constructor(memory: SlabMemory, entries: Entries, map: SlotMap, index: IndexCensus) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#entries = entries;
    this.#map = map;
    this.#index = index;
  }

  /** Takes the places of an entry's chunks; false, and none is taken, if they are not what they should be. */
  take(entry: number): boolean {
    const entries = this.#entries;
    const chunks = this.#claim(entry);
    if (chunks === null) return false;
    if (entries.isKeyInSlot(entries.keyLength(entry))) return true;
    if ((murmur3(this.#keyOf(entry)) | 0) === entries.hash(entry)) return true;
    for (const place of chunks) this.#map.release(place);
    return false;
  }

  /** Entries of a bucket's chain that have the same key as a newer one there. */
  findTwins(bucket: number): number[] {
    const kept: number[] = [];
    const older: number[] = [];
    for (const at of this.#index.chain(bucket)) {
      for (let i = at + BUCKET_SLOTS; i < at + BUCKET_WORDS; i++) {
        const slot = (this.#words[i] as number) & SLOT_ADDRESS;
        const place = this.#map.placeOf(slot);
        if (place === NO_PLACE || this.#map.pairAt(place) !== i || kept.includes(slot)) continue;
        const twin = kept.findIndex((other) => this.#haveOneKey(slot, other));
        if (twin === -1) {
          kept.push(slot);
          continue;
        }
        const other = kept[twin] as number;
        const isNewer = this.#isNewer(slot, other);
        if (isNewer) kept[twin] = slot;
        older.push(isNewer ? other : slot);
      }
    }
    for (const entry of older) this.#release(entry);
    return older;
  }

  #claim(entry: number): number[] | null {
    const map = this.#map;
    const entries = this.#entries;
    const claimed: number[] = [];
    const strays = this.strays.length;
    let before = entry;
    let chunk = entries.chain(entry);
    let rest = entries.chainBytesFor(entries.keyLength(entry), entries.valueLength(entry));
    for (; rest > 0; rest -= entries.chunkCapacity) {
      const place = map.placeOf(chunk);
      if (place === NO_PLACE || !this.#isChunk(chunk, place, entries.chunkBytesFor(rest))) break;
      map.claimForChain(place);
      claimed.push(place);
      if (entries.previousOf(chunk) !== before) this.strays.push({ chunk, before });
      before = chunk;
      chunk = entries.nextChunk(chunk);
    }
    if (rest <= 0 && chunk === NO_SLOT) return claimed;
    for (const place of claimed) map.release(place);
    this.strays.length = strays;
    return null;
  }

  #isChunk(chunk: number, place: number, bytes: number): boolean {
    const map = this.#map;
    const tag = (this.#words[chunk * 2 + CHUNK_BACK] as number) & TAG_MASK;
    if (tag !== TAG_CHUNK || !map.isFree(place)) return false;
    const granules = (bytes + GRANULE_BYTES - 1) >>> GRANULE_SHIFT;
    return map.classOf(map.pageOf(chunk)) === map.classes.classByGranules[granules];
  }

  #release(entry: number): void {
    for (let chunk = this.#entries.chain(entry); chunk !== NO_SLOT; ) {
      this.#map.release(this.#map.placeOf(chunk));
      chunk = this.#entries.nextChunk(chunk);
    }
  }

  /** A copy of a key, gathered from its slot and, if it reaches into them, chunks that are sound. */
  #keyOf(entry: number): Buffer {
    const entries = this.#entries;
    const key = Buffer.allocUnsafe(entries.keyLength(entry));
    let slot = entry;
    let header = ENTRY_HEADER_BYTES;
    for (let at = 0; at < key.length; ) {
      const capacity = entries.chunkCapacity + CHUNK_HEADER_BYTES - header;
      const take = Math.min(capacity, key.length - at);
      key.set(this.#memory.bytes(slot, header, take), at);
      at += take;
      slot = slot === entry ? entries.chain(entry) : entries.nextChunk(slot);
      header = CHUNK_HEADER_BYTES;
    }
    return key;
  }

  #haveOneKey(a: number, b: number): boolean {
    const words = this.#words;
    const entries = this.#entries;
    const length = entries.keyLength(a);
    if (entries.hash(a) !== entries.hash(b) || length !== entries.keyLength(b)) return false;
    if (!entries.isKeyInSlot(length)) return this.#keyOf(a).equals(this.#keyOf(b));
    const end = ENTRY_HEADER_WORDS + ((length + 3) >> 2);
    for (let i = ENTRY_HEADER_WORDS; i < end; i++) {
      if (words[a * 2 + i] !== words[b * 2 + i]) return false;
    }
    return true;
  }

  #isNewer(a: number, b: number): boolean {
    const entries = this.#entries;
    const [aHigh, bHigh] = [entries.versionHigh(a), entries.versionHigh(b)];
    return compareVersions(aHigh, entries.versionLow(a), bHigh, entries.versionLow(b)) > 0;
  }
}
