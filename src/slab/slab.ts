/**
 * The cache of one node: an LRU over one SharedArrayBuffer, changed by one thread only.
 *
 * An operation finds the key's bucket (one cache line), compares whole hashes there, touches the
 * one entry that matches (key and value lie behind its header), and relinks it in the node's one
 * recency list. Nothing depends on how many entries there are, and nothing is allocated.
 *
 * Everything here keeps rule F of the consistency rules: a key's answer never goes down. Whatever
 * leaves (evicted, expired, deleted) raises the floor of its bucket to its version first, and the
 * one way in, `install`, lets only versions above entry and floor through. And it keeps the order
 * of stores that lets other threads read in place: a new entry is written to a slot that nobody
 * knows and published by one word; the generation moves before memory is written again.
 * `README.md` beside this file has the drawing and the argument.
 *
 * An entry that has expired is absent. One that was installed with a stale window is kept until that
 * is over, too, for those who ask for it by `findStale`: for all others it is gone, and in the order
 * of use, the sum and the versions it is an entry like any. So the life of an entry is
 *
 *     install ──── fresh ────▶ expiry ──── stale ────▶ end of the window ──── removed when met
 *                  find, get, findStale    findStale                          nobody
 *
 * Accounting (NODE-5): an entry is charged key bytes + value bytes + 64. The sum never exceeds
 * the limit: room is made before an entry comes in.
 */
import type { Buffer } from 'node:buffer';
import { assert } from '../base/assert.js';
import type { KeyBuffer } from '../base/key.js';
import { kindNumber, VALUE_KINDS, type ValueKind } from '../base/kinds.js';
import type { Prng } from '../base/prng.js';
import { type Bytes, type Instant, NEVER, type Unit } from '../base/units.js';
import { compareVersions, type VersionClock } from '../base/version.js';
import { type AttachReport, attach, refuseUnlessSlab } from './attach.js';
import { BucketIndex, NO_PAIR } from './bucket-index.js';
import type { Floor } from './index-census.js';
import {
  BUCKET_PAIRS,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  ENTRY_OVERHEAD,
  HEADER_BYTES,
  LAYOUT_VERSION,
  NO_SLOT,
  SLOT_ADDRESS,
  SLOT_EXPIRES,
  slabLayout,
} from './layout.js';
import { SlabMemory, statIndex } from './memory.js';
import { ReadNotes } from './read-notes.js';
import { RecencyList } from './recency.js';
import { readSlabStats, type SlabStats } from './stats.js';
import { Storage } from './storage.js';
import { SAMPLE_ENTRIES, sampleExpiring, slotsOfChain } from './sweeper.js';

export { type AttachReport, SlabRefused } from './attach.js';

/** Where an entry lies. Valid until the next change of the slab. */
export type EntryRef = Unit<'EntryRef'>;
export const NO_ENTRY = NO_SLOT as EntryRef;

export type InstallOutcome =
  | 'installed'
  /** A version at or above this one is there, or has been forgotten: nothing was changed. */
  | 'superseded'
  /** Larger than the whole memory limit: nothing was changed. */
  | 'too-large';

export interface SweepOutcome {
  /** Entries with an expiry that were looked at. */
  readonly sampled: number;
  /** How many of them had expired, were not kept as stale, and were removed. */
  readonly expired: number;
}

const ENTRIES = statIndex('entries');
const TRACKED = statIndex('trackedBytes');
const HITS = statIndex('hits');
const MISSES = statIndex('misses');
const SETS = statIndex('sets');
const DELETES = statIndex('deletes');
const EVICTED = statIndex('evicted');
const EVICTED_OUT_OF_ORDER = statIndex('evictedOutOfOrder');
const EXPIRED = statIndex('expired');
const RESIDENT = statIndex('residentBytes');

export class Slab {
  readonly memoryLimit: Bytes;
  /** What was found on attaching; null in fresh memory. */
  readonly attachment: AttachReport | null;
  readonly #buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #index: BucketIndex;
  readonly #recency: RecencyList;
  readonly #storage: Storage;
  readonly #notes: ReadNotes;
  readonly #sample = new Int32Array(SAMPLE_ENTRIES);
  /** The highest version that ever came in or left a floor: what a flush forgets. */
  #highestHigh = 0;
  #highestLow = 0;
  #count = 0;
  #tracked = 0;

  /** Shared memory for a slab of this limit: all zero, and untouched. */
  static allocate(memoryLimit: Bytes): SharedArrayBuffer {
    return new SharedArrayBuffer(slabLayout(memoryLimit).totalBytes);
  }

  /**
   * Takes over a slab whose owner is proven dead, at whatever instant it died: see `attach.ts`. The
   * calling thread is its only writer from now on.
   * @param floor above every version that was ever in the slab, below all that will be
   * @throws SlabRefused if the memory is no slab of this layout and limit: start with a fresh one
   */
  static attach(buffer: SharedArrayBuffer, memoryLimit: Bytes, floor: Floor): Slab {
    refuseUnlessSlab(buffer, memoryLimit);
    return new Slab(buffer, memoryLimit, floor);
  }

  /**
   * Formats fresh memory from `allocate`. The calling thread is its only writer from now on.
   * @param lastLife for `attach` alone
   */
  constructor(buffer: SharedArrayBuffer, memoryLimit: Bytes, lastLife: Floor | null = null) {
    const memory = new SlabMemory(buffer, memoryLimit);
    this.memoryLimit = memoryLimit;
    this.#buffer = buffer;
    this.#words = memory.words;
    this.#numbers = memory.numbers;
    this.#index = new BucketIndex(memory);
    this.#recency = new RecencyList(memory);
    this.#storage = new Storage(memory, this.#index, this.#recency);
    this.#notes = new ReadNotes(memory, this.#index, this.#recency);
    this.attachment = lastLife === null ? null : this.#takeOver(memory, lastLife);
    if (lastLife === null) this.#format();
    this.#publishSizes();
  }

  /** Entries, stale ones and expired ones that nobody has met yet included. */
  get count(): number {
    return this.#count;
  }

  get trackedBytes(): number {
    return this.#tracked;
  }

  /**
   * The entry of a key, or NO_ENTRY; an expired one is removed, unless it is kept as stale. Does not
   * touch the order, counts nothing.
   */
  find(key: KeyBuffer, now: Instant): EntryRef {
    const pair = this.#find(key);
    if (pair === NO_PAIR) return NO_ENTRY;
    const entry = this.#slotIn(pair);
    if (!this.#hasExpired(pair, now)) return entry as EntryRef;
    this.#removeUnlessStale(pair, entry, now);
    return NO_ENTRY;
  }

  /**
   * The same, for those who take a stale entry, too: `expiry` tells which it is. NO_ENTRY, and the
   * entry is removed, when its window is over.
   */
  findStale(key: KeyBuffer, now: Instant): EntryRef {
    const pair = this.#findKept(key, now);
    return (pair === NO_PAIR ? NO_ENTRY : this.#slotIn(pair)) as EntryRef;
  }

  /** `find`, made most recently used, counted as hit or miss. */
  get(key: KeyBuffer, now: Instant): EntryRef {
    const entry = this.find(key, now);
    if (entry === NO_ENTRY) {
      this.#tally(MISSES);
      return entry;
    }
    this.#tally(HITS);
    this.#recency.touch(entry);
    return entry;
  }

  /** Makes an entry most recently used. */
  touch(entry: EntryRef): void {
    this.#recency.touch(entry);
  }

  valueLength(entry: EntryRef): number {
    return this.#storage.entries.valueLength(entry);
  }

  kind(entry: EntryRef): ValueKind {
    return VALUE_KINDS[this.#storage.entries.kind(entry)] as ValueKind;
  }

  expiry(entry: EntryRef): Instant {
    return this.#storage.entries.expiry(entry);
  }

  /** An entry's load time and stale window, packed as in `base/brief.ts`. */
  loading(entry: EntryRef): number {
    return this.#storage.entries.loading(entry);
  }

  /**
   * The version of a key's answer, as a reader in place sees it: its entry's, stale or not, else that of
   * the floor. It never goes down.
   */
  answer(key: KeyBuffer): Floor {
    const pair = this.#find(key);
    if (pair === NO_PAIR) return this.#index.floorOf(key.hash);
    const entry = this.#slotIn(pair);
    const { entries } = this.#storage;
    return { high: entries.versionHigh(entry), low: entries.versionLow(entry) };
  }

  /** High word of an entry's version, from which `versionEpoch` tells when it was written. */
  versionHigh(entry: EntryRef): number {
    return this.#storage.entries.versionHigh(entry);
  }

  /** Copies the whole value to `target[at …)`. */
  copyValue(entry: EntryRef, target: Uint8Array, at: number): void {
    this.#storage.entries.copyValue(entry, target, at);
  }

  /** A Buffer of its own with the value. */
  readValue(entry: EntryRef): Buffer {
    return this.#storage.entries.readValue(entry);
  }

  /**
   * The one way in: stores `value[start, end)` under a version above all that the key ever had,
   * as the most recently used, after evicting the least recently used for as long as there is no
   * room. `value` may not lie in this slab.
   * @param loading how long its load took and how long it may be handed out as stale, by `packLoading`
   */
  install(
    key: KeyBuffer,
    now: Instant,
    value: Uint8Array,
    start: number,
    end: number,
    kind: ValueKind,
    expiry: Instant,
    version: VersionClock,
    loading = 0,
  ): InstallOutcome {
    const valueLength = end - start;
    const charge = key.length + valueLength + ENTRY_OVERHEAD;
    if (charge > this.memoryLimit) return 'too-large';
    // Signed, as the index has it: beyond 2^31 a number is an object wherever it is handed on.
    const hash = key.hash | 0;
    let pair = this.#findKept(key, now);
    if (!this.#isNews(hash, pair, version)) return 'superseded';
    pair = this.#makeRoom(key, pair, valueLength, charge);
    // What was forgotten to make room may have been newer, and its floor is this key's too.
    if (pair === NO_PAIR && !this.#isNews(hash, pair, version)) return 'superseded';
    this.#storage.reserve(key.length, valueLength);
    const entry = this.#write(key, value, start, end, kind, expiry, version, loading);
    if (!this.#publish(hash, entry, pair, expiry, version)) return 'superseded';
    this.#recency.add(entry);
    this.#remember(version);
    this.#account(1, charge);
    if (pair === NO_PAIR) {
      this.#index.growFor(this.#count);
      this.#storage.makeUpForIndex();
    }
    this.#tally(SETS);
    return 'installed';
  }

  /**
   * Gives an entry another expiry under a new version; false if the key is not there, or is there
   * in a version that is not below this one. How it was loaded stays.
   */
  setExpiry(key: KeyBuffer, now: Instant, expiry: Instant, version: VersionClock): boolean {
    const entry = this.find(key, now);
    if (entry === NO_ENTRY) return false;
    const value = this.readValue(entry);
    const kind = this.kind(entry);
    const loading = this.loading(entry);
    const { length } = value;
    const outcome = this.install(key, now, value, 0, length, kind, expiry, version, loading);
    return outcome === 'installed';
  }

  /**
   * Removes a key; false if it was not there, or is there in a version that is not below this one.
   * A stale entry was not there, and goes. Either way nothing up to `version` comes in any more: a write that is overtaken by its delete
   * stays out.
   */
  delete(key: KeyBuffer, now: Instant, version: VersionClock): boolean {
    const pair = this.#findKept(key, now);
    if (pair !== NO_PAIR && !this.#isNews(key.hash, pair, version)) return false;
    this.#index.raiseFloor(key.hash, version.high, version.low);
    this.#remember(version);
    if (pair === NO_PAIR) return false;
    const wasThere = !this.#hasExpired(pair, now);
    this.#forget(pair, this.#slotIn(pair));
    this.#tally(wasThere ? DELETES : EXPIRED);
    return wasThere;
  }

  /**
   * Forgets everything, and refuses whatever is not above `version`, and above all that was ever
   * here, from now on.
   */
  flush(version: VersionClock): void {
    this.#remember(version);
    this.#index.clear(this.#highestHigh, this.#highestLow);
    this.#recency.clear();
    this.#storage.clear();
    this.#account(-this.#count, -this.#tracked);
    this.#publishSizes();
  }

  /** Takes note of what other threads have read since the last time: order, hits and misses. */
  drainNotes(): void {
    this.#notes.drain();
    this.#notes.countMisses();
  }

  /**
   * Looks at 20 random entries that have an expiry and removes those that have expired, and whose
   * stale window is over (NODE-6).
   */
  sweep(now: Instant, prng: Prng): SweepOutcome {
    const sample = this.#sample;
    const sampled = sampleExpiring(this.#words, this.#index, prng, sample);
    let expired = 0;
    for (let i = 0; i < sampled; i++) {
      const entry = sample[i] as number;
      if (this.#storage.entries.expiry(entry) > now) continue;
      if (this.#removeUnlessStale(this.#pairOf(entry), entry, now)) expired++;
    }
    this.drainNotes();
    this.#publishSizes();
    return { sampled, expired };
  }

  stats(): SlabStats {
    this.#publishSizes();
    return readSlabStats(this.#buffer);
  }

  #format(): void {
    this.#index.format();
    this.#numbers[statIndex('memoryLimit')] = this.memoryLimit;
    this.#numbers[statIndex('layoutVersion')] = LAYOUT_VERSION;
  }

  #takeOver(memory: SlabMemory, floor: Floor): AttachReport {
    const attached = attach(memory, this.#index, this.#storage.entries, floor);
    this.#storage.adopt(attached.map, this.#numbers[statIndex('moved')] as number);
    this.#highestHigh = attached.highest.high;
    this.#highestLow = attached.highest.low;
    this.#account(attached.entries, attached.trackedBytes);
    while (this.#tracked > this.memoryLimit) this.#evictOldest();
    return attached.report;
  }

  /** Word index of a key's slot word in the index, or NO_PAIR. */
  #find(key: KeyBuffer): number {
    const words = this.#words;
    const hash = key.hash | 0;
    for (
      let bucket = this.#index.bucketOf(hash);
      bucket !== NO_PAIR;
      bucket = this.#index.nextInChain(bucket)
    ) {
      for (let i = bucket + BUCKET_SLOTS; i < bucket + BUCKET_WORDS; i++) {
        if (words[i - BUCKET_PAIRS] !== hash) continue;
        const slot = (words[i] as number) & SLOT_ADDRESS;
        if (slot !== NO_SLOT && this.#storage.entries.hasKey(slot, key)) return i;
      }
    }
    return NO_PAIR;
  }

  /** The same; the entry is fresh or stale. One whose window is over is removed. */
  #findKept(key: KeyBuffer, now: Instant): number {
    const pair = this.#find(key);
    if (pair === NO_PAIR || !this.#hasExpired(pair, now)) return pair;
    return this.#removeUnlessStale(pair, this.#slotIn(pair), now) ? NO_PAIR : pair;
  }

  /**
   * Removes an entry that has expired, if its stale window is over; whether it was. The window is
   * looked at here alone: what is fresh pays nothing for it.
   */
  #removeUnlessStale(pair: number, entry: number, now: Instant): boolean {
    if (this.#storage.entries.keptUntil(entry) > now) return false;
    this.#forget(pair, entry);
    this.#tally(EXPIRED);
    return true;
  }

  #slotIn(pair: number): number {
    return (this.#words[pair] as number) & SLOT_ADDRESS;
  }

  #pairOf(entry: number): number {
    const pair = this.#index.pairOf(this.#storage.entries.hash(entry), entry);
    assert(pair !== NO_PAIR, 'every entry that is linked is in the index');
    return pair;
  }

  #hasExpired(pair: number, now: Instant): boolean {
    const slotWord = this.#words[pair] as number;
    if ((slotWord & SLOT_EXPIRES) === 0) return false;
    return this.#storage.entries.expiry(slotWord & SLOT_ADDRESS) <= now;
  }

  /** Whether a version is above the key's present answer: its entry if there is one, else the floor. */
  #isNews(hash: number, pair: number, version: VersionClock): boolean {
    if (pair === NO_PAIR) return this.#index.isAboveFloor(hash, version.high, version.low);
    const { entries } = this.#storage;
    const entry = this.#slotIn(pair);
    const high = entries.versionHigh(entry);
    return compareVersions(version.high, version.low, high, entries.versionLow(entry)) > 0;
  }

  /**
   * Makes room for an entry that replaces `pair`'s, if there is one, by evicting. Returns the pair
   * that is left to replace: what is there is forgotten where old and new cannot lie side by side
   * (only plain slots are provided for in double).
   */
  #makeRoom(key: KeyBuffer, pair: number, valueLength: number, charge: number): number {
    const { entries } = this.#storage;
    this.#notes.drainInTime(this.#count);
    let replaced = pair;
    let back = 0;
    const old = pair === NO_PAIR ? NO_SLOT : this.#slotIn(pair);
    if (old !== NO_SLOT) {
      if (entries.chain(old) !== NO_SLOT || this.#storage.isChained(key.length, valueLength)) {
        this.#forget(pair, old);
        replaced = NO_PAIR;
      } else {
        back = entries.trackedBytes(old);
      }
    }
    if (this.#tracked - back + charge > this.memoryLimit) {
      if (replaced !== NO_PAIR) this.#recency.touch(old);
      while (this.#tracked - back + charge > this.memoryLimit) this.#evictOldest();
      // Evictions may have merged its bucket into another.
      if (replaced !== NO_PAIR) replaced = this.#pairOf(old);
    }
    return replaced;
  }

  #write(
    key: KeyBuffer,
    value: Uint8Array,
    start: number,
    end: number,
    kind: ValueKind,
    expiry: Instant,
    version: VersionClock,
    loading: number,
  ): number {
    const storage = this.#storage;
    const { entries } = storage;
    const valueLength = end - start;
    const entry = storage.takeHead(key.length, valueLength);
    const number = kindNumber(kind);
    const { high, low } = version;
    entries.writeHeader(entry, key, valueLength, number, expiry, high, low, loading);
    storage.takeChain(entry, key.length, valueLength);
    entries.writeKey(entry, key);
    entries.writeValue(entry, value, start, end);
    return entry;
  }

  /**
   * Makes a written entry visible, in the place of `pair`'s if there is one. False, and the entry's
   * memory is given back, if a newer one had to be forgotten from a full chain of the index.
   */
  #publish(
    hash: number,
    entry: number,
    pair: number,
    expiry: Instant,
    version: VersionClock,
  ): boolean {
    const slotWord = expiry === NEVER ? entry : entry | SLOT_EXPIRES;
    if (pair === NO_PAIR) return this.#insert(hash, entry, slotWord, version);
    const old = this.#slotIn(pair);
    this.#index.replace(pair, hash, slotWord);
    this.#account(-1, -this.#storage.entries.trackedBytes(old));
    this.#recency.remove(old);
    this.#storage.free(old);
    return true;
  }

  #insert(hash: number, entry: number, slotWord: number, version: VersionClock): boolean {
    while (!this.#index.insert(hash, slotWord)) {
      this.#evictFromChain(hash);
      if (this.#isNews(hash, NO_PAIR, version)) continue;
      this.#storage.free(entry);
      return false;
    }
    return true;
  }

  /** Rule F: first the floor, then the pair, then the memory. */
  #forget(pair: number, entry: number): void {
    const { entries } = this.#storage;
    const hash = entries.hash(entry);
    this.#index.raiseFloor(hash, entries.versionHigh(entry), entries.versionLow(entry));
    this.#index.remove(pair, hash);
    this.#recency.remove(entry);
    this.#account(-1, -entries.trackedBytes(entry));
    this.#storage.free(entry);
    this.#index.shrinkFor(this.#count);
  }

  #evictOldest(): void {
    const entry = this.#recency.oldest;
    assert(entry !== NO_SLOT, 'an entry within the limit has room once all others are gone');
    this.#forget(this.#pairOf(entry), entry);
    this.#tally(EVICTED);
  }

  /** Crafted collisions pay for themselves: the oldest write of the full chain goes. */
  #evictFromChain(hash: number): void {
    const { entries } = this.#storage;
    let oldest = NO_SLOT;
    for (const slot of slotsOfChain(this.#words, this.#index, hash)) {
      if (oldest === NO_SLOT || this.#isOlderWrite(slot, oldest)) oldest = slot;
    }
    assert(oldest !== NO_SLOT, 'a full chain has entries');
    assert(entries.isIntact(oldest), 'the index points to whole entries');
    this.#forget(this.#pairOf(oldest), oldest);
    this.#tally(EVICTED);
    this.#tally(EVICTED_OUT_OF_ORDER);
  }

  #remember({ high, low }: VersionClock): void {
    if (high < this.#highestHigh || (high === this.#highestHigh && low < this.#highestLow)) return;
    this.#highestHigh = high;
    this.#highestLow = low;
  }

  #isOlderWrite(a: number, b: number): boolean {
    const { entries } = this.#storage;
    const [aHigh, bHigh] = [entries.versionHigh(a), entries.versionHigh(b)];
    return compareVersions(aHigh, entries.versionLow(a), bHigh, entries.versionLow(b)) < 0;
  }

  #account(entries: number, bytes: number): void {
    this.#count += entries;
    this.#tracked += bytes;
    this.#numbers[ENTRIES] = this.#count;
    this.#numbers[TRACKED] = this.#tracked;
  }

  #tally(field: number): void {
    this.#numbers[field] = (this.#numbers[field] as number) + 1;
  }

  /** What other threads read of the memory that is used; brought up to date once a second. */
  #publishSizes(): void {
    const numbers = this.#numbers;
    const fixed = HEADER_BYTES + this.#notes.touchedBytes;
    numbers[statIndex('occupiedBytes')] =
      fixed + this.#index.occupiedBytes + this.#storage.occupiedBytes;
    const touched = fixed + this.#index.touchedBytes + this.#storage.touchedBytes;
    // What was touched in an earlier life still is.
    numbers[RESIDENT] = Math.max(numbers[RESIDENT] as number, touched);
    numbers[statIndex('moved')] = this.#storage.moved;
  }
}
