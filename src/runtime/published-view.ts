import { type Epoch, type KeyHash, type NodeIndex, nodeIndex } from '../base/units.js';
import type { RingView } from '../node/ring-view.js';
import { RingTable } from '../ring/table.js';
import type { PublishedRing } from '../ring/table-codec.js';

/** A published ring as machines want to see it. */
export class PublishedView implements RingView {
  readonly epoch: Epoch;
  readonly positions: Uint32Array;
  readonly #table: RingTable;
  /** The nodes that are up, in their order. */
  readonly nodes: readonly NodeIndex[];

  constructor(ring: PublishedRing) {
    this.epoch = ring.epoch;
    this.#table = RingTable.build(ring.members);
    this.positions = this.#table.positions;
    const serving = ring.members.filter((member) => member.state === 'up');
    this.nodes = serving.map((member) => member.index).sort((a, b) => a - b);
  }

  owner(hash: KeyHash): NodeIndex | null {
    return this.#table.owner(hash);
  }

  isUp(node: NodeIndex): boolean {
    return this.nodes.includes(node);
  }

  /** Share of the ring by node, as fractions of 1. */
  shares(nodes: number): number[] {
    const shares = this.#table.shares(nodes);
    return Array.from({ length: nodes }, (_, i) => shares[nodeIndex(i)] ?? 0);
  }
}
