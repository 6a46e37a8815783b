/**
 * The all-to-all failure detector (CLUSTER-4). It pings each watched node once an interval, the nodes
 * spread over it, and suspects a node that left so many pings in a row unanswered.
 *
 *     interval       │         │         │         │
 *     ping 1 ──▶     ping 2 ──▶ ping 3 ──▶         suspect: the fourth would be due
 *     ◀── pong 1                                   2 and 3 unanswered: not yet, if 3 are allowed
 *
 * It goes on pinging whom it suspects, and any answer, however late, takes the suspicion back.
 *
 * **Who is late itself accuses nobody.** A detector whose thread stood still has pongs waiting
 * in its own queue. So when a tick comes late by more than a share of the interval, it
 * says so, and the ping that each node has open then counts as answered.
 *
 * A late pong counts: `sent − answered` is what is unanswered, so a node that is slow by more than
 * an interval, but answers, is not suspected.
 *
 * Cost: one ping and one pong a pair and interval, N² of them in a cluster of N. For the 64 nodes
 * of a process that is nothing; `swim.ts` is for more.
 */
import { assert } from '../base/assert.js';
import {
  after,
  type Duration,
  duration,
  earlier,
  elapsed,
  type Instant,
  NEVER,
  type NodeIndex,
} from '../base/units.js';
import type { Detector, DetectorMessage, DetectorOutbox } from './detector.js';

export const HEARTBEAT_INTERVAL = duration(5_000);
export const HEARTBEAT_FAILURES = 3;
/** A tick that is late by more than this share of the interval is the detector's own fault. */
export const STALL_SHARE = 0.5;
/** Phases of the first pings: a full turn of golden ratios lands evenly for any number of nodes. */
const GOLDEN_SHARE = 0.6180339887498949;

export interface HeartbeatOptions {
  /** Time between two pings of one node, over 0. Default 5,000 ms. */
  readonly interval?: Duration;
  /** Consecutive unanswered pings that make a node suspected, at least 1. Default 3. */
  readonly failures?: number;
  /** Shifts the phases, so that the detectors of one cluster do not all ping one node at one time. */
  readonly phase?: number;
}

interface Member {
  due: Instant;
  /** When it was last heard of, or was begun to be watched. */
  heardAt: Instant;
  /** When the latest ping went out; null before the first. */
  pingedAt: Instant | null;
  /** Sequence of the latest ping. */
  sent: number;
  /** Sequence up to which pings count as answered. Invariant: answered <= sent. */
  answered: number;
  isSuspected: boolean;
}

export class Heartbeat implements Detector {
  readonly #interval: Duration;
  readonly #failures: number;
  readonly #phase: number;
  readonly #members = new Map<NodeIndex, Member>();
  /** Sequences go on where they ended when a node is watched again: an old life's pong is known. */
  readonly #lastSequences = new Map<NodeIndex, number>();
  #deadline: Instant = NEVER;

  constructor(options: HeartbeatOptions = {}) {
    this.#interval = options.interval ?? HEARTBEAT_INTERVAL;
    this.#failures = options.failures ?? HEARTBEAT_FAILURES;
    this.#phase = options.phase ?? 0;
    assert(this.#interval > 0, 'a heartbeat interval is positive');
    assert(this.#failures >= 1, 'at least one ping must fail');
  }

  get deadline(): Instant {
    return this.#deadline;
  }

  /** Starts to ping a node within an interval, or starts anew with it. */
  watch(now: Instant, node: NodeIndex): void {
    const turn = ((node + this.#phase) * GOLDEN_SHARE) % 1;
    const sent = this.#lastSequences.get(node) ?? 0;
    this.#members.set(node, {
      due: after(now, duration(Math.floor(this.#interval * turn))),
      heardAt: now,
      pingedAt: null,
      sent,
      answered: sent,
      isSuspected: false,
    });
    this.#findDeadline();
  }

  unwatch(_now: Instant, node: NodeIndex): void {
    const member = this.#members.get(node);
    if (member === undefined) return;
    this.#lastSequences.set(node, member.sent);
    this.#members.delete(node);
    this.#findDeadline();
  }

  /** Pings who is due, and tells who is suspected. */
  tick(now: Instant, out: DetectorOutbox): void {
    if (now < this.#deadline) return;
    const late = elapsed(this.#deadline, now);
    if (late > this.#interval * STALL_SHARE) {
      this.#forgiveOpenPings();
      out.stalled(late);
    }
    for (const [node, member] of this.#members) {
      if (member.due <= now) this.#beat(now, node, member, out);
    }
    this.#findDeadline();
  }

  /** An answer. One to nothing that was asked, or that comes again, changes nothing. */
  receive(now: Instant, from: NodeIndex, message: DetectorMessage, out: DetectorOutbox): void {
    if (message.type !== 'pong') return;
    const member = this.#members.get(from);
    const { sequence } = message;
    if (member === undefined || sequence <= member.answered || sequence > member.sent) return;
    member.answered = sequence;
    member.heardAt = now;
    if (!member.isSuspected) return;
    member.isSuspected = false;
    out.trust(from);
  }

  /** Pings a node now, whenever it was due: there is reason to ask. */
  hasten(now: Instant, node: NodeIndex): void {
    const member = this.#members.get(node);
    if (member === undefined || member.due <= now) return;
    // Not more often than twice an interval, however many accuse it.
    const soonest =
      member.pingedAt === null ? now : after(member.pingedAt, duration(this.#interval / 2));
    member.due = earlier(member.due, soonest > now ? soonest : now);
    this.#findDeadline();
  }

  #beat(now: Instant, node: NodeIndex, member: Member, out: DetectorOutbox): void {
    const missed = member.sent - member.answered;
    if (missed >= this.#failures && !member.isSuspected) {
      member.isSuspected = true;
      out.suspect(node, { missed, silent: elapsed(member.heardAt, now) });
      // Who acts upon it may have ended the watch.
      if (this.#members.get(node) !== member) return;
    }
    member.sent++;
    member.pingedAt = now;
    // From the present, not from when it was due: no volley of pings after a stall.
    member.due = after(now, this.#interval);
    out.send(node, { type: 'ping', sequence: member.sent });
  }

  #forgiveOpenPings(): void {
    for (const member of this.#members.values()) {
      if (member.answered < member.sent) member.answered++;
    }
  }

  #findDeadline(): void {
    let deadline = NEVER;
    for (const { due } of this.#members.values()) deadline = earlier(deadline, due);
    this.#deadline = deadline;
  }
}
