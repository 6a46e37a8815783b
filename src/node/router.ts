/**
 * The part of a coordinator that nodes and clients share: it brings a command to the owner of its
 * key and the answer back, over whatever the ring does meanwhile.
 *
 *     request ──▶ owner of the key? ──▶ sent ──────────▶ reply ──▶ answered
 *                   │      ▲              │ stale            late, doubled, strange: counted
 *            none in reach │ next ring    ▼
 *                   └──▶ parked ◀──── nothing was done
 *
 * - **stale**: the owner has another ring, and did nothing. Asked again under the present ring; parked
 *   until the next one if it was this very ring that the owner has left behind.
 * - **A node is lost**: what it was to read is asked again; what it was to write may or may not
 *   have happened, and once something may have been installed there is no silent retry: the
 *   submitter gets ERR_OUTCOME_UNKNOWN (rule P). New requests for it are parked for `ownerWait`.
 * - **A node is suspected**: it does not answer this node's detector, and may still live. What is
 *   new for it is parked, so that it ends as "nothing was done"; what it has already is waited for.
 * - **Order**: two requests of one key take effect in the order of their submission, across changes
 *   of the ring too. `lanes.ts` has the idea.
 * - **A flush** waits for what was submitted before it and is not with its owner for certain. What
 *   is submitted after it may be flushed as well: a cache may forget.
 *
 * Time: every request has the same time-out, so the oldest is the next to end, and the deadline
 * of the machine is that of the head of a queue. Nothing is scanned.
 *
 * Within `out.reply` a submitter may call `request` again, and nothing else.
 */
import { assert } from '../base/assert.js';
import type { ErrorCode } from '../base/errors.js';
import {
  after,
  type Duration,
  type Epoch,
  earlier,
  type Instant,
  type KeyHash,
  NEVER,
  type NodeIndex,
} from '../base/units.js';
import type {
  Address,
  Message,
  Op,
  ReplyMessage,
  RequestId,
  StaleMessage,
} from '../wire/message.js';
import type { Command } from './command.js';
import { addressOf, loadReply } from './conversion.js';
import { Lanes } from './lanes.js';
import { OWNER_WAIT, REQUEST_TIMEOUT, TRIES_MAX, VALUE_BYTES_MAX } from './limits.js';
import type { Outbox } from './outbox.js';
import { Outstanding } from './outstanding.js';
import type { Pending } from './pending.js';
import { Reply } from './reply.js';
import type { RingView } from './ring-view.js';
import type { LocalNode, RouterOptions, RouterStats } from './router-options.js';

export class Router {
  readonly #local: LocalNode | null;
  readonly #requestTimeout: Duration;
  readonly #ownerWait: Duration;
  readonly #outstanding: Outstanding;
  readonly #valueBytesMax: number;

  #ring: RingView | null = null;
  #closed = false;
  /** Nodes that no port leads to at present. */
  readonly #lost = new Set<NodeIndex>();
  /** Nodes that do not answer a detector, though a port leads to them: nothing new is sent there. */
  readonly #suspected = new Set<NodeIndex>();
  readonly #reply = new Reply();

  readonly #lanes = new Lanes();
  /** Flushes that wait until nothing is parked or in a lane. */
  #flushes: Pending[] = [];
  /** While queues are emptied, what is submitted meanwhile: it must not overtake. Else null. */
  #arrivals: Pending[] | null = null;

  readonly #counts = {
    sent: 0,
    stale: 0,
    parked: 0,
    queued: 0,
    timedOut: 0,
    refused: 0,
    strays: 0,
  };

  constructor(options: RouterOptions) {
    this.#local = options.local;
    this.#requestTimeout = options.requestTimeout ?? REQUEST_TIMEOUT;
    this.#ownerWait = options.ownerWait ?? OWNER_WAIT;
    this.#valueBytesMax = options.valueBytesMax ?? VALUE_BYTES_MAX;
    this.#outstanding = new Outstanding(options);
    assert(this.#requestTimeout > 0, 'a request has time');
    assert(this.#ownerWait > 0, 'a wait for an owner has time');
  }

  /** Epoch of the ring in use: what the frames sent from here carry; null before the first ring. */
  get epoch(): Epoch | null {
    return this.#ring === null ? null : this.#ring.epoch;
  }

  get stats(): RouterStats {
    return {
      ...this.#counts,
      outstanding: this.#outstanding.count,
      outstandingBytes: this.#outstanding.bytes,
    };
  }

  /** When `tick` next has work; NEVER with nothing outstanding. */
  get deadline(): Instant {
    const { oldest, oldestParked } = this.#outstanding;
    if (oldest === null) return NEVER;
    return oldestParked === null
      ? oldest.deadline
      : earlier(oldest.deadline, oldestParked.parkedUntil);
  }

  /** Whether a new request for this hash has to queue behind an earlier one. */
  mustQueue(hash: KeyHash): boolean {
    return this.#arrivals !== null || this.#lanes.has(hash);
  }

  /** Whether a new flush has to queue behind earlier requests. */
  get mustQueueFlush(): boolean {
    return this.#arrivals !== null || this.#isUnsettled;
  }

  /**
   * Whether nothing is outstanding that a read of this hash could overtake. Then, and only then, it
   * may be answered without the owner's knowledge.
   */
  isQuiet(hash: KeyHash): boolean {
    return this.#arrivals === null && this.#outstanding.isQuiet(hash);
  }

  /** Whether something waits to be sent, or may have to be sent again. */
  get #isUnsettled(): boolean {
    return this.#lanes.size > 0 || this.#outstanding.parkedCount > 0;
  }

  /**
   * Submits a command; `id` is given back with the reply, which may come within this call.
   *
   * @param id free for the submitter to choose, and unknown to the owner
   */
  request(now: Instant, id: RequestId, command: Command, out: Outbox): void {
    const refusal = this.#refusalOf(command);
    if (refusal !== null) {
      this.#counts.refused++;
      out.reply(id, refusal);
      return;
    }
    const pending = this.#outstanding.admit(id, command, after(now, this.#requestTimeout));
    if (this.#arrivals !== null) this.#arrivals.push(pending);
    else this.#place(now, pending, out);
  }

  /** A peer's reply or stale message; anything else is counted as a stray. */
  receive(now: Instant, from: Address, message: Message, out: Outbox): void {
    if (message.type !== 'reply' && message.type !== 'stale') {
      this.#counts.strays++;
      return;
    }
    const pending = this.#outstanding.sentAs(message.id, from);
    if (pending === null) {
      this.#counts.strays++;
      return;
    }
    if (message.type === 'reply') this.#answer(now, pending, message, out);
    else this.#refusedAsStale(now, pending, message, out);
    this.#releaseFlushes(now, out);
  }

  /** A newer ring. Frames with messages from before carry the old epoch: send them first. */
  ringChanged(now: Instant, ring: RingView, out: Outbox): void {
    assert(this.#ring === null || ring.epoch > this.#ring.epoch, 'a ring is followed by a newer');
    this.#ring = ring;
    for (const pending of this.#outstanding.all()) {
      const isCrossing = pending.state === 'sent' && pending.target === null && !pending.crossing;
      if (isCrossing) this.#lanes.cross(pending);
    }
    const free: Pending[] = [];
    for (const pending of this.#outstanding.unpark(() => true)) {
      if (pending.target === null && this.#lanes.has(pending.hash)) this.#queue(pending);
      else free.push(pending);
    }
    this.#release(now, free, out);
    this.#releaseFlushes(now, out);
  }

  /** The port to a node has closed; nothing is sent to it until `peerLinked`. */
  peerLost(now: Instant, node: NodeIndex, out: Outbox): void {
    this.#lost.add(node);
    this.#suspected.delete(node);
    for (const pending of this.#outstanding.all()) {
      if (pending.state !== 'sent' || pending.owner !== node) continue;
      if (pending.isRead) this.#again(now, pending, false, out);
      else this.#fail(now, pending, 'ERR_OUTCOME_UNKNOWN', `node ${node} was lost`, out);
    }
    this.#releaseFlushes(now, out);
  }

  /**
   * A node does not answer: what is new for it waits, until `peerTrusted`, `peerLost`, or its time is
   * over. What it has already may be answered still.
   */
  peerSuspected(node: NodeIndex): void {
    this.#suspected.add(node);
  }

  /** The node answers again, or has left the ring. */
  peerTrusted(now: Instant, node: NodeIndex, out: Outbox): void {
    if (this.#suspected.delete(node)) this.#reached(now, node, out);
  }

  /** There is a port to a node again, after `peerLost`. Nodes never lost count as linked. */
  peerLinked(now: Instant, node: NodeIndex, out: Outbox): void {
    this.#lost.delete(node);
    this.#reached(now, node, out);
  }

  #reached(now: Instant, node: NodeIndex, out: Outbox): void {
    const linked = this.#outstanding.unpark((pending) => this.#ownerOf(pending) === node);
    this.#release(now, linked, out);
    this.#releaseFlushes(now, out);
  }

  /** Fails what has run out of time. */
  tick(now: Instant, out: Outbox): void {
    const outstanding = this.#outstanding;
    for (let p = outstanding.oldest; p !== null && p.deadline <= now; p = outstanding.oldest) {
      this.#failLate(now, p, this.#requestTimeout, out);
    }
    for (
      let p = outstanding.oldestParked;
      p !== null && p.parkedUntil <= now;
      p = outstanding.oldestParked
    ) {
      this.#failLate(now, p, this.#ownerWait, out);
    }
    this.#releaseFlushes(now, out);
  }

  /**
   * Fails everything outstanding with ERR_CLOSED (writes that are with their owner:
   * ERR_OUTCOME_UNKNOWN), and every later request.
   */
  close(out: Outbox): void {
    this.#closed = true;
    this.#flushes = [];
    this.#lanes.clear();
    for (const pending of this.#outstanding.all()) {
      const isDoubtful = pending.state === 'sent' && !pending.isRead;
      this.#outstanding.settle(pending);
      const code = isDoubtful ? 'ERR_OUTCOME_UNKNOWN' : 'ERR_CLOSED';
      const text = failure(code, pending.message.op, 'the connection was closed');
      out.reply(pending.origin, this.#reply.fail(code, text));
    }
  }

  /** What a command is refused with before anything is done; null if it may come in. */
  #refusalOf(command: Command): Reply | null {
    const isOfNode = command.op === 'flush' || command.op === 'count';
    assert(isOfNode === (command.target !== null), 'flush and count name a node, others a key');
    const refuse = (code: ErrorCode, reason: string): Reply =>
      this.#reply.fail(code, `${cannot(command.op)}: ${reason}`);
    if (this.#closed) return refuse('ERR_CLOSED', 'the connection is closed');
    const size = command.valueEnd - command.valueStart;
    if (size > this.#valueBytesMax) {
      const reason = `the value has ${size} bytes, the limit is ${this.#valueBytesMax}`;
      return refuse('ERR_VALUE_TOO_LARGE', reason);
    }
    const full = this.#outstanding.fullFor(command.key.length + size);
    return full === null ? null : refuse('ERR_BUSY', full);
  }

  /** Where a request goes that comes new. */
  #place(now: Instant, pending: Pending, out: Outbox): void {
    if (pending.target === null && this.#lanes.has(pending.hash)) this.#queue(pending);
    else this.#dispatch(now, pending, out);
  }

  /** Sends a request whose turn it is to its owner under the present ring. */
  #dispatch(now: Instant, pending: Pending, out: Outbox): void {
    if (this.#ring === null) {
      this.#park(now, pending, out);
      return;
    }
    if (pending.message.op === 'flush' && this.#isUnsettled) {
      this.#counts.queued++;
      pending.state = 'queued';
      this.#flushes.push(pending);
      return;
    }
    const owner = this.#ownerOf(pending);
    if (owner === null) this.#fail(now, pending, 'ERR_CLUSTER_DOWN', 'no node is on the ring', out);
    else if (!this.#ring.isUp(owner)) {
      this.#fail(now, pending, 'ERR_CLUSTER_DOWN', `node ${owner} is not on the ring`, out);
    } else if (this.#local !== null && owner === this.#local.self) {
      // Links are told before the ring is followed, and what they let go may come here too early.
      if (!this.#local.isLatest(this.#ring.epoch)) {
        this.#park(now, pending, out);
        return;
      }
      this.#outstanding.settle(pending);
      this.#local.executeLocal(now, pending.origin, pending.message, out);
    } else if (this.#lost.has(owner) || this.#suspected.has(owner)) this.#park(now, pending, out);
    else if (pending.tries === TRIES_MAX) {
      this.#fail(now, pending, 'ERR_CLUSTER_DOWN', `the ring changed ${TRIES_MAX} times`, out);
    } else this.#send(pending, owner, out);
  }

  #ownerOf(pending: Pending): NodeIndex | null {
    if (pending.target !== null) return pending.target;
    return this.#ring === null ? null : this.#ring.owner(pending.hash);
  }

  #send(pending: Pending, owner: NodeIndex, out: Outbox): void {
    this.#counts.sent++;
    out.send(addressOf(owner), this.#outstanding.send(pending, owner));
  }

  #park(now: Instant, pending: Pending, out: Outbox): void {
    // Before the first ring it is not an owner that is waited for.
    const until = this.#ring === null ? pending.deadline : after(now, this.#ownerWait);
    if (this.#outstanding.park(pending, until)) {
      this.#counts.parked++;
      return;
    }
    this.#counts.refused++;
    const reason = `${this.#outstanding.parkedCount} requests wait for an owner, the limit`;
    this.#fail(now, pending, 'ERR_BUSY', reason, out);
  }

  #queue(pending: Pending): void {
    this.#counts.queued++;
    this.#lanes.queue(pending);
  }

  #answer(now: Instant, pending: Pending, message: ReplyMessage, out: Outbox): void {
    this.#outstanding.settle(pending);
    out.reply(pending.origin, loadReply(this.#reply, message));
    this.#uncross(now, pending, out);
  }

  #refusedAsStale(now: Instant, pending: Pending, message: StaleMessage, out: Outbox): void {
    this.#counts.stale++;
    const ring = this.#ring;
    assert(ring !== null, 'what was sent was sent by a ring');
    // The owner by this very ring has a newer one, and would refuse again.
    this.#again(now, pending, !pending.crossing && message.epoch > ring.epoch, out);
  }

  /** A try came to nothing. */
  #again(now: Instant, pending: Pending, isForNextRing: boolean, out: Outbox): void {
    this.#outstanding.takeBack(pending);
    if (pending.crossing) {
      this.#queue(pending);
      this.#uncross(now, pending, out);
    } else if (isForNextRing) this.#park(now, pending, out);
    else this.#dispatch(now, pending, out);
  }

  #uncross(now: Instant, pending: Pending, out: Outbox): void {
    if (!pending.crossing) return;
    const free = this.#lanes.uncross(pending);
    if (free !== null) this.#release(now, free, out);
  }

  /** Lets go what has waited, in order, and then what came while it went. */
  #release(now: Instant, free: readonly Pending[], out: Outbox): void {
    if (free.length === 0) return;
    assert(this.#arrivals === null, 'within a reply only request() is called');
    const arrivals: Pending[] = [];
    this.#arrivals = arrivals;
    for (const pending of free) {
      if (pending.state !== 'settled') this.#dispatch(now, pending, out);
    }
    for (const pending of arrivals) this.#place(now, pending, out);
    this.#arrivals = null;
  }

  #releaseFlushes(now: Instant, out: Outbox): void {
    if (this.#flushes.length === 0 || this.mustQueueFlush) return;
    const flushes = this.#flushes;
    this.#flushes = [];
    this.#release(now, flushes, out);
  }

  #failLate(now: Instant, pending: Pending, limit: Duration, out: Outbox): void {
    this.#counts.timedOut++;
    if (pending.state !== 'sent') {
      this.#fail(now, pending, 'ERR_CLUSTER_DOWN', `no owner within reach for ${limit} ms`, out);
    } else {
      const code = pending.isRead ? 'ERR_TIMEOUT' : 'ERR_OUTCOME_UNKNOWN';
      this.#fail(now, pending, code, `no answer for ${limit} ms`, out);
    }
  }

  #fail(now: Instant, pending: Pending, code: ErrorCode, reason: string, out: Outbox): void {
    this.#outstanding.settle(pending);
    out.reply(pending.origin, this.#reply.fail(code, failure(code, pending.message.op, reason)));
    this.#uncross(now, pending, out);
  }
}

const cannot = (op: Op): string =>
  op === 'flush' || op === 'count' ? `Cannot ${op} node` : `Cannot ${op} key`;

const failure = (code: ErrorCode, op: Op, reason: string): string =>
  code === 'ERR_OUTCOME_UNKNOWN'
    ? `Cannot tell whether ${op} was done: ${reason}`
    : `${cannot(op)}: ${reason}`;
