/**
 * What a member says of itself. Nobody else may raise its incarnation, so this is the only place
 * from which a suspicion of it can be refuted.
 */
import type { NodeIndex } from '../../base/units.js';
import type { SwimGossip } from './gossip.js';
import { ALIVE, type StateCode } from './update.js';

/** What became of something that was said of oneself. */
export type Refutation =
  /** An accusation, now outdone by a higher incarnation, which is told. */
  | 'refuted'
  /** No accusation, or one that was outdone before. */
  | 'heard';

export class SwimSelf {
  readonly #gossip: SwimGossip;
  readonly node: NodeIndex;
  #incarnation: number;

  constructor(node: NodeIndex, incarnation: number, gossip: SwimGossip) {
    this.node = node;
    this.#incarnation = incarnation;
    this.#gossip = gossip;
    // In a first life it is what all expect.
    if (incarnation > 0) gossip.put(node, ALIVE, incarnation);
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  refute(state: StateCode, incarnation: number): Refutation {
    if (incarnation < this.#incarnation) return 'heard';
    // Higher than one's own it is of an earlier life: what one says from now on must not be below
    // it.
    this.#incarnation = incarnation;
    if (state === ALIVE) return 'heard';
    this.#incarnation++;
    this.#gossip.put(this.node, ALIVE, this.#incarnation);
    return 'refuted';
  }
}
