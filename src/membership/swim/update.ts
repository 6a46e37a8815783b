/**
 * What SWIM members tell of each other: an update is a member, a state and an incarnation.
 *
 *     (5, suspect, 7) < (5, faulty, 7) < (5, alive, 8) < (5, suspect, 8)
 *
 * **The greater of (incarnation, state) wins**, whoever says it and in whatever order it comes.
 * That makes belief a lattice: members that have heard the same updates believe the same, without a
 * vote. Only a member itself raises its incarnation, so only it can refute what is said of it.
 *
 * **Lives.** A node that is started anew knows nothing of what was said of it. Incarnations come in
 * lives of LIFE_STEP: the new life begins at `incarnationOfLife(n)` and so above all the
 * refutations of the old one, and who watches a node anew expects just that. A node that was not
 * told its life begins at 0 and is not lost: it hears what is held against it when it is next
 * pinged, and goes above it.
 *
 * On the wire an update is three numbers: member, state + 4 · accuser, incarnation. The accuser
 * travels with `suspect` only, where it is what makes confirmations independent.
 */
import { assert } from '../../base/assert.js';
import { type NodeIndex, nodeIndex } from '../../base/units.js';

/** The highest index of a member: records keep it in 16 bits. */
export const MEMBER_MAX = 65_535;
/** Incarnations are kept in 30 bits, beside two for the state. */
export const INCARNATION_MAX = 2 ** 30 - 1;
/** Incarnations of one life of a node: more refutations than a life has occasion for. */
export const LIFE_STEP = 65_536;

/** As it stands on the wire and in records, in the order in which one outranks the other. */
export const ALIVE = 1;
export const SUSPECT = 2;
export const FAULTY = 3;
/** Of who is no member; fresh memory is zero. Never on the wire. */
export const UNWATCHED = 0;
export type StateCode = typeof ALIVE | typeof SUSPECT | typeof FAULTY;
/** States that there is room for beside an accuser, or an incarnation. */
const STATE_CODES = 4;
const STATE_BITS = 2;

/** Where a member's life number n (0: its first) begins. */
export function incarnationOfLife(life: number): number {
  assert(Number.isInteger(life), 'lives are counted');
  assert(life >= 0, 'a first life is number 0');
  return Math.min(INCARNATION_MAX, life * LIFE_STEP);
}

/** Where the life after that of `incarnation` begins. */
export const nextLife = (incarnation: number): number =>
  incarnationOfLife(Math.floor(incarnation / LIFE_STEP) + 1);

export const isMember = (n: number): boolean => Number.isInteger(n) && n >= 0 && n <= MEMBER_MAX;

/** Whether a member can have said so: an accusation must leave room for its refutation. */
export function isIncarnation(n: number, state: StateCode): boolean {
  return (
    Number.isInteger(n) && n >= 0 && n <= (state === ALIVE ? INCARNATION_MAX : INCARNATION_MAX - 1)
  );
}

/** State and incarnation in 32 bits, so that the greater number wins. */
export const rankOf = (state: StateCode | typeof UNWATCHED, incarnation: number): number =>
  ((incarnation << STATE_BITS) | state) >>> 0;

export const stateOfRank = (rank: number): StateCode | typeof UNWATCHED =>
  (rank & (STATE_CODES - 1)) as StateCode | typeof UNWATCHED;

export const incarnationOfRank = (rank: number): number => rank >>> STATE_BITS;

export const packState = (state: StateCode, accuser: NodeIndex): number =>
  state + STATE_CODES * (state === SUSPECT ? accuser : 0);

/** The state in a number off the wire; null if there is none. */
export function stateIn(packed: number): StateCode | null {
  const code = packed % STATE_CODES;
  return code === ALIVE || code === SUSPECT || code === FAULTY ? code : null;
}

/** The accuser in a number off the wire; meaningless unless the state is `suspect`. */
export const accuserIn = (packed: number): NodeIndex => nodeIndex(Math.floor(packed / STATE_CODES));
