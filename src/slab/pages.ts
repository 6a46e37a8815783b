/**
 * Pages and slots: plain storage, without any notion of what is recent. Pages belong to a size
 * class while a slot of theirs is in use, and to nobody otherwise. A class hands out slots of the
 * page that freed one last: its lines are the likeliest to be in the processor's cache.
 *
 * Only the class of a page is in shared memory (whoever attaches needs it); the rest is the
 * owner's, and is rebuilt from what the index reaches.
 */
import { assert } from '../base/assert.js';
import { GRANULE_BYTES, GRANULE_SHIFT, NO_SLOT, TAG_FREE, TAG_MASK } from './layout.js';
import type { SlabMemory } from './memory.js';
import { type SizeClasses, sizeClasses } from './size-classes.js';
import type { SlotMap } from './slot-map.js';

/** No page: the end of a list. */
export const NO_PAGE = -1;
/** In the page table: a page that belongs to no class, as in fresh memory. Class c is c + 1. */
const NO_CLASS = 0;

export class Pages {
  readonly classes: SizeClasses;
  readonly #classByGranules: Uint8Array;
  readonly #words: Int32Array;
  readonly #firstGranule: number;
  readonly #granuleShift: number;
  readonly #pageCount: number;
  /** Per page: class, slots in use, first freed slot, slots ever handed out. */
  readonly #class: Int8Array;
  readonly #used: Int32Array;
  readonly #freed: Int32Array;
  readonly #opened: Int32Array;
  /** Per page: neighbours in its class's list of pages with a free slot. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** Per class: first page with a free slot; free slots in all its pages. */
  readonly #partial: Int32Array;
  readonly #freeSlots: Int32Array;
  /** Pages that were given back, to be taken before a fresh one is touched. */
  readonly #spare: Int32Array;
  #spareCount = 0;
  #fresh = 0;
  #withheld = NO_PAGE;

  constructor(memory: SlabMemory) {
    const { layout } = memory;
    this.classes = sizeClasses(layout.pageBytes);
    this.#classByGranules = this.classes.classByGranules;
    this.#words = memory.words;
    this.#firstGranule = layout.pagesAt / GRANULE_BYTES;
    this.#granuleShift = layout.pageShift - Math.log2(GRANULE_BYTES);
    this.#pageCount = layout.pages;
    this.#class = new Int8Array(memory.words.buffer, layout.pageTableAt, layout.pages);
    this.#used = new Int32Array(layout.pages);
    this.#freed = new Int32Array(layout.pages);
    this.#opened = new Int32Array(layout.pages);
    this.#next = new Int32Array(layout.pages);
    this.#previous = new Int32Array(layout.pages);
    this.#spare = new Int32Array(layout.pages);
    const count = this.classes.slotBytes.length;
    this.#partial = new Int32Array(count).fill(NO_PAGE);
    this.#freeSlots = new Int32Array(count);
  }

  /** Pages that belong to a class now. */
  get inUse(): number {
    return this.#fresh - this.#spareCount;
  }

  /** Pages that were ever touched. */
  get touched(): number {
    return this.#fresh;
  }

  get allInUse(): boolean {
    return this.inUse === this.#pageCount;
  }

  freeSlots(sizeClass: number): number {
    return this.#freeSlots[sizeClass] as number;
  }

  slotsPerPage(sizeClass: number): number {
    return this.classes.slotsPerPage[sizeClass] as number;
  }

  slotBytes(sizeClass: number): number {
    return this.classes.slotBytes[sizeClass] as number;
  }

  classFor(bytes: number): number {
    return this.#classByGranules[(bytes + GRANULE_BYTES - 1) >>> GRANULE_SHIFT] as number;
  }

  classOf(page: number): number {
    return (this.#class[page] as number) - 1;
  }

  used(page: number): number {
    return this.#used[page] as number;
  }

  /** First page of a class that has a free slot, or NO_PAGE; then on by `nextPartial`. */
  firstPartial(sizeClass: number): number {
    return this.#partial[sizeClass] as number;
  }

  nextPartial(page: number): number {
    return this.#next[page] as number;
  }

  pageOf(slot: number): number {
    return (slot - this.#firstGranule) >>> this.#granuleShift;
  }

  /** The slot at a position of a page. */
  slotAt(page: number, position: number): number {
    const granules = this.slotBytes(this.classOf(page)) / GRANULE_BYTES;
    return this.#firstGranule + (page << this.#granuleShift) + position * granules;
  }

  /** Slots of a page that were ever handed out: positions beyond hold nothing. */
  opened(page: number): number {
    return this.#opened[page] as number;
  }

  /**
   * Sets up to `count` free slots of a class aside for `takeReserved`, and returns how many there
   * were. What is set aside no longer counts as free, so the mover leaves room for it.
   */
  reserve(sizeClass: number, count: number): number {
    const free = this.#freeSlots[sizeClass] as number;
    const reserved = free < count ? free : count;
    this.#freeSlots[sizeClass] = free - reserved;
    return reserved;
  }

  /** One of the slots set aside. */
  takeReserved(sizeClass: number): number {
    const page = this.#partial[sizeClass] as number;
    assert(page !== NO_PAGE, 'a slot that was set aside is there');
    const used = (this.#used[page] as number) + 1;
    this.#used[page] = used;
    const slot = this.#takeFrom(page, sizeClass);
    if (used === this.slotsPerPage(sizeClass)) this.#unlink(page, sizeClass);
    return slot;
  }

  /** Gives a slot back; the last one gives its page back. */
  free(slot: number): void {
    const page = this.pageOf(slot);
    const sizeClass = this.classOf(page);
    const used = (this.#used[page] as number) - 1;
    assert(used >= 0, 'a page has no more slots freed than taken');
    this.#chainFree(page, slot);
    this.#used[page] = used;
    this.#freeSlots[sizeClass] = (this.#freeSlots[sizeClass] as number) + 1;
    if (used + 1 === this.slotsPerPage(sizeClass)) this.#link(page, sizeClass);
    else if (this.#partial[sizeClass] !== page && page !== this.#withheld) {
      this.#unlink(page, sizeClass);
      this.#link(page, sizeClass);
    }
    if (used === 0) this.#giveBack(page, sizeClass);
  }

  /** Gives a page that belongs to nobody to a class; false if there is none. */
  open(sizeClass: number): boolean {
    let page: number;
    if (this.#spareCount > 0) page = this.#spare[--this.#spareCount] as number;
    else if (this.#fresh < this.#pageCount) page = this.#fresh++;
    else return false;
    this.#class[page] = sizeClass + 1;
    this.#used[page] = 0;
    this.#freed[page] = NO_SLOT;
    this.#opened[page] = 0;
    this.#freeSlots[sizeClass] =
      (this.#freeSlots[sizeClass] as number) + this.slotsPerPage(sizeClass);
    this.#link(page, sizeClass);
    return true;
  }

  /**
   * Keeps the free slots of a page, which has one, from being taken: it is about to be emptied.
   * The last slot freed ends that.
   */
  withhold(page: number): void {
    this.#unlink(page, this.classOf(page));
    this.#withheld = page;
  }

  /** Whether a slot holds something: an entry or a chunk. */
  isUsed(slot: number): boolean {
    return ((this.#words[slot * 2 + 1] as number) & TAG_MASK) !== TAG_FREE;
  }

  /** Every page back to nobody. */
  clear(): void {
    this.#partial.fill(NO_PAGE);
    this.#freeSlots.fill(0);
    this.#spareCount = 0;
    for (let page = this.#fresh - 1; page >= 0; page--) {
      this.#class[page] = NO_CLASS;
      this.#used[page] = 0;
      this.#spare[this.#spareCount++] = page;
    }
  }

  /**
   * Takes over the pages that somebody else has left behind: what holds a slot is in the map, all
   * else is free, whatever is in it.
   */
  adopt(map: SlotMap): void {
    this.#fresh = this.#pageCount;
    for (let page = 0; page < this.#pageCount; page++) this.#adoptPage(page, map);
    while (this.#fresh > 0 && this.#used[this.#fresh - 1] === 0) this.#fresh--;
    for (let page = this.#fresh - 1; page >= 0; page--) {
      if (this.#used[page] === 0) this.#spare[this.#spareCount++] = page;
    }
  }

  #adoptPage(page: number, map: SlotMap): void {
    const first = map.firstPlace(page);
    const end = map.firstPlace(page + 1);
    let used = 0;
    let last = first - 1;
    for (let place = first; place < end; place++) {
      if (map.isFree(place)) continue;
      used++;
      last = place;
    }
    this.#used[page] = used;
    if (used === 0) {
      if (this.#class[page] !== NO_CLASS) this.#class[page] = NO_CLASS;
      return;
    }
    this.#opened[page] = last + 1 - first;
    this.#freed[page] = NO_SLOT;
    for (let place = last; place >= first; place--) {
      if (map.isFree(place)) this.#chainFree(page, map.slotAt(page, place));
    }
    const sizeClass = this.classOf(page);
    this.#freeSlots[sizeClass] = (this.#freeSlots[sizeClass] as number) + end - first - used;
    if (used < end - first) this.#link(page, sizeClass);
  }

  #chainFree(page: number, slot: number): void {
    this.#words[slot * 2] = this.#freed[page] as number;
    this.#words[slot * 2 + 1] = TAG_FREE;
    this.#freed[page] = slot;
  }

  #takeFrom(page: number, sizeClass: number): number {
    const freed = this.#freed[page] as number;
    if (freed !== NO_SLOT) {
      this.#freed[page] = this.#words[freed * 2] as number;
      return freed;
    }
    const position = this.#opened[page] as number;
    assert(position < this.slotsPerPage(sizeClass), 'a page hands out its own slots only');
    this.#opened[page] = position + 1;
    return this.slotAt(page, position);
  }

  #giveBack(page: number, sizeClass: number): void {
    if (page === this.#withheld) this.#withheld = NO_PAGE;
    else this.#unlink(page, sizeClass);
    this.#freeSlots[sizeClass] =
      (this.#freeSlots[sizeClass] as number) - this.slotsPerPage(sizeClass);
    this.#class[page] = NO_CLASS;
    this.#spare[this.#spareCount++] = page;
  }

  #link(page: number, sizeClass: number): void {
    const first = this.#partial[sizeClass] as number;
    this.#next[page] = first;
    this.#previous[page] = NO_PAGE;
    if (first !== NO_PAGE) this.#previous[first] = page;
    this.#partial[sizeClass] = page;
  }

  #unlink(page: number, sizeClass: number): void {
    const next = this.#next[page] as number;
    const previous = this.#previous[page] as number;
    if (previous === NO_PAGE) this.#partial[sizeClass] = next;
    else this.#next[previous] = next;
    if (next !== NO_PAGE) this.#previous[next] = previous;
  }
}
