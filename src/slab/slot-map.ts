/**
 * Every slot that there can be by the page table, numbered page after page and from 1: a slot's
 * number is its *place*. Whoever attaches to a slab notes here who holds which slot, in private arrays as dense
 * as the slots themselves: the index and the recency list point all over the memory, and following
 * them there would be a cache miss, and a miss of the address translation, for every entry.
 */
import {
  ENTRY_NEWER,
  ENTRY_OLDER,
  GRANULE_BYTES,
  GRANULE_SHIFT,
  NO_SLOT,
  SLOT_EXPIRES,
} from './layout.js';
import type { SlabMemory } from './memory.js';
import { type SizeClasses, sizeClasses } from './size-classes.js';

/** The place of an address at which no slot starts. */
export const NO_PLACE = -1;
/** The place behind the last: what NO_SLOT is among addresses. */
export const END = 0;
/** No pair: the slot is free, or a chunk. */
export const NO_HOLDER = 0;
const FREE = 0;
const CHUNK = -1;
/** Words of a claim: the pair's word index with its mark of an expiry, the pair's hash. */
const CLAIM_WORDS = 2;
/** Word indexes of pairs are below this: the index of the largest slab has 2^29 words. */
const PAIR_MASK = SLOT_EXPIRES - 1;
const LINK_WORDS = 2;
/** In a noted link: more than there are places. */
const FLAG = 0x4000_0000;

/** Directions of the recency list. */
export type Link = typeof ENTRY_OLDER | typeof ENTRY_NEWER;

export class SlotMap {
  readonly classes: SizeClasses;
  readonly pages: number;
  readonly places: number;
  /** By place: who holds the slot, with what need not be looked up in the index again. */
  readonly #claims: Int32Array;
  /** By place: an entry's neighbours in the recency list, as places. */
  readonly #links: Int32Array;
  readonly #firstGranule: number;
  readonly #granuleShift: number;
  /** By page: size class, granules of a slot, first place. */
  readonly #class: Int16Array;
  readonly #granules: Int32Array;
  readonly #first: Int32Array;
  /** By page: slots a granule, since a division takes longer than all else. */
  readonly #perGranule: Float64Array;

  constructor(memory: SlabMemory) {
    const { layout, words } = memory;
    this.classes = sizeClasses(layout.pageBytes);
    this.pages = layout.pages;
    this.#firstGranule = layout.pagesAt / GRANULE_BYTES;
    this.#granuleShift = layout.pageShift - GRANULE_SHIFT;
    this.#class = new Int16Array(this.pages).fill(-1);
    this.#granules = new Int32Array(this.pages);
    this.#first = new Int32Array(this.pages + 1);
    this.#perGranule = new Float64Array(this.pages);
    const places = this.#numberPlaces(
      new Int8Array(words.buffer, layout.pageTableAt, layout.pages),
    );
    this.places = places;
    this.#claims = new Int32Array((places + 1) * CLAIM_WORDS);
    this.#links = new Int32Array((places + 1) * LINK_WORDS);
  }

  /** A page table may say anything: a class that does not exist is none. */
  #numberPlaces(pageTable: Int8Array): number {
    const { slotBytes, slotsPerPage } = this.classes;
    let places = 1;
    for (let page = 0; page < this.pages; page++) {
      const sizeClass = (pageTable[page] as number) - 1;
      this.#first[page] = places;
      if (sizeClass < 0 || sizeClass >= slotBytes.length) continue;
      this.#class[page] = sizeClass;
      this.#granules[page] = (slotBytes[sizeClass] as number) / GRANULE_BYTES;
      this.#perGranule[page] = GRANULE_BYTES / (slotBytes[sizeClass] as number);
      places += slotsPerPage[sizeClass] as number;
    }
    this.#first[this.pages] = places;
    return places - 1;
  }

  /** The place of the slot that starts at an address, which may be any number. */
  placeOf(slot: number): number {
    const granule = slot - this.#firstGranule;
    if (granule < 0) return NO_PLACE;
    const page = granule >>> this.#granuleShift;
    if (page >= this.pages) return NO_PLACE;
    const size = this.#granules[page] as number;
    if (size === 0) return NO_PLACE;
    const offset = granule - (page << this.#granuleShift);
    const position = (offset * (this.#perGranule[page] as number) + 0.5) | 0;
    const place = (this.#first[page] as number) + position;
    const starts = position * size === offset && place < (this.#first[page + 1] as number);
    return starts ? place : NO_PLACE;
  }

  /** Page of an address for which there is a place. */
  pageOf(slot: number): number {
    return (slot - this.#firstGranule) >>> this.#granuleShift;
  }

  /** Size class of a page, or -1. */
  classOf(page: number): number {
    return this.#class[page] as number;
  }

  /** First place of a page; that of the next page is one beyond its last. */
  firstPlace(page: number): number {
    return this.#first[page] as number;
  }

  /** The slot at a place of a page. */
  slotAt(page: number, place: number): number {
    const position = place - (this.#first[page] as number);
    return (
      this.#firstGranule +
      (page << this.#granuleShift) +
      position * (this.#granules[page] as number)
    );
  }

  /** Granules from one slot of a page to the next. */
  granulesAt(page: number): number {
    return this.#granules[page] as number;
  }

  /** A pair of the index takes a slot. */
  claim(place: number, pair: number, hash: number, slotWord: number): void {
    this.#claims[place * CLAIM_WORDS] = pair | (slotWord & SLOT_EXPIRES);
    this.#claims[place * CLAIM_WORDS + 1] = hash;
  }

  /** An entry takes a slot for its chain. */
  claimForChain(place: number): void {
    this.#claims[place * CLAIM_WORDS] = CHUNK;
  }

  release(place: number): void {
    this.#claims[place * CLAIM_WORDS] = FREE;
    this.#links[place * LINK_WORDS + ENTRY_OLDER] = END;
    this.#links[place * LINK_WORDS + ENTRY_NEWER] = END;
  }

  isFree(place: number): boolean {
    return this.#claims[place * CLAIM_WORDS] === FREE;
  }

  /** Whether a pair of the index holds the slot: an entry starts there. */
  isEntry(place: number): boolean {
    return (this.#claims[place * CLAIM_WORDS] as number) > 0;
  }

  /** Word index of the pair that holds a slot, or NO_HOLDER. */
  pairAt(place: number): number {
    const claim = this.#claims[place * CLAIM_WORDS] as number;
    return claim > 0 ? claim & PAIR_MASK : NO_HOLDER;
  }

  /** Whether the pair that holds a slot says that the entry has an expiry. */
  isMarked(place: number): boolean {
    return ((this.#claims[place * CLAIM_WORDS] as number) & SLOT_EXPIRES) !== 0;
  }

  /** Hash of the pair that holds a slot. */
  hashAt(place: number): number {
    return this.#claims[place * CLAIM_WORDS + 1] as number;
  }

  /** How many slots are held. */
  countHeld(): number {
    let held = 0;
    for (let place = 1; place <= this.places; place++) if (!this.isFree(place)) held++;
    return held;
  }

  releaseAll(): void {
    this.#claims.fill(FREE);
  }

  /** Takes over the links of an entry, two addresses, while its header is in the cache. */
  noteLinks(place: number, older: number, newer: number): void {
    this.#links[place * LINK_WORDS + ENTRY_OLDER] = this.linkTo(older);
    this.#links[place * LINK_WORDS + ENTRY_NEWER] = this.linkTo(newer);
  }

  /** A noted link as a place, END, or NO_PLACE if it leads nowhere. What has none noted is an end. */
  link(place: number, direction: Link): number {
    return this.#links[place * LINK_WORDS + direction] as number;
  }

  /** Flags a place, whose newer link is noted and leads somewhere, for `isFlagged`. */
  flag(place: number): void {
    this.#links[place * LINK_WORDS + ENTRY_NEWER] = this.link(place, ENTRY_NEWER) | FLAG;
  }

  unflag(place: number): void {
    this.#links[place * LINK_WORDS + ENTRY_NEWER] = this.unflagged(place);
  }

  isFlagged(place: number): boolean {
    return (this.link(place, ENTRY_NEWER) & FLAG) !== 0;
  }

  /** The newer link of a place, whether it is flagged or not. */
  unflagged(place: number): number {
    return this.link(place, ENTRY_NEWER) & ~FLAG;
  }

  /** An address as `link` has it. */
  linkTo(slot: number): number {
    return slot === NO_SLOT ? END : this.placeOf(slot);
  }

  /** The page of a place. */
  #pageWith(place: number): number {
    let low = 0;
    let high = this.pages;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#first[middle] as number) <= place) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The slot of a place; slow. */
  slotOf(place: number): number {
    return place === END ? NO_SLOT : this.slotAt(this.#pageWith(place), place);
  }
}
