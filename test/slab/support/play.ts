/**
 * Plays a random history against a slab and the model at once, and compares after every operation
 * what can be compared cheaply: the outcome, the bytes of what is read, the count, the sum. Now
 * and then, and at the end, everything: the structure of the memory, the order of use, every value.
 */
import assert from 'node:assert/strict';
import { packLoading } from '#src/base/brief.js';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, duration, epoch, type Instant, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { NO_ENTRY, Slab } from '#src/slab/slab.js';
import type { SlabStats } from '#src/slab/stats.js';
import { PATTERN, startOf, valueAt } from './bytes.js';
import { keptUntil, ModelCache, type ModelEntry } from './model.js';
import { type HashOf, verifySlab } from './verify.js';
import { SlabView } from './view.js';

/** Operations by how often they come, relative to each other. */
export interface Mix {
  readonly get: number;
  readonly has: number;
  readonly findStale: number;
  readonly set: number;
  readonly setWithTtl: number;
  readonly setExpiry: number;
  readonly delete: number;
  readonly sweep: number;
  readonly flush: number;
}

export const EVERYTHING: Mix = {
  get: 400,
  has: 50,
  findStale: 50,
  set: 380,
  setWithTtl: 80,
  setExpiry: 30,
  delete: 50,
  sweep: 3,
  flush: 0.02,
};

export interface History {
  readonly limit: number;
  readonly keys: readonly Uint8Array[];
  /** Length of the value of the next write. */
  readonly valueLength: (prng: Prng, operation: number) => number;
  readonly operations: number;
  readonly seed: number;
  readonly mix?: Mix;
  /** Full checks in the whole history, the one at the end included. */
  readonly fullChecks?: number;
  /** Forces hashes, to make collisions; then entries a chain of the index holds. */
  readonly hashOf?: HashOf;
  readonly entriesMax?: number;
  readonly makeSlab?: (buffer: SharedArrayBuffer, limit: number) => Slab;
  /** Goes on with a slab that there is, instead of an empty one. */
  readonly from?: Beginning;
}

/** Where a history begins that does not begin with nothing. */
export interface Beginning {
  readonly buffer: SharedArrayBuffer;
  readonly slab: Slab;
  /** By the keys' numbers, least recently used first. */
  readonly entries: ReadonlyMap<number, Omit<ModelEntry, 'version'>>;
  readonly now: number;
  /** The epoch to write under, above all that is there. */
  readonly epoch: number;
}

export interface Played {
  readonly stats: SlabStats;
  readonly slab: Slab;
  readonly view: SlabView;
}

/** The fault that a full check or an operation met, with what is needed to see it again. */
export class Difference extends Error {
  constructor(history: History, operation: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`seed ${history.seed}, limit ${history.limit}, operation ${operation}: ${why}`, {
      cause,
    });
  }
}

export function play(history: History): Played {
  const player = new Player(history);
  const checkEvery = Math.ceil(history.operations / (history.fullChecks ?? 4));
  for (let operation = 1; operation <= history.operations; operation++) {
    try {
      player.step(operation);
      if (operation % checkEvery === 0 || operation === history.operations) player.checkAll();
    } catch (error) {
      throw new Difference(history, operation, error);
    }
  }
  return { stats: player.slab.stats(), slab: player.slab, view: player.view };
}

type Operation = keyof Mix;

class Player {
  readonly slab: Slab;
  readonly view: SlabView;
  readonly #history: History;
  readonly #model: ModelCache;
  readonly #prng: Prng;
  readonly #key = new KeyBuffer();
  readonly #version = new VersionClock(epoch(1));
  readonly #target = Buffer.alloc(PATTERN.length);
  readonly #ladder: readonly { readonly operation: Operation; readonly upTo: number }[];
  #now = 0;
  #stamp = 0;

  constructor(history: History) {
    const { from } = history;
    const buffer = from?.buffer ?? Slab.allocate(bytes(history.limit));
    const make = history.makeSlab ?? ((memory, limit) => new Slab(memory, bytes(limit)));
    this.#history = history;
    this.slab = from?.slab ?? make(buffer, history.limit);
    this.view = new SlabView(buffer, history.limit);
    this.#model = new ModelCache(history.limit, history.entriesMax);
    if (from !== undefined) this.#begin(from);
    this.#prng = new Prng(history.seed);
    let upTo = 0;
    this.#ladder = Object.entries(history.mix ?? EVERYTHING).map(([operation, weight]) => {
      upTo += weight;
      return { operation: operation as Operation, upTo };
    });
  }

  #begin({ entries, now, epoch: number, slab }: Beginning): void {
    for (const [key, entry] of entries) {
      this.#model.entries.set(key, { ...entry, version: 0 });
      this.#model.tracked += entry.charge;
    }
    const { evicted, evictedOutOfOrder } = slab.stats();
    this.#model.evicted = evicted;
    this.#model.evictedFromChain = evictedOutOfOrder;
    this.#now = now;
    this.#version.enter(epoch(number));
  }

  step(operation: number): void {
    if (this.#prng.below(4) === 0) this.#now += this.#prng.below(5);
    const number = this.#prng.below(this.#history.keys.length);
    this.#do(this.#pick(), number, instant(this.#now), operation);
    assert.equal(this.slab.count, this.#model.entries.size, 'count');
    assert.equal(this.slab.trackedBytes, this.#model.tracked, 'tracked bytes');
  }

  #pick(): Operation {
    const top = this.#ladder[this.#ladder.length - 1]?.upTo as number;
    const draw = this.#prng.unit() * top;
    for (const { operation, upTo } of this.#ladder) if (draw < upTo) return operation;
    return 'get';
  }

  #do(operation: Operation, number: number, now: Instant, at: number): void {
    switch (operation) {
      case 'get':
        this.#get(number, now);
        break;
      case 'has':
        this.#has(number, now);
        break;
      case 'findStale':
        this.#findStale(number, now);
        break;
      case 'set':
        this.#set(number, now, NEVER, at);
        break;
      case 'setWithTtl':
        this.#set(number, now, this.#someExpiry(), at);
        break;
      case 'setExpiry':
        this.#setExpiry(number, now);
        break;
      case 'delete':
        this.#delete(number, now);
        break;
      case 'sweep':
        this.#sweep(now);
        break;
      case 'flush':
        this.#flush();
        break;
    }
  }

  #load(number: number): number {
    const key = this.#history.keys[number] as Uint8Array;
    assert.equal(this.#key.loadBytes(key, 0, key.length), 'ok');
    const { hashOf } = this.#history;
    if (hashOf !== undefined) this.#key.hash = hashOf(key) as KeyBuffer['hash'];
    return key.length;
  }

  #someExpiry(): Instant {
    return instant(this.#now + 1 + this.#someWait());
  }

  /** Long, or so short that it is over before an entry in a small slab is evicted. */
  #someWait(): number {
    return this.#prng.below(this.#prng.below(2) === 0 ? 2000 : 40);
  }

  /** Every second entry has a stale window, and not every third a load time. */
  #someLoading(): number {
    const loadTime = duration(this.#prng.below(3) === 0 ? 0 : this.#prng.unit() * 100);
    const staleFor = duration(this.#prng.below(2) === 0 ? 0 : this.#someWait());
    return packLoading(loadTime, staleFor);
  }

  #get(number: number, now: Instant): void {
    this.#load(number);
    const expected = this.#model.get(number, now);
    const entry = this.slab.get(this.#key, now);
    assert.equal(entry !== NO_ENTRY, expected !== undefined, 'whether a key is there');
    if (expected === undefined) return;
    assert.equal(this.slab.valueLength(entry), expected.length, 'length of a value');
    this.slab.copyValue(entry, this.#target, 3);
    const start = startOf(expected.stamp);
    const end = 3 + expected.length;
    const order = this.#target.compare(PATTERN, start, start + expected.length, 3, end);
    assert.equal(order, 0, 'bytes of a value');
  }

  #has(number: number, now: Instant): void {
    this.#load(number);
    const expected = this.#model.find(number, now) !== undefined;
    assert.equal(this.slab.find(this.#key, now) !== NO_ENTRY, expected, 'whether a key is there');
  }

  #findStale(number: number, now: Instant): void {
    this.#load(number);
    const expected = this.#model.findStale(number, now);
    const entry = this.slab.findStale(this.#key, now);
    assert.equal(entry !== NO_ENTRY, expected !== undefined, 'whether a stale entry is there');
    if (expected === undefined) return;
    assert.equal(this.slab.expiry(entry), expected.expiry, 'expiry of a stale entry');
    assert.equal(this.slab.loading(entry), expected.loading, 'how a stale entry was loaded');
  }

  #set(number: number, now: Instant, expiry: Instant, operation: number): void {
    const keyLength = this.#load(number);
    const length = this.#history.valueLength(this.#prng, operation);
    const stamp = this.#stamp++;
    const start = startOf(stamp);
    this.#version.advance();
    const version = this.#stamp;
    const loading = this.#someLoading();
    const fits = this.#model.set(number, keyLength, { length, stamp, expiry, loading, version });
    const end = start + length;
    const kind = stamp % 2 === 0 ? 'bytes' : 'text';
    const { slab } = this;
    const at = this.#version;
    const out = slab.install(this.#key, now, PATTERN, start, end, kind, expiry, at, loading);
    assert.equal(out, fits ? 'installed' : 'too-large');
  }

  #setExpiry(number: number, now: Instant): void {
    const keyLength = this.#load(number);
    const expiry = this.#prng.below(4) === 0 ? NEVER : this.#someExpiry();
    this.#version.advance();
    this.#stamp++;
    const old = this.#model.find(number, now);
    if (old !== undefined) {
      this.#model.set(number, keyLength, { ...old, expiry, version: this.#stamp });
    }
    const done = this.slab.setExpiry(this.#key, now, expiry, this.#version);
    assert.equal(done, old !== undefined, 'whether an expiry could be set');
  }

  #delete(number: number, now: Instant): void {
    this.#load(number);
    this.#version.advance();
    const expected = this.#model.find(number, now) !== undefined;
    this.#model.drop(number);
    assert.equal(this.slab.delete(this.#key, now, this.#version), expected, 'whether deleted');
  }

  /** The sweeper chooses by chance: the model follows it, but for entries that had not expired. */
  #sweep(now: Instant): void {
    const { expired, sampled } = this.slab.sweep(now, this.#prng);
    assert.ok(expired <= sampled);
    if (expired === 0) return;
    let gone = 0;
    for (const [number, entry] of this.#model.entries) {
      if (keptUntil(entry) > now) continue;
      this.#load(number);
      const key = this.#history.keys[number] as Uint8Array;
      if (this.view.find(this.#key.hash, key) !== undefined) continue;
      this.#model.drop(number);
      gone++;
    }
    assert.equal(gone, expired, 'the sweeper removes expired entries only, which are not stale');
  }

  #flush(): void {
    this.#version.advance();
    this.#model.clear();
    this.slab.flush(this.#version);
  }

  /** Everything, from the memory alone: structure, order of use, keys, values, counters. */
  checkAll(): void {
    const stats = this.slab.stats();
    const { order } = verifySlab(this.view, this.#history.hashOf);
    assert.equal(stats.evicted, this.#model.evicted, 'evicted');
    assert.equal(stats.evictedOutOfOrder, this.#model.evictedFromChain, 'evicted out of order');
    let place = 0;
    for (const [number, entry] of this.#model.entries) {
      const slot = order[place++] as number;
      const key = this.#history.keys[number] as Uint8Array;
      assert.ok(this.view.keyOf(slot).equals(key), 'the order of use');
      assert.equal(this.view.entries.expiry(slot), entry.expiry, 'expiry');
      assert.equal(this.view.entries.loading(slot), entry.loading, 'how it was loaded');
      const value = valueAt(entry.length, entry.stamp);
      assert.ok(this.view.valueOf(slot).equals(value), 'bytes of a value');
    }
  }
}
