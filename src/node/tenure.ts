/**
 * Since when a node has owned what it owns, range by range, without a break.
 *
 * Why: a node that loses a range and is given it again may hold entries from its first time.
 * Meanwhile another node took newer writes. Such an entry is no answer any more, and this is how it
 * is known: it was written in an epoch before the range's present tenure began.
 *
 *     epoch 5   A owns k    SET k=1 ──▶ A
 *     epoch 6   B is back   SET k=2 ──▶ B
 *     epoch 7   B dies      GET k   ──▶ A: has k=1 of epoch 5, owns k since 7: a miss
 *
 * So a node must be shown every ring, in turn. Of one that it was not shown it cannot know who served,
 * and then all its tenures begin anew: what it held is forgotten, which is lawful but a loss.
 *
 * The ring is cut at every position of the old and the new ring; ranges of one beginning that lie
 * side by side are joined again. So `since` is one binary search, and seldom needed: an
 * entry at least as young as the newest gain of all is of the present tenure wherever it lies.
 */
import type { Epoch, KeyHash, NodeIndex } from '../base/units.js';
import type { RingView } from './ring-view.js';

/** In place of an epoch: the range is not owned. Published epochs begin at 1. */
const NOT_OWNED = 0;
const HASH_MAX = 0xffffffff;

export class Tenure {
  readonly #self: NodeIndex;
  /** Last hash of each range, ascending; the last range ends at HASH_MAX. */
  #ends = new Uint32Array([HASH_MAX]);
  /** The epoch each range is owned since, or NOT_OWNED. */
  #sinces = new Uint32Array([NOT_OWNED]);
  #newest = NOT_OWNED;
  /** The epoch of the latest ring; null before the first. */
  #epoch: Epoch | null = null;

  constructor(self: NodeIndex) {
    this.#self = self;
  }

  /** Whether what was written in `epoch` under this hash, which the node owns now, is of its present tenure. */
  covers(hash: KeyHash, epoch: Epoch): boolean {
    return epoch >= this.#newest || epoch >= this.#since(hash);
  }

  /** Takes account of a newer ring. */
  ringChanged(ring: RingView): void {
    const isNext = this.#epoch !== null && ring.epoch === this.#epoch + 1;
    if (!isNext) this.#forget();
    this.#epoch = ring.epoch;
    const cuts = union(this.#ends, ring.positions);
    const ends = new Uint32Array(cuts.length);
    const sinces = new Uint32Array(cuts.length);
    let ranges = 0;
    for (const end of cuts) {
      const since = this.#sinceUnder(ring, end as KeyHash);
      if (since === ring.epoch) this.#newest = ring.epoch;
      if (ranges > 0 && sinces[ranges - 1] === since) ends[ranges - 1] = end;
      else {
        ends[ranges] = end;
        sinces[ranges] = since;
        ranges++;
      }
    }
    this.#ends = ends.slice(0, ranges);
    this.#sinces = sinces.slice(0, ranges);
  }

  /** Whatever is owned from now on is owned since now. */
  #forget(): void {
    this.#ends = new Uint32Array([HASH_MAX]);
    this.#sinces = new Uint32Array([NOT_OWNED]);
  }

  #sinceUnder(ring: RingView, hash: KeyHash): number {
    if (ring.owner(hash) !== this.#self) return NOT_OWNED;
    const before = this.#since(hash);
    return before === NOT_OWNED ? ring.epoch : before;
  }

  #since(hash: KeyHash): number {
    const ends = this.#ends;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] as number) < hash) low = middle + 1;
      else high = middle;
    }
    return this.#sinces[low] as number;
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
