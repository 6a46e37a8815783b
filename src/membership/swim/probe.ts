/**
 * The probe of one protocol period, from the first ping to what came of it.
 *
 *     begin             timeout                        end
 *       │ ping ──▶ target  │ ping-request ──▶ k others   │
 *       ├──── direct ──────┼──────── indirect ───────────┤  no ack: it has failed
 *       └── ack: closed ───┴── ack, by whomever ─────────┴▶ the next period begins
 */
import {
  after,
  type Duration,
  duration,
  earlier,
  type Instant,
  NEVER,
  type NodeIndex,
} from '../../base/units.js';

export type ProbeStage =
  /** There is none, or it is answered: the period only has to end. */
  | 'closed'
  /** The target was asked. */
  | 'direct'
  /** Others were asked to ask it. */
  | 'indirect';

/** What is to be done. */
export type ProbeDue =
  /** Nothing yet. */
  | 'wait'
  /** The target is late: ask others. */
  | 'ask-others'
  /** The period is over: a probe that is not closed has failed. */
  | 'end';

export class Probe {
  #stage: ProbeStage = 'closed';
  #target: NodeIndex | null = null;
  #sequence = 0;
  /** Whom the target was asked through. */
  #relays: readonly NodeIndex[] = [];
  /** Those of them who said that they wait as well. */
  readonly #nacks = new Set<NodeIndex>();
  #timeoutAt: Instant = NEVER;
  #endAt: Instant = NEVER;
  /** What is left of the period for others, at least. */
  #rest: Duration = duration(0);

  /** The open probe's target; null while it is closed. */
  get target(): NodeIndex | null {
    return this.#stage === 'closed' ? null : this.#target;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Relays that were asked. */
  get asked(): number {
    return this.#relays.length;
  }

  /** Relays that were asked and have not been heard of. */
  get silent(): number {
    return this.#relays.length - this.#nacks.size;
  }

  get deadline(): Instant {
    return this.#stage === 'direct' ? earlier(this.#timeoutAt, this.#endAt) : this.#endAt;
  }

  /** No probe until then. */
  idle(until: Instant): void {
    this.#stage = 'closed';
    this.#endAt = until;
  }

  begin(
    now: Instant,
    target: NodeIndex,
    sequence: number,
    timeout: Duration,
    period: Duration,
  ): void {
    this.#stage = 'direct';
    this.#target = target;
    this.#sequence = sequence;
    this.#relays = [];
    this.#nacks.clear();
    this.#timeoutAt = after(now, timeout);
    this.#endAt = after(now, period);
    this.#rest = duration(period - timeout);
  }

  due(now: Instant): ProbeDue {
    if (this.#stage === 'direct' && now >= this.#timeoutAt) return 'ask-others';
    return now >= this.#endAt ? 'end' : 'wait';
  }

  /** Others are asked. They have the rest of the period, also when they are asked late. */
  ask(now: Instant, relays: readonly NodeIndex[]): void {
    this.#stage = 'indirect';
    this.#relays = relays;
    const end = after(now, this.#rest);
    if (end > this.#endAt) this.#endAt = end;
  }

  /** Whether an answer is one to the open probe, by someone who was asked. */
  isMeant(from: NodeIndex, sequence: number): boolean {
    if (this.#stage === 'closed' || sequence !== this.#sequence) return false;
    return from === this.#target || this.#relays.includes(from);
  }

  /** A relay waits as well. */
  nack(from: NodeIndex): void {
    if (this.#relays.includes(from)) this.#nacks.add(from);
  }

  /** Answered, or not of interest any more. The period goes on. */
  close(): void {
    this.#stage = 'closed';
  }

  /** One slept: all is so much later, and an open probe does not end before `earliest`. */
  extend(late: Duration, earliest: Instant): void {
    const floor = this.#stage === 'closed' ? this.#endAt : earliest;
    this.#timeoutAt = later(after(this.#timeoutAt, late), floor);
    this.#endAt = later(after(this.#endAt, late), floor);
  }
}

const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);
