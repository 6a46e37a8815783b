/**
 * Positions a node of weight 1 has on the ring, unless told otherwise.
 *
 * A random share spreads around its mean by about 1/√V: 100 % at V=1, 8 % at V=150. Placement as
 * done here (placement.ts) is far better than random, but only where it has positions to choose:
 * at V=10 five nodes are 9 % off, and 14 % after a departure. From 50 on five nodes are even, ten
 * gain up to 150; from there to 300 there is little left, and every position costs six bytes and
 * up to four buckets in each thread's table, and time in every join.
 * `npm run bench -- ring` prints the table behind this.
 */
export const VNODES_DEFAULT = 150;

/** Positions a node of weight 1 can be given. */
export const VNODES_MAX = 16_384;

/** Nodes that one ring can hold; a cluster has at most 64. Node indices stay below this. */
export const RING_NODES_MAX = 1_024;

/** Positions that one ring can hold, of all nodes together: 64 nodes of VNODES_MAX. */
export const RING_POSITIONS_MAX = 1_048_576;

/** The most a node can count for, relative to a node of weight 1. */
export const WEIGHT_MAX = 100;
