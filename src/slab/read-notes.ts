/**
 * Notes of foreign readers. A thread that reads an entry in place cannot relink the owner's recency
 * list, so it leaves a note, "I read this slot, of this hash", in a ring, and the owner catches up
 * before it evicts (Caffeine's read buffers, Ben Manes). It counts its hits and misses there too.
 *
 *     ring    ┌──────┬────────┬──────────────┬────────────────┐ ┌───────────┬───────────┬───┬───────────┐
 *             │ tail │ misses │ tail drained │ misses drained │ │ slot hash │ slot hash │ … │ slot hash │
 *             └──────┴────────┴──────────────┴────────────────┘ └───────────┴───────────┴───┴───────────┘
 *               readers, by addition  │  the owner                 256 places, written round and round
 *
 * A note may be lost, overwritten, half-written or from an earlier round: nothing is synchronised
 * but the place's number. So the owner believes none of it. It looks up slot *and* hash in its own
 * index, and touches the entry only if there is such a pair; the worst that a wrong note can do is
 * to keep an entry that somebody read earlier.
 *
 * Which rings have notes is one bit each in the header, so that the owner looks at one cache line
 * when there are none. Rings that nobody uses are never touched.
 */
import type { BucketIndex } from './bucket-index.js';
import { NO_PAIR } from './bucket-index.js';
import {
  BUCKET_PAIRS,
  CACHE_LINE,
  HEADER_NOTES_PENDING,
  HEADER_NOTES_URGENT,
  HEADER_NOTES_USED,
  NO_SLOT,
  NOTE_RINGS,
  NOTES_AT,
  NOTES_PER_RING,
  RING_BYTES,
  RING_MISSES,
  RING_MISSES_DRAINED,
  RING_TAIL,
  RING_TAIL_DRAINED,
} from './layout.js';
import { type SlabMemory, statIndex } from './memory.js';
import type { RecencyList } from './recency.js';

/** In a ring: word of the first note. */
const RING_NOTES = CACHE_LINE / 4;
/**
 * Insertions from one drain to the next: a thousandth of the entries, so that what goes in error was
 * among the oldest thousandth, and at most so many. Each drain costs owner and readers some cache
 * lines that go back and forth. A ring that is half full is not waited for.
 */
const INSERTIONS_A_DRAIN_MAX = 16;
const ENTRIES_AN_INSERTION_SHIFT = 10;
const URGENT_FROM = NOTES_PER_RING / 2;
const HITS = statIndex('hits');
const MISSES = statIndex('misses');

/** Word index of a ring. */
const ringAt = (ring: number): number => (NOTES_AT + ring * RING_BYTES) / 4;

/** The reader's side: one ring, which others may use too. */
export class NoteWriter {
  readonly #words: Int32Array;
  readonly #ring: number;
  readonly #bit: number;
  readonly #pending: number;
  readonly #used: number;

  /** @param reader any number that tells readers apart; those with one ring share it */
  constructor(words: Int32Array, reader: number) {
    const ring = reader % NOTE_RINGS;
    this.#words = words;
    this.#ring = ringAt(ring);
    this.#bit = 1 << (ring & 31);
    this.#pending = HEADER_NOTES_PENDING + (ring >>> 5);
    this.#used = HEADER_NOTES_USED + (ring >>> 5);
  }

  hit(slot: number, hash: number): void {
    const words = this.#words;
    const number = Atomics.add(words, this.#ring + RING_TAIL, 1);
    const note = this.#ring + RING_NOTES + (number & (NOTES_PER_RING - 1)) * 2;
    words[note] = slot;
    words[note + 1] = hash;
    // Plain: an announcement too few or too many does no harm.
    if (((words[this.#pending] as number) & this.#bit) === 0) this.#announce();
    const waiting = (number - (words[this.#ring + RING_TAIL_DRAINED] as number)) | 0;
    if (waiting === URGENT_FROM) Atomics.store(words, HEADER_NOTES_URGENT, 1);
  }

  miss(): void {
    Atomics.add(this.#words, this.#ring + RING_MISSES, 1);
    if (((this.#words[this.#used] as number) & this.#bit) === 0) {
      Atomics.or(this.#words, this.#used, this.#bit);
    }
  }

  #announce(): void {
    Atomics.or(this.#words, this.#used, this.#bit);
    Atomics.or(this.#words, this.#pending, this.#bit);
  }
}

/** The owner's side: all rings. */
export class ReadNotes {
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #index: BucketIndex;
  readonly #recency: RecencyList;
  #insertionsToDrain = 0;

  constructor(memory: SlabMemory, index: BucketIndex, recency: RecencyList) {
    this.#words = memory.words;
    this.#numbers = memory.numbers;
    this.#index = index;
    this.#recency = recency;
  }

  /** Bytes of the rings that were ever used. */
  get touchedBytes(): number {
    let rings = 0;
    for (const _ of usedRings(this.#words)) rings++;
    return rings * RING_BYTES;
  }

  /** To be called with every insertion, before something is evicted, with the count of entries. */
  drainInTime(entries: number): void {
    const isUrgent = this.#words[HEADER_NOTES_URGENT] !== 0;
    if (this.#insertionsToDrain-- > 0 && !isUrgent) return;
    const share = entries >>> ENTRIES_AN_INSERTION_SHIFT;
    this.#insertionsToDrain = share < INSERTIONS_A_DRAIN_MAX ? share : INSERTIONS_A_DRAIN_MAX;
    if (isUrgent) Atomics.store(this.#words, HEADER_NOTES_URGENT, 0);
    this.drain();
  }

  /**
   * Makes most recently used what was read since the last time, if anything was. Looks at plain
   * words: a bit that is seen late is seen the next time.
   */
  drain(): void {
    const words = this.#words;
    if ((words[HEADER_NOTES_PENDING] as number) !== 0) this.#drainHalf(0);
    if ((words[HEADER_NOTES_PENDING + 1] as number) !== 0) this.#drainHalf(1);
  }

  /** Adds the misses that readers counted to the figure in the header. */
  countMisses(): void {
    const words = this.#words;
    for (const ring of usedRings(words)) {
      const at = ringAt(ring);
      const misses = Atomics.load(words, at + RING_MISSES);
      const fresh = (misses - (words[at + RING_MISSES_DRAINED] as number)) >>> 0;
      words[at + RING_MISSES_DRAINED] = misses;
      this.#numbers[MISSES] = (this.#numbers[MISSES] as number) + fresh;
    }
  }

  #drainHalf(half: number): void {
    let pending = Atomics.exchange(this.#words, HEADER_NOTES_PENDING + half, 0);
    while (pending !== 0) {
      const bit = 31 - Math.clz32(pending);
      pending &= ~(1 << bit);
      this.#drainRing(ringAt(half * 32 + bit));
    }
  }

  #drainRing(ring: number): void {
    const words = this.#words;
    const tail = Atomics.load(words, ring + RING_TAIL);
    const count = (tail - (words[ring + RING_TAIL_DRAINED] as number)) >>> 0;
    words[ring + RING_TAIL_DRAINED] = tail;
    this.#numbers[HITS] = (this.#numbers[HITS] as number) + count;
    for (let back = Math.min(count, NOTES_PER_RING); back > 0; back--) {
      const note = ring + RING_NOTES + ((tail - back) & (NOTES_PER_RING - 1)) * 2;
      this.#apply(words[note] as number, words[note + 1] as number);
    }
  }

  #apply(slot: number, hash: number): void {
    if (slot === NO_SLOT) return;
    const pair = this.#index.pairOf(hash, slot);
    if (pair === NO_PAIR || this.#words[pair - BUCKET_PAIRS] !== hash) return;
    this.#recency.touch(slot);
  }
}

/** Hits or misses that readers counted and the owner has not yet; for any thread. */
export function undrainedReads(words: Int32Array): { hits: number; misses: number } {
  let hits = 0;
  let misses = 0;
  for (const ring of usedRings(words)) {
    hits += undrained(words, ring, RING_TAIL);
    misses += undrained(words, ring, RING_MISSES);
  }
  return { hits, misses };
}

function undrained(words: Int32Array, ring: number, what: number): number {
  const drained = what + RING_TAIL_DRAINED - RING_TAIL;
  const at = ringAt(ring);
  return (Atomics.load(words, at + what) - Atomics.load(words, at + drained)) >>> 0;
}

function* usedRings(words: Int32Array): Generator<number> {
  for (let ring = 0; ring < NOTE_RINGS; ring++) {
    const used = Atomics.load(words, HEADER_NOTES_USED + (ring >>> 5));
    if ((used & (1 << (ring & 31))) !== 0) yield ring;
  }
}
