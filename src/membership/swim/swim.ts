/**
 * The SWIM failure detector, for clusters in which all-to-all is too much. Each member probes one
 * other a period, and says what it finds out on the back of its probes. So the messages that a
 * member sends and the time until some member notices a crash do not depend on the size of
 * the cluster, and the time until all know grows with its logarithm.
 *
 *     prober                         target          k others
 *       │ ── ping ───────────────────▶ │
 *       │ ◀─ ack ───────────────────── │                  within the time-out: done
 *       │ ── ping-request (target) ─────────────────────▶ │        else
 *       │                              │ ◀── ping ─────── │
 *       │                              │ ─── ack ───────▶ │
 *       │ ◀─ ack ──────────────────────────────────────── │        the way there was bad
 *       │ ◀─ nack ─────────────────────────────────────── │        no: it is silent to all
 *       │ nothing by the end of the period: suspect, told to all; the target too, which refutes
 *       │ it by a higher incarnation. Not refuted in time: faulty.
 *
 * **Who is sick itself should not accuse.** Most wrong accusations come from members that are slow
 * themselves. Lifeguard's three answers are all here: local health lengthens one's own waits
 * (`awareness.ts`), a suspicion that nobody else confirms lasts longer (`suspicion.ts`), and the
 * suspect is told first (`news.ts`). And one that the paper could not have: time is an
 * argument here, so the detector knows when it slept. A call that is late by more than
 * SWIM_STALL_SHARE of the period moves all that runs by as much, grants one more time-out for the
 * answers that wait unread, and accuses nobody. Who is always that late never accuses anybody;
 * others do.
 *
 * **Faulty is not for ever.** One period in `faultyEvery` goes to a faulty member. Its answer
 * brings it back, here and by gossip everywhere: a healed partition needs no hand.
 *
 * **What is believed of a message.** Anyone's ping is answered, for rings reach members at
 * different times. Beyond that only members watched are heard, only of members watched, and answers
 * only by who was asked, to what was asked. Against members that lie there is no defence.
 *
 * Refused: a failed probe of a member heard of meanwhile counts all the same, for hearing it shows
 * only one direction to work. No reliable second channel and no exchange of whole tables as in
 * memberlist: what gossip misses, the probes of the ones concerned mend.
 *
 * 1. A. Das, I. Gupta, A. Motivala: SWIM: Scalable Weakly-consistent Infection-style Process
 *    Group Membership Protocol. DSN 2002.
 * 2. A. Dadgar, J. Phillips, J. Currey: Lifeguard: Local Health Awareness for More Accurate Failure
 *    Detection. DSN-W 2018.
 */
import { assert, unreachable } from '../../base/assert.js';
import { after, duration, earlier, type Instant, NEVER, type NodeIndex } from '../../base/units.js';
import type { SwimMessage } from '../../wire/message.js';
import type { Detector, DetectorMessage, DetectorOutbox } from '../detector.js';
import { SwimGossip } from './gossip.js';
import { SwimMail } from './mail.js';
import { SwimNews } from './news.js';
import { type SwimOptions, type SwimSettings, type SwimState, settle } from './options.js';
import { SwimProber } from './prober.js';
import { RelayedPings } from './relayed-pings.js';
import { SwimSelf } from './self.js';
import { StallWatch } from './stall.js';
import { SwimView } from './view.js';

/** A relay sends its nack after this share of a time-out: it must arrive within the period. */
export const NACK_SHARE = 0.8;

export class Swim implements Detector {
  readonly #settings: SwimSettings;
  readonly #self: SwimSelf;
  readonly #view: SwimView;
  readonly #news: SwimNews;
  readonly #mail: SwimMail;
  readonly #prober: SwimProber;
  readonly #relayed = new RelayedPings();
  readonly #stall: StallWatch;
  #deadline: Instant = NEVER;

  constructor(options: SwimOptions) {
    const settings = settle(options);
    const gossip = new SwimGossip();
    this.#settings = settings;
    this.#self = new SwimSelf(settings.self, settings.incarnation, gossip);
    this.#view = new SwimView(settings, gossip);
    this.#news = new SwimNews(settings, gossip, this.#self, this.#view);
    this.#mail = new SwimMail(this.#news, settings.prng);
    this.#prober = new SwimProber(settings, this.#view, this.#mail);
    this.#stall = new StallWatch(settings.interval);
  }

  get deadline(): Instant {
    return this.#deadline;
  }

  /** One's own incarnation: grows with each refutation. */
  get incarnation(): number {
    return this.#self.incarnation;
  }

  /** Lifeguard's score of one's own health: 0 is healthy. */
  get healthScore(): number {
    return this.#prober.awareness.score;
  }

  stateOf(node: NodeIndex): SwimState | 'unwatched' {
    return this.#view.stateOf(node);
  }

  /**
   * Begins to watch a member; anew: as a new life, expected above all that was said of the old one.
   */
  watch(now: Instant, node: NodeIndex): void {
    assert(node !== this.#settings.self, 'nobody watches itself');
    if (this.#view.has(node)) this.unwatch(now, node);
    this.#view.watch(now, node);
    this.#news.resized();
    this.#prober.add(now, node);
    this.#deadline = earlier(this.#deadline, this.#prober.deadline);
  }

  /** May leave the deadline too early, never too late: a stall is not to be missed over this. */
  unwatch(_now: Instant, node: NodeIndex): void {
    if (!this.#view.has(node)) return;
    this.#view.unwatch(node);
    this.#news.resized();
    this.#prober.remove(node);
    this.#relayed.forget(node);
    if (this.#view.count === 0) this.#deadline = NEVER;
  }

  /** Sends nacks, declares faulty, probes: whatever is due. */
  tick(now: Instant, out: DetectorOutbox): void {
    if (now < this.#deadline) return;
    this.#noticeStall(now, out);
    for (const { asker, sequence } of this.#relayed.due(now)) this.#mail.nack(asker, sequence, out);
    const patience = this.#prober.awareness.scale(this.#settings.timeout);
    for (const node of this.#view.expire(now, patience, out)) {
      if (this.#view.has(node)) this.#mail.ping(node, out);
    }
    this.#prober.goOn(now, out);
    this.#findDeadline();
  }

  /** What someone asks, answers and tells. */
  receive(now: Instant, from: NodeIndex, message: DetectorMessage, out: DetectorOutbox): void {
    if (message.type !== 'swim' || !isSequence(message.sequence)) return;
    this.#noticeStall(now, out);
    if (!this.#view.has(from)) {
      if (message.kind === 'ping') this.#mail.ack(from, message.sequence, this.#self.node, out);
      return;
    }
    this.#view.heardFrom(now, from);
    const refutation = this.#news.read(now, message.updates, out);
    // Somebody had reason to suspect it.
    if (refutation === 'refuted') this.#prober.awareness.shift(1);
    this.#handle(now, from, message, out);
    this.#findDeadline();
  }

  #handle(now: Instant, from: NodeIndex, message: SwimMessage, out: DetectorOutbox): void {
    const { kind, sequence } = message;
    switch (kind) {
      case 'ping':
        this.#mail.ack(from, sequence, this.#self.node, out);
        break;
      case 'ping-request':
        this.#relay(now, from, message, out);
        break;
      case 'ack':
        this.#prober.acknowledge(from, sequence);
        this.#forward(from, sequence, out);
        break;
      case 'nack':
        this.#prober.nack(from, sequence);
        break;
      default:
        unreachable(kind);
    }
  }

  /** Pings for another, if both are members and there is room. */
  #relay(now: Instant, asker: NodeIndex, message: SwimMessage, out: DetectorOutbox): void {
    const { subject, sequence } = message;
    if (!this.#view.has(asker) || !this.#view.has(subject) || this.#relayed.isFull) return;
    const { timeout, interval } = this.#settings;
    const nackAt = after(now, duration(timeout * NACK_SHARE));
    const own = this.#mail.ping(subject, out);
    this.#relayed.begin(own, { asker, sequence, subject }, nackAt, after(now, interval));
  }

  #forward(from: NodeIndex, sequence: number, out: DetectorOutbox): void {
    const ping = this.#relayed.answered(from, sequence);
    if (ping !== null) this.#mail.ack(ping.asker, ping.sequence, ping.subject, out);
  }

  /** Every call begins with it: after a long sleep no time-out means what it says. */
  #noticeStall(now: Instant, out: DetectorOutbox): void {
    const late = this.#stall.sleptUntil(now, this.#deadline);
    if (late === null) return;
    const { awareness } = this.#prober;
    awareness.shift(1);
    // What was sent meanwhile lies unread: there is a time-out to read it.
    const earliest = after(now, awareness.scale(this.#settings.timeout));
    this.#relayed.extend(late);
    this.#view.extend(late, earliest);
    this.#prober.extend(late, earliest);
    this.#findDeadline();
    out.stalled(late);
  }

  #findDeadline(): void {
    const own = earlier(this.#prober.deadline, this.#view.deadline);
    this.#deadline = earlier(own, this.#relayed.deadline);
  }
}

/** What a message may carry as its number. */
const isSequence = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
