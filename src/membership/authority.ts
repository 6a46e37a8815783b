/**
 * The one authority over the ring (CLUSTER-8): it knows who is on it, and publishes every change
 * under the next number. Where a node stands is chosen once, when it joins; a node that is down keeps
 * its place, masked, and comes back to it.
 *
 *     add ─▶ joining ─ mark ─▶ up ◀─ mark ─▶ down          what owns ranges: up, leaving
 *               └──────────────┴──▶ leaving ─ remove ─▶ (not a member)
 *
 * Whose ranges do not change keeps them, and since when it has had them (ring/tenures.ts).
 */
import { assert } from '../base/assert.js';
import { type Epoch, epoch, type NodeIndex } from '../base/units.js';
import { RING_POSITIONS_MAX } from '../ring/limits.js';
import type { NodeState, RingMember } from '../ring/member.js';
import { choosePositions, placeStartList, positionCount } from '../ring/placement.js';
import { PublishedView } from '../ring/published-view.js';
import { RingTable } from '../ring/table.js';
import type { PublishedRing } from '../ring/table-codec.js';
import { Tenures } from '../ring/tenures.js';

/** A node, as far as its place on the ring goes. */
export interface Placed {
  readonly id: string;
  /** Its share relative to the others, above 0. */
  readonly weight: number;
}

/** The first ring has this number. */
const FIRST_EPOCH = epoch(1);

export class Authority {
  readonly #publishTo: (ring: PublishedRing) => void;
  readonly #positionsMax: number;
  #ring: PublishedRing;
  #view: PublishedView;

  /**
   * Places the nodes of a start list, and publishes the first ring, with all of them on it.
   *
   * @param publishTo is given each ring, once, before anything is done by it
   * @param positionsMax positions that a ring may have, of all members together
   */
  constructor(
    nodes: readonly Placed[],
    vnodes: number,
    publishTo: (ring: PublishedRing) => void,
    positionsMax = RING_POSITIONS_MAX,
  ) {
    const members = placeStartList(nodes, vnodes);
    this.#publishTo = publishTo;
    this.#positionsMax = positionsMax;
    this.#ring = { epoch: FIRST_EPOCH, vnodes, members, tenures: Tenures.begin(FIRST_EPOCH) };
    this.#view = new PublishedView(this.#ring);
    publishTo(this.#ring);
  }

  get epoch(): Epoch {
    return this.#ring.epoch;
  }

  /** The ring that counts. */
  get view(): PublishedView {
    return this.#view;
  }

  /** Members, whatever their state. */
  get members(): readonly RingMember[] {
    return this.#ring.members;
  }

  /** Takes a node off the ring, or puts it back, or has it leave. False if it was so already. */
  mark(node: NodeIndex, state: NodeState): boolean {
    const { members } = this.#ring;
    if (members.every((member) => member.index !== node || member.state === state)) return false;
    this.#publish(members.map((member) => (member.index === node ? { ...member, state } : member)));
    return true;
  }

  /** Whether the ring has room for the positions of one more node. */
  hasRoomFor(weight: number): boolean {
    const taken = this.members.reduce((sum, { positions }) => sum + positions.length, 0);
    return taken + positionCount(this.#ring.vnodes, weight) <= this.#positionsMax;
  }

  /** Gives a newcomer its place. It is `joining`: it owns nothing until it is marked up. */
  add(index: NodeIndex, weight: number): void {
    const { members, vnodes } = this.#ring;
    assert(
      members.every((member) => member.index !== index),
      'a node has one place',
    );
    assert(this.hasRoomFor(weight), 'the ring has room for a newcomer');
    const positions = choosePositions(members, positionCount(vnodes, weight), weight);
    this.#publish([...members, { index, state: 'joining', weight, positions }]);
  }

  /** Takes a node off the ring for good: its place is free. */
  remove(index: NodeIndex): void {
    const left = this.members.filter((member) => member.index !== index);
    assert(left.length === this.members.length - 1, 'who is removed is a member');
    assert(left.length > 0, 'a ring without members is the end of the cluster');
    this.#publish(left);
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
    this.#publish(this.members);
  }

  #publish(members: readonly RingMember[]): void {
    const next = epoch(this.epoch + 1);
    const { vnodes } = this.#ring;
    const positions = members.reduce((sum, member) => sum + member.positions.length, 0);
    const table = RingTable.build(members);
    // As many as ringWordsMax() has room for.
    const tenures = this.#ring.tenures.next(next, this.#view, table, positions + 1);
    this.#ring = { epoch: next, vnodes, members, tenures };
    this.#view = new PublishedView(this.#ring);
    this.#publishTo(this.#ring);
  }
}
