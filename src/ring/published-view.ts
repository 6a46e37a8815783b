import { type Epoch, type KeyHash, type NodeIndex, nodeIndex } from '../base/units.js';
import { ownsRanges } from './member.js';
import { RingTable } from './table.js';
import type { PublishedRing } from './table-codec.js';
import type { Tenures } from './tenures.js';

/** A published ring, ready to be asked: what machines want to know of one (node/ring-view.ts). */
export class PublishedView {
  readonly epoch: Epoch;
  readonly positions: Uint32Array;
  readonly #table: RingTable;
  readonly #tenures: Tenures;
  /** Whether it is the ring that ends the cluster: no other follows. */
  readonly isLast: boolean;
  /** The nodes that serve, those that are leaving included, in their order. */
  readonly nodes: readonly NodeIndex[];

  constructor(ring: PublishedRing) {
    this.epoch = ring.epoch;
    this.#table = RingTable.build(ring.members);
    this.#tenures = ring.tenures;
    this.positions = this.#table.positions;
    this.isLast = ring.members.length === 0;
    const serving = ring.members.filter((member) => ownsRanges(member.state));
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
