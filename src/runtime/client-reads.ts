/**
 * The reads of a client that need no message: keys in, values out, from the owners' memory.
 *
 * A read begins no turn of the event loop and reads no clock, unless the ring has changed or the
 * entry can expire: a thread may do nothing but read for a long time, so the time is that of the
 * read, not of the turn.
 */
import { Buffer } from 'node:buffer';
import { KeyBuffer } from '../base/key.js';
import { type Instant, NEVER } from '../base/units.js';
import type { Command } from '../node/command.js';
import type { NearEntry, NearStats, ReadOrder } from '../node/near-cache.js';
import { Reply } from '../node/reply.js';
import { type Peek, SharedReads } from '../node/shared-reads.js';
import type { LookPart, SlabReader } from '../slab/reader.js';
import { adoptValue } from '../values/value.js';
import { type Key, loadKey } from './client-arguments.js';
import type { MachineDriver } from './machine-driver.js';
import { decodeFound, type NearReads } from './near-reads.js';

type ReadDriver = Pick<MachineDriver, 'follow' | 'hear' | 'now' | 'ring'>;

/** What there is of a key that may be loaded. */
export type FindOutcome =
  | 'hit'
  /** It has expired, and is not removed yet. Whether its stale window is over is the caller's to judge. */
  | 'stale'
  | 'absent'
  /** Nothing can be said from here. */
  | 'unread';

/** Rings that one read looks under: each is a change of membership during the read. */
const RINGS_MAX = 4;

/** What a client has read in place. Counters count from its start. */
export interface ReadStats {
  readonly hits: number;
  readonly misses: number;
  /** Reads that could not be done in place: `get` asked the owner then, `getSync` missed. */
  readonly unread: number;
  /**
   * What was read without looking into an owner's memory, and so is not among the hits above: how
   * often, how often not, and how many values are kept; null without a near cache.
   */
  readonly near: NearStats | null;
}

export class ClientReads {
  readonly #driver: ReadDriver;
  readonly #reads: SharedReads | null;
  readonly #near: NearReads | null;
  readonly #key = new KeyBuffer();
  readonly #reply = new Reply();
  /** The key of the latest answer: borrowed, as the answer is lent. */
  #answered: KeyBuffer = this.#key;
  /** When the last entry was looked at that can expire. */
  #judgedAt: Instant = NEVER;
  /** The last look found what has expired. */
  #isStale = false;
  #hits = 0;
  #misses = 0;
  #unread = 0;

  /**
   * @param peek the memory that can be read; null: none, everything is asked for
   * @param near the values that are kept; null: none
   */
  constructor(driver: ReadDriver, peek: Peek | null, near: NearReads | null) {
    this.#driver = driver;
    this.#near = near;
    this.#reads = peek === null ? null : new SharedReads(peek);
  }

  get stats(): ReadStats {
    const near = this.#near === null ? null : this.#near.stats;
    return { hits: this.#hits, misses: this.#misses, unread: this.#unread, near };
  }

  get(key: Key): unknown {
    const near = this.#near;
    if (near === null) return this.#read(key);
    if (typeof key !== 'string') return near.finish(this.#read(key));
    const entry = near.find(key, null);
    return entry === null ? this.#readNear(near, key) : near.handOut(entry);
  }

  /**
   * The value of a key that is kept near, if it is; undefined if it has to be got in another way.
   *
   * @param order calls that the read must not overtake
   */
  getNear(key: Key, order: ReadOrder): unknown {
    const entry = this.nearEntry(key, order);
    return entry === null ? undefined : this.handOut(entry);
  }

  /** What a caller gets for an entry that is kept. */
  handOut(entry: NearEntry): unknown {
    return (this.#near as NearReads).handOut(entry);
  }

  /** The same as the entry that is kept. */
  nearEntry(key: Key, order: ReadOrder): NearEntry | null {
    const near = this.#near;
    return near === null || typeof key !== 'string' ? null : near.find(key, order);
  }

  /** The value in an answer to a get of this key, be it from `answer` or from its owner. */
  valueIn(reply: Reply, key: Key): unknown {
    const near = this.#near;
    if (near === null) return valueIn(reply);
    if (reply !== this.#reply || typeof key !== 'string') return near.finish(valueIn(reply));
    if (reply.status !== 'miss') return near.found(this.#answered, this.#slab);
    near.absent(key);
    return undefined;
  }

  /**
   * Looks for a key for whoever would load it.
   *
   * @param follows whether the ring is followed first, if it has changed: not within the machine
   */
  find(key: KeyBuffer, follows: boolean): FindOutcome {
    const outcome = follows ? this.#look(key, 'value') : this.#peek(key);
    if (outcome !== 'miss') return outcome;
    return this.#isStale ? 'stale' : 'absent';
  }

  /** What `find` has found, if it was there, expired or not. */
  get found(): SlabReader {
    return this.#slab;
  }

  /** When it was found, if it can expire. */
  get foundAt(): Instant {
    return this.#judgedAt;
  }

  /** The value that `find` has hit, as the caller gets it. */
  foundValue(key: Key, buffer: KeyBuffer): unknown {
    const near = this.#near;
    if (near === null) return decodeFound(this.#slab);
    if (typeof key === 'string') return near.found(buffer, this.#slab);
    return near.finish(decodeFound(this.#slab));
  }

  /** The same for a stale one, and for one that comes by message: they are not kept near. */
  finish(value: unknown): unknown {
    return this.#near === null ? value : this.#near.finish(value);
  }

  getInto(key: Key, target: Uint8Array, at: number): number {
    loadKey(this.#key, key);
    if (this.#look(this.#key, 'value') !== 'hit') return -1;
    const { scratch, length } = this.#slab;
    if (at + length <= target.length) scratch.copyTo(target, at, length);
    return length;
  }

  /** The answer to a get or stat; null if it has to be asked for. Lent until the next call. */
  answer({ op, key }: Command): Reply | null {
    if (this.#reads === null || (op !== 'get' && op !== 'stat')) return null;
    this.#answered = key;
    const outcome = this.#look(key, op === 'get' ? 'value' : 'header');
    if (outcome === 'unread') return null;
    if (outcome === 'miss') return this.#reply.clear('miss');
    const reply = this.#reply.describe(this.#slab);
    if (op === 'get') reply.lendScratch(this.#slab.scratch);
    return reply;
  }

  #read(key: Key): unknown {
    loadKey(this.#key, key);
    return this.#look(this.#key, 'value') === 'hit' ? decodeFound(this.#slab) : undefined;
  }

  #readNear(near: NearReads, key: string): unknown {
    loadKey(this.#key, key);
    const outcome = this.#look(this.#key, 'value');
    if (outcome === 'hit') return near.found(this.#key, this.#slab);
    if (outcome === 'miss') near.absent(key);
    return undefined;
  }

  get #slab(): SlabReader {
    return (this.#reads as SharedReads).slab;
  }

  /** A look by the ring in hand. */
  #peek(key: KeyBuffer): 'hit' | 'miss' | 'unread' {
    const { ring } = this.#driver;
    if (this.#reads === null || ring === null) return 'unread';
    this.#near?.lookBegins(ring);
    const outcome = this.#reads.read(ring, key, 'value');
    return outcome === 'unread' ? 'unread' : this.#judge(outcome, 'value');
  }

  #look(key: KeyBuffer, part: LookPart): 'hit' | 'miss' | 'unread' {
    const reads = this.#reads;
    if (reads === null) return 'unread';
    for (let rings = 0; rings < RINGS_MAX; rings++) {
      const ring = this.#driver.follow();
      if (ring === null) break;
      this.#near?.lookBegins(ring);
      const outcome = reads.read(ring, key, part);
      if (outcome !== 'unread') return this.#judge(outcome, part);
      // A node's new memory may have been announced and not been heard of: in a thread that only reads.
      if (ring === this.#driver.follow() && !this.#driver.hear()) break;
    }
    this.#unread++;
    return 'unread';
  }

  #readClock(): Instant {
    this.#judgedAt = this.#driver.now();
    return this.#judgedAt;
  }

  #judge(outcome: 'found' | 'absent', part: LookPart): 'hit' | 'miss' {
    const slab = this.#slab;
    const isThere = outcome === 'found';
    const isHit = isThere && (slab.expiry === NEVER || slab.expiry > this.#readClock());
    this.#isStale = isThere && !isHit;
    if (part === 'header') return isHit ? 'hit' : 'miss';
    if (isHit) {
      this.#hits++;
      slab.noteHit();
      return 'hit';
    }
    this.#misses++;
    slab.noteMiss();
    return 'miss';
  }
}

/** A copy of the value in a reply, decoded. */
function valueIn(reply: Reply): unknown {
  if (reply.status === 'miss') return undefined;
  const bytes = Buffer.allocUnsafe(reply.length);
  reply.copyValue(bytes, 0);
  return adoptValue(reply.kind, bytes);
}
