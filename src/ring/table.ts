/**
 * One state of the ring, ready for lookups. A table is never changed: when a node comes or goes,
 * a new one is built and takes its place, so that whoever holds a table has a consistent one.
 *
 *     hash 2C9A51F3
 *          │ top bits: bucket 178
 *          ▼
 *     starts     … 177: 5  178: 5  179: 7  180: 7 …    first position in or after the bucket
 *                               │        │
 *                               └─ [5, 7) is left to search
 *                                  ▼
 *     positions  … 4: 28F0A100  5: 2C8E2D11  6: 2CB417F0  7: 30125C00 …    rising
 *     owners     …    node 2       node 0       node 1       node 0        who stands there
 *                                               └ the first position ≥ hash: node 1 owns the key
 *
 * A lookup is a binary search, O(log N) in the number of positions. The starts only cut its first
 * 16 steps off, at the most. Up to some 10^4 positions that is nearly all of them; beyond, and where
 * positions crowd together, there are further steps, never a wrong answer.
 *
 * Beyond the last position the ring begins anew: `owners` repeats the first owner at its end, so
 * that the wrap needs no branch.
 */
import type { KeyHash, NodeIndex } from '../base/units.js';
import { ownsRanges, type RingMember } from './member.js';
import { RING_SPACE, sortPositions } from './sorted-ring.js';

/**
 * Buckets of `starts` for each position. With four, most buckets hold no position and the search
 * ends where it starts: 15 ns less at 1,000 positions than with half a bucket each.
 */
const BUCKETS_PER_POSITION = 4;
/** Buckets at the most, as bits: 256 KiB. At 10^6 positions a larger table was slower, not faster. */
const BUCKET_BITS_MAX = 16;

export class RingTable {
  /** Rising; only of nodes that own their ranges. */
  readonly positions: Uint32Array;
  /** Distinct nodes on the ring. */
  readonly nodeCount: number;
  /** Who stands at each position, and the first of them again at the end. */
  readonly #owners: Uint16Array;
  /** Index of the first position in or after each bucket; one more at the end. */
  readonly #starts: Uint32Array;
  /** How far to shift a hash right to get its bucket. */
  readonly #shift: number;

  private constructor(members: readonly RingMember[]) {
    const { positions, owners } = sortPositions(members);
    this.positions = positions;
    this.nodeCount = members.length;
    this.#owners = new Uint16Array(owners.length + 1);
    this.#owners.set(owners);
    this.#owners[owners.length] = owners[0] ?? 0;
    this.#shift = 32 - bucketBits(positions.length);
    this.#starts = bucketStarts(positions, this.#shift);
  }

  /**
   * The ring of those members that own their ranges by their state. A node that is down has its
   * positions masked: what it owned is its clockwise successors', and nothing else changes hands.
   */
  static build(members: readonly RingMember[]): RingTable {
    return new RingTable(
      members.filter((member) => ownsRanges(member.state) && member.positions.length > 0),
    );
  }

  /** The node that owns a key of this hash; null if there is no node on the ring. Makes no garbage. */
  owner(hash: KeyHash): NodeIndex | null {
    return this.nodeCount === 0 ? null : (this.#owners[this.#find(hash)] as NodeIndex);
  }

  /**
   * The first `n` distinct nodes clockwise from the hash, the owner first: a key's preference
   * list. Fills `into` from its beginning, leaves what is beyond, and makes no garbage.
   *
   * @returns how many were filled in: `n`, or all nodes of the ring if they are fewer
   */
  owners(hash: KeyHash, n: number, into: NodeIndex[]): number {
    const wanted = Math.min(n, this.nodeCount);
    const owners = this.#owners;
    const total = this.positions.length;
    let at = wanted === 0 ? 0 : this.#find(hash);
    let found = 0;
    while (found < wanted) {
      const owner = owners[at] as NodeIndex;
      if (!holds(into, found, owner)) into[found++] = owner;
      at = at + 1 < total ? at + 1 : at + 1 - total;
    }
    return found;
  }

  /**
   * Exact share of the ring by node index, as a fraction of all hashes; 0 for who owns nothing.
   *
   * @param nodes one more than the highest node index there can be
   */
  shares(nodes: number): Float64Array {
    const { positions } = this;
    const last = positions.length - 1;
    const shares = new Float64Array(nodes);
    let previous = last < 0 ? 0 : (positions[last] as number) - RING_SPACE;
    for (let i = 0; i <= last; i++) {
      const position = positions[i] as number;
      const owner = this.#owners[i] as number;
      shares[owner] = (shares[owner] as number) + (position - previous);
      previous = position;
    }
    return shares.map((arcs) => arcs / RING_SPACE);
  }

  /** Index of the first position at or after the hash; `positions.length` beyond the last one. */
  #find(hash: number): number {
    const { positions } = this;
    const bucket = hash >>> this.#shift;
    let low = this.#starts[bucket] as number;
    let high = this.#starts[bucket + 1] as number;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((positions[middle] as number) < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Bits of the hash that choose a bucket; at least one, since a shift by 32 would be none. */
function bucketBits(positions: number): number {
  const bits = Math.ceil(Math.log2(Math.max(1, positions) * BUCKETS_PER_POSITION));
  return Math.min(bits, BUCKET_BITS_MAX);
}

function bucketStarts(positions: Uint32Array, shift: number): Uint32Array {
  const buckets = 2 ** (32 - shift);
  const starts = new Uint32Array(buckets + 1);
  let at = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const begin = bucket * 2 ** shift;
    while (at < positions.length && (positions[at] as number) < begin) at++;
    starts[bucket] = at;
  }
  starts[buckets] = positions.length;
  return starts;
}

/** Whether `node` is among the first `count` of a list, which is short. */
function holds(list: readonly NodeIndex[], count: number, node: NodeIndex): boolean {
  for (let i = 0; i < count; i++) if (list[i] === node) return true;
  return false;
}
