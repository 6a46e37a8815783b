/**
 * Finds out who is gone (CLUSTER-4). It pings each watched node once an interval, the nodes spread
 * over it, and calls a node down that left so many pings in a row unanswered.
 *
 *     interval       │         │         │         │
 *     ping 1 ──▶     ping 2 ──▶ ping 3 ──▶         (the fourth would be due)
 *     ◀── pong 1                                   2 and 3 unanswered: not yet, if 3 are allowed
 *
 * It decides nothing: the authority over the ring hears `down` and acts.
 *
 * **Who is late itself accuses nobody.** A detector whose thread stood still has pongs waiting
 * in its own queue. So when a tick comes late by more than a share of the interval, it
 * says so, and the ping that each node has open then counts as answered.
 *
 * A late pong counts: `sent − answered` is what is unanswered, so a node that is slow by more than
 * an interval, but answers, is not called down.
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

export const HEARTBEAT_INTERVAL = duration(5_000);
export const HEARTBEAT_FAILURES = 3;
/** A tick that is late by more than this share of the interval is the detector's own fault. */
export const STALL_SHARE = 0.5;
/** Phases of the first pings: a full turn of golden ratios lands evenly for any number of nodes. */
const GOLDEN_SHARE = 0.6180339887498949;

/** What the detector asks of the world. */
export interface HeartbeatOutbox {
  /** Send a ping; the answer comes back as `pong` with the same sequence. */
  ping(node: NodeIndex, sequence: number): void;
  /** The node left `failures` pings in a row unanswered. It is no longer watched. */
  down(node: NodeIndex): void;
  /** This detector itself was late by so much: the round accuses nobody. */
  stalled(late: Duration): void;
}

export interface HeartbeatOptions {
  /** Time between two pings of one node, over 0. Default 5,000 ms. */
  readonly interval?: Duration;
  /** Consecutive unanswered pings that make a node down, at least 1. Default 3. */
  readonly failures?: number;
}

interface Member {
  due: Instant;
  /** When the latest ping went out; null before the first. */
  pingedAt: Instant | null;
  /** Sequence of the latest ping. */
  sent: number;
  /** Sequence up to which pings count as answered. Invariant: answered <= sent. */
  answered: number;
}

export class Heartbeat {
  readonly #interval: Duration;
  readonly #failures: number;
  readonly #members = new Map<NodeIndex, Member>();
  /** Sequences go on where they ended when a node is watched again: an old life's pong is known. */
  readonly #lastSequences = new Map<NodeIndex, number>();
  #deadline: Instant = NEVER;

  constructor(options: HeartbeatOptions = {}) {
    this.#interval = options.interval ?? HEARTBEAT_INTERVAL;
    this.#failures = options.failures ?? HEARTBEAT_FAILURES;
    assert(this.#interval > 0, 'a heartbeat interval is positive');
    assert(this.#failures >= 1, 'at least one ping must fail');
  }

  /** When `tick` next has work; NEVER when nobody is watched. */
  get deadline(): Instant {
    return this.#deadline;
  }

  /** Starts to ping a node within an interval, or starts anew with it. */
  watch(now: Instant, node: NodeIndex): void {
    const phase = duration(Math.floor(this.#interval * ((node * GOLDEN_SHARE) % 1)));
    const sent = this.#lastSequences.get(node) ?? 0;
    this.#members.set(node, {
      due: after(now, phase),
      pingedAt: null,
      sent,
      answered: sent,
    });
    this.#findDeadline();
  }

  /** Stops to ping a node. */
  unwatch(node: NodeIndex): void {
    const member = this.#members.get(node);
    if (member === undefined) return;
    this.#lastSequences.set(node, member.sent);
    this.#members.delete(node);
    this.#findDeadline();
  }

  /** Pings who is due, and tells who is down. */
  tick(now: Instant, out: HeartbeatOutbox): void {
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

  /**
   * A node's answer. One that was never asked for, or comes again, changes nothing.
   *
   * @returns the round trip, if this answers the latest ping, for the first time; else null
   */
  pong(now: Instant, node: NodeIndex, sequence: number): Duration | null {
    const member = this.#members.get(node);
    if (member === undefined) return null;
    if (sequence <= member.answered || sequence > member.sent) return null;
    member.answered = sequence;
    if (sequence < member.sent || member.pingedAt === null) return null;
    return elapsed(member.pingedAt, now);
  }

  #beat(now: Instant, node: NodeIndex, member: Member, out: HeartbeatOutbox): void {
    if (member.sent - member.answered >= this.#failures) {
      this.#lastSequences.set(node, member.sent);
      this.#members.delete(node);
      out.down(node);
      return;
    }
    member.sent++;
    member.pingedAt = now;
    // From the present, not from when it was due: no volley of pings after a stall.
    member.due = after(now, this.#interval);
    out.ping(node, member.sent);
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
