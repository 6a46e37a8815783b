/**
 * Does one command on a node's slab and says how it went, in one reply that is used again and
 * again: nothing is allocated for a get or a plain set. What each operation means is documented at
 * `Op` in wire/message.ts.
 *
 * An entry from before the node's present tenure of its key is removed where it is met, and
 * counts as absent (ring/tenures.ts). Every write, and every delete, is under a new version, so with
 * one copy none can be superseded.
 *
 * Every write is told to the book of leases, at the one place where it happens: who has begun to load
 * the key before may not store what it brings.
 */
import { assert, unreachable } from '../base/assert.js';
import type { KeyBuffer } from '../base/key.js';
import { duration, elapsed, type Instant, type NodeIndex } from '../base/units.js';
import { type VersionClock, versionEpoch } from '../base/version.js';
import { Lease, type Remembered } from '../loading/lease.js';
import type { LeaseBook } from '../loading/lease-book.js';
import { type EntryRef, NO_ENTRY, type Slab } from '../slab/slab.js';
import type { Address, LeaseOrder, LeaseTerms, LeaseToken } from '../wire/message.js';
import type { Command } from './command.js';
import { Reply } from './reply.js';
import type { RingView } from './ring-view.js';

export interface ExecutorOptions {
  readonly self: NodeIndex;
  readonly slab: Slab;
  readonly leases: LeaseBook;
  readonly clock: VersionClock;
  readonly ring: RingView;
  readonly valueBytesMax: number;
}

/** The token of no lease: what was found, or is remembered, has none. */
const NO_LEASE: LeaseToken = { high: 0, low: 0 };

export class Executor {
  readonly #self: NodeIndex;
  readonly #slab: Slab;
  readonly #leases: LeaseBook;
  readonly #clock: VersionClock;
  #ring: RingView;
  readonly #valueBytesMax: number;
  readonly #reply = new Reply();
  #outdated = 0;

  constructor({ self, slab, leases, clock, ring, valueBytesMax }: ExecutorOptions) {
    this.#self = self;
    this.#slab = slab;
    this.#leases = leases;
    this.#clock = clock;
    this.#ring = ring;
    this.#valueBytesMax = valueBytesMax;
  }

  /** Entries removed because they were from before the node came to own their key. */
  get outdated(): number {
    return this.#outdated;
  }

  /** The next ring, by which entries are judged from now on. */
  ringChanged(ring: RingView): void {
    this.#ring = ring;
    this.#clock.enter(ring.epoch);
    this.#leases.ringChanged(
      (hash, granted) => ring.owner(hash) === this.#self && ring.covers(hash, granted),
    );
  }

  /**
   * @param asker who is waited for, and woken, where the command is about a lease
   * @returns the one reply, valid until the next command
   */
  execute(now: Instant, command: Command, asker: Address): Reply {
    const { op, key } = command;
    switch (op) {
      case 'get':
        return this.#get(now, key);
      case 'stat':
        return this.#describe(this.#find(now, key));
      case 'touch':
        return this.#touch(now, key);
      case 'set':
        return this.#set(now, command);
      case 'delete':
        return this.#delete(now, key);
      case 'expire':
        return this.#expire(now, key, command.expiry);
      case 'flush':
        return this.#flush();
      case 'count':
        return this.#count();
      case 'lease':
        return this.#lease(now, command, orderOf(command), asker);
      case 'fill':
        return this.#fill(now, command, orderOf(command));
      case 'release':
        return this.#release(now, command, orderOf(command));
      default:
        return unreachable(op);
    }
  }

  #get(now: Instant, key: KeyBuffer): Reply {
    const found = this.#slab.get(key, now);
    const entry = found === NO_ENTRY ? NO_ENTRY : this.#current(now, key, found);
    const reply = this.#describe(entry);
    if (entry !== NO_ENTRY) reply.lendEntry(this.#slab, entry);
    return reply;
  }

  #touch(now: Instant, key: KeyBuffer): Reply {
    const entry = this.#find(now, key);
    if (entry !== NO_ENTRY) this.#slab.touch(entry);
    return this.#describe(entry);
  }

  #set(now: Instant, command: Command): Reply {
    const size = command.valueEnd - command.valueStart;
    if (size > this.#valueBytesMax) {
      const text = `Cannot set key: the value has ${size} bytes, the limit is ${this.#valueBytesMax}`;
      return this.#reply.fail('ERR_VALUE_TOO_LARGE', text);
    }
    const isPlain = command.condition === 'always' && !command.keepExpiry && !command.wantOld;
    return isPlain
      ? this.#store(now, command, command.expiry, null)
      : this.#setDependently(now, command);
  }

  /** A set for which it matters what is there. */
  #setDependently(now: Instant, command: Command): Reply {
    const slab = this.#slab;
    const entry = this.#find(now, command.key);
    const isThere = entry !== NO_ENTRY;
    if (command.condition === (isThere ? 'if-absent' : 'if-present')) {
      const reply = this.#describe(entry);
      reply.status = 'refused';
      if (isThere && command.wantOld) reply.lendEntry(slab, entry);
      return reply;
    }
    const expiry = isThere && command.keepExpiry ? slab.expiry(entry) : command.expiry;
    if (!isThere || !command.wantOld) return this.#store(now, command, expiry, null);
    const oldKind = slab.kind(entry);
    const reply = this.#store(now, command, expiry, slab.readValue(entry));
    if (reply.status === 'stored') reply.kind = oldKind;
    return reply;
  }

  #store(now: Instant, command: Command, expiry: Instant, old: Uint8Array | null): Reply {
    const { key } = command;
    if (expiry <= now) this.#remove(now, key);
    else {
      const { value, valueStart: start, valueEnd: end, kind } = command;
      this.#clock.advance();
      const version = this.#clock;
      const slab = this.#slab;
      const loading = command.lease === null ? 0 : command.lease.loading;
      const outcome = slab.install(key, now, value, start, end, kind, expiry, version, loading);
      assert(outcome !== 'superseded', 'a new version is above all earlier ones');
      if (outcome === 'too-large') {
        const size = key.length + end - start;
        const text = `Cannot set key: key and value have ${size} bytes, the memory limit of the node is ${slab.memoryLimit}`;
        return this.#reply.fail('ERR_VALUE_TOO_LARGE', text);
      }
      this.#leases.written(key, true);
    }
    const reply = this.#reply.clear('stored');
    if (old !== null) reply.lendBytes(old);
    return reply;
  }

  /**
   * Also what is absent is deleted, under a version: its floor is raised. While a value is being
   * loaded its key is absent, and whoever waits for the load must see that a delete has come between:
   * what was read from the source before is not to be handed out after. By the floor every delete that
   * was acknowledged is visible in place, as a higher answer of its key.
   */
  #delete(now: Instant, key: KeyBuffer): Reply {
    const isThere = this.#find(now, key) !== NO_ENTRY;
    this.#remove(now, key);
    return this.#reply.clear(isThere ? 'deleted' : 'miss');
  }

  #expire(now: Instant, key: KeyBuffer, expiry: Instant): Reply {
    const reply = this.#describe(this.#find(now, key));
    if (reply.status === 'miss') return reply;
    if (expiry <= now) this.#remove(now, key);
    else {
      this.#clock.advance();
      const isThere = this.#slab.setExpiry(key, now, expiry, this.#clock);
      assert(isThere, 'an entry that was found takes an expiry');
      this.#leases.written(key, true);
    }
    return reply;
  }

  #flush(): Reply {
    this.#clock.advance();
    this.#slab.flush(this.#clock);
    this.#leases.flushed();
    return this.#reply.clear('flushed');
  }

  #count(): Reply {
    const reply = this.#reply.clear('counted');
    reply.count = this.#slab.count;
    return reply;
  }

  #remove(now: Instant, key: KeyBuffer): void {
    this.#clock.advance();
    this.#slab.delete(key, now, this.#clock);
    this.#leases.written(key, false);
  }

  /** What is there; else leave to load it, for one asker at a time. */
  #lease(now: Instant, command: Command, order: LeaseOrder, asker: Address): Reply {
    const { key } = command;
    const slab = this.#slab;
    const entry = this.#findStale(now, key);
    const isFresh = entry !== NO_ENTRY && slab.expiry(entry) > now;
    if (order.mode === 'refresh') {
      // Another value by now, or none: whoever has seen the old one has nothing to do.
      const isSeen = entry !== NO_ENTRY && slab.expiry(entry) <= command.expiry;
      if (!isSeen || this.#leases.find(now, key) !== null) return this.#reply.clear('refused');
    } else if (isFresh) {
      slab.touch(entry);
      const reply = this.#describe(entry);
      reply.lendEntry(slab, entry);
      reply.lease = this.#terms(key, entry, now, NO_LEASE, now, false);
      return reply;
    }
    return this.#lend(now, command, order, entry, asker);
  }

  #lend(now: Instant, command: Command, order: LeaseOrder, entry: EntryRef, asker: Address): Reply {
    const { key } = command;
    const leases = this.#leases;
    const known = leases.find(now, key);
    if (known !== null && !(known instanceof Lease)) return this.#recall(now, key, known);
    if (known === null && order.mode === 'join') return this.#withStale(command, entry, 'refused');
    if (known === null && !leases.admits()) {
      const reply = this.#withStale(command, entry, 'failed');
      reply.error = 'ERR_BUSY';
      reply.text = `Cannot load key: node ${this.#self} has granted ${leases.stats.leases} leases, the limit`;
      return reply;
    }
    if (known === null) this.#clock.advance();
    const lease = known ?? leases.grant(now, key, asker, this.#clock, order.limit);
    const isOwn = lease.holder === asker;
    if (!isOwn) lease.waiters.add(asker);
    const reply = this.#withStale(command, entry, known === null ? 'granted' : 'waiting');
    reply.lease = this.#terms(key, entry, now, lease, lease.at, isOwn);
    return reply;
  }

  #recall(now: Instant, key: KeyBuffer, known: Remembered): Reply {
    const reply = this.#reply.clear(known.status);
    if (known.value !== null) reply.lendBytes(known.value);
    reply.lease = this.#terms(key, NO_ENTRY, now, NO_LEASE, known.at, false);
    return reply;
  }

  /** A reply with the value that has expired, if there is one and it is wanted. */
  #withStale(
    command: Command,
    entry: EntryRef,
    status: 'granted' | 'waiting' | 'refused' | 'failed',
  ): Reply {
    const reply = this.#reply.clear(status);
    if (entry === NO_ENTRY || !command.wantOld) return reply;
    reply.kind = this.#slab.kind(entry);
    reply.length = this.#slab.valueLength(entry);
    reply.expiry = this.#slab.expiry(entry);
    reply.lendEntry(this.#slab, entry);
    return reply;
  }

  #terms(
    key: KeyBuffer,
    entry: EntryRef,
    now: Instant,
    token: LeaseToken,
    until: Instant,
    isOwn: boolean,
  ): LeaseTerms {
    const answer = this.#slab.answer(key);
    return {
      primary: this.#self,
      high: token.high,
      low: token.low,
      answerHigh: answer.high,
      answerLow: answer.low,
      limit: duration(Math.max(0, elapsed(now, until))),
      isOwn,
      loading: entry === NO_ENTRY ? 0 : this.#slab.loading(entry),
    };
  }

  /** Stores what a load has brought, if nothing was written since it was granted. */
  #fill(now: Instant, command: Command, order: LeaseOrder): Reply {
    const { key, kind, value, valueStart, valueEnd } = command;
    const bytes = value.subarray(valueStart, valueEnd);
    const isValid = this.#leases.fill(now, key, order, kind, bytes);
    return isValid ? this.#set(now, command) : this.#reply.clear('refused');
  }

  #release(now: Instant, command: Command, order: LeaseOrder): Reply {
    const { key, value, valueStart, valueEnd } = command;
    const bytes = value.subarray(valueStart, valueEnd);
    const isFreed = this.#leases.release(now, key, order, bytes, this.#clock.high);
    return this.#reply.clear(isFreed ? 'freed' : 'refused');
  }

  /** The entry, expired or not, if it is of the node's present tenure. */
  #findStale(now: Instant, key: KeyBuffer): EntryRef {
    const found = this.#slab.findStale(key, now);
    return found === NO_ENTRY ? NO_ENTRY : this.#current(now, key, found);
  }

  #find(now: Instant, key: KeyBuffer): EntryRef {
    const found = this.#slab.find(key, now);
    return found === NO_ENTRY ? NO_ENTRY : this.#current(now, key, found);
  }

  /** The entry, if it is of the node's present tenure; else it is removed. */
  #current(now: Instant, key: KeyBuffer, entry: EntryRef): EntryRef {
    const written = versionEpoch(this.#slab.versionHigh(entry));
    if (this.#ring.covers(key.hash, written)) return entry;
    this.#outdated++;
    this.#remove(now, key);
    return NO_ENTRY;
  }

  #describe(entry: EntryRef): Reply {
    if (entry === NO_ENTRY) return this.#reply.clear('miss');
    const reply = this.#reply.clear('found');
    reply.kind = this.#slab.kind(entry);
    reply.length = this.#slab.valueLength(entry);
    reply.expiry = this.#slab.expiry(entry);
    return reply;
  }
}

function orderOf({ lease }: Command): LeaseOrder {
  assert(lease !== null, 'what is about a lease has an order');
  return lease;
}
