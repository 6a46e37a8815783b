/**
 * Keeps requests of one key in the order of their submission while the ring changes.
 *
 * Under one ring no work is needed: requests of a key go to one owner over one channel, which keeps
 * their order, and an owner that has moved on to a newer ring refuses all that follow. A change
 * of the ring breaks that. A request that was sent before it is *crossing*: it may be refused, and
 * will be sent again to a new owner, which a later request of the same key must not reach first.
 *
 *     ring 7         ring 8
 *     SET k=1 ──▶ A ─ stale ─▶ ┐
 *        SET k=2 … waits ……………… ▶ SET k=1, SET k=2 ──▶ B
 *
 * So, at a change, every hash with a crossing request gets a lane: later requests queue in it until
 * nothing of the lane is crossing any more, then leave together, in order. Lanes are few, short-lived,
 * and absent in a quiet cluster: the hot path asks one empty map. Two keys of one hash share a lane,
 * which costs a wait and no more.
 */
import { assert } from '../base/assert.js';
import type { KeyHash } from '../base/units.js';
import { bySequence, type Pending } from './pending.js';

interface Lane {
  /** Requests sent under an earlier ring and not answered yet. Invariant: over 0. */
  crossing: number;
  /** What waits, in any order. Settled ones stay until the lane ends. */
  readonly waiting: Pending[];
}

export class Lanes {
  readonly #lanes = new Map<KeyHash, Lane>();

  get size(): number {
    return this.#lanes.size;
  }

  has(hash: KeyHash): boolean {
    return this.#lanes.size !== 0 && this.#lanes.has(hash);
  }

  /** The ring has changed under a request that is with its owner. */
  cross(pending: Pending): void {
    assert(!pending.crossing, 'a request begins to cross once');
    pending.crossing = true;
    const lane = this.#lanes.get(pending.hash);
    if (lane === undefined) this.#lanes.set(pending.hash, { crossing: 1, waiting: [] });
    else lane.crossing++;
  }

  /** Puts a request in the lane of its hash, which is there. */
  queue(pending: Pending): void {
    pending.state = 'queued';
    this.#lane(pending).waiting.push(pending);
  }

  /**
   * A crossing request has been answered, refused or lost.
   *
   * @returns what may go now, in order; null while others of the lane are crossing
   */
  uncross(pending: Pending): Pending[] | null {
    assert(pending.crossing, 'a request that ends to cross was crossing');
    pending.crossing = false;
    const lane = this.#lane(pending);
    lane.crossing--;
    if (lane.crossing > 0) return null;
    this.#lanes.delete(pending.hash);
    return lane.waiting.filter((waiting) => waiting.state === 'queued').sort(bySequence);
  }

  clear(): void {
    this.#lanes.clear();
  }

  #lane(pending: Pending): Lane {
    const lane = this.#lanes.get(pending.hash);
    assert(lane !== undefined, 'a hash with crossing requests has a lane');
    return lane;
  }
}
