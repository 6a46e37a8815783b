/**
 * Rings (CLUSTER-5, 6, 8): epochs rise by one; only ranges of members that have changed change hands;
 * while any node is up, every hash has an owner, and it is up; and a tenure begins where the owner
 * changes, nowhere else. Owners are worked out anew for each ring: the tables that are checked are not
 * asked.
 */
import { type Epoch, epoch, type KeyHash, type NodeIndex } from '../../base/units.js';
import { ownsRanges, type RingMember } from '../../ring/member.js';
import type { PublishedRing } from '../../ring/table-codec.js';
import type { Tenures } from '../../ring/tenures.js';

/** Before the first ring. */
const NO_RING = epoch(0);

/** What is found wrong. */
export interface RingFault {
  readonly text: string;
  readonly node: NodeIndex | null;
}

/** One ring, as this checker sees it. */
interface Seen {
  readonly epoch: Epoch;
  readonly members: readonly RingMember[];
  /** Owner of each watched hash; null if there is none. */
  readonly owners: readonly (NodeIndex | null)[];
}

export class RingChecker {
  /** Hashes that are watched over all rings: those of the keys. */
  readonly #hashes: readonly KeyHash[];
  /** Since when each has had its owner. */
  readonly #sinces: Epoch[] = [];
  /** Owners of the watched hashes, by epoch. */
  readonly #owners: (readonly (NodeIndex | null)[])[] = [];
  readonly #tenures: Tenures[] = [];
  #last: Seen | null = null;
  /** Whether somebody has left for good: then ranges may be joined, under the later beginning. */
  #hasLost = false;

  constructor(hashes: readonly KeyHash[]) {
    this.#hashes = hashes;
  }

  /** Who owns the watched hash `i` by the ring of an epoch; undefined if there was no such ring. */
  ownerIn(epoch: Epoch, i: number): NodeIndex | null | undefined {
    return this.#owners[epoch]?.[i];
  }

  /** The last ring's. */
  get latest(): Epoch {
    return this.#last?.epoch ?? NO_RING;
  }

  /**
   * Whether a node owned the watched hash `i` by each ring from one epoch to another, and nothing of that
   * time was given up when ranges were joined.
   */
  ownedThrough(node: NodeIndex, i: number, first: Epoch, last: Epoch): boolean {
    const tenures = this.#tenures[last];
    if (tenures !== undefined && !tenures.covers(this.#hashes[i] as KeyHash, first)) return false;
    for (let epoch: number = first; epoch <= last; epoch++) {
      const owners = this.#owners[epoch];
      // What was not published was nobody's ring.
      if (owners !== undefined && owners[i] !== node) return false;
    }
    return true;
  }

  /** Judges the next ring. */
  next(ring: PublishedRing): RingFault | null {
    const { epoch, members } = ring;
    const places = placesOf(members);
    const owners = this.#hashes.map((hash) => ownerAt(places, hash));
    const before = this.#last;
    this.#last = { epoch, members, owners };
    this.#owners[epoch] = owners;
    this.#tenures[epoch] = ring.tenures;
    if (before !== null && members.length < before.members.length) this.#hasLost = true;
    if (before !== null && epoch !== before.epoch + 1) {
      return { text: `epoch ${epoch} follows epoch ${before.epoch}`, node: null };
    }
    return this.#judgeOwners(before, owners, ring) ?? this.#judgeTenures(before, owners, ring);
  }

  #judgeOwners(
    before: Seen | null,
    owners: readonly (NodeIndex | null)[],
    { epoch, members }: PublishedRing,
  ): RingFault | null {
    const isAnyUp = members.some(({ state }) => ownsRanges(state));
    for (const [i, owner] of owners.entries()) {
      if (owner === null && isAnyUp)
        return { text: `epoch ${epoch}: a hash is nobody's`, node: null };
      const last = before?.owners[i];
      if (before === null || last === undefined || last === owner) continue;
      if (hasChanged(before.members, members, last) || hasChanged(before.members, members, owner)) {
        continue;
      }
      const text = `epoch ${epoch}: a range went from node ${last} to node ${owner}, and neither has changed`;
      return { text, node: owner };
    }
    return null;
  }

  #judgeTenures(
    before: Seen | null,
    owners: readonly (NodeIndex | null)[],
    { epoch, tenures }: PublishedRing,
  ): RingFault | null {
    for (const [i, hash] of this.#hashes.entries()) {
      const isNew = before === null || before.owners[i] !== owners[i];
      if (isNew) this.#sinces[i] = epoch;
      const since = this.#sinces[i] as Epoch;
      const isTooLate = !this.#hasLost && !tenures.covers(hash, since);
      if (!isTooLate && !tenures.covers(hash, (since - 1) as Epoch)) continue;
      const text = `epoch ${epoch}: node ${owners[i]} has had a range since epoch ${since}, and the ring says ${tenures.since(hash)}`;
      return { text, node: owners[i] ?? null };
    }
    return null;
  }
}

/** Where somebody stands who owns ranges, in order; of two at one place the one of lower index counts. */
interface Place {
  readonly at: number;
  readonly node: NodeIndex;
}

function placesOf(members: readonly RingMember[]): Place[] {
  const places: Place[] = [];
  for (const { index, state, positions } of members) {
    if (!ownsRanges(state)) continue;
    for (const at of positions) places.push({ at, node: index });
  }
  return places.sort((a, b) => a.at - b.at || a.node - b.node);
}

/** The owner: who stands first at or behind the hash, else who stands first of all. */
function ownerAt(places: readonly Place[], hash: KeyHash): NodeIndex | null {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] as Place).at < hash) low = middle + 1;
    else high = middle;
  }
  return (places[low] ?? places[0])?.node ?? null;
}

function hasChanged(
  before: readonly RingMember[],
  after: readonly RingMember[],
  node: NodeIndex | null,
): boolean {
  if (node === null) return true;
  const old = before.find(({ index }) => index === node);
  const present = after.find(({ index }) => index === node);
  if (old === undefined || present === undefined) return true;
  return old.state !== present.state || old.positions !== present.positions;
}
