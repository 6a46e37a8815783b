/**
 * One node's cache, usable alone: an LRU with a byte limit and times to live in memory outside the
 * garbage-collected heap. The same slab as a node's, with a clock and a place for keys.
 */
import type { Buffer } from 'node:buffer';
import { ShoalError } from './base/errors.js';
import { KeyBuffer, type KeyCheck } from './base/key.js';
import { Prng } from './base/prng.js';
import { parseSize } from './base/size.js';
import { after, bytes, duration, epoch, type Instant, instant, NEVER } from './base/units.js';
import { VersionClock } from './base/version.js';
import { MEMORY_LIMIT_MAX, MEMORY_LIMIT_MIN } from './slab/layout.js';
import { NO_ENTRY, Slab } from './slab/slab.js';
import type { SlabStats } from './slab/stats.js';

const KEY_FAULTS: Readonly<Record<Exclude<KeyCheck, 'ok'>, string>> = {
  empty: 'the key is empty',
  'too-long': 'the key is longer than 65535 bytes',
  'ill-formed': 'the key has a lone surrogate, which UTF-8 cannot express',
};

export interface SlabCacheOptions {
  /** Limit on tracked bytes: key + value + 64 for every entry. 1 KB to 4 GB, as bytes or `'64mb'`. */
  readonly memoryLimit: number | string;
  /**
   * Milliseconds since any fixed point, never going back.
   * @default performance.now
   */
  readonly clock?: () => number;
}

/**
 * An LRU of bytes over shared memory, for one thread.
 *
 * @example A cache of 64 MB
 * ```ts
 * const cache = new SlabCache({ memoryLimit: '64mb' });
 * cache.set('greeting', Buffer.from('hello'), { ttl: 60_000 });
 * cache.get('greeting'); // <Buffer 68 65 6c 6c 6f>
 * ```
 */
export class SlabCache {
  readonly #slab: Slab;
  readonly #key = new KeyBuffer();
  readonly #version = new VersionClock(epoch(1));
  readonly #clock: () => number;
  readonly #prng = new Prng(1);
  /** Something was given a time to live: from then on the time matters. */
  #isTimed = false;

  /** @throws RangeError if the memory limit is not a size from 1 KB to 4 GB. */
  constructor(options: SlabCacheOptions) {
    const limit = parseSize(options.memoryLimit);
    if (limit === null || limit < MEMORY_LIMIT_MIN || limit > MEMORY_LIMIT_MAX) {
      throw new RangeError(
        `Cannot create cache: memoryLimit must be 1kb to 4gb: received ${options.memoryLimit}`,
      );
    }
    this.#slab = new Slab(Slab.allocate(bytes(limit)), bytes(limit));
    this.#clock = options.clock ?? (() => performance.now());
  }

  /**
   * The value as bytes of its own, or undefined. Makes the key the most recently used.
   * @throws ShoalError ERR_KEY
   */
  get(key: string | Uint8Array): Buffer | undefined {
    const slab = this.#slab;
    this.#load(key, 'get');
    const entry = slab.get(this.#key, this.#now());
    return entry === NO_ENTRY ? undefined : slab.readValue(entry);
  }

  /**
   * Copies the value to `target` from `at` on: no garbage. Returns the value's length, also where
   * it did not fit and nothing was copied, or -1 for a miss.
   * @throws ShoalError ERR_KEY
   */
  getInto(key: string | Uint8Array, target: Uint8Array, at = 0): number {
    const slab = this.#slab;
    this.#load(key, 'get');
    const entry = slab.get(this.#key, this.#now());
    if (entry === NO_ENTRY) return -1;
    const length = slab.valueLength(entry);
    if (at + length <= target.length) slab.copyValue(entry, target, at);
    return length;
  }

  /** Whether the key is there, without making it recently used. */
  has(key: string | Uint8Array): boolean {
    this.#load(key, 'look up');
    return this.#slab.find(this.#key, this.#now()) !== NO_ENTRY;
  }

  /**
   * Stores a copy of the bytes. The least recently used entries go first if there is no room.
   * @param options.ttl milliseconds, positive and finite; without one the entry does not expire
   * @throws ShoalError ERR_KEY, ERR_TTL, ERR_VALUE_TYPE, ERR_VALUE_TOO_LARGE (key + value + 64 is
   *   over the limit); the old value stays
   */
  set(key: string | Uint8Array, value: Uint8Array, options?: { readonly ttl?: number }): void {
    this.#load(key, 'set');
    if (!(value instanceof Uint8Array)) {
      const message = `Cannot set: the value must be a Uint8Array: received ${typeof value}`;
      throw new ShoalError('ERR_VALUE_TYPE', message);
    }
    const ttl = options?.ttl;
    if (ttl !== undefined) this.#isTimed = true;
    const now = this.#now();
    const expiry = expiryOf(now, ttl);
    this.#version.advance();
    const slab = this.#slab;
    const end = value.length;
    const outcome = slab.install(this.#key, now, value, 0, end, 'bytes', expiry, this.#version);
    if (outcome !== 'too-large') return;
    throw new ShoalError(
      'ERR_VALUE_TOO_LARGE',
      `Cannot set: key and value are ${this.#key.length} + ${end} bytes, the memory limit is ${slab.memoryLimit}`,
    );
  }

  /** Removes a key; false if it was not there. */
  delete(key: string | Uint8Array): boolean {
    this.#load(key, 'delete');
    this.#version.advance();
    return this.#slab.delete(this.#key, this.#now(), this.#version);
  }

  /** Removes everything. */
  clear(): void {
    this.#version.advance();
    this.#slab.flush(this.#version);
  }

  /**
   * Looks at 20 random entries with a time to live and removes those that have expired; goes on
   * while more than a quarter of them had. Expired entries are never returned either way; call
   * this now and then (a node does once a second) to have their memory back early.
   * @returns how many were removed
   */
  sweep(): number {
    const now = this.#now();
    let removed = 0;
    for (let round = 0; round < SWEEP_ROUNDS_MAX; round++) {
      const { sampled, expired } = this.#slab.sweep(now, this.#prng);
      removed += expired;
      if (expired * 4 <= sampled) break;
    }
    return removed;
  }

  stats(): SlabStats {
    return this.#slab.stats();
  }

  /** Where nothing can expire, 50 ns and an object on the heap are saved. */
  #now(): Instant {
    return this.#isTimed ? instant(this.#clock()) : UNTIMED;
  }

  #load(key: string | Uint8Array, action: string): void {
    let check: KeyCheck;
    if (typeof key === 'string') check = this.#key.loadString(key);
    else if (key instanceof Uint8Array) check = this.#key.loadBytes(key, 0, key.length);
    else throw new TypeError(`Cannot ${action}: the key must be a string or a Uint8Array`);
    if (check !== 'ok') throw new ShoalError('ERR_KEY', `Cannot ${action}: ${KEY_FAULTS[check]}`);
  }
}

const SWEEP_ROUNDS_MAX = 16;
/** Any instant will do. */
const UNTIMED = instant(0);

function expiryOf(now: Instant, ttl: number | undefined): Instant {
  if (ttl === undefined) return NEVER;
  if (Number.isFinite(ttl) && ttl > 0) return after(now, duration(ttl));
  throw new ShoalError(
    'ERR_TTL',
    `Cannot set: ttl must be a positive number of ms: received ${ttl}`,
  );
}
