/**
 * The mover gets a size class a page when none is to be had, although bytes are free: they are
 * free in slots of other classes, here one and there one. It picks a page, moves what is left in
 * it into free slots of its class's other pages, and the page is free for anybody.
 *
 * Policy (which page) and mechanism (emptying it) are apart, as in memcached's automover.
 * memcached asks which class's oldest entry is oldest, because there a class evicts for itself;
 * with one recency list over all classes the only question left is what is cheapest to move.
 */
import { assert } from '../base/assert.js';
import type { BucketIndex } from './bucket-index.js';
import { NO_PAIR } from './bucket-index.js';
import type { Entries } from './entries.js';
import { fence } from './fence.js';
import {
  CHUNK_BACK,
  CHUNK_NEXT,
  ENTRY_CHAIN,
  NO_SLOT,
  SLOT_ADDRESS,
  TAG_CHUNK,
  TAG_MASK,
} from './layout.js';
import type { SlabMemory } from './memory.js';
import { NO_PAGE, type Pages } from './pages.js';
import type { RecencyList } from './recency.js';

/** Pages of one class that the policy looks at: bounded work, whatever the size of the slab. */
const CANDIDATES_MAX = 16;

/**
 * The page that is cheapest to empty: fewest bytes to move. Only classes with a whole page of free
 * slots are asked, since what is moved out of one page must fit into the others. NO_PAGE if there
 * is none.
 */
export function cheapestPage(pages: Pages): number {
  let best = NO_PAGE;
  let bestBytes = Number.POSITIVE_INFINITY;
  for (let sizeClass = 0; sizeClass < pages.classes.slotBytes.length; sizeClass++) {
    if (pages.freeSlots(sizeClass) < pages.slotsPerPage(sizeClass)) continue;
    let page = pages.firstPartial(sizeClass);
    for (let looked = 0; page !== NO_PAGE && looked < CANDIDATES_MAX; looked++) {
      const bytes = pages.used(page) * pages.slotBytes(sizeClass);
      if (bytes < bestBytes) {
        best = page;
        bestBytes = bytes;
      }
      page = pages.nextPartial(page);
    }
  }
  return best;
}

export class Mover {
  readonly #words: Int32Array;
  readonly #pages: Pages;
  readonly #entries: Entries;
  readonly #index: BucketIndex;
  readonly #recency: RecencyList;

  constructor(
    memory: SlabMemory,
    pages: Pages,
    entries: Entries,
    index: BucketIndex,
    recency: RecencyList,
  ) {
    this.#words = memory.words;
    this.#pages = pages;
    this.#entries = entries;
    this.#index = index;
    this.#recency = recency;
  }

  /** Empties the page that the policy picks; returns how many slots were moved, or null if no page can be had. */
  emptyOnePage(): number | null {
    const pages = this.#pages;
    const page = cheapestPage(pages);
    if (page === NO_PAGE) return null;
    const sizeClass = pages.classOf(page);
    assert(pages.used(page) > 0, 'a page that is open for an entry to come is not emptied');
    pages.withhold(page);
    let moved = 0;
    for (let i = 0; pages.used(page) > 0 && pages.classOf(page) === sizeClass; i++) {
      assert(i < pages.opened(page), 'what a page uses lies in the slots that it opened');
      const from = pages.slotAt(page, i);
      if (!pages.isUsed(from)) continue;
      const reserved = pages.reserve(sizeClass, 1);
      assert(reserved === 1, 'the other pages of the class have room for all of this one');
      const to = pages.takeReserved(sizeClass);
      this.#move(from, to, pages.slotBytes(sizeClass));
      pages.free(from);
      moved++;
    }
    return moved;
  }

  #move(from: number, to: number, slotBytes: number): void {
    const words = this.#words;
    words.copyWithin(to * 2, from * 2, from * 2 + slotBytes / 4);
    const isChunk = ((words[from * 2 + CHUNK_BACK] as number) & TAG_MASK) === TAG_CHUNK;
    if (isChunk) this.#relinkChunk(from, to);
    else this.#relinkEntry(from, to);
  }

  /** The copy takes the entry's place: in the recency list, before its first chunk, in the index. */
  #relinkEntry(from: number, to: number): void {
    const hash = this.#entries.hash(from);
    this.#recency.replace(from, to);
    const chunk = this.#entries.chain(from);
    if (chunk !== NO_SLOT) this.#words[chunk * 2 + CHUNK_BACK] = to | TAG_CHUNK;
    const pair = this.#index.pairOf(hash, from);
    assert(pair !== NO_PAIR, 'every entry that is linked is in the index');
    const flags = (this.#words[pair] as number) & ~SLOT_ADDRESS;
    this.#index.replace(pair, hash, to | flags);
  }

  /** Readers come by the link from what is before it: that publishes the copy. */
  #relinkChunk(from: number, to: number): void {
    const words = this.#words;
    const before = this.#entries.previousOf(from);
    const isFirst = ((words[before * 2 + CHUNK_BACK] as number) & TAG_MASK) !== TAG_CHUNK;
    Atomics.store(words, before * 2 + (isFirst ? ENTRY_CHAIN : CHUNK_NEXT), to);
    const next = this.#entries.nextChunk(from);
    if (next !== NO_SLOT) words[next * 2 + CHUNK_BACK] = to | TAG_CHUNK;
    let head = before;
    while (((words[head * 2 + CHUNK_BACK] as number) & TAG_MASK) === TAG_CHUNK) {
      head = this.#entries.previousOf(head);
    }
    this.#index.touch(this.#entries.hash(head));
    // The old place is freed next, which writes the link that readers follow.
    fence();
  }
}
