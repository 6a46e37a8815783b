import { staleForOf } from '#src/base/brief.js';
import { ENTRY_OVERHEAD } from '#src/slab/layout.js';

/** What the model remembers of an entry; the bytes themselves follow from length and stamp. */
export interface ModelEntry {
  readonly charge: number;
  readonly length: number;
  readonly stamp: number;
  readonly expiry: number;
  /** Load time and stale window, packed. */
  readonly loading: number;
  /** Number of the write, rising: the version in the slab. */
  readonly version: number;
}

/** When an entry's stale window is over. */
export const keptUntil = ({ expiry, loading }: Pick<ModelEntry, 'expiry' | 'loading'>): number =>
  expiry + staleForOf(loading);

/**
 * The dumb second implementation of one node's cache: a Map whose insertion order is the order of
 * use, and a sum. Keys are numbers, of keys in a list that the test has.
 */
export class ModelCache {
  /** Oldest first. */
  readonly entries = new Map<number, ModelEntry>();
  tracked = 0;
  evicted = 0;
  /** Those among them that went because a chain of the index was full. */
  evictedFromChain = 0;
  readonly #limit: number;
  readonly #entriesMax: number;

  /** @param entriesMax where all keys collide: entries that one chain of the index holds */
  constructor(limit: number, entriesMax = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
    this.#entriesMax = entriesMax;
  }

  get(key: number, now: number): ModelEntry | undefined {
    const entry = this.find(key, now);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry;
  }

  /** The entry unless it has expired; if its stale window is over it is dropped. The order stays. */
  find(key: number, now: number): ModelEntry | undefined {
    const entry = this.findStale(key, now);
    return entry === undefined || entry.expiry > now ? entry : undefined;
  }

  /** The same, also within its stale window. */
  findStale(key: number, now: number): ModelEntry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || keptUntil(entry) > now) return entry;
    this.drop(key);
    return undefined;
  }

  /** False if the entry is larger than the limit; then nothing is changed. */
  set(key: number, keyLength: number, entry: Omit<ModelEntry, 'charge'>): boolean {
    const charge = keyLength + entry.length + ENTRY_OVERHEAD;
    if (charge > this.#limit) return false;
    this.drop(key);
    while (this.tracked + charge > this.#limit) this.#evict(this.#oldest());
    if (this.entries.size === this.#entriesMax) {
      this.#evict(this.#firstWritten());
      this.evictedFromChain++;
    }
    this.entries.set(key, { ...entry, charge });
    this.tracked += charge;
    return true;
  }

  drop(key: number): boolean {
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    this.entries.delete(key);
    this.tracked -= entry.charge;
    return true;
  }

  clear(): void {
    this.entries.clear();
    this.tracked = 0;
  }

  #evict(key: number): void {
    this.drop(key);
    this.evicted++;
  }

  #oldest(): number {
    for (const key of this.entries.keys()) return key;
    throw new Error('The model has nothing to evict');
  }

  #firstWritten(): number {
    let first = this.#oldest();
    for (const [key, entry] of this.entries) {
      if (entry.version < (this.entries.get(first) as ModelEntry).version) first = key;
    }
    return first;
  }
}
