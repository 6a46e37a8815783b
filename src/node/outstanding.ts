/**
 * The book of a router: every request that is not answered yet, found by age, by the id under
 * which it was sent, and, where it waits for another ring, by when that wait ends. It keeps the
 * limits and each request's state; it decides nothing.
 */
import { assert } from '../base/assert.js';
import type { Instant, KeyHash, NodeIndex } from '../base/units.js';
import type { Address, RequestId, RequestMessage } from '../wire/message.js';
import type { Command } from './command.js';
import { addressOf } from './conversion.js';
import { Fifo } from './fifo.js';
import { HashCounts } from './hash-counts.js';
import { OUTSTANDING_BYTES_MAX, OUTSTANDING_MAX, PARKED_MAX } from './limits.js';
import { bySequence, Pending } from './pending.js';
import type { RouterOptions } from './router-options.js';

type Limits = Pick<RouterOptions, 'outstandingMax' | 'outstandingBytesMax' | 'parkedMax'>;

export class Outstanding {
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #parkedMax: number;
  /** All of them; deadlines are equally far, so the oldest ends first. */
  readonly #byAge = new Fifo<Pending>();
  /** What is with an owner, by the id of the latest try. */
  readonly #sent = new Map<RequestId, Pending>();
  /** What waits for another ring, in the order in which it began to. */
  readonly #parked = new Fifo<Pending>();
  readonly #hashes = new HashCounts();
  /** Those that name a node, not a key. */
  #ofNodes = 0;
  #bytes = 0;
  #lastId = 0;
  #lastSequence = 0;

  constructor(limits: Limits) {
    this.#countMax = limits.outstandingMax ?? OUTSTANDING_MAX;
    this.#bytesMax = limits.outstandingBytesMax ?? OUTSTANDING_BYTES_MAX;
    this.#parkedMax = limits.parkedMax ?? PARKED_MAX;
    assert(this.#countMax >= 1, 'one request may be outstanding');
    assert(this.#bytesMax >= 1, 'one byte may be outstanding');
    assert(this.#parkedMax >= 1, 'one request may be parked');
  }

  get count(): number {
    return this.#byAge.length;
  }

  /** Bytes of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  get parkedCount(): number {
    return this.#parked.length;
  }

  get oldest(): Pending | null {
    return this.#byAge.first;
  }

  /** The one whose wait for another ring ends first. */
  get oldestParked(): Pending | null {
    return this.#parked.first;
  }

  /** All that are outstanding now, in the order of their submission. */
  all(): Pending[] {
    return this.#byAge.items();
  }

  /** The request that `from` has under this id; null for an answer to nothing. */
  sentAs(id: RequestId, from: Address): Pending | null {
    const pending = this.#sent.get(id);
    if (pending === undefined || pending.owner === null) return null;
    return addressOf(pending.owner) === from ? pending : null;
  }

  /**
   * False if a request for this hash may be outstanding, or one that is about all keys of a node. A
   * question for a lease does not count: it changes nothing, and who waits for its answer has no place in
   * the order of reads.
   */
  isQuiet(hash: KeyHash): boolean {
    return this.#byAge.length === 0 || (this.#ofNodes === 0 && !this.#hashes.mayHold(hash));
  }

  /** Why a request of this many bytes cannot come in; null if it can. */
  fullFor(bytes: number): string | null {
    if (this.count >= this.#countMax) return `${this.count} requests are outstanding, the limit`;
    if (this.#bytes + bytes <= this.#bytesMax) return null;
    return `${this.#bytes} bytes are outstanding, the limit is ${this.#bytesMax}`;
  }

  /** Takes a request in, as `queued`. */
  admit(id: RequestId, command: Command, deadline: Instant): Pending {
    const pending = new Pending(id, ++this.#lastSequence, command, deadline);
    pending.age = this.#byAge.push(pending);
    this.#bytes += pending.bytes;
    if (pending.target !== null) this.#ofNodes++;
    else if (!pending.isQuestion) this.#hashes.add(pending.hash);
    return pending;
  }

  /** Notes that a request goes to an owner, as the message returned. */
  send(pending: Pending, owner: NodeIndex): RequestMessage {
    assert(pending.state === 'queued', 'what is sent comes from a queue');
    const id = ++this.#lastId as RequestId;
    // A message that was handed over belongs to the outbox: each try is a message of its own.
    pending.message = { ...pending.message, id };
    pending.state = 'sent';
    pending.owner = owner;
    pending.tries++;
    this.#sent.set(id, pending);
    return pending.message;
  }

  /** Lets a request wait for another ring; false if no more may. */
  park(pending: Pending, until: Instant): boolean {
    assert(pending.state === 'queued', 'what is parked comes from a queue');
    if (this.#parked.length >= this.#parkedMax) return false;
    pending.state = 'parked';
    pending.parkedUntil = until;
    pending.parking = this.#parked.push(pending);
    return true;
  }

  /** Takes back from the parked ones those meant, in the order of their submission. */
  unpark(isMeant: (pending: Pending) => boolean): Pending[] {
    const meant = this.#parked.items().filter(isMeant).sort(bySequence);
    for (const pending of meant) this.takeBack(pending);
    return meant;
  }

  /** Makes a request `queued` again, wherever it was. */
  takeBack(pending: Pending): void {
    if (pending.state === 'sent') this.#sent.delete(pending.message.id);
    if (pending.parking !== null) this.#parked.remove(pending.parking);
    pending.parking = null;
    pending.owner = null;
    pending.state = 'queued';
  }

  /** Forgets a request that is being answered. */
  settle(pending: Pending): void {
    assert(pending.age !== null, 'a request is settled once');
    this.takeBack(pending);
    pending.state = 'settled';
    this.#byAge.remove(pending.age);
    pending.age = null;
    this.#bytes -= pending.bytes;
    if (pending.target !== null) this.#ofNodes--;
    else if (!pending.isQuestion) this.#hashes.remove(pending.hash);
  }
}
