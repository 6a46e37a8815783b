import { unreachable } from '../base/assert.js';
import type { NodeIndex } from '../base/units.js';

/** What a node is doing, as far as the ring is concerned. */
export type NodeState =
  /** Serves its ranges. */
  | 'up'
  /** Dead or unreachable: its ranges belong to its successors until it is back. */
  | 'down'
  /** Has its place, but isn't ready yet: owns nothing so far. */
  | 'joining'
  /** Draining: still owns its ranges, until the epoch that takes it off. */
  | 'leaving';

/** A node with its place on the ring. */
export interface RingMember {
  readonly index: NodeIndex;
  readonly state: NodeState;
  /** The share of the ring it should own, relative to the other nodes' weights. */
  readonly weight: number;
  /**
   * Where it stands on the ring, rising. Chosen once, when it joins (placement.ts), and kept
   * through every state: a node that comes back owns exactly what it owned before.
   */
  readonly positions: Uint32Array;
}

/** Whether a node in this state owns the ranges of its positions. */
export function ownsRanges(state: NodeState): boolean {
  switch (state) {
    case 'up':
    case 'leaving':
      return true;
    case 'down':
    case 'joining':
      return false;
    default:
      return unreachable(state);
  }
}
