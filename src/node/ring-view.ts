/**
 * What a machine wants to know about a published ring. The ring's own table satisfies it; so does
 * a toy of three lines in a test.
 */
import type { Epoch, KeyHash, NodeIndex } from '../base/units.js';

export interface RingView {
  /** Number of this ring. Two rings of one number are the same ring, in every thread. */
  readonly epoch: Epoch;
  /** The nodes that serve, in their order. */
  readonly nodes: readonly NodeIndex[];
  /** The node that serves the keys of this hash; null when no node is on the ring. */
  owner(hash: KeyHash): NodeIndex | null;
  /**
   * Whether what the owner of a hash wrote in epoch `written` is of its present tenure. What is not
   * is no answer any more: another node may have taken newer writes since (ring/tenures.ts).
   */
  covers(hash: KeyHash, written: Epoch): boolean;
  /** Whether a node is on the ring. */
  isUp(node: NodeIndex): boolean;
}
