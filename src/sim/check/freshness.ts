/**
 * Nobody gets a load that began before a write that was done before they asked. A loader reads the
 * source of a key at some time after it has begun; so what it brings, a value, nothing or an error,
 * stands for the instant before its beginning, `since`, however late it is stored or handed on.
 *
 *     load   since ├──── loader ────┤ fill ──▶ whoever sees it, from the slab, by a wake, or from memory
 *     write            ├─────┤ seenBy
 *     read                      ├───── begins after a write that began after the load: must not see it
 *
 * The register checker does not say so. To it a stored load is a write like another, which may take
 * effect at any time until it is acknowledged, so also after a delete that came while it was slow; and
 * what was never stored it does not know.
 *
 * A write is known to be done when it is acknowledged, or when somebody who has seen its value has
 * been answered, whichever comes first. Times are stamps, as in linearizable.ts.
 */
export interface KnownWrite<T> {
  readonly begin: number;
  /** The earliest end among the write and those who have seen its value; Infinity: nobody knows. */
  readonly seenBy: number;
  readonly what: T;
}

export interface LoadedRead<T> {
  readonly begin: number;
  /** When the loader began that brought what it was answered. */
  readonly since: number;
  readonly what: T;
}

/** The write and the read that cannot be explained; null if there are none. */
export function judgeFreshness<T>(
  writes: readonly KnownWrite<T>[],
  reads: readonly LoadedRead<T>[],
): { readonly write: T; readonly read: T } | null {
  if (writes.length === 0) return null;
  const sorted = [...writes].sort((a, b) => a.begin - b.begin);
  // Of each write and all that began after it, the one that was known first.
  const known: KnownWrite<T>[] = [...sorted];
  for (let i = known.length - 2; i >= 0; i--) {
    const next = known[i + 1] as KnownWrite<T>;
    if (next.seenBy < (known[i] as KnownWrite<T>).seenBy) known[i] = next;
  }
  for (const { begin, since, what } of reads) {
    const write = known[firstAfter(sorted, since)];
    if (write !== undefined && write.seenBy < begin) return { write: write.what, read: what };
  }
  return null;
}

/** Position of the first write that began after an instant. */
function firstAfter<T>(sorted: readonly KnownWrite<T>[], since: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as KnownWrite<T>).begin <= since) low = middle + 1;
    else high = middle;
  }
  return low;
}
