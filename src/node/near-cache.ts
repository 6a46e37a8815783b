/**
 * Values that a thread has read and keeps, with what tells whether they are still true: a lookup is
 * a `Map.get` and a few atomic loads in two cache lines, and nobody is told of a change.
 *
 *     key ──▶ value, epoch, bucket, generation, place in the bucket, slot, expiry
 *               │ epoch word unchanged: the same owner
 *               │ the place still names the slot, and the generations are unchanged since before the
 *               │ value was read: a look would find the same entry
 *               │ not expired, young                                             all: a hit
 *               └ else: look in place. The same version: the value is kept as the object it is
 *
 * Why a hit is never stale: it is what a look in place would find at the moment at which the slot word
 * is loaded. An owner withdraws an entry by that word (or, in a flush, by the count of buckets), and moves
 * the generation before the slot can be used again; only then it acknowledges. So a hit may take the
 * place of a look, in any order with the looks and hits of all threads.
 * Nothing is kept about keys that are absent: an insertion moves no generation.
 *
 * Why a young one: a generation has 32 bits. It takes minutes of nothing but writes to one bucket
 * to bring it round, and an entry that was validated a minute ago has to be looked up.
 *
 * When it is full, CLOCK decides who goes (Corbató 1968): a hand goes round, and passes once over
 * who was used since it came by. A hit stores one flag for it, and moves nothing.
 *
 * What is hit here is not read in its slab, and would be evicted there as unused. So a use is
 * noted there unless one of the last NOTE_INTERVAL hits of all was a noted one of this entry: what
 * is hot enough to be noted seldom is noted often enough to stay.
 */
import { assert } from '../base/assert.js';
import { type Epoch, type Instant, type KeyHash, NEVER } from '../base/units.js';
import type { SlabReader } from '../slab/reader.js';

/** Entries that one near cache can be asked to keep, at the most. */
export const NEAR_ENTRIES_MAX = 1_000_000;
/** Values that take more bytes than this in their slab are not kept. */
export const NEAR_VALUE_BYTES_MAX = 64 * 1024;
/** Seconds for which an entry is believed by its generations. Then it is looked up, and may stay. */
export const NEAR_SECONDS_MAX = 60;
/** Hits of a near cache between two notes of one entry's use. */
export const NOTE_INTERVAL = 256;
/** Entries that the hand passes in search of one to go; then the next one goes, used or not. */
const HAND_STEPS_MAX = 64;

/** What a near cache asks of the memory that a value was read in. */
export type NearSlab = Pick<SlabReader, 'wouldFind' | 'noteHitAt'>;

/** A slab's reader, positioned on what it has just found. */
export type Found = NearSlab &
  Pick<
    SlabReader,
    | 'kind'
    | 'bucket'
    | 'generation'
    | 'place'
    | 'slot'
    | 'hash'
    | 'versionHigh'
    | 'versionLow'
    | 'expiry'
    | 'loading'
  >;

/** Asked for the time only about what can expire. */
export interface NearClock {
  now(): Instant;
}

/** What a read may not overtake. */
export interface ReadOrder {
  isQuiet(hash: KeyHash): boolean;
}

export interface NearStats {
  /** Reads answered with a value that was kept. */
  readonly hits: number;
  /** Reads that had to look elsewhere. */
  readonly misses: number;
  /** Values kept now, those included that will turn out to have changed. */
  readonly entries: number;
}

/** Where entries of one epoch were read; shared by them, so that all can be released at once. */
interface Source {
  /** Null: released, and no entry of it is a hit any more. */
  epoch: Epoch | null;
  slab: NearSlab | null;
}

/** What a hit looks at comes first: two cache lines of three. */
export class NearEntry {
  source: Source;
  bucket = 0;
  generation = 0;
  place = 0;
  slot = 0;
  /** The second in which it was last read in place. */
  since = 0;
  /** Whether `expiry` counts, which is no small integer and lies elsewhere. */
  expires = false;
  /** Whether it was hit since the hand came by. */
  isUsed = false;
  /** The hits of all when a use of this one was last noted. */
  notedAt = 0;
  value: unknown = undefined;
  /** Bytes: the one value that is handed out as a copy. */
  isBytes = false;

  readonly key: string;
  hash = 0;
  versionHigh = 0;
  versionLow = 0;
  expiry: Instant = NEVER;
  /** How long it took to load (base/brief.ts). */
  loading = 0;
  /** Where it is on the clock. */
  hour = 0;

  constructor(key: string, source: Source) {
    this.key = key;
    this.source = source;
  }
}

export class NearCache {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, NearEntry>();
  /** The face of the clock: who is at which hour. */
  readonly #face: (NearEntry | null)[] = [];
  /** Hours of entries that were dropped. */
  readonly #vacant: number[] = [];
  #hand = 0;
  #sources: Source[] = [];
  #hits = 0;
  #misses = 0;

  constructor(entriesMax: number) {
    assert(entriesMax >= 1, 'a near cache keeps one entry at least');
    assert(entriesMax <= NEAR_ENTRIES_MAX, 'a near cache is limited');
    this.#entriesMax = entriesMax;
  }

  get stats(): NearStats {
    return { hits: this.#hits, misses: this.#misses, entries: this.#entries.size };
  }

  /**
   * The entry of a key if it is what the owner would answer now.
   *
   * @param epoch the epoch that counts now
   * @param seconds a time in whole seconds, modulo 2^32, that goes on while anybody changes anything
   * @param order calls that the read must not overtake; null: it may overtake everything
   */
  find(
    key: string,
    epoch: Epoch,
    seconds: number,
    clock: NearClock,
    order: ReadOrder | null,
  ): NearEntry | null {
    const entry = this.#entries.get(key);
    if (entry === undefined || !isTrue(entry, epoch, seconds, clock)) return this.#miss();
    if (order !== null && !order.isQuiet((entry.hash >>> 0) as KeyHash)) return this.#miss();
    const hits = ++this.#hits;
    entry.isUsed = true;
    if (hits - entry.notedAt >= NOTE_INTERVAL) {
      entry.notedAt = hits;
      entry.source.slab?.noteHitAt(entry.slot, entry.hash);
    }
    return entry;
  }

  /** The entry of a key, true or not, if it holds this version. */
  ofVersion(key: string, versionHigh: number, versionLow: number): NearEntry | null {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.versionLow !== versionLow) return null;
    return entry.versionHigh === versionHigh ? entry : null;
  }

  /**
   * Keeps a value that was just read in place, in an active epoch, in the place of what there is.
   *
   * @param seconds the time before it was read
   */
  keep(key: string, value: unknown, found: Found, epoch: Epoch, seconds: number): void {
    const entry = this.#entries.get(key) ?? this.#add(key, this.#sourceOf(found, epoch));
    entry.value = value;
    entry.isBytes = found.kind === 'bytes';
    entry.versionHigh = found.versionHigh;
    entry.versionLow = found.versionLow;
    entry.expiry = found.expiry;
    entry.loading = found.loading;
    entry.expires = found.expiry !== NEVER;
    this.renew(entry, found, epoch, seconds);
  }

  /** The same for an entry that holds the version found already. */
  renew(entry: NearEntry, found: Found, epoch: Epoch, seconds: number): void {
    entry.source = this.#sourceOf(found, epoch);
    entry.bucket = found.bucket;
    entry.generation = found.generation;
    entry.place = found.place;
    entry.slot = found.slot;
    entry.hash = found.hash;
    entry.since = seconds;
    // Read in place, it was noted there.
    entry.notedAt = this.#hits;
  }

  /** Lets go of a key that is no more, or whose value is not to be kept. */
  drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#face[entry.hour] = null;
    this.#vacant.push(entry.hour);
  }

  /** The ring has changed: whatever memory this holds on to may be another node's past. */
  release(): void {
    for (const source of this.#sources) {
      source.epoch = null;
      source.slab = null;
    }
    this.#sources = [];
  }

  #miss(): null {
    this.#misses++;
    return null;
  }

  #sourceOf(slab: NearSlab, epoch: Epoch): Source {
    for (const source of this.#sources) {
      if (source.slab === slab && source.epoch === epoch) return source;
    }
    const source: Source = { epoch, slab };
    this.#sources.push(source);
    return source;
  }

  #add(key: string, source: Source): NearEntry {
    const entry = new NearEntry(key, source);
    entry.hour = this.#freeHour();
    this.#face[entry.hour] = entry;
    this.#entries.set(key, entry);
    return entry;
  }

  #freeHour(): number {
    const vacant = this.#vacant.pop();
    if (vacant !== undefined) return vacant;
    if (this.#face.length < this.#entriesMax) return this.#face.length;
    return this.#evict();
  }

  /** Every hour is taken. Returns the one that is so no more. */
  #evict(): number {
    const face = this.#face;
    for (let steps = 0; ; steps++) {
      const hour = this.#hand;
      const entry = face[hour];
      this.#hand = hour + 1 === face.length ? 0 : hour + 1;
      assert(entry != null, 'the hand moves when every hour is taken');
      if (!entry.isUsed || steps === HAND_STEPS_MAX) {
        this.#entries.delete(entry.key);
        return hour;
      }
      entry.isUsed = false;
    }
  }
}

function isTrue(entry: NearEntry, epoch: Epoch, seconds: number, clock: NearClock): boolean {
  const { epoch: madeIn, slab } = entry.source;
  if (madeIn !== epoch || slab === null) return false;
  const { place, slot, bucket, generation } = entry;
  if (!slab.wouldFind(place, slot, bucket, generation)) return false;
  // Both were rounded down.
  if (((seconds - entry.since) | 0) >= NEAR_SECONDS_MAX - 1) return false;
  return !entry.expires || entry.expiry > clock.now();
}
