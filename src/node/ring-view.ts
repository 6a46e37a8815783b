/**
 * What a machine wants to know about a published ring. The ring's own table satisfies it; so does
 * a toy of three lines in a test.
 */
import type { Epoch, KeyHash, NodeIndex } from '../base/units.js';

export interface RingView {
  /** Number of this ring. Two rings of one number are the same ring, in every thread. */
  readonly epoch: Epoch;
  /**
   * Every position on the ring, sorted ascending. A position belongs to the arc that ends at it, so
   * `owner` is constant from just after one position up to and with the next.
   */
  readonly positions: Uint32Array;
  /** The node that serves the keys of this hash; null when no node is on the ring. */
  owner(hash: KeyHash): NodeIndex | null;
  /** Whether a node is on the ring. */
  isUp(node: NodeIndex): boolean;
}
