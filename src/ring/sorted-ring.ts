import type { RingMember } from './member.js';

/** Size of the ring's space: hashes and positions are in [0, RING_SPACE). */
export const RING_SPACE = 2 ** 32;

/** All positions of some nodes in clockwise order, each beside the one who stands there. */
export interface SortedRing {
  readonly positions: Uint32Array;
  readonly owners: Uint16Array;
}

const OWNER_SPACE = 2 ** 16;

/**
 * Sorts the positions of `members`, who are called by the numbers in `names` (in the same order).
 * Where two nodes stand on one position, the lower number comes first, and so owns it.
 *
 * Position and owner are sorted as one number of 48 bits, which a double holds exactly: a typed
 * array of numbers sorts many times faster than anything with a comparison function.
 */
export function sortPositions(
  members: readonly RingMember[],
  names: readonly number[] = members.map((member) => member.index),
): SortedRing {
  const total = members.reduce((sum, member) => sum + member.positions.length, 0);
  const keys = new Float64Array(total);
  let filled = 0;
  members.forEach((member, i) => {
    const name = names[i] as number;
    for (const position of member.positions) keys[filled++] = position * OWNER_SPACE + name;
  });
  keys.sort();
  const positions = new Uint32Array(total);
  const owners = new Uint16Array(total);
  for (let i = 0; i < total; i++) {
    const key = keys[i] as number;
    positions[i] = Math.floor(key / OWNER_SPACE);
    owners[i] = key % OWNER_SPACE;
  }
  return { positions, owners };
}
