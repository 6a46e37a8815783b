/**
 * One probe a period: whom, through whom, and what follows from its end. Local health, which
 * lengthens period and time-out, is judged by nothing else so much, and lives here.
 */
import { unreachable } from '../../base/assert.js';
import {
  after,
  type Duration,
  duration,
  type Instant,
  NEVER,
  type NodeIndex,
} from '../../base/units.js';
import type { DetectorOutbox } from '../detector.js';
import { Awareness } from './awareness.js';
import type { SwimMail } from './mail.js';
import type { SwimSettings } from './options.js';
import { Probe } from './probe.js';
import { ProbeOrder } from './probe-order.js';
import type { SwimView } from './view.js';

export class SwimProber {
  readonly #settings: SwimSettings;
  readonly #view: SwimView;
  readonly #mail: SwimMail;
  readonly #order: ProbeOrder;
  readonly #probe = new Probe();
  readonly awareness: Awareness;
  /** Begun so far, to count out those of faulty members. */
  #periods = 0;

  readonly #isNotFaulty = (node: NodeIndex): boolean => !this.#view.isFaulty(node);
  readonly #isRelay = (node: NodeIndex): boolean =>
    node !== this.#probe.target && this.#view.isAlive(node);

  constructor(settings: SwimSettings, view: SwimView, mail: SwimMail) {
    this.#settings = settings;
    this.#view = view;
    this.#mail = mail;
    this.#order = new ProbeOrder(settings.prng, settings.capacity);
    this.awareness = new Awareness(settings.awarenessMax);
  }

  get deadline(): Instant {
    return this.#probe.deadline;
  }

  add(now: Instant, node: NodeIndex): void {
    this.#order.add(node);
    if (this.#probe.deadline !== NEVER) return;
    // Somewhere in the period: the members of a cluster do not all probe at once.
    const { interval, prng } = this.#settings;
    this.#probe.idle(after(now, duration(interval * prng.unit())));
  }

  remove(node: NodeIndex): void {
    this.#order.remove(node);
    if (this.#probe.target === node) this.#probe.close();
    if (this.#view.count === 0) this.#probe.idle(NEVER);
  }

  /** Does what is due, and no more than one step of it. */
  goOn(now: Instant, out: DetectorOutbox): void {
    const due = this.#probe.due(now);
    switch (due) {
      case 'wait':
        break;
      case 'ask-others':
        this.#askOthers(now, out);
        break;
      case 'end':
        this.#conclude(now, out);
        this.#begin(now, out);
        break;
      default:
        unreachable(due);
    }
  }

  /** An answer to the open probe, if it is one. */
  acknowledge(from: NodeIndex, sequence: number): void {
    const { target } = this.#probe;
    if (target === null || !this.#probe.isMeant(from, sequence)) return;
    this.#view.answered(target);
    this.#probe.close();
    this.awareness.shift(-1);
  }

  nack(from: NodeIndex, sequence: number): void {
    if (this.#probe.isMeant(from, sequence)) this.#probe.nack(from);
  }

  /** One slept: the period is so much longer, and an open probe is given another time-out. */
  extend(late: Duration, earliest: Instant): void {
    this.#probe.extend(late, earliest);
  }

  #begin(now: Instant, out: DetectorOutbox): void {
    const target = this.#choose();
    if (target === null) {
      this.#probe.idle(NEVER);
      return;
    }
    const timeout = this.awareness.scale(this.#settings.timeout);
    const period = this.awareness.scale(this.#settings.interval);
    this.#probe.begin(now, target, this.#mail.ping(target, out), timeout, period);
  }

  #choose(): NodeIndex | null {
    this.#periods++;
    const isForFaulty = this.#periods % this.#settings.faultyEvery === 0;
    const areAllFaulty = this.#view.faultyCount === this.#view.count;
    const faulty = isForFaulty || areAllFaulty ? this.#view.nextFaulty() : null;
    return faulty ?? this.#order.next(this.#isNotFaulty);
  }

  /** For a faulty member nobody else is troubled. */
  #askOthers(now: Instant, out: DetectorOutbox): void {
    const { target, sequence } = this.#probe;
    if (target === null) return;
    const count = this.#view.isFaulty(target) ? 0 : this.#settings.relays;
    const relays = this.#order.sample(count, this.#isRelay);
    this.#probe.ask(now, relays);
    for (const relay of relays) this.#mail.pingRequest(relay, sequence, target, out);
  }

  #conclude(now: Instant, out: DetectorOutbox): void {
    const { target, asked, silent } = this.#probe;
    if (target === null) return;
    // A faulty member's silence teaches nothing about oneself.
    if (!this.#view.isFaulty(target)) this.awareness.shift(asked > 0 ? silent : 1);
    this.#view.unanswered(now, target, out);
  }
}
