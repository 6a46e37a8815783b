/**
 * How a node leaves for good, one step after the other.
 *
 *     serving ─▶ draining: still owns its ranges; its connections are brought to their end
 *                   │ drained, or the drain timeout
 *                   ▼
 *                lingering: off the ring; it refuses what is asked of it under the ring before, so
 *                   │       that the askers go elsewhere at once           LEAVE_LINGER
 *                   ▼
 *                ending: told to stop; ended if it does not                STOP_PATIENCE
 *                   │ its thread is proven dead
 *                   ▼
 *                (gone: its index is free)
 *
 * Who does not serve, or dies on the way, skips what is left of it.
 */
import { unreachable } from '../base/assert.js';
import {
  after,
  type Duration,
  duration,
  type Instant,
  NEVER,
  type NodeIndex,
} from '../base/units.js';
import type { NodeRecord, Sentence } from './node-record.js';
import type { SupervisionOutbox } from './supervision-options.js';

/** How long who has left the ring goes on refusing what is asked of it under the ring before. */
export const LEAVE_LINGER = duration(100);
/** Who was told to stop and does not is ended after this long. */
export const STOP_PATIENCE = duration(500);

/** What the supervision does for a departure. */
export interface DepartureDesk {
  /** Publishes that the node is leaving. */
  mark(node: NodeIndex): void;
  /** Takes a living node off the ring, and watches it no more. */
  takeOff(now: Instant, node: NodeIndex): void;
  end(node: NodeRecord, sentence: Sentence): void;
  /** Takes the node off the ring, if it is on it; and forgets it, once its thread is dead. */
  forget(node: NodeRecord): void;
}

export class Departures {
  readonly #drainTimeout: Duration;
  readonly #out: Pick<SupervisionOutbox, 'drain' | 'stop' | 'tell' | 'disappoint'>;
  readonly #desk: DepartureDesk;

  constructor(
    drainTimeout: Duration,
    out: Pick<SupervisionOutbox, 'drain' | 'stop' | 'tell' | 'disappoint'>,
    desk: DepartureDesk,
  ) {
    this.#drainTimeout = drainTimeout;
    this.#out = out;
    this.#desk = desk;
  }

  begin(now: Instant, node: NodeRecord): void {
    const { index } = node;
    const isServing = node.state === 'serving';
    node.state = 'leaving';
    node.leaving = 'draining';
    node.isDue = false;
    node.dueAt = NEVER;
    node.graceUntil = NEVER;
    this.#out.disappoint(index, 'it is leaving');
    this.#out.tell({ event: 'node-leaving', node: index });
    if (isServing) {
      node.patienceUntil = after(now, this.#drainTimeout);
      this.#desk.mark(index);
      this.#out.drain(index);
    } else if (node.hasLife) this.#desk.end(node, { reason: 'killed', text: 'it is leaving' });
    else this.died(node);
  }

  /** A step is done, or has taken its time: the next one. */
  goOn(now: Instant, node: NodeRecord): void {
    switch (node.leaving) {
      case 'stays':
        break;
      case 'draining':
        node.leaving = 'lingering';
        node.patienceUntil = after(now, LEAVE_LINGER);
        this.#desk.takeOff(now, node.index);
        break;
      case 'lingering':
        node.leaving = 'ending';
        node.patienceUntil = after(now, STOP_PATIENCE);
        this.#out.stop(node.index);
        break;
      case 'ending':
        this.#desk.end(node, { reason: 'hung', text: 'it did not stop' });
        break;
      default:
        unreachable(node.leaving);
    }
  }

  /** Its life is over, or it could not join. */
  died(node: NodeRecord): void {
    node.state = 'leaving';
    node.leaving = 'ending';
    if (!node.hasLife) this.#desk.forget(node);
  }
}
