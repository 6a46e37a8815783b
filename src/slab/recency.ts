/**
 * The one exact LRU order of a node: a doubly linked list through the entries' headers, whatever
 * their size class. The neighbours of a relinked entry are only stored to, never loaded from: two
 * cache misses that nobody waits for.
 */
import {
  ENTRY_NEWER,
  ENTRY_OLDER,
  HEADER_NEWEST,
  HEADER_OLDEST,
  NO_SLOT,
  TAG_ENTRY,
} from './layout.js';
import type { SlabMemory } from './memory.js';

export class RecencyList {
  readonly #words: Int32Array;

  constructor(memory: SlabMemory) {
    this.#words = memory.words;
  }

  /** The least recently used entry, or NO_SLOT. */
  get oldest(): number {
    return this.#words[HEADER_OLDEST] as number;
  }

  /** Links a new entry in as the most recently used. */
  add(entry: number): void {
    const words = this.#words;
    const newest = words[HEADER_NEWEST] as number;
    words[entry * 2 + ENTRY_OLDER] = newest;
    words[entry * 2 + ENTRY_NEWER] = NO_SLOT | TAG_ENTRY;
    words[HEADER_NEWEST] = entry;
    if (newest === NO_SLOT) words[HEADER_OLDEST] = entry;
    else words[newest * 2 + ENTRY_NEWER] = entry;
  }

  remove(entry: number): void {
    const words = this.#words;
    const older = words[entry * 2 + ENTRY_OLDER] as number;
    const newer = words[entry * 2 + ENTRY_NEWER] as number;
    if (older === NO_SLOT) words[HEADER_OLDEST] = newer;
    else words[older * 2 + ENTRY_NEWER] = newer;
    if (newer === NO_SLOT) words[HEADER_NEWEST] = older;
    else words[newer * 2 + ENTRY_OLDER] = older;
  }

  /** Makes a linked entry the most recently used. */
  touch(entry: number): void {
    if (this.#words[HEADER_NEWEST] === entry) return;
    this.remove(entry);
    this.add(entry);
  }

  /** Puts `to`, a copy of `from` links included, in its place. */
  replace(from: number, to: number): void {
    const words = this.#words;
    const older = words[from * 2 + ENTRY_OLDER] as number;
    const newer = words[from * 2 + ENTRY_NEWER] as number;
    if (older === NO_SLOT) words[HEADER_OLDEST] = to;
    else words[older * 2 + ENTRY_NEWER] = to;
    if (newer === NO_SLOT) words[HEADER_NEWEST] = to;
    else words[newer * 2 + ENTRY_OLDER] = to;
  }

  clear(): void {
    this.#words[HEADER_NEWEST] = NO_SLOT;
    this.#words[HEADER_OLDEST] = NO_SLOT;
  }
}
