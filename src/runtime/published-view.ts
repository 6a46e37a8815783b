import { type Epoch, type KeyHash, type NodeIndex, nodeIndex } from '../base/units.js';
import type { RingView } from '../node/ring-view.js';
import { RingTable } from '../ring/table.js';
import type { PublishedRing } from '../ring/table-codec.js';
import type { Tenures } from '../ring/tenures.js';

/** A published ring as machines want to see it. */
export class PublishedView implements RingView {
  readonly epoch: Epoch;
  readonly positions: Uint32Array;
  readonly #table: RingTable;
  readonly #tenures: Tenures;
  /** Whether it is the ring that ends the cluster: no other follows. */
  readonly isLast: boolean;
  /** The nodes that are up, in their order. */
  readonly nodes: readonly NodeIndex[];

  constructor(ring: PublishedRing) {
    this.epoch = ring.epoch;
    this.#table = RingTable.build(ring.members);
    this.#tenures = ring.tenures;
    this.positions = this.#table.positions;
    this.isLast = ring.members.length === 0;
    const serving = ring.members.filter((member) => member.state === 'up');
    this.nodes = serving.map((member) => member.index).sort((a, b) => a - b);
  }

  owner(hash: KeyHash): NodeIndex | null {
    return this.#table.owner(hash);
  }

  covers(hash: KeyHash, written: Epoch): boolean {
    return this.#tenures.covers(hash, written);
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
