/**
 * Room for entries: takes the slots that an entry needs from the pages, calls the mover when there
 * are none, and gives them back. It knows nothing of keys being newer or older.
 */
import { assert } from '../base/assert.js';
import type { BucketIndex } from './bucket-index.js';
import { Entries } from './entries.js';
import { fence } from './fence.js';
import { NO_SLOT } from './layout.js';
import type { SlabMemory } from './memory.js';
import { Mover } from './mover.js';
import { Pages } from './pages.js';
import type { RecencyList } from './recency.js';
import type { SlotMap } from './slot-map.js';

/** Below this limit fragmentation is not worth moving entries for: pages are taken while there are any. */
const COMPACT_FROM_BYTES = 6 * 2 ** 20;
/** Above this part of the limit the slab compacts before it touches a page more. */
const OCCUPIED_PART = 1.085;

export class Storage {
  readonly entries: Entries;
  readonly #pages: Pages;
  readonly #mover: Mover;
  readonly #index: BucketIndex;
  readonly #pageBytes: number;
  readonly #occupiedLimit: number;
  /** A slot was given back since the last fence: readers may still be in it. */
  #fenceDue = false;
  /** Bytes of the index when pages last made up for its growth, or fewer. */
  #indexBytes = 0;
  /** Slots moved since the start. */
  moved = 0;

  constructor(memory: SlabMemory, index: BucketIndex, recency: RecencyList) {
    const { layout } = memory;
    this.#pages = new Pages(memory);
    this.entries = new Entries(memory, this.#pages.classes.slotBytesMax);
    this.#index = index;
    this.#mover = new Mover(memory, this.#pages, this.entries, index, recency);
    this.#pageBytes = layout.pageBytes;
    this.#occupiedLimit =
      layout.memoryLimit < COMPACT_FROM_BYTES
        ? layout.totalBytes
        : layout.memoryLimit * OCCUPIED_PART;
  }

  /** Takes over what somebody else has left behind. */
  adopt(map: SlotMap, moved: number): void {
    this.#pages.adopt(map);
    this.moved = moved;
    this.#fenceDue = true;
  }

  get occupiedBytes(): number {
    return this.#pages.inUse * this.#pageBytes;
  }

  get touchedBytes(): number {
    return this.#pages.touched * this.#pageBytes;
  }

  /** Whether an entry of these lengths takes more than one slot. */
  isChained(keyLength: number, valueLength: number): boolean {
    return this.entries.chainBytesFor(keyLength, valueLength) > 0;
  }

  /** Sets the slots of an entry aside. May move other entries: addresses held over it are stale. */
  reserve(keyLength: number, valueLength: number): void {
    const { entries } = this;
    this.#reserve(this.#pages.classFor(entries.slotBytesFor(keyLength, valueLength)), 1);
    const chain = entries.chainBytesFor(keyLength, valueLength);
    if (chain > 0) this.#reserveChain(chain);
  }

  /** Takes the first slot of an entry from what was set aside. It may be written to at once. */
  takeHead(keyLength: number, valueLength: number): number {
    this.#settle();
    const bytes = this.entries.slotBytesFor(keyLength, valueLength);
    return this.#pages.takeReserved(this.#pages.classFor(bytes));
  }

  /** Hangs the chunks that were set aside behind an entry whose header is written. */
  takeChain(entry: number, keyLength: number, valueLength: number): void {
    const { entries } = this;
    let remaining = entries.chainBytesFor(keyLength, valueLength);
    let last = entry;
    while (remaining > 0) {
      const sizeClass = this.#pages.classFor(entries.chunkBytesFor(remaining));
      const chunk = this.#pages.takeReserved(sizeClass);
      entries.appendChunk(last, last === entry, chunk);
      last = chunk;
      remaining -= Math.min(remaining, entries.chunkCapacity);
    }
  }

  /** Gives back all slots of an entry that the index no longer knows. */
  free(entry: number): void {
    let chunk = this.entries.chain(entry);
    this.#pages.free(entry);
    // Freeing a chunk writes the link that readers follow: they must see the generation moved first.
    if (chunk !== NO_SLOT) fence();
    while (chunk !== NO_SLOT) {
      const next = this.entries.nextChunk(chunk);
      this.#pages.free(chunk);
      chunk = next;
    }
    this.#fenceDue = true;
  }

  clear(): void {
    this.#pages.clear();
    this.#fenceDue = true;
  }

  /**
   * To be called when the index may have grown: what it takes is taken from the pages, where they have
   * something to spare, once it is a page.
   */
  makeUpForIndex(): void {
    const index = this.#index.occupiedBytes;
    if (index < this.#indexBytes) this.#indexBytes = index;
    if (index < this.#indexBytes + this.#pageBytes) return;
    this.#indexBytes = index;
    if (this.occupiedBytes + index > this.#occupiedLimit) this.#compact();
  }

  /** Gets a page back, if one can be emptied into others. */
  #compact(): void {
    this.#settle();
    const moved = this.#mover.emptyOnePage();
    if (moved === null) return;
    this.moved += moved;
    this.#fenceDue = true;
  }

  #reserveChain(bytes: number): void {
    const { entries } = this;
    const fullChunks = Math.floor(bytes / entries.chunkCapacity);
    const rest = bytes - fullChunks * entries.chunkCapacity;
    const chunkClass = this.#pages.classFor(entries.chunkBytesFor(entries.chunkCapacity));
    if (fullChunks > 0) this.#reserve(chunkClass, fullChunks);
    if (rest > 0) this.#reserve(this.#pages.classFor(entries.chunkBytesFor(rest)), 1);
  }

  /**
   * Sets aside what is free before a page is opened: so a page opened for this entry, which is
   * empty still, never belongs to a class with a whole page to give, and the mover lets it be.
   */
  #reserve(sizeClass: number, count: number): void {
    let missing = count - this.#pages.reserve(sizeClass, count);
    while (missing > 0) {
      this.#openPage(sizeClass);
      missing -= this.#pages.reserve(sizeClass, missing);
    }
  }

  #openPage(sizeClass: number): void {
    const occupied = this.occupiedBytes + this.#pageBytes + this.#index.occupiedBytes;
    if (occupied > this.#occupiedLimit || this.#pages.allInUse) this.#compact();
    const opened = this.#pages.open(sizeClass);
    assert(opened, 'there are pages for every set of entries within the limit (layout.ts)');
  }

  /** From here on what was given back may be written to: readers who were in it see that it went. */
  #settle(): void {
    if (!this.#fenceDue) return;
    fence();
    this.#fenceDue = false;
  }
}
