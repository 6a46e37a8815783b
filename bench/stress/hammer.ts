/**
 * One thread's work: reads in place by the burst, of everybody's keys, then a batch of whatever
 * takes a promise, writes of its own keys among it; and every answer judged.
 */
import { Buffer } from 'node:buffer';
import { ShoalError } from '#src/base/errors.js';
import type { Prng } from '#src/base/prng.js';
import { STAMP_BYTES } from '#src/load/value-stamp.js';
import { machineNow } from '../soak/clock.js';
import { isDocumented, outcomeOf } from '../soak/error-codes.js';
import type { KeyPlan } from '../soak/key-plan.js';
import type { Ledger } from '../soak/ledger.js';
import type { Write, WriterBook } from '../soak/writer-book.js';
import type { Cache } from './cache.js';
import { CONTENDED_VALUE_MAX, ContendedKeys } from './contended.js';
import type { FloorWatch } from './floor-watch.js';
import type { Judge } from './judge.js';
import type { Tally } from './tally.js';
import type { Values } from './values.js';

/** Reads, and looks at a short contended key's version or floor, between two looks at the clock. */
const READS = 16;
const FLOOR_LOOKS = 64;
/** One read in so many is of a large value. */
const LARGE_READS_EVERY = 3;
/** What takes a promise, at a time. */
const BATCH = 16;
const MANY_KEYS = 4;
/** One write in so many gives its value a time to live. */
const EXPIRES_EVERY = 4;
const TTL_MS = { min: 20, max: 3_000 } as const;
/** Of a hundred operations of a batch: the first so many are sets, and so on. */
const MIX = { set: 45, delete: 57, expire: 63, get: 85, many: 93 } as const;
const SHORT_VALUE_MAX = 700;

export interface HammerOptions {
  readonly thread: number;
  readonly plan: KeyPlan;
  readonly ledger: Ledger;
  readonly book: WriterBook;
  readonly judge: Judge;
  readonly values: Values;
  readonly tally: Tally;
  readonly cache: Cache;
  readonly prng: Prng;
  /** Reads in place go on for so long between two batches: many threads wait long for their answers. */
  readonly burstMs: number;
  /** Null where there are no slabs to look into. */
  readonly floors: FloorWatch | null;
}

export class Hammer {
  readonly #with: HammerOptions;
  readonly #target = Buffer.alloc(CONTENDED_VALUE_MAX);
  /** Reads in place that could not be done, by the cache's count. */
  #unread = 0;
  readonly #keys: ContendedKeys;
  /** When this round began. A client takes the time once a turn: it may be that old for all of a round. */
  #roundMs = 0;

  constructor(options: HammerOptions) {
    this.#with = options;
    this.#keys = new ContendedKeys(options.plan, options.thread);
  }

  /** One round: never rejects but for what is no cache's error. */
  async round(): Promise<void> {
    this.#roundMs = machineNow();
    this.#burst();
    const contended = this.#keys.own.map((key) => this.#writeContended(key));
    await Promise.all([...contended, ...Array.from({ length: BATCH }, () => this.#one())]);
  }

  #burst(): void {
    const { prng, floors, burstMs } = this.#with;
    const untilMs = machineNow() + burstMs;
    do {
      for (let i = 0; i < READS; i++) {
        if (prng.below(LARGE_READS_EVERY) === 0) this.#readInto(this.#keys.drawLarge(prng));
        else this.#readSync(this.#keys.drawAny(prng));
      }
      if (floors === null) continue;
      for (let i = 0; i < FLOOR_LOOKS; i++) floors.look(this.#keys.drawShort(prng));
    } while (machineNow() < untilMs);
  }

  #readSync(key: number): void {
    const { judge, cache, plan, tally } = this.#with;
    this.#unread = cache.stats().unread;
    const look = judge.look(key, machineNow());
    const value = cache.getSync(plan.name(key));
    if (value !== undefined) {
      tally.counts.hits++;
      judge.found(look, value, 'getSync');
    } else if (!this.#wasUnread()) {
      tally.counts.misses++;
      judge.missed(look, machineNow(), 'getSync');
    }
  }

  /** Into a buffer that is used again and again: nearly all of the time goes into the copy. */
  #readInto(key: number): void {
    const { judge, cache, plan, tally } = this.#with;
    this.#unread = cache.stats().unread;
    const look = judge.look(key, machineNow());
    const target = this.#target;
    const length = cache.getInto(plan.name(key), target);
    if (length >= 0) {
      tally.counts.hits++;
      judge.found(look, target.subarray(0, length), 'getInto');
    } else if (!this.#wasUnread()) {
      tally.counts.misses++;
      judge.missed(look, machineNow(), 'getInto');
    }
  }

  #wasUnread(): boolean {
    const { cache, tally } = this.#with;
    if (cache.stats().unread === this.#unread) return false;
    tally.counts.unread++;
    return true;
  }

  /** Large ones are written over, again and again; short ones also deleted. */
  #writeContended(key: number): Promise<void> {
    const { prng } = this.#with;
    const isDeleted = !this.#keys.isLarge(key) && prng.below(2) === 0;
    return isDeleted ? this.#delete(key) : this.#set(key);
  }

  #one(): Promise<void> {
    const draw = this.#with.prng.below(100);
    if (draw < MIX.set) return this.#set();
    if (draw < MIX.delete) return this.#delete();
    if (draw < MIX.expire) return this.#expire();
    if (draw < MIX.get) return this.#get();
    return draw < MIX.many ? this.#getMany() : this.#has();
  }

  async #get(): Promise<void> {
    const { judge, cache, plan, tally } = this.#with;
    const key = this.#keys.drawAny(this.#with.prng);
    const look = judge.look(key, machineNow());
    const value = await this.#read(() => cache.get(plan.name(key)));
    if (value === FAILED) return;
    tally.counts.gets++;
    if (value !== undefined) judge.found(look, value, 'get');
    else judge.missed(look, machineNow(), 'get');
  }

  async #getMany(): Promise<void> {
    const { judge, cache, plan, tally } = this.#with;
    const keys = Array.from({ length: MANY_KEYS }, () => this.#keys.drawAny(this.#with.prng));
    const looks = keys.map((key) => judge.look(key, machineNow()));
    const values = await this.#read(() => cache.getMany(keys.map((key) => plan.name(key))));
    if (values === FAILED) return;
    tally.counts.gets += keys.length;
    for (const [i, look] of looks.entries()) {
      const value = values[i];
      if (value !== undefined) judge.found(look, value, 'getMany');
      else judge.missed(look, machineNow(), 'getMany');
    }
  }

  async #has(): Promise<void> {
    const { judge, cache, plan, tally } = this.#with;
    const key = this.#keys.drawAny(this.#with.prng);
    const look = judge.look(key, machineNow());
    const isThere = await this.#read(() => cache.has(plan.name(key)));
    if (isThere === FAILED) return;
    tally.counts.gets++;
    if (isThere) judge.present(look, 'has');
    else judge.missed(look, machineNow(), 'has');
  }

  async #set(key = this.#ownKey()): Promise<void> {
    const { cache, plan, values, prng, thread, tally } = this.#with;
    const ttlMs = prng.below(EXPIRES_EVERY) === 0 ? this.#ttl() : null;
    const write = this.#issue('set', key, ttlMs);
    if (write === null) return;
    const { sequence } = write;
    const bytes = this.#keys.isLarge(key)
      ? this.#keys.drawSize(prng)
      : Math.max(plan.drawSize(key, prng), STAMP_BYTES + prng.below(SHORT_VALUE_MAX));
    const value = values.make(thread, key, sequence, bytes);
    const options = ttlMs === null ? {} : { ttl: ttlMs };
    await this.#settle(write, async () => {
      await cache.set(plan.name(key), value, options);
      return true;
    });
    tally.counts.sets++;
  }

  async #delete(key = this.#ownKey()): Promise<void> {
    const { cache, plan, tally } = this.#with;
    const write = this.#issue('delete', key, null);
    if (write === null) return;
    await this.#settle(write, async () => {
      await cache.delete(plan.name(key));
      return true;
    });
    tally.counts.deletes++;
  }

  async #expire(): Promise<void> {
    const { cache, plan, ledger, judge, tally } = this.#with;
    const key = this.#ownKey();
    if (ledger.state(key) !== 'present') return;
    const ttlMs = this.#ttl();
    const write = this.#issue('expire', key, ttlMs);
    if (write === null) return;
    const wasThere = await this.#settle(write, () => cache.expire(plan.name(key), ttlMs));
    tally.counts.expires++;
    // For want of the key nothing was changed: the ledger is as before, and says whether that may be.
    if (wasThere === false) judge.missed(judge.look(key, machineNow()), machineNow(), 'expire');
  }

  /** Null while another write of the key is on its way, or its outcome is not known. */
  #issue(kind: Write['kind'], key: number, ttlMs: number | null): Write | null {
    const { book } = this.#with;
    if (!book.mayWrite(key, machineNow())) return null;
    return book.issue({ key, kind, ttlMs, atMs: this.#roundMs, door: this });
  }

  /** Does a write; `false` from it means that nothing was changed. Null: it failed. */
  async #settle(write: Write, act: () => Promise<boolean>): Promise<boolean | null> {
    const { book, tally } = this.#with;
    try {
      const isDone = await act();
      book.settle(write, isDone ? 'done' : 'refused', machineNow());
      return isDone;
    } catch (error) {
      const code = codeOf(error);
      tally.error(code);
      if (!isDocumented(code, false)) tally.fault('undocumented-error', `${write.kind}: ${code}`);
      book.settle(write, outcomeOf(code, 1), machineNow());
      return null;
    }
  }

  async #read<T>(act: () => Promise<T>): Promise<T | typeof FAILED> {
    const { tally } = this.#with;
    try {
      return await act();
    } catch (error) {
      const code = codeOf(error);
      tally.error(code);
      if (!isDocumented(code, true)) tally.fault('undocumented-error', `read: ${code}`);
      return FAILED;
    }
  }

  #ownKey(): number {
    const { plan, prng, thread } = this.#with;
    return plan.draw(thread, prng);
  }

  #ttl(): number {
    return TTL_MS.min + this.#with.prng.below(TTL_MS.max - TTL_MS.min);
  }
}

const FAILED = Symbol('failed');

function codeOf(error: unknown): string {
  if (error instanceof ShoalError) return error.code;
  throw error;
}
