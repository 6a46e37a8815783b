/**
 * A node as the supervisor knows it: what stays the same over all its lives, and the life that it
 * has now.
 *
 *                 launch                 serving
 *       (down) ───────────▶ starting ───────────────▶ serving ◀── on the ring
 *         ▲                    │ refused, died           │ died, hung, killed
 *         │◀───────────────────┴─────────────────────────┘
 *         │ back-off, then launch again                  after too many in a row: given-up
 */
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
  /** It has no thread. It is started again, unless restarts are off. */
  | 'down'
  /** It died too often in a row: it stays down until somebody restarts it. */
  | 'given-up';

/** Why a node left the ring, or could not come back. */
export type DownReason =
  /** Somebody called `kill` or `restart`. */
  | 'killed'
  /** Its thread threw, exited or ran out of heap. */
  | 'crashed'
  /** It left too many heartbeats unanswered, or did not start in time, and was killed for it. */
  | 'hung'
  /** It said that it cannot start: its port is in use, say. */
  | 'refused';

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
  /** Memory of the latest slab, readable after the life that wrote it; null before the first. */
  slab: SharedArrayBuffer | null = null;
  /** Where its RESP server listens, in all lives; null without one, or before the first. */
  port: number | null = null;
  /** Lives so far. */
  lives = 0;
  /** Deaths in a row, those that were asked for not counted. */
  failures = 0;
  /** Why the present life is to end, if that has been decided. */
  sentence: Sentence | null = null;
  /** Whether it is to be started again at once, whatever the options say. */
  isWanted = false;
  /** The next start, or the end of the patience with the present one. */
  timer: NodeJS.Timeout | null = null;
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

  /** A life begins, with memory that no other has written. */
  begin(slab: SharedArrayBuffer): void {
    this.state = 'starting';
    this.slab = slab;
    this.lives++;
    this.lingers = true;
    this.sentence = null;
    this.isWanted = false;
  }

  /** The end of the present life is known. */
  end(): void {
    this.state = 'down';
    this.thread = null;
    this.clearTimer();
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
    this.state = 'serving';
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
    if (reason === 'killed') return duration(0);
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

/** Somebody who waits for a node to serve. */
interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}
