import { type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { NodeState, RingMember } from '#src/ring/member.js';

const SPACE = 2 ** 32;

/** The ring as its definition reads: look at every position and take the nearest clockwise. */
export class LinearRing {
  readonly #members: readonly RingMember[];

  constructor(members: readonly RingMember[]) {
    this.#members = members;
  }

  /** All nodes, by how far clockwise of the hash their nearest position is; the lower index first. */
  walk(hash: number): NodeIndex[] {
    return this.#members
      .map(({ index, positions }) => ({ index, distance: nearest(positions, hash) }))
      .filter(({ distance }) => distance < SPACE)
      .sort((a, b) => a.distance - b.distance || a.index - b.index)
      .map(({ index }) => index);
  }

  owner(hash: number): NodeIndex | null {
    return this.walk(hash)[0] ?? null;
  }
}

function nearest(positions: Uint32Array, hash: number): number {
  let least = SPACE;
  for (const position of positions) least = Math.min(least, (position - hash + SPACE) % SPACE);
  return least;
}

/** A member with these positions, in any order. */
export function member(
  index: number,
  positions: Iterable<number>,
  state: NodeState = 'up',
  weight = 1,
): RingMember {
  const sorted = Uint32Array.from(positions).sort();
  return { index: nodeIndex(index), state, weight, positions: sorted };
}
