/**
 * The one authority over the ring (CLUSTER-8): it knows who is on it, and publishes every change
 * under the next number. Where nodes stand is chosen once; a node that is down keeps its place,
 * masked, and comes back to it.
 */
import { type Epoch, epoch, type NodeIndex } from '../base/units.js';
import type { ClusterOptions } from '../config/options.js';
import type { RingMember } from '../ring/member.js';
import { placeStartList } from '../ring/placement.js';
import { RingTable } from '../ring/table.js';
import type { PublishedRing } from '../ring/table-codec.js';
import { Tenures } from '../ring/tenures.js';
import { EpochBoard } from './epoch-board.js';
import { PublishedView } from './published-view.js';

export class Authority {
  readonly board: EpochBoard;
  #ring: PublishedRing;
  #view: PublishedView;

  /** Places the nodes, and publishes the first ring, with all of them on it. */
  constructor(options: Pick<ClusterOptions, 'nodes' | 'vnodes'>) {
    const { nodes, vnodes } = options;
    const members = placeStartList(nodes, vnodes);
    const positions = members.reduce((sum, member) => sum + member.positions.length, 0);
    this.board = EpochBoard.create(members.length, positions);
    const first = epoch(1);
    this.#ring = { epoch: first, vnodes, members, tenures: Tenures.begin(first) };
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
    const { members } = this.#ring;
    if (members.every((member) => member.index !== node || member.state === state)) return false;
    this.#publish(members.map((member) => (member.index === node ? { ...member, state } : member)));
    return true;
  }

  /**
   * Publishes the last ring, without members: the cluster is closed, and who reads its memory must
   * stop. Its nodes must have been stopped.
   */
  end(): void {
    this.#publish([]);
  }

  /**
   * Publishes the same ring under the next number, for a node that begins another life with its
   * memory: nobody's ranges change, but no two lives issue versions in one epoch (rule V).
   */
  renew(): void {
    this.#publish(this.#ring.members);
  }

  #publish(members: readonly RingMember[]): void {
    const next = epoch(this.epoch + 1);
    const { vnodes } = this.#ring;
    const tenures = this.#ring.tenures.next(next, this.#view, RingTable.build(members));
    this.#ring = { epoch: next, vnodes, members, tenures };
    this.#view = new PublishedView(this.#ring);
    this.board.publish(this.#ring);
  }
}
