/**
 * An owner at work on a small slab, whose every store is recorded, and what may be true of the slab
 * before and after each of its operations. Values are told by their version: length and stamp.
 */
import assert from 'node:assert/strict';
import { packLoading } from '#src/base/brief.js';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, duration, epoch, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { NO_SLOT } from '#src/slab/layout.js';
import { Slab } from '#src/slab/slab.js';
import { PATTERN, startOf, valueAt } from './bytes.js';
import { Recorder, type StoreRecord } from './recorder.js';
import { SlabView, versionNumber } from './view.js';

export type OwnerOperation =
  | { readonly do: 'set'; key: number; length: number; ttl: number | null; staleFor: number }
  | { readonly do: 'delete' | 'get' | 'findStale' | 'setExpiry'; key: number }
  | { readonly do: 'sweep' | 'flush' };

/** What one key is. Versions as `versionNumber` has them; of an absent key, its floor. */
export interface KeyState {
  readonly version: number;
  readonly isPresent: boolean;
  /** Its slots, of which an absent key has none. */
  readonly slots: readonly number[];
}

/** What was written under a version. */
export interface Written {
  readonly key: number;
  readonly length: number;
  readonly stamp: number;
  readonly expiry: number;
  readonly loading: number;
}

export interface Snapshot {
  readonly keys: readonly KeyState[];
  /** Keys, least recently used first. */
  readonly order: readonly number[];
}

/** The slab that tests work on, so that faulty ones can be put in its place. */
export type SlabClass = Pick<typeof Slab, 'attach' | 'allocate'> &
  (new (
    ...args: ConstructorParameters<typeof Slab>
  ) => Slab);

export class Owner {
  readonly buffer: SharedArrayBuffer;
  readonly limit: number;
  readonly keys: readonly Buffer[];
  readonly slab: Slab;
  readonly view: SlabView;
  /** All but the bytes of everything that was ever written, by version. */
  readonly written: Map<number, Written>;
  now: number;
  readonly #epoch: number;
  readonly #recorder = new Recorder();
  readonly #key = new KeyBuffer();
  readonly #version: VersionClock;
  readonly #prng = new Prng(3);
  readonly #numbers = new Map<string, number>();

  private constructor(
    slab: (recorder: Recorder) => Slab,
    buffer: SharedArrayBuffer,
    limit: number,
    keys: readonly Buffer[],
    from: { readonly epoch: number; readonly now: number; readonly written: Owner['written'] },
  ) {
    this.buffer = buffer;
    this.limit = limit;
    this.keys = keys;
    this.slab = slab(this.#recorder);
    this.view = new SlabView(buffer, limit);
    this.written = from.written;
    this.now = from.now;
    this.#epoch = from.epoch;
    this.#version = new VersionClock(epoch(from.epoch));
    for (const [number, key] of keys.entries()) this.#numbers.set(key.toString('latin1'), number);
  }

  static start(limit: number, keys: readonly Uint8Array[], Kind: SlabClass = Slab): Owner {
    const buffer = Slab.allocate(bytes(limit));
    const own = keys.map((key) => Buffer.from(key));
    const make = (recorder: Recorder): Slab => recorder.run(() => new Kind(buffer, bytes(limit)));
    return new Owner(make, buffer, limit, own, { epoch: 1, now: 0, written: new Map() });
  }

  /** The next owner of what this one has left in `buffer`, which is a copy of its memory. */
  succeed(buffer: SharedArrayBuffer, Kind: SlabClass = Slab): Owner {
    const attach = () => Kind.attach(buffer, bytes(this.limit), firstOf(this.#epoch + 1));
    return new Owner(attach, buffer, this.limit, this.keys, this.#heritage());
  }

  /** The same, and the stores that it takes to attach; those of its operations can be had, too. */
  succeedRecorded(buffer: SharedArrayBuffer, Kind: SlabClass = Slab) {
    const stores: StoreRecord[] = [];
    const attach = (recorder: Recorder): Slab => {
      let slab: Slab | undefined;
      const attach = () => {
        slab = Kind.attach(buffer, bytes(this.limit), firstOf(this.#epoch + 1));
      };
      stores.push(...recorder.record(attach));
      assert.ok(slab !== undefined);
      return slab;
    };
    const next = new Owner(attach, buffer, this.limit, this.keys, this.#heritage());
    return { next, stores };
  }

  #heritage() {
    return { epoch: this.#epoch + 1, now: this.now, written: new Map(this.written) };
  }

  /** Does it, and returns the stores that it took. */
  operate(operation: OwnerOperation): StoreRecord[] {
    return this.#recorder.record(() => this.#do(operation));
  }

  snapshot(): Snapshot {
    const keys = this.keys.map((key, number) => this.stateOf(number, key));
    return { keys, order: this.orderOf(this.view) };
  }

  stateOf(number: number, key = this.keys[number] as Buffer): KeyState {
    return stateIn(this.view, this.hashOf(number), key);
  }

  hashOf(number: number): number {
    return this.#load(number).hash;
  }

  /** Keys in the recency list, as far as they are in the index, too. */
  orderOf(view: SlabView): number[] {
    const order: number[] = [];
    for (const slot of view.recency()) {
      const number = this.#numbers.get(view.keyOf(slot).toString('latin1'));
      if (number !== undefined) order.push(number);
    }
    return order;
  }

  /** The bytes that a version was written with. */
  valueOf(version: number): Uint8Array {
    const { length, stamp } = this.written.get(version) as Written;
    return valueAt(length, stamp);
  }

  #load(number: number): KeyBuffer {
    const key = this.keys[number] as Buffer;
    this.#key.loadBytes(key, 0, key.length);
    return this.#key;
  }

  #do(operation: OwnerOperation): void {
    const now = instant(this.now);
    this.#version.advance();
    const version = this.#version;
    const number = versionNumber(version.high, version.low);
    switch (operation.do) {
      case 'set': {
        const { length, ttl, staleFor } = operation;
        const stamp = version.low * 7;
        const expiry = ttl === null ? NEVER : instant(this.now + ttl);
        const [start, end] = [startOf(stamp), startOf(stamp) + length];
        const loading = packLoading(duration(version.low / 8), duration(staleFor));
        this.written.set(number, { key: operation.key, length, stamp, expiry, loading });
        const key = this.#load(operation.key);
        this.slab.install(key, now, PATTERN, start, end, 'bytes', expiry, version, loading);
        break;
      }
      case 'delete':
        this.slab.delete(this.#load(operation.key), now, version);
        break;
      case 'get':
        this.slab.get(this.#load(operation.key), now);
        break;
      case 'findStale':
        this.slab.findStale(this.#load(operation.key), now);
        break;
      case 'setExpiry': {
        const old = this.written.get(this.stateOf(operation.key).version);
        if (old !== undefined) this.written.set(number, { ...old, expiry: this.now + 5000 });
        this.slab.setExpiry(this.#load(operation.key), now, instant(this.now + 5000), version);
        break;
      }
      case 'sweep':
        this.slab.sweep(now, this.#prng);
        break;
      case 'flush':
        this.slab.flush(version);
        break;
    }
  }
}

/** The version before the first of an epoch. */
export const firstOf = (number: number): VersionClock => new VersionClock(epoch(number));

export function stateIn(view: SlabView, hash: number, key: Buffer): KeyState {
  const pair = view.find(hash, key);
  if (pair === undefined) return { version: view.floor(hash), isPresent: false, slots: [] };
  const slots = [pair.slot];
  let chunk = view.entries.chain(pair.slot);
  for (; chunk !== NO_SLOT; chunk = view.entries.nextChunk(chunk)) slots.push(chunk);
  return { version: view.version(pair.slot), isPresent: true, slots };
}
