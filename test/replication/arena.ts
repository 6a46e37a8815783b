/**
 * All states that a search has seen, each a record of `width` bytes, in the order of their finding:
 *
 *     index    0        1        2        3 …
 *     records  [start  ][child  ][child  ][grandchild]     in chunks, never moved
 *     parents  -1       0        0        1
 *     table    hash of a record → its index                open addressing, at most half full
 *
 * The order is what makes this frugal: a breadth-first search takes states in the order in which it
 * found them, so the records are its queue too, and with a parent each they are the paths back.
 * A state costs its bytes and 12 to 20 more.
 */
const CHUNK_BITS = 14;
const CHUNK = 1 << CHUNK_BITS;
const EMPTY = -1;

export class Arena {
  /** The record to be added is written here; the words are the same memory. */
  readonly scratch: Uint8Array;
  readonly #scratchWords: Uint32Array;
  readonly #words: number;
  readonly #chunks: Uint32Array[] = [];
  #parents = new Int32Array(CHUNK);
  #table = new Int32Array(4 * CHUNK).fill(EMPTY);
  #size = 0;

  /** @param width bytes of a record, a multiple of four */
  constructor(width: number) {
    this.#words = width / 4;
    this.#scratchWords = new Uint32Array(this.#words);
    this.scratch = new Uint8Array(this.#scratchWords.buffer);
  }

  get size(): number {
    return this.#size;
  }

  parentOf(index: number): number {
    return this.#parents[index] as number;
  }

  /** Copies a record to where the caller wants it. */
  read(index: number, into: Uint8Array): void {
    const chunk = this.#chunks[index >> CHUNK_BITS] as Uint32Array;
    const width = this.#words * 4;
    into.set(new Uint8Array(chunk.buffer, (index & (CHUNK - 1)) * width, width));
  }

  /** Adds what stands in `scratch`, if it is new. @returns whether it was */
  add(parent: number): boolean {
    const mask = this.#table.length - 1;
    let slot = this.#hash(this.#scratchWords, 0) & mask;
    for (let found = this.#at(slot); found !== EMPTY; found = this.#at(slot)) {
      if (this.#isScratch(found)) return false;
      slot = (slot + 1) & mask;
    }
    this.#table[slot] = this.#append(parent);
    if (this.#size * 2 > this.#table.length) this.#grow();
    return true;
  }

  #at(slot: number): number {
    return this.#table[slot] as number;
  }

  #append(parent: number): number {
    const index = this.#size++;
    if (index >> CHUNK_BITS === this.#chunks.length) {
      this.#chunks.push(new Uint32Array(CHUNK * this.#words));
    }
    const chunk = this.#chunks[index >> CHUNK_BITS] as Uint32Array;
    chunk.set(this.#scratchWords, (index & (CHUNK - 1)) * this.#words);
    if (index === this.#parents.length) {
      const longer = new Int32Array(index * 2);
      longer.set(this.#parents);
      this.#parents = longer;
    }
    this.#parents[index] = parent;
    return index;
  }

  #isScratch(index: number): boolean {
    const chunk = this.#chunks[index >> CHUNK_BITS] as Uint32Array;
    const from = (index & (CHUNK - 1)) * this.#words;
    for (let i = 0; i < this.#words; i++) {
      if (chunk[from + i] !== this.#scratchWords[i]) return false;
    }
    return true;
  }

  #hash(words: Uint32Array, from: number): number {
    let hash = 0x9e3779b9;
    for (let i = 0; i < this.#words; i++) {
      hash = Math.imul(hash ^ (words[from + i] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0xc2b2ae35);
    return hash ^ (hash >>> 13);
  }

  #grow(): void {
    const mask = this.#table.length * 2 - 1;
    this.#table = new Int32Array(mask + 1).fill(EMPTY);
    for (let index = 0; index < this.#size; index++) {
      const chunk = this.#chunks[index >> CHUNK_BITS] as Uint32Array;
      let slot = this.#hash(chunk, (index & (CHUNK - 1)) * this.#words) & mask;
      while (this.#at(slot) !== EMPTY) slot = (slot + 1) & mask;
      this.#table[slot] = index;
    }
  }
}
