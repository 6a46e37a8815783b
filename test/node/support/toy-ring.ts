/**
 * A ring of a few hand-made positions: found by a linear scan, and built so that a test can say
 * who is on it. The second, dumb implementation of what the machines want to know.
 */
import { type Epoch, epoch, type KeyHash, type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { RingView } from '#src/node/ring-view.js';

const POSITIONS_PER_NODE = 8;

/**
 * The ring of `epoch` with these nodes on it, after the ring `before`. A node's positions are the
 * same in every ring.
 */
export function toyRing(
  number: number,
  nodes: readonly number[],
  before: RingView | null = null,
): RingView {
  const places = nodes.flatMap((node) =>
    Array.from({ length: POSITIONS_PER_NODE }, (_, i) => ({ node, at: position(node, i) })),
  );
  places.sort((a, b) => a.at - b.at);
  return new ToyRing(epoch(number), places, before);
}

const position = (node: number, i: number): number =>
  Math.imul(node * POSITIONS_PER_NODE + i + 1, 0x9e3779b1) >>> 0;

class ToyRing implements RingView {
  readonly epoch: Epoch;
  readonly nodes: readonly NodeIndex[];
  readonly #places: readonly { node: number; at: number }[];
  readonly #before: RingView | null;

  constructor(
    number: Epoch,
    places: readonly { node: number; at: number }[],
    before: RingView | null,
  ) {
    this.epoch = number;
    this.nodes = [...new Set(places.map(({ node }) => nodeIndex(node)))].sort((a, b) => a - b);
    this.#places = places;
    this.#before = before;
  }

  owner(hash: KeyHash): NodeIndex | null {
    const place = this.#places.find(({ at }) => at >= hash) ?? this.#places[0];
    return place === undefined ? null : nodeIndex(place.node);
  }

  covers(hash: KeyHash, written: Epoch): boolean {
    const before = this.#before;
    if (written >= this.epoch || before === null) return true;
    return before.owner(hash) === this.owner(hash) && before.covers(hash, written);
  }

  isUp(node: NodeIndex): boolean {
    return this.#places.some((place) => place.node === node);
  }
}
