/**
 * Does one command on a node's slab and says how it went, in one reply that is used again and
 * again: nothing is allocated for a get or a plain set. What each operation means is documented at
 * `Op` in wire/message.ts.
 *
 * An entry from before the node's present tenure of its key is removed where it is met, and
 * counts as absent (ring/tenures.ts). Every write, and every delete, is under a new version, so with
 * one copy none can be superseded.
 */
import { assert, unreachable } from '../base/assert.js';
import type { KeyBuffer } from '../base/key.js';
import type { Instant } from '../base/units.js';
import { type VersionClock, versionEpoch } from '../base/version.js';
import { type EntryRef, NO_ENTRY, type Slab } from '../slab/slab.js';
import type { Command } from './command.js';
import { Reply } from './reply.js';
import type { RingView } from './ring-view.js';

export class Executor {
  readonly #slab: Slab;
  readonly #clock: VersionClock;
  #ring: RingView;
  readonly #valueBytesMax: number;
  readonly #reply = new Reply();
  #outdated = 0;

  constructor(slab: Slab, clock: VersionClock, ring: RingView, valueBytesMax: number) {
    this.#slab = slab;
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
  }

  /** @returns the one reply, valid until the next command */
  execute(now: Instant, command: Command): Reply {
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
      const { value, valueStart, valueEnd, kind } = command;
      this.#clock.advance();
      const version = this.#clock;
      const slab = this.#slab;
      const outcome = slab.install(key, now, value, valueStart, valueEnd, kind, expiry, version);
      assert(outcome !== 'superseded', 'a new version is above all earlier ones');
      if (outcome === 'too-large') {
        const size = key.length + valueEnd - valueStart;
        const text = `Cannot set key: key and value have ${size} bytes, the memory limit of the node is ${slab.memoryLimit}`;
        return this.#reply.fail('ERR_VALUE_TOO_LARGE', text);
      }
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
    }
    return reply;
  }

  #flush(): Reply {
    this.#clock.advance();
    this.#slab.flush(this.#clock);
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
