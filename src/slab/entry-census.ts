/**
 * Looks at every entry of an index whose owner has died, page by page in the order in which they
 * lie, without changing anything: the index and the slot map say where one should be, and what is
 * there must agree with that in everything that can be known. A value's bytes cannot: only the
 * header has a checksum. They were written before the entry was published, and slots that somebody
 * may still hold are not written.
 *
 * An entry keeps its places in the slot map, or it loses them and is a finding.
 */
import { murmurFinish, murmurMix } from '../base/hash.js';
import { ChainCensus } from './chain-census.js';
import { type Entries, headerChecksum, KEY_LENGTH_MASK } from './entries.js';
import type { IndexCensus } from './index-census.js';
import {
  ENTRY_CHECKSUM,
  ENTRY_EXPIRY_GRANULE,
  ENTRY_HASH,
  ENTRY_HEADER_WORDS,
  ENTRY_NEWER,
  ENTRY_OLDER,
  ENTRY_OVERHEAD,
  ENTRY_SHAPE,
  ENTRY_VALUE_LENGTH,
  ENTRY_VERSION_HIGH,
  ENTRY_VERSION_LOW,
  GRANULE_BYTES,
  GRANULE_SHIFT,
  HEADER_FLOOR_HIGH,
  HEADER_FLOOR_LOW,
  NO_SLOT,
  TAG_ENTRY,
  TAG_MASK,
} from './layout.js';
import type { SlabMemory } from './memory.js';
import type { SlotMap } from './slot-map.js';

/** The words of an expiry that never comes: +Infinity. */
const NEVER_LOW = 0;
const NEVER_HIGH = 0x7ff0_0000;
const ENTRY_EXPIRY = ENTRY_EXPIRY_GRANULE * (GRANULE_BYTES / 4);

export class EntryCensus {
  entries = 0;
  trackedBytes = 0;
  /** Entries that a flush had forgotten. */
  underFloor = 0;
  /** The highest version among the entries. */
  highestHigh = 0;
  highestLow = 0;
  readonly chains: ChainCensus;
  readonly #words: Int32Array;
  readonly #memoryLimit: number;
  readonly #entries: Entries;
  readonly #map: SlotMap;
  readonly #index: IndexCensus;
  readonly #floorHigh: number;
  readonly #floorLow: number;
  /** Entries with a chain: they are looked at once all heads are known. */
  readonly #chained: number[] = [];

  constructor(memory: SlabMemory, entries: Entries, map: SlotMap, index: IndexCensus) {
    const { words, layout } = memory;
    this.chains = new ChainCensus(memory, entries, map, index);
    this.#words = words;
    this.#memoryLimit = layout.memoryLimit;
    this.#entries = entries;
    this.#map = map;
    this.#index = index;
    this.#floorHigh = (words[HEADER_FLOOR_HIGH] as number) >>> 0;
    this.#floorLow = (words[HEADER_FLOOR_LOW] as number) >>> 0;
  }

  take(): void {
    const { chains } = this;
    for (let page = 0; page < this.#map.pages; page++) this.#takePage(page);
    for (const entry of this.#chained) if (!chains.take(entry)) this.#drop(entry);
    for (const bucket of this.#index.findings.suspects) {
      for (const entry of chains.findTwins(bucket)) this.#drop(entry);
    }
  }

  /** The tight loop: a million entries pass through here while a cluster waits. */
  #takePage(page: number): void {
    const map = this.#map;
    const words = this.#words;
    const end = map.firstPlace(page + 1);
    const sizeClass = map.classOf(page);
    const step = map.granulesAt(page);
    let place = map.firstPlace(page);
    for (let entry = map.slotAt(page, place); place < end; place++, entry += step) {
      if (!map.isEntry(place)) continue;
      const at = entry * 2;
      const isWhole =
        ((words[at + ENTRY_NEWER] as number) & TAG_MASK) === TAG_ENTRY &&
        words[at + ENTRY_HASH] === map.hashAt(place) &&
        words[at + ENTRY_CHECKSUM] === headerChecksum(words, at) &&
        this.#fits(entry, sizeClass);
      if (!isWhole) {
        this.#index.findings.torn.push(this.#giveUp(place));
        continue;
      }
      const high = (words[at + ENTRY_VERSION_HIGH] as number) >>> 0;
      const low = (words[at + ENTRY_VERSION_LOW] as number) >>> 0;
      if (high < this.#floorHigh || (high === this.#floorHigh && low <= this.#floorLow)) {
        this.#index.findings.withdrawn.push(this.#giveUp(place));
        this.underFloor++;
        continue;
      }
      this.#note(place, entry, high, low);
    }
  }

  /** Whether lengths and key are such as belong to a slot of this class. */
  #fits(entry: number, sizeClass: number): boolean {
    const words = this.#words;
    const entries = this.#entries;
    const at = entry * 2;
    const keyLength = (words[at + ENTRY_SHAPE] as number) & KEY_LENGTH_MASK;
    const valueLength = (words[at + ENTRY_VALUE_LENGTH] as number) >>> 0;
    if (keyLength === 0) return false;
    if (keyLength + valueLength + ENTRY_OVERHEAD > this.#memoryLimit) return false;
    const bytes = entries.slotBytesFor(keyLength, valueLength);
    const granules = (bytes + GRANULE_BYTES - 1) >>> GRANULE_SHIFT;
    if (this.#map.classes.classByGranules[granules] !== sizeClass) return false;
    if (!entries.isKeyInSlot(keyLength)) return true;
    return keyHash(words, at + ENTRY_HEADER_WORDS, keyLength) === words[at + ENTRY_HASH];
  }

  /** Takes over what will be needed of a whole entry, while its header is in the cache. */
  #note(place: number, entry: number, high: number, low: number): void {
    const words = this.#words;
    const map = this.#map;
    const entries = this.#entries;
    const at = entry * 2;
    const keyLength = entries.keyLength(entry);
    const valueLength = entries.valueLength(entry);
    map.noteLinks(place, words[at + ENTRY_OLDER] as number, words[at + ENTRY_NEWER] as number);
    this.entries++;
    this.trackedBytes += keyLength + valueLength + ENTRY_OVERHEAD;
    if (high > this.highestHigh || (high === this.highestHigh && low > this.highestLow)) {
      this.highestHigh = high;
      this.highestLow = low;
    }
    const expires =
      words[at + ENTRY_EXPIRY] !== NEVER_LOW || words[at + ENTRY_EXPIRY + 1] !== NEVER_HIGH;
    if (expires !== map.isMarked(place)) this.#index.findings.mismarked.push(map.pairAt(place));
    const isChained = entries.chainBytesFor(keyLength, valueLength) > 0;
    if (isChained || entries.chain(entry) !== NO_SLOT) this.#chained.push(entry);
  }

  /** Forgets an entry that had been noted. */
  #drop(entry: number): void {
    this.entries--;
    this.trackedBytes -= this.#entries.trackedBytes(entry);
    this.#index.findings.torn.push(this.#giveUp(this.#map.placeOf(entry)));
  }

  #giveUp(place: number): { readonly pair: number; readonly bucket: number } {
    const map = this.#map;
    const given = { pair: map.pairAt(place), bucket: this.#index.bucketOf(map.hashAt(place)) };
    map.release(place);
    return given;
  }
}

/** Hash of a key that lies at a word index; its padding belongs to it, and is zero. */
function keyHash(words: Int32Array, from: number, length: number): number {
  const end = from + (length >> 2);
  let hash = 0;
  for (let i = from; i < end; i++) hash = murmurMix(hash, words[i] as number);
  const tail = (length & 3) === 0 ? 0 : (words[end] as number);
  return murmurFinish(hash, tail, length) | 0;
}
