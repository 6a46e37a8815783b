/**
 * Where a node stands on the ring: chosen when it joins, from the ring as it is.
 *
 * Positions that are hashes of a node's name are random, and randomness is uneven: of 3-node
 * rings with 150 positions each, one in twenty has a node more than 15 % off; of 10-node rings,
 * two in five. Nothing but the name decides, so some names have bad luck for ever. A ring that
 * publishes its positions need not guess them from names. So a node's positions are searched for:
 *
 *     1. cut the ring into as many equal strata as the node has positions, draw one in each
 *     2. draw a few of them anew, each within its stratum, and keep the change unless the ring
 *        got worse; go on with ever fewer
 *
 * "Worse" is the worst of three figures (balance.ts), each against its limit: the shares, the
 * shares after any one node has left, and the threefold load. It takes some 4 ms for the tenth
 * node of 150 positions; README.md has what comes out.
 *
 * The draws are seeded from the positions already on the ring, and from nothing else. So any names
 * give the same ring, whoever computes it gets the same, and there are no unlucky names left. The
 * price: the ring depends on the order in which nodes joined. Nodes of a start list are
 * placed in sorted order of their ids; afterwards the ring is what history made it.
 *
 * Refused: cutting the longest arcs of those who own too much, which evens the shares and leaves
 * them 20 to 25 % off after the first departure. Also refused: the best of as many independent
 * draws, which at this number of trials is 1.5 to 2 times as far off.
 */
import { murmurFinish, murmurMix } from '../base/hash.js';
import { Prng } from '../base/prng.js';
import { nodeIndex } from '../base/units.js';
import { type Balance, BalanceMeter } from './balance.js';
import type { RingMember } from './member.js';
import { RING_SPACE, type SortedRing, sortPositions } from './sorted-ring.js';

/** What each figure of a balance may be; the search weighs them by these. */
export const BALANCE_LIMITS: Balance = { share: 0.08, departure: 0.12, fold: 0.08 };

/** Draws that are tried for a node. */
const TRIALS_MAX = 256;
/**
 * Steps of work for one join, where a trial costs one for each position on the ring and one for
 * each pair of nodes: some 10 ms. Large rings get fewer trials.
 */
const WORK_MAX = 1_000_000;
/** With fewer trials than this there is no point in trying: the first draw is taken. */
const TRIALS_MIN = 8;
/** The first change redraws one position in this many … */
const REDRAW_ONE_IN_FIRST = 10;
/** … and the last change one in this many, but at least one. */
const REDRAW_ONE_IN_LAST = 100;

/** Number of positions for a node of this weight: at least one. */
export function positionCount(vnodes: number, weight: number): number {
  return Math.max(1, Math.round(vnodes * weight));
}

/**
 * Chooses the positions of a node that joins.
 *
 * @param members all who have a place on the ring, in any order and whatever their state: who is
 *   down keeps its place and comes back to it
 * @param count positions to choose, 1 or more
 * @param weight the newcomer's, on the scale of the members' weights
 * @returns rising positions, no two alike; one may coincide with another node's, whose index decides then
 */
export function choosePositions(
  members: readonly RingMember[],
  count: number,
  weight: number,
): Uint32Array {
  const random = new Prng(seedOf(members));
  const strata = new Strata(count, random);
  const trials = trialsFor(members, count);
  const best = strata.drawAll();
  if (trials < TRIALS_MIN) return best;

  const judge = new Judge(members, count, weight);
  let least = judge.cost(best);
  const draft = best.slice();
  for (let trial = 1; trial < trials; trial++) {
    strata.redraw(draft, redrawCount(count, trial / trials));
    const cost = judge.cost(draft);
    if (cost <= least) {
      least = cost;
      best.set(draft);
    } else {
      draft.set(best);
    }
  }
  return best;
}

/**
 * Places the nodes of a start list, in sorted order of their ids (by code unit, the same in every
 * locale).
 *
 * @returns members in the order of the list, index 0 upward, all in state `up`
 */
export function placeStartList(
  nodes: readonly { readonly id: string; readonly weight: number }[],
  vnodes: number,
): RingMember[] {
  const placed: RingMember[] = [];
  const order = nodes.map((node, i) => ({ ...node, i }));
  order.sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const { i, weight } of order) {
    const positions = choosePositions(placed, positionCount(vnodes, weight), weight);
    placed.push({ index: nodeIndex(i), state: 'up', weight, positions });
  }
  return placed.sort((a, b) => a.index - b.index);
}

/** One stratum of the ring for each position, so that a draw is always in rising order. */
class Strata {
  readonly #count: number;
  readonly #random: Prng;

  constructor(count: number, random: Prng) {
    this.#count = count;
    this.#random = random;
  }

  drawAll(): Uint32Array {
    const positions = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) positions[i] = this.#draw(i);
    return positions;
  }

  redraw(positions: Uint32Array, changes: number): void {
    for (let change = 0; change < changes; change++) {
      const i = this.#random.below(this.#count);
      positions[i] = this.#draw(i);
    }
  }

  #draw(stratum: number): number {
    const begin = Math.floor((stratum * RING_SPACE) / this.#count);
    const end = Math.floor(((stratum + 1) * RING_SPACE) / this.#count);
    return begin + this.#random.below(end - begin);
  }
}

/** Says how good the ring would be with a draft of the newcomer's positions in it. */
class Judge {
  readonly #present: SortedRing;
  readonly #merged: SortedRing;
  readonly #newcomer: number;
  readonly #meter: BalanceMeter;

  constructor(members: readonly RingMember[], count: number, weight: number) {
    this.#present = sortPositions(
      members,
      members.map((_, i) => i),
    );
    const total = this.#present.positions.length + count;
    this.#merged = { positions: new Uint32Array(total), owners: new Uint16Array(total) };
    this.#newcomer = members.length;
    this.#meter = new BalanceMeter([...members.map((member) => member.weight), weight]);
  }

  /** The worst figure as a part of its limit: 1 is at the limit, less is better. */
  cost(draft: Uint32Array): number {
    this.#merge(draft);
    const { share, departure, fold } = this.#meter.measure(this.#merged);
    return Math.max(
      share / BALANCE_LIMITS.share,
      departure / BALANCE_LIMITS.departure,
      fold / BALANCE_LIMITS.fold,
    );
  }

  #merge(draft: Uint32Array): void {
    const { positions: present, owners } = this.#present;
    const { positions: merged, owners: mergedOwners } = this.#merged;
    let i = 0;
    let at = 0;
    for (const position of draft) {
      for (; i < present.length && (present[i] as number) <= position; i++, at++) {
        merged[at] = present[i] as number;
        mergedOwners[at] = owners[i] as number;
      }
      merged[at] = position;
      mergedOwners[at++] = this.#newcomer;
    }
    merged.set(present.subarray(i), at);
    mergedOwners.set(owners.subarray(i), at);
  }
}

function trialsFor(members: readonly RingMember[], count: number): number {
  const nodes = members.length + 1;
  const positions = members.reduce((sum, member) => sum + member.positions.length, count);
  return Math.min(TRIALS_MAX, Math.floor(WORK_MAX / (positions + nodes * nodes)));
}

/** Plain divisions only: a power or a logarithm may differ between engines, and rings with it. */
function redrawCount(count: number, progress: number): number {
  const oneIn = REDRAW_ONE_IN_FIRST + (REDRAW_ONE_IN_LAST - REDRAW_ONE_IN_FIRST) * progress;
  return Math.max(1, Math.floor(count / oneIn));
}

/** A number that all positions on the ring go into, whatever order the members are listed in. */
function seedOf(members: readonly RingMember[]): number {
  let sum = 0;
  for (const { positions } of members) {
    let hash = 0;
    for (const position of positions) hash = murmurMix(hash, position);
    sum = (sum + murmurFinish(hash, 0, positions.length)) | 0;
  }
  return sum;
}
