/**
 * What the supervisor's machine knows of one node, over all its lives.
 *
 *                 launch                 serving
 *       (down) ───────────▶ starting ───────────────▶ serving ◀────────┐      on the ring:
 *         ▲                    │ refused, died           │ died        │ serving, leaving and held
 *         │◀───────────────────┴────── emptied ──────────┤             │
 *         │◀───── too late, memory unusable, died ───── held ──────────┘
 *         │                                         (kept: launch, with its memory)
 *         │ back-off, then launch again                  after too many in a row: given-up
 *
 *     serving ── leave ──▶ leaving ── drained ──▶ (off the ring, gone)
 */
import {
  type Duration,
  duration,
  elapsed,
  type Instant,
  NEVER,
  type NodeId,
  type NodeIndex,
} from '../base/units.js';
import type { Backoff } from './backoff.js';

export type LifeState =
  /** Its thread is there, and it does not serve yet. */
  | 'starting'
  /** It serves; it is on the ring. */
  | 'serving'
  /**
   * Its life has ended, and the ring is as it was: requests for its keys wait while it comes back
   * with its memory.
   */
  | 'held'
  /** It is about to leave for good (`Leaving`). */
  | 'leaving'
  /** It is off the ring. It is started again, unless restarts are off. */
  | 'down'
  /** It died too often in a row: it stays down until somebody restarts it. */
  | 'given-up';

/** How far a node is that leaves for good. */
export type Leaving =
  | 'stays'
  /** It owns its ranges and serves; its connections are brought to their end. */
  | 'draining'
  /** It is off the ring, and still refuses what is asked of it under the ring before. */
  | 'lingering'
  /** It has been told to stop, or to die. */
  | 'ending';

/** Why a life of a node ended, or could not begin. */
export type DownReason =
  /** Somebody called `kill` or `restart`. */
  | 'killed'
  /** Its thread threw, exited or ran out of heap. */
  | 'crashed'
  /** Its event loop stood, or it left heartbeats unanswered, or did not start in time: it was killed. */
  | 'hung'
  /** It said that it cannot start: its port is in use, say. */
  | 'refused'
  /** It was not back with its memory within the grace. */
  | 'late'
  /** Its memory was not fit to be taken over. */
  | 'unusable';

/** Why a life ends. */
export interface Sentence {
  readonly reason: DownReason;
  readonly text: string;
}

/** Deaths in a row after which a node is given up. */
export const FAILURES_MAX = 10;
/** A node that served this long has not died "in a row". */
const STEADY_AFTER = duration(30_000);

export class NodeRecord {
  readonly index: NodeIndex;
  readonly id: NodeId;
  state: LifeState = 'down';
  /** Whether a life has begun whose end is not known. */
  hasLife = false;
  /** Whether its thread may still run: until its channel has closed, even when its end is known. */
  lingers = false;
  leaving: Leaving = 'stays';
  /** Whether it has ever served: a newcomer that cannot start is not kept. */
  hasEverServed = false;
  /** Why the present life is to end, if that has been decided. */
  sentence: Sentence | null = null;
  /** Whether somebody has asked for another life, whatever the options say. */
  isWanted = false;
  /** Whether the next life is to begin as soon as the thread of the last is proven dead. */
  isDue = false;
  /** When the next life is due, after a back-off. */
  dueAt: Instant = NEVER;
  /** The end of the patience with a life that does not serve, or of a step of its leaving. */
  patienceUntil: Instant = NEVER;
  /** The end of the grace, while its range is held. */
  graceUntil: Instant = NEVER;
  /** Lives so far. */
  lives = 0;
  /** Deaths in a row, those that were asked for not counted. */
  failures = 0;
  /** Lives that began with the memory of the one before, and served. */
  warmRestarts = 0;
  /** From its latest death to its serving again; null before the first time. */
  downtime: Duration | null = null;
  readonly #backoff: Backoff;
  /** When it was last known to serve; null while it serves, or never did. */
  #diedAt: Instant | null = null;
  #servesSince: Instant | null = null;

  constructor(index: NodeIndex, id: NodeId, backoff: Backoff) {
    this.index = index;
    this.id = id;
    this.#backoff = backoff;
  }

  /** Starts again since. */
  get restarts(): number {
    return Math.max(0, this.lives - 1);
  }

  /** Whether the present life serves, or did until its end. */
  get hasServed(): boolean {
    return this.#servesSince !== null;
  }

  /** When something is due of which nobody need tell. */
  get deadline(): Instant {
    return Math.min(this.dueAt, this.patienceUntil, this.graceUntil) as Instant;
  }

  /** A life has begun: with the memory of the last one, if its range is held. */
  begin(): void {
    if (this.state !== 'held') this.state = 'starting';
    this.hasLife = true;
    this.lingers = true;
    this.lives++;
    this.sentence = null;
    this.isWanted = false;
    this.isDue = false;
    this.dueAt = NEVER;
  }

  /** The end of the present life is known. */
  end(): void {
    this.hasLife = false;
    this.patienceUntil = NEVER;
  }

  /** Its range is held for it. */
  hold(until: Instant): void {
    this.state = 'held';
    this.graceUntil = until;
  }

  /** Its range is held no more; what it held is lost. */
  letGo(): void {
    this.state = 'down';
    this.graceUntil = NEVER;
  }

  noteServing(now: Instant): void {
    if (this.state === 'held') this.warmRestarts++;
    this.state = 'serving';
    this.hasEverServed = true;
    this.graceUntil = NEVER;
    this.patienceUntil = NEVER;
    if (this.#diedAt !== null) this.downtime = elapsed(this.#diedAt, now);
    this.#diedAt = null;
    this.#servesSince = now;
    this.#backoff.started(now);
  }

  /**
   * Notes a death.
   *
   * @returns how long to wait before the next life, or null: it is given up
   */
  noteDeath(now: Instant, reason: DownReason): Duration | null {
    const since = this.#servesSince;
    this.#servesSince = null;
    if (since !== null) this.#diedAt = now;
    if (!isFailure(reason)) return duration(0);
    const wasSteady = since !== null && elapsed(since, now) >= STEADY_AFTER;
    this.failures = wasSteady ? 1 : this.failures + 1;
    const wait = this.#backoff.died(now);
    return this.failures >= FAILURES_MAX ? null : wait;
  }
}

/** Whether a death counts: not those that were asked for, nor what only follows from a counted one. */
const isFailure = (reason: DownReason): boolean =>
  reason === 'crashed' || reason === 'hung' || reason === 'refused';
