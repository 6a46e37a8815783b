/** The owner's part of a stress: changes the slab, and says on the board what it begins and has done. */
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, type Instant, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import type { Slab } from '#src/slab/slab.js';
import {
  begunAt,
  doneAt,
  doneWord,
  forcedHash,
  keyText,
  loadingOf,
  type StressPlan,
  someLength,
  writeValue,
} from './stress.js';

export class StressOwner {
  readonly memory: SharedArrayBuffer;
  readonly slab: Slab;
  readonly board: SharedArrayBuffer;
  readonly #plan: StressPlan;
  readonly #words: Int32Array;
  readonly #prng: Prng;
  readonly #key = new KeyBuffer();
  readonly #version = new VersionClock(epoch(1));
  readonly #value: Buffer;
  /** Number of the operation under way, and low word of its version. */
  #operation = 0;
  #now = 1;

  constructor(plan: StressPlan, board: SharedArrayBuffer, make: typeof Slab) {
    this.memory = make.allocate(bytes(plan.limit));
    this.slab = new make(this.memory, bytes(plan.limit));
    this.board = board;
    this.#plan = plan;
    this.#words = new Int32Array(board);
    this.#prng = new Prng(plan.seed);
    this.#value = Buffer.alloc(Math.max(plan.length ?? 0, plan.lengthMax + 1000));
  }

  get operations(): number {
    return this.#operation;
  }

  operate(): void {
    const prng = this.#prng;
    const { deletes = 100, flushes = 0, strangers = 0, keys } = this.#plan;
    this.#operation++;
    this.#version.advance();
    this.#now += prng.below(2);
    const draw = prng.below(1000);
    const key = prng.below(keys);
    if (draw < deletes) this.#delete(key);
    else if (draw < deletes + 20) this.slab.sweep(instant(this.#now), prng);
    else if (draw < deletes + 20 + flushes) this.#flush();
    else if (draw < deletes + 20 + flushes + strangers) this.#writeStranger();
    else this.#write(key);
  }

  #write(key: number): void {
    const prng = this.#prng;
    const isTransient = prng.below(1000) < (this.#plan.withTtl ?? 50);
    const expiry = isTransient ? instant(this.#now + 1 + prng.below(200)) : NEVER;
    this.#load(key);
    this.#begin(key);
    const outcome = this.#install(key, expiry);
    if (outcome !== 'installed') throw new Error(`A write was ${outcome}`);
    this.#end(key, true, isTransient);
  }

  /** A key that is never read again; its number keeps it apart from the others. */
  #writeStranger(): void {
    this.#key.loadString(`stranger ${this.#operation}`);
    this.#install(-1, NEVER);
  }

  #install(key: number, expiry: Instant): string {
    const operation = this.#operation;
    const length = someLength(this.#prng, this.#plan, operation);
    const kind = operation % 2 === 0 ? 'bytes' : 'text';
    // Now as all of a buffer, now as part of one: they come into the slab by different ways.
    const isWhole = operation % 3 === 0;
    const value = isWhole ? Buffer.alloc(length) : this.#value;
    writeValue(value, key, operation, length, expiry);
    const now = instant(this.#now);
    const { slab } = this;
    const loading = loadingOf(operation);
    return slab.install(this.#key, now, value, 0, length, kind, expiry, this.#version, loading);
  }

  #delete(key: number): void {
    this.#load(key);
    this.#begin(key);
    this.slab.delete(this.#key, instant(this.#now), this.#version);
    this.#end(key, false, false);
  }

  #flush(): void {
    for (let key = 0; key < this.#plan.keys; key++) this.#begin(key);
    this.slab.flush(this.#version);
    for (let key = 0; key < this.#plan.keys; key++) this.#end(key, false, false);
  }

  #load(key: number): void {
    this.#key.loadString(keyText(key));
    const hash = forcedHash(key, this.#plan);
    if (hash !== null) this.#key.hash = hash as KeyBuffer['hash'];
  }

  #begin(key: number): void {
    Atomics.store(this.#words, begunAt(key), this.#operation);
  }

  #end(key: number, present: boolean, transient: boolean): void {
    Atomics.store(this.#words, doneAt(key), doneWord(this.#operation, present, transient));
  }
}
