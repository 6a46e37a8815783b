/**
 * A node as the supervisor knows it: what stays the same over all its lives, and the life that it
 * has now.
 *
 *                 launch                 serving
 *       (down) ───────────▶ starting ───────────────▶ serving ◀────────┐      on the ring:
 *         ▲                    │ refused, died           │ died        │ serving     serving and held
 *         │◀───────────────────┴────── emptied ──────────┤             │
 *         │◀───── too late, memory unusable, died ───── held ──────────┘
 *         │                                         (kept: launch, with its memory)
 *         │ back-off, then launch again                  after too many in a row: given-up
 */
import { performance } from 'node:perf_hooks';
import {
  type Duration,
  duration,
  elapsed,
  type Instant,
  type NodeId,
  type NodeIndex,
} from '../base/units.js';
import type { NodeOptions } from '../config/options.js';
import type { Backoff } from '../membership/backoff.js';
import type { Address } from '../wire/message.js';
import type { NodeThread } from './pool.js';

export type NodeState =
  /** Its thread is there, and it does not serve yet. */
  | 'starting'
  /** It serves; it is on the ring. */
  | 'serving'
  /**
   * Its life has ended, and the ring is as it was: requests for its keys wait while it comes back
   * with its memory.
   */
  | 'held'
  /** It is off the ring. It is started again, unless restarts are off. */
  | 'down'
  /** It died too often in a row: it stays down until somebody restarts it. */
  | 'given-up';

/** Why a life of a node ended, or could not begin. */
export type DownReason =
  /** Somebody called `kill` or `restart`. */
  | 'killed'
  /** Its thread threw, exited or ran out of heap. */
  | 'crashed'
  /** It left too many heartbeats unanswered, or did not start in time, and was killed for it. */
  | 'hung'
  /** It said that it cannot start: its port is in use, say. */
  | 'refused'
  /** It was not back with its memory within the grace. */
  | 'late'
  /** Its memory was not fit to be taken over. */
  | 'unusable';

/** Deaths in a row after which a node is given up. */
export const FAILURES_MAX = 10;
/** A node that served this long has not died "in a row". */
const STEADY_AFTER = duration(30_000);

/** Why a life ends. */
export interface Sentence {
  readonly reason: DownReason;
  readonly text: string;
}

/** A node, through all its lives. */
export class NodeLife {
  readonly index: NodeIndex;
  readonly id: NodeId;
  readonly address: Address;
  readonly options: NodeOptions;
  state: NodeState = 'down';
  /** Null when there is none, or when its end is known. */
  thread: NodeThread | null = null;
  /** Whether the thread may still run: until its channel has closed, even when its end is known. */
  lingers = false;
  /** Memory of the latest slab, outliving the life that wrote it; null before the first. */
  slab: SharedArrayBuffer | null = null;
  /** How many slabs it has had: more than one life may have gone on with the same. */
  memories = 0;
  /** Where its RESP server listens, in all lives; null without one, or before the first. */
  port: number | null = null;
  /** Lives so far. */
  lives = 0;
  /** Deaths in a row, those that were asked for not counted. */
  failures = 0;
  /** Why the present life is to end, if that has been decided. */
  sentence: Sentence | null = null;
  /** Whether somebody has asked for another life, whatever the options say. */
  isWanted = false;
  /** Whether the next life is to begin as soon as the thread of the last is proven dead. */
  isDue = false;
  /** The next start, or the end of the patience with the present one. */
  timer: NodeJS.Timeout | null = null;
  /** The end of the grace, while its range is held. */
  graceTimer: NodeJS.Timeout | null = null;
  /** Lives that began with the memory of the one before, and served. */
  warmRestarts = 0;
  /** Milliseconds from its latest death to its serving again; null before the first time. */
  downtime: number | null = null;
  /** When it was last known to serve, by `performance.now`; null while it serves, or never did. */
  #diedAt: number | null = null;
  readonly #backoff: Backoff;
  #servesSince: Instant | null = null;
  #waiters: Waiter[] = [];

  constructor(index: NodeIndex, options: NodeOptions, backoff: Backoff) {
    this.index = index;
    this.id = options.id;
    this.address = index as number as Address;
    this.options = options;
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

  /** A life begins: with the memory of the last one, if its range is held, else with fresh memory. */
  begin(slab: SharedArrayBuffer): void {
    if (this.state !== 'held') this.state = 'starting';
    if (slab !== this.slab) this.memories++;
    this.slab = slab;
    this.lives++;
    this.lingers = true;
    this.sentence = null;
    this.isWanted = false;
    this.isDue = false;
  }

  /** The end of the present life is known. */
  end(): void {
    this.thread = null;
    this.clearTimer();
  }

  /** Its range is held for it until `graceTimer`. */
  hold(graceTimer: NodeJS.Timeout): void {
    this.state = 'held';
    this.graceTimer = graceTimer;
  }

  /** Its range is held no more; what it held is lost. */
  letGo(): void {
    this.state = 'down';
    this.clearGrace();
  }

  clearGrace(): void {
    if (this.graceTimer !== null) clearTimeout(this.graceTimer);
    this.graceTimer = null;
  }

  clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Resolves when the node serves. */
  served(): Promise<void> {
    if (this.state === 'serving') return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  noteServing(now: Instant): void {
    if (this.state === 'held') this.warmRestarts++;
    this.state = 'serving';
    this.clearGrace();
    if (this.#diedAt !== null) this.downtime = performance.now() - this.#diedAt;
    this.#diedAt = null;
    this.#servesSince = now;
    this.#backoff.started(now);
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  /**
   * Notes a death.
   *
   * @returns how long to wait before the next life, or null: it is given up
   */
  noteDeath(now: Instant, reason: DownReason): Duration | null {
    const since = this.#servesSince;
    this.#servesSince = null;
    if (since !== null) this.#diedAt = performance.now();
    if (!isFailure(reason)) return duration(0);
    const wasSteady = since !== null && elapsed(since, now) >= STEADY_AFTER;
    this.failures = wasSteady ? 1 : this.failures + 1;
    const wait = this.#backoff.died(now);
    return this.failures >= FAILURES_MAX ? null : wait;
  }

  /** Nobody need wait any longer for it to serve. */
  disappoint(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}

/** Whether a death counts: not those that were asked for, nor what only follows from a counted one. */
const isFailure = (reason: DownReason): boolean =>
  reason === 'crashed' || reason === 'hung' || reason === 'refused';

/** Somebody who waits for a node to serve. */
interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}
