/**
 * What a SWIM detector holds of each member it watches, in columns of typed arrays: 13 bytes a
 * member. In a simulation of 10,000 detectors there are 10^8 of these records, and in a real one
 * the garbage collector never sees them.
 *
 *     index          0      1      2      3 …          a member's index is its row
 *     state         alive  faulty   ·    alive         · not watched            ┐ one number, the
 *     incarnation     0      1    65536    0           · where its next life is ┘ rank of belief
 *     heardAt, missed                                  evidence, should it be declared faulty
 */
import { assert } from '../../base/assert.js';
import { type Instant, instant, type NodeIndex } from '../../base/units.js';
import { at, copied } from './columns.js';
import {
  incarnationOfRank,
  isMember,
  MEMBER_MAX,
  nextLife,
  rankOf,
  type StateCode,
  stateOfRank,
  UNWATCHED,
} from './update.js';

/** Of who is no member, and has not been one. */
const NO_RANK = rankOf(UNWATCHED, 0);
/** Columns grow by this factor: tight, for memory is what there is little of at 10,000. */
const GROWTH = 1.25;
/** Misses in a row are counted up to this. */
export const MISSED_MAX = 255;

export class SwimMembers {
  #ranks: Uint32Array;
  #heardAt: Float64Array;
  #missed: Uint8Array;
  #count = 0;

  /** @param capacity rows to begin with; more come when a higher index is watched */
  constructor(capacity: number) {
    this.#ranks = new Uint32Array(capacity);
    this.#heardAt = new Float64Array(capacity);
    this.#missed = new Uint8Array(capacity);
  }

  /** Members watched. */
  get count(): number {
    return this.#count;
  }

  has(node: NodeIndex): boolean {
    return this.state(node) !== UNWATCHED;
  }

  /** State and incarnation in one: see `rankOf`. Of any number, whether or not it is an index. */
  rank(node: NodeIndex): number {
    return this.#ranks[node] ?? NO_RANK;
  }

  state(node: NodeIndex): StateCode | typeof UNWATCHED {
    return stateOfRank(this.rank(node));
  }

  incarnation(node: NodeIndex): number {
    return incarnationOfRank(this.rank(node));
  }

  heardAt(node: NodeIndex): Instant {
    return instant(at(this.#heardAt, node));
  }

  /** Own probes in a row without an answer, counted up to MISSED_MAX. */
  missed(node: NodeIndex): number {
    return at(this.#missed, node);
  }

  add(node: NodeIndex, state: StateCode, now: Instant): void {
    assert(isMember(node), `a member's index is 0 to ${MEMBER_MAX}`);
    assert(!this.has(node), 'a member is added once');
    this.#reserve(node);
    this.#ranks[node] = rankOf(state, this.incarnation(node));
    this.#heardAt[node] = now;
    this.#missed[node] = 0;
    this.#count++;
  }

  /** Forgets a member, but for where its next life would begin. */
  remove(node: NodeIndex): void {
    assert(this.has(node), 'only a member is removed');
    this.#ranks[node] = rankOf(UNWATCHED, nextLife(this.incarnation(node)));
    this.#count--;
  }

  set(node: NodeIndex, state: StateCode, incarnation: number): void {
    assert(this.has(node), 'only a member has a state');
    this.#ranks[node] = rankOf(state, incarnation);
  }

  heard(node: NodeIndex, now: Instant): void {
    this.#heardAt[node] = now;
  }

  answered(node: NodeIndex): void {
    this.#missed[node] = 0;
  }

  miss(node: NodeIndex): void {
    this.#missed[node] = Math.min(MISSED_MAX, this.missed(node) + 1);
  }

  #reserve(node: NodeIndex): void {
    if (node < this.#ranks.length) return;
    const grown = Math.ceil(Math.max(node + 1, this.#ranks.length * GROWTH));
    const capacity = Math.min(MEMBER_MAX + 1, grown);
    this.#ranks = copied(this.#ranks, new Uint32Array(capacity));
    this.#heardAt = copied(this.#heardAt, new Float64Array(capacity));
    this.#missed = copied(this.#missed, new Uint8Array(capacity));
  }
}
