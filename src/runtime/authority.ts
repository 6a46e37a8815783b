/**
 * The one authority over the ring (CLUSTER-8): it knows who is on it, and publishes every change
 * under the next number. Where nodes stand is chosen once; a node that is down keeps its place,
 * masked, and comes back to it.
 */
import { type Epoch, epoch, type NodeIndex } from '../base/units.js';
import type { ClusterOptions } from '../config/options.js';
import { placeStartList } from '../ring/placement.js';
import type { PublishedRing } from '../ring/table-codec.js';
import { EpochBoard } from './epoch-board.js';
import { PublishedView } from './published-view.js';

export class Authority {
  readonly board: EpochBoard;
  #ring: PublishedRing;
  #view: PublishedView;

  /** Places the nodes, and publishes the first ring, with all of them on it. */
  constructor(options: ClusterOptions) {
    const { nodes, vnodes } = options;
    const members = placeStartList(nodes, vnodes);
    const positions = members.reduce((sum, member) => sum + member.positions.length, 0);
    this.board = EpochBoard.create(members.length, positions);
    this.#ring = { epoch: epoch(1), vnodes, members };
    this.#view = new PublishedView(this.#ring);
    this.board.publish(this.#ring);
  }

  get epoch(): Epoch {
    return this.#ring.epoch;
  }

  /** The ring that counts. */
  get view(): PublishedView {
    return this.#view;
  }

  /** Takes a node off the ring, or puts it back. False if it was so already. */
  mark(node: NodeIndex, state: 'up' | 'down'): boolean {
    const { members, vnodes } = this.#ring;
    if (members.every((member) => member.index !== node || member.state === state)) return false;
    this.#ring = {
      epoch: epoch(this.epoch + 1),
      vnodes,
      members: members.map((member) => (member.index === node ? { ...member, state } : member)),
    };
    this.#view = new PublishedView(this.#ring);
    this.board.publish(this.#ring);
    return true;
  }
}
