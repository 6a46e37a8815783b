/** How much may happen: a search is exhaustive within its scope, and says nothing about more. */
export interface Scope {
  /** Copies, write quorum, read quorum. */
  readonly r: number;
  readonly w: number;
  readonly q: number;
  /** Nodes, of which R are members at first. */
  readonly nodes: number;
  /** The last epoch; 1 is no change of membership. */
  readonly epochs: number;
  /** Operations in all, each of the kinds that are allowed; the others are writes. */
  readonly writes: number;
  readonly increments: number;
  readonly reads: number;
  readonly evictions: number;
  /** Floors that a neighbour in the bucket raises. */
  readonly floors: number;
  /** Copies that a hint, a repair or a Merkle round brings to any node, however late. */
  readonly hints: number;
  /** Of the changes of membership, how many may be cold restarts in place. */
  readonly restarts: number;
  readonly leases: number;
  /** Whether the other changes may replace a member, or move the primary only. */
  readonly replaces: boolean;
  /** Whether members may leave with nobody in their place, and others join later. */
  readonly shrinks: boolean;
  /** Whether a new epoch may have any primary; else the old one goes on while it is a member. */
  readonly anyPrimary: boolean;
  /** The operation that is a delete, counted from 0; NO_DELETE for none. */
  readonly deletes: number;
}

export const NO_DELETE = -1;

/** Three copies of which two must answer, and nothing that goes wrong. */
export const QUIET: Scope = {
  r: 3,
  w: 2,
  q: 2,
  nodes: 4,
  epochs: 1,
  writes: 2,
  increments: 0,
  reads: 1,
  evictions: 0,
  floors: 0,
  hints: 0,
  restarts: 0,
  leases: 0,
  replaces: true,
  shrinks: false,
  anyPrimary: false,
  deletes: NO_DELETE,
};
