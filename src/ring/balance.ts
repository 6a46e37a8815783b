/**
 * How even a ring is, exactly: computed from the arcs, not sampled with keys. Three questions are
 * asked, because a ring that answers the first well may answer the others badly:
 *
 *     share      how far is any node's share of the ring from what its weight promises?
 *     departure  and after any one node has left, its arcs gone to whoever stands behind them?
 *     fold       how far is any node's load from even when each key is kept by three nodes?
 *
 * One pass backwards over the ring answers all three. On the way it knows the next three distinct
 * nodes clockwise: `first` owns the arc, `second` inherits it, and all three hold a copy of it.
 */
import { RING_SPACE, type SortedRing } from './sorted-ring.js';

/** Copies of a key that the R-fold load is computed for. */
export const FOLD = 3;

/** The worst relative deviation of any node in each respect: 0.05 is five percent off. */
export interface Balance {
  readonly share: number;
  readonly departure: number;
  /**
   * 0 where it means nothing: with three nodes or fewer each holds everything, and with unequal
   * weights load cannot follow weight, since a node holds a key once however much it weighs.
   */
  readonly fold: number;
}

/** Measures rings of the same nodes again and again without allocating. */
export class BalanceMeter {
  readonly #weights: readonly number[];
  readonly #weightTotal: number;
  readonly #equalWeights: boolean;
  readonly #shares: Float64Array;
  readonly #folds: Float64Array;
  /** [leaver × nodes + heir]: length of the arcs that go from one to the other. */
  readonly #heirs: Float64Array;

  /** @param weights by owner number, as the rings to be measured call their owners: 0, 1, 2 … */
  constructor(weights: readonly number[]) {
    const nodes = weights.length;
    this.#weights = weights;
    this.#weightTotal = weights.reduce((sum, weight) => sum + weight, 0);
    this.#equalWeights = weights.every((weight) => weight === weights[0]);
    this.#shares = new Float64Array(nodes);
    this.#folds = new Float64Array(nodes);
    this.#heirs = new Float64Array(nodes * nodes);
  }

  /** The ring must have a position of every node. */
  measure(ring: SortedRing): Balance {
    this.#sumArcs(ring);
    return {
      share: this.#worstShare(),
      departure: this.#worstDeparture(),
      fold: this.#worstFold(),
    };
  }

  #sumArcs({ positions, owners }: SortedRing): void {
    const nodes = this.#weights.length;
    const shares = this.#shares.fill(0);
    const folds = this.#folds.fill(0);
    const heirs = this.#heirs.fill(0);
    let [first, second, third] = firstDistinct(owners);
    for (let i = positions.length - 1; i >= 0; i--) {
      const owner = owners[i] as number;
      if (owner !== first) {
        if (owner !== second) third = second;
        second = first;
        first = owner;
      }
      const before =
        i === 0 ? (positions.at(-1) as number) - RING_SPACE : (positions[i - 1] as number);
      const arc = (positions[i] as number) - before;
      add(shares, first, arc);
      add(heirs, first * nodes + second, arc);
      add(folds, first, arc);
      add(folds, second, arc);
      add(folds, third, arc);
    }
  }

  #worstShare(): number {
    let worst = 0;
    for (let i = 0; i < this.#weights.length; i++) {
      worst = Math.max(worst, this.#deviation(i, this.#shares[i] as number, this.#weightTotal));
    }
    return worst;
  }

  #worstDeparture(): number {
    const nodes = this.#weights.length;
    if (nodes < 3) return 0;
    let worst = 0;
    for (let leaver = 0; leaver < nodes; leaver++) {
      const weightLeft = this.#weightTotal - (this.#weights[leaver] as number);
      for (let heir = 0; heir < nodes; heir++) {
        if (heir === leaver) continue;
        const inherited = this.#heirs[leaver * nodes + heir] as number;
        const arcs = (this.#shares[heir] as number) + inherited;
        worst = Math.max(worst, this.#deviation(heir, arcs, weightLeft));
      }
    }
    return worst;
  }

  #worstFold(): number {
    const nodes = this.#weights.length;
    if (nodes <= FOLD || !this.#equalWeights) return 0;
    let worst = 0;
    for (let i = 0; i < nodes; i++) {
      const load = (this.#folds[i] as number) / FOLD;
      worst = Math.max(worst, this.#deviation(i, load, this.#weightTotal));
    }
    return worst;
  }

  /** How far `arcs` are from the node's due when weights sum up to `weightTotal`. */
  #deviation(node: number, arcs: number, weightTotal: number): number {
    const due = ((this.#weights[node] as number) / weightTotal) * RING_SPACE;
    return Math.abs(arcs / due - 1);
  }
}

/** The first three distinct owners from the ring's beginning, the last of them repeated if fewer. */
function firstDistinct(owners: Uint16Array): [number, number, number] {
  const first = owners[0] as number;
  const second = owners.find((owner) => owner !== first) ?? first;
  const third = owners.find((owner) => owner !== first && owner !== second) ?? second;
  return [first, second, third];
}

function add(sums: Float64Array, at: number, amount: number): void {
  sums[at] = (sums[at] as number) + amount;
}
