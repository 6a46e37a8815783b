/** A cache in a Map, and others like it with one fault each, for the judges of a stress to find. */
import { Buffer } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { ShoalError } from '#src/base/errors.js';
import { machineNow } from '../../bench/soak/clock.js';
import type { Cache } from '../../bench/stress/cache.js';

interface Entry {
  readonly value: unknown;
  readonly expiresMs: number;
}

export class FakeCache implements Cache {
  readonly entries: Map<string, Entry>;
  /** What was there before the last write of a key. */
  readonly former: Map<string, Entry>;

  /** @param other a client of the same cache */
  constructor(other?: FakeCache) {
    this.entries = other?.entries ?? new Map();
    this.former = other?.former ?? new Map();
  }

  async set(key: string, value: unknown, { ttl }: { readonly ttl?: number } = {}): Promise<true> {
    await turn();
    this.put(key, { value, expiresMs: machineNow() + (ttl ?? Number.POSITIVE_INFINITY) });
    await turn();
    return true;
  }

  put(key: string, entry: Entry): void {
    const old = this.entries.get(key);
    if (old !== undefined) this.former.set(key, old);
    this.entries.set(key, entry);
  }

  getSync(key: string): unknown {
    return this.find(key)?.value;
  }

  /** Large values are bytes, and they alone are read so. */
  getInto(key: string, target: Uint8Array): number {
    const value = this.getSync(key);
    if (!Buffer.isBuffer(value)) return -1;
    target.set(value);
    return value.length;
  }

  async get(key: string): Promise<unknown> {
    await turn();
    return this.getSync(key);
  }

  getMany(keys: Iterable<string>): Promise<unknown[]> {
    return Promise.all([...keys].map((key) => this.get(key)));
  }

  async has(key: string): Promise<boolean> {
    await turn();
    return this.find(key) !== undefined;
  }

  async delete(key: string): Promise<boolean> {
    await turn();
    const entry = this.find(key);
    if (entry !== undefined) this.former.set(key, entry);
    this.entries.delete(key);
    return entry !== undefined;
  }

  async expire(key: string, ttl: number): Promise<boolean> {
    await turn();
    const entry = this.find(key);
    if (entry !== undefined) this.put(key, { ...entry, expiresMs: machineNow() + ttl });
    return entry !== undefined;
  }

  stats(): { readonly unread: number } {
    return { unread: 0 };
  }

  find(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    return entry === undefined || entry.expiresMs <= machineNow() ? undefined : entry;
  }
}

/** Now and then a read finds what was there before the last write. */
export class ServesTheFormer extends FakeCache {
  #reads = 0;

  override getSync(key: string): unknown {
    if (++this.#reads % 50 > 0) return super.getSync(key);
    return this.former.get(key)?.value ?? super.getSync(key);
  }
}

/** Now and then a write is acknowledged and forgotten. */
export class LosesWrites extends FakeCache {
  #writes = 0;

  override put(key: string, entry: Entry): void {
    super.put(key, entry);
    if (++this.#writes % 50 === 0) this.entries.delete(key);
  }
}

/** Reads find nothing now and then, which is lawful only where something may be evicted. */
export class Misses extends FakeCache {
  #reads = 0;

  override find(key: string): Entry | undefined {
    return ++this.#reads % 50 === 0 ? undefined : super.find(key);
  }
}

/** Bytes come half from one write, half from another. */
export class Tears extends FakeCache {
  override getSync(key: string): unknown {
    const value = super.getSync(key);
    const former = this.former.get(key)?.value;
    if (!Buffer.isBuffer(value) || !Buffer.isBuffer(former)) return value;
    const half = Math.min(value.length, former.length) >> 1;
    return Buffer.concat([former.subarray(0, half), value.subarray(half)]);
  }
}

/** The value of the last key that was written, whatever is asked for. */
export class ConfusesKeys extends FakeCache {
  #last: unknown;

  override put(key: string, entry: Entry): void {
    super.put(key, entry);
    this.#last = entry.value;
  }

  override getSync(key: string): unknown {
    return super.getSync(key) === undefined ? undefined : this.#last;
  }
}

export class ServesTheDeleted extends FakeCache {
  override find(key: string): Entry | undefined {
    return super.find(key) ?? this.former.get(key);
  }
}

/** Fails with an error that no read may fail with. */
export class FailsOddly extends FakeCache {
  override async get(): Promise<unknown> {
    throw new ShoalError('ERR_PROTOCOL', 'Cannot say why');
  }
}

/** Says that it has not stored what it has stored. */
export class RefusesAndStores extends FakeCache {
  #writes = 0;

  override put(key: string, entry: Entry): void {
    super.put(key, entry);
    if (++this.#writes % 20 === 0) throw new ShoalError('ERR_BUSY', 'Cannot set key: try again');
  }
}
