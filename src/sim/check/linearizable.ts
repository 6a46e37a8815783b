/**
 * Whether the operations of one key can be put in an order that explains every answer: the key as
 * a forgetful register. A read may always miss; what it answers otherwise is the value of the
 * latest write before it, never an overwritten, deleted or never-written one.
 *
 * Every write has a value of its own, so it is known which write each read has read from, and the
 * general problem (NP-complete) becomes an easy one (P. Gibbons, E. Korach: "Testing shared
 * memories", SIAM J. Comput. 26(4), 1997). A write and its reads are a cluster; while they take
 * effect no other write may. Let `first` be the earliest end among the cluster's operations, `last`
 * its latest beginning:
 *
 *     forward, first < last              write ├──┤          ├──┤ read
 *                                                 ╰───zone───╯        the value was there all the time
 *     backward, last < first            write ├─────────┤
 *                                          read   ├─────────┤         one instant is enough, anywhere
 *                                                 ╰zone─╯             in the zone
 *
 * There is an order if and only if no read ends before its write begins, no two forward zones
 * overlap, and no backward zone lies within a forward one. With zones sorted that is near-linear.
 *
 * What the register is allowed to forget needs no rule: an answer that says "nothing" binds nobody
 * and is left out. A delete is a write that nobody can have read. A write whose outcome is not known
 * has no end; if nobody read it, it need not have happened, and is left out as well.
 *
 * Times are any numbers that rise with real time, none used twice.
 */
import { assert } from '../../base/assert.js';

export interface Access {
  /** When it was begun. */
  readonly begin: number;
  /** When it was answered; Infinity if it never was, or not for certain. */
  readonly end: number;
  /** write: the value, unique for this key; read: what was seen. */
  readonly value: number;
  readonly isWrite: boolean;
}

export type Verdict<A extends Access> =
  | { readonly verdict: 'ok' }
  /** No order explains these operations, whatever the others may be. */
  | { readonly verdict: 'illegal'; readonly reason: string; readonly shown: readonly A[] }
  /** Two writes have one value: the method cannot tell. */
  | { readonly verdict: 'unknown'; readonly reason: string; readonly shown: readonly A[] };

interface Cluster<A extends Access> {
  readonly write: A;
  reads: number;
  /** The operation that ends first, and the one that begins last. */
  first: A;
  last: A;
}

/** Judges all accesses of one key, in any order. */
export function judgeRegister<A extends Access>(accesses: readonly A[]): Verdict<A> {
  const clusters = new Map<number, Cluster<A>>();
  for (const access of accesses) {
    if (!access.isWrite) continue;
    assert(access.begin < access.end, 'an operation takes time');
    const other = clusters.get(access.value);
    if (other !== undefined) {
      return {
        verdict: 'unknown',
        reason: 'two writes of one value',
        shown: [other.write, access],
      };
    }
    clusters.set(access.value, { write: access, reads: 0, first: access, last: access });
  }
  for (const access of accesses) {
    if (access.isWrite) continue;
    const cluster = clusters.get(access.value);
    if (cluster === undefined) return illegal('a value that was never written', access);
    if (access.end < cluster.write.begin) {
      return illegal('a value from the future', access, cluster.write);
    }
    cluster.reads++;
    if (access.end < cluster.first.end) cluster.first = access;
    if (access.begin > cluster.last.begin) cluster.last = access;
  }
  return judgeZones([...clusters.values()].filter(hasHappened));
}

/** A write of unknown outcome that nobody has read need not have happened. */
const hasHappened = <A extends Access>({ write, reads }: Cluster<A>): boolean =>
  reads > 0 || write.end !== Number.POSITIVE_INFINITY;

function judgeZones<A extends Access>(clusters: readonly Cluster<A>[]): Verdict<A> {
  const forward = clusters.filter(({ first, last }) => first.end < last.begin);
  forward.sort((a, b) => a.first.end - b.first.end);
  for (let i = 1; i < forward.length; i++) {
    const before = forward[i - 1] as Cluster<A>;
    const next = forward[i] as Cluster<A>;
    if (next.first.end < before.last.begin) {
      return illegal(
        'two values that were both there at one time',
        ...cornersOf(before),
        ...cornersOf(next),
      );
    }
  }
  for (const cluster of clusters) {
    if (cluster.first.end < cluster.last.begin) continue;
    const around = zoneAround(forward, cluster);
    if (around === null) continue;
    return illegal(
      'a value that was overwritten or deleted',
      ...cornersOf(around),
      ...cornersOf(cluster),
    );
  }
  return { verdict: 'ok' };
}

/** The forward zone that a backward one lies within; null if there is none. Zones are disjoint, sorted. */
function zoneAround<A extends Access>(
  forward: readonly Cluster<A>[],
  { first, last }: Cluster<A>,
): Cluster<A> | null {
  let low = 0;
  let high = forward.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((forward[middle] as Cluster<A>).first.end < last.begin) low = middle + 1;
    else high = middle;
  }
  const before = forward[low - 1];
  return before !== undefined && first.end < before.last.begin ? before : null;
}

/** What makes a cluster's zone: its write, and the operations at its ends. */
const cornersOf = <A extends Access>({ write, first, last }: Cluster<A>): A[] => [
  ...new Set([write, first, last]),
];

const illegal = <A extends Access>(reason: string, ...shown: A[]): Verdict<A> => ({
  verdict: 'illegal',
  reason,
  shown,
});
