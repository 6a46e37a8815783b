/**
 * Since when the owner of each range has owned it without a break. It is published with the ring.
 *
 * Why: a node that loses a range and is given it again may hold entries from its first time.
 * Meanwhile another node took newer writes. Such an entry is no answer any more, and this is how it
 * is known: it was written in an epoch before the range's present tenure began.
 *
 *     epoch 5   A owns k    SET k=1 ──▶ A
 *     epoch 6   B is back   SET k=2 ──▶ B
 *     epoch 7   B dies      GET k   ──▶ A: has k=1 of epoch 5, owns k since 7: a miss
 *
 * Whoever reads an owner's memory asks this, the owner itself and every other thread. The
 * authority alone has seen every ring, so it works the tenures out, and a thread that joins late, or
 * misses a ring, need not know what came before.
 *
 * The ring is cut at every position of the old and the new ring; ranges of one beginning that lie
 * side by side are joined again. Positions of nodes that have left for good stay as cuts, and would
 * become more with each that comes and goes: when there are more ranges than may be, those between
 * two positions are joined under their latest beginning. That forgets, and never the wrong way. So `since` is one binary search, and seldom needed: an entry at
 * least as young as the newest tenure of all is of the present tenure wherever it lies.
 */
import { assert } from '../base/assert.js';
import type { Epoch, KeyHash, NodeIndex } from '../base/units.js';

export const HASH_MAX = 0xffff_ffff;

/** Who owns what, as a ring's table tells. */
export interface Owners {
  /** Every position, ascending. The owner is constant from just after one up to and with the next. */
  readonly positions: Uint32Array;
  owner(hash: KeyHash): NodeIndex | null;
}

export class Tenures {
  /** Last hash of each range, ascending; the last range ends at HASH_MAX. */
  readonly ends: Uint32Array;
  /** The epoch in which each range's tenure began. */
  readonly sinces: Uint32Array;
  readonly #newest: number;

  constructor(ends: Uint32Array, sinces: Uint32Array) {
    assert(ends.length === sinces.length, 'every range has a beginning');
    assert(ends[ends.length - 1] === HASH_MAX, 'the ranges cover every hash');
    this.ends = ends;
    this.sinces = sinces;
    this.#newest = sinces.reduce((newest, since) => Math.max(newest, since), 0);
  }

  /** Everything has been owned since `epoch`. */
  static begin(epoch: Epoch): Tenures {
    return new Tenures(Uint32Array.of(HASH_MAX), Uint32Array.of(epoch));
  }

  /**
   * The tenures after the next ring, of `epoch`: where the owner changes, they begin anew.
   *
   * @param rangesMax ranges that there may be, at least one more than positions after the change
   */
  next(
    epoch: Epoch,
    before: Owners,
    after: Owners,
    rangesMax: number = Number.POSITIVE_INFINITY,
  ): Tenures {
    const cuts = union(union(before.positions, after.positions), this.ends);
    const ends = new Uint32Array(cuts.length);
    const sinces = new Uint32Array(cuts.length);
    let ranges = 0;
    for (const end of cuts) {
      const hash = end as KeyHash;
      const isKept = before.owner(hash) === after.owner(hash);
      const since = isKept ? this.since(hash) : epoch;
      if (ranges > 0 && sinces[ranges - 1] === since) ends[ranges - 1] = end;
      else {
        ends[ranges] = end;
        sinces[ranges] = since;
        ranges++;
      }
    }
    const next = new Tenures(ends.slice(0, ranges), sinces.slice(0, ranges));
    return ranges <= rangesMax ? next : next.#joined(after.positions);
  }

  /** One range for each of the ring's, with the latest of the beginnings in it. */
  #joined(positions: Uint32Array): Tenures {
    const ends = union(positions, Uint32Array.of(HASH_MAX));
    const sinces = new Uint32Array(ends.length);
    let at = 0;
    for (const [i, end] of ends.entries()) {
      let isBehind = true;
      while (isBehind) {
        const rangeEnd = this.ends[at] as number;
        sinces[i] = Math.max(sinces[i] as number, this.sinces[at] as number);
        isBehind = rangeEnd < end;
        // One that reaches beyond counts for the next as well.
        if (rangeEnd <= end) at++;
      }
    }
    return new Tenures(ends, sinces);
  }

  /** Whether what was written in `written` under this hash is of its owner's present tenure. */
  covers(hash: KeyHash, written: Epoch): boolean {
    return written >= this.#newest || written >= this.since(hash);
  }

  /** The epoch since which the hash's owner has owned it. */
  since(hash: KeyHash): Epoch {
    const ends = this.ends;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] as number) < hash) low = middle + 1;
      else high = middle;
    }
    return this.sinces[low] as Epoch;
  }
}

/** Every value of two ascending arrays once, ascending. */
function union(a: Uint32Array, b: Uint32Array): Uint32Array {
  const merged = new Uint32Array(a.length + b.length);
  let length = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const fromA = i < a.length ? (a[i] as number) : Number.POSITIVE_INFINITY;
    const fromB = j < b.length ? (b[j] as number) : Number.POSITIVE_INFINITY;
    const next = Math.min(fromA, fromB);
    if (fromA === next) i++;
    if (fromB === next) j++;
    if (length === 0 || merged[length - 1] !== next) merged[length++] = next;
  }
  return merged.slice(0, length);
}
