import {
  ENTRY_CHARGE_BYTES,
  type TraceCache,
  type TraceCacheStats,
} from '#src/load/trace-replay.js';

/**
 * The oracle: an LRU with a byte limit that is too simple to be wrong. A Map keeps the order in
 * which keys were last touched; what does not fit goes from the front, before the insertion.
 */
export class ExactLru implements TraceCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;
  #evicted = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: Uint8Array): void {
    this.#remove(key);
    const charge = chargeOf(key, value);
    if (charge > this.#limit) return;
    while (this.#bytes + charge > this.#limit) this.#evictOldest();
    this.#entries.set(key, value);
    this.#bytes += charge;
  }

  stats(): TraceCacheStats {
    return {
      entries: this.#entries.size,
      trackedBytes: this.#bytes,
      memoryLimit: this.#limit,
      occupiedBytes: this.#bytes,
      evicted: this.#evicted,
      evictedOutOfOrder: 0,
    };
  }

  #evictOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#remove(key);
      this.#evicted++;
      return;
    }
  }

  #remove(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= chargeOf(key, value);
  }
}

const chargeOf = (key: string, value: Uint8Array): number =>
  Buffer.byteLength(key) + value.length + ENTRY_CHARGE_BYTES;
