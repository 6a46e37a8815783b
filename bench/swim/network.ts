/**
 * Failure detectors in virtual time: a network that delays, loses and cuts, and nodes that
 * stop for a while or for ever. One seed, one history.
 *
 *     detector ── send ──▶ lost? cut? ── delay ──▶ EventQueue ──▶ receive, tick ──▶ detector
 *
 * A detector is woken at its deadline or, when that has moved since, again at the new one. A node
 * that is paused is called for nothing till it goes on, and then for all that has come meanwhile.
 */
import { assert } from '#src/base/assert.js';
import type { Prng } from '#src/base/prng.js';
import {
  type Duration,
  type Instant,
  instant,
  NEVER,
  type NodeIndex,
  nodeIndex,
} from '#src/base/units.js';
import type {
  Detector,
  DetectorMessage,
  DetectorOutbox,
  Evidence,
} from '#src/membership/detector.js';
import { EventQueue } from './event-queue.js';

/** What a measurement or a checker may listen to. */
export interface Listener {
  sent?(from: NodeIndex, to: NodeIndex, message: DetectorMessage): void;
  suspect?(by: NodeIndex, node: NodeIndex, evidence: Evidence): void;
  trust?(by: NodeIndex, node: NodeIndex): void;
  stalled?(by: NodeIndex, late: Duration): void;
}

export interface NetworkOptions {
  readonly prng: Prng;
  /** One-way delays are uniform between these, in milliseconds. */
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  readonly listener?: Listener;
}

export class Network<D extends Detector> {
  readonly #detectors: D[];
  now = instant(0);
  /** The share of messages that is lost. */
  loss = 0;
  /** Whether nothing passes from one node to another at present. */
  isCut: ((from: NodeIndex, to: NodeIndex) => boolean) | null = null;
  messagesSent = 0;
  readonly #options: NetworkOptions;
  readonly #listener: Listener;
  /** Events below the number of nodes are wake-ups, those from there on messages. */
  readonly #queue = new EventQueue();
  readonly #outboxes: readonly DetectorOutbox[];
  readonly #hasCrashed: Uint8Array;
  readonly #pausedUntil: Float64Array;
  /** When the wake-up comes that counts; others of the node are out of date. */
  readonly #wakeAt: Float64Array;
  readonly #inFlight: (DetectorMessage | null)[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #freeSlots: number[] = [];

  constructor(detectors: readonly D[], options: NetworkOptions) {
    this.#detectors = [...detectors];
    this.#options = options;
    this.#listener = options.listener ?? {};
    this.#outboxes = detectors.map((_, i) => this.#outboxOf(nodeIndex(i)));
    this.#hasCrashed = new Uint8Array(detectors.length);
    this.#pausedUntil = new Float64Array(detectors.length);
    this.#wakeAt = new Float64Array(detectors.length).fill(NEVER);
    for (let i = 0; i < detectors.length; i++) this.#schedule(nodeIndex(i));
  }

  /** The detector of each node. */
  get detectors(): readonly D[] {
    return this.#detectors;
  }

  /** The node stops, until it is started anew. */
  crash(node: NodeIndex): void {
    this.#hasCrashed[node] = 1;
  }

  /** The node begins a new life; what was sent to the old one still arrives. */
  restart(node: NodeIndex, detector: D): void {
    this.#detectors[node] = detector;
    this.#hasCrashed[node] = 0;
    this.#pausedUntil[node] = this.now;
    this.#wakeAt[node] = NEVER;
    this.#schedule(node);
  }

  /** Something was done to the node's detector from outside: its deadline may be sooner now. */
  changed(node: NodeIndex): void {
    this.#schedule(node);
  }

  hasCrashed(node: NodeIndex): boolean {
    return this.#hasCrashed[node] === 1;
  }

  /** The node does nothing till then; what comes for it waits. */
  pause(node: NodeIndex, until: Instant): void {
    this.#pausedUntil[node] = until;
  }

  /** Lets everything happen up to an instant, itself included. */
  run(until: Instant): void {
    while (this.#queue.nextAt <= until) {
      this.now = this.#queue.nextAt;
      this.#happen(this.#queue.pop());
    }
    this.now = until;
  }

  #happen(event: number): void {
    const slot = event - this.#detectors.length;
    const node = nodeIndex(slot < 0 ? event : (this.#to[slot] as number));
    const pausedUntil = this.#pausedUntil[node] as number;
    if (pausedUntil > this.now && !this.hasCrashed(node)) {
      if (slot < 0) this.#wakeAt[node] = pausedUntil;
      this.#queue.push(instant(pausedUntil), event);
    } else if (slot < 0) this.#wake(node);
    else this.#deliver(node, slot);
  }

  #wake(node: NodeIndex): void {
    if (this.#wakeAt[node] !== this.now || this.hasCrashed(node)) return;
    this.#wakeAt[node] = NEVER;
    this.#detector(node).tick(this.now, this.#outbox(node));
    this.#schedule(node);
  }

  #deliver(node: NodeIndex, slot: number): void {
    const message = this.#inFlight[slot] ?? null;
    const from = nodeIndex(this.#from[slot] as number);
    this.#inFlight[slot] = null;
    this.#freeSlots.push(slot);
    assert(message !== null, 'a message arrives once');
    if (this.hasCrashed(node)) return;
    this.#detector(node).receive(this.now, from, message, this.#outbox(node));
    this.#schedule(node);
  }

  #schedule(node: NodeIndex): void {
    const { deadline } = this.#detector(node);
    if (deadline >= (this.#wakeAt[node] as number)) return;
    this.#wakeAt[node] = deadline;
    this.#queue.push(deadline, node);
  }

  #send(from: NodeIndex, to: NodeIndex, message: DetectorMessage): void {
    this.messagesSent++;
    this.#listener.sent?.(from, to, message);
    const { prng, delayMsMin, delayMsMax } = this.#options;
    if (this.isCut?.(from, to)) return;
    if (this.loss > 0 && prng.unit() < this.loss) return;
    const slot = this.#freeSlots.pop() ?? this.#inFlight.length;
    this.#inFlight[slot] = message;
    this.#from[slot] = from;
    this.#to[slot] = to;
    const delay = delayMsMin + (delayMsMax - delayMsMin) * prng.unit();
    this.#queue.push(instant(this.now + delay), this.#detectors.length + slot);
  }

  #outboxOf(node: NodeIndex): DetectorOutbox {
    const listener = this.#listener;
    return {
      send: (to, message) => this.#send(node, to, message),
      suspect: (suspect, evidence) => listener.suspect?.(node, suspect, evidence),
      trust: (trusted) => listener.trust?.(node, trusted),
      stalled: (late) => listener.stalled?.(node, late),
    };
  }

  #detector(node: NodeIndex): D {
    return this.#detectors[node] as D;
  }

  #outbox(node: NodeIndex): DetectorOutbox {
    return this.#outboxes[node] as DetectorOutbox;
  }
}
