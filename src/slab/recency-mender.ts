/**
 * Mends the recency list of a slab whose owner has died: the list is in the entries' headers, an
 * owner may have been in the middle of relinking one, and some entries may have been dropped.
 *
 * A link is sound if the one that it leads to links back. The list is walked from its newest end
 * and from its oldest as far as links are sound, through entries that are no more, too: their links
 * are still there. What a death cuts is one entry's place, so the two walks meet, and at most the entry
 * under way is in neither: it goes where its own links say that it was, or else is the newest.
 * In memory that somebody else has written to there may be more: fragments that hang together
 * stay so, and lie between what the walks found.
 */
import { ENTRY_NEWER, ENTRY_OLDER, HEADER_NEWEST, HEADER_OLDEST, TAG_ENTRY } from './layout.js';
import { isRecencySound } from './recency-check.js';
import { END, type Link, NO_PLACE, type SlotMap } from './slot-map.js';

/** Puts the list in order; returns how many entries had to be given other links. */
export function mendRecency(words: Int32Array, map: SlotMap, entries: number): number {
  // Nearly always it is in order, and nothing need be written.
  if (isRecencySound(words, map, entries)) return 0;
  return new Mending(words, map).mend(entries);
}

class Mending {
  readonly #words: Int32Array;
  readonly #map: SlotMap;
  /** By place: whether a walk has been there. */
  readonly #seen: Uint8Array;

  constructor(words: Int32Array, map: SlotMap) {
    this.#words = words;
    this.#map = map;
    this.#seen = new Uint8Array(map.places + 1);
  }

  mend(entries: number): number {
    const words = this.#words;
    const newest = this.#walk(words[HEADER_NEWEST] as number, ENTRY_OLDER).reverse();
    const oldest = this.#walk(words[HEADER_OLDEST] as number, ENTRY_NEWER);
    const missing = entries - oldest.length - newest.length;
    if (missing !== 1) return this.#write([...oldest, ...this.#fragments(missing), ...newest]);
    const order = [...oldest, ...newest];
    this.#putBack(order, this.#orphans()[0] as number);
    return this.#write(order);
  }

  /** Entries from one end on, as far as links are sound. */
  #walk(first: number, forward: Link): number[] {
    const back = forward === ENTRY_OLDER ? ENTRY_NEWER : ENTRY_OLDER;
    const met: number[] = [];
    let before = END;
    let place = this.#map.linkTo(first);
    while (place !== END && place !== NO_PLACE && this.#seen[place] === 0) {
      if (this.#link(place, back) !== before) break;
      this.#seen[place] = 1;
      if (this.#map.isEntry(place)) met.push(place);
      before = place;
      place = this.#link(place, forward);
    }
    return met;
  }

  /** The link of an entry, or of what lies where one was. */
  #link(place: number, link: Link): number {
    const map = this.#map;
    if (map.isEntry(place)) return map.link(place, link);
    return map.linkTo(this.#words[map.slotOf(place) * 2 + link] as number);
  }

  /** Entries that no walk has met, as they lie. */
  #orphans(): number[] {
    const orphans: number[] = [];
    for (let place = 1; place <= this.#map.places; place++) {
      if (this.#map.isEntry(place) && this.#seen[place] === 0) orphans.push(place);
    }
    return orphans;
  }

  /** Puts the entry under way where it was, if its neighbours are still there, or else last. */
  #putBack(order: number[], entry: number): void {
    const older = this.#map.link(entry, ENTRY_OLDER);
    const newer = this.#map.link(entry, ENTRY_NEWER);
    const at = older === END ? 0 : order.indexOf(older) + 1;
    const wasThere = (older === END || at > 0) && at < order.length && order[at] === newer;
    order.splice(wasThere ? at : order.length, 0, entry);
  }

  /** Orphans, those that are soundly linked to each other next to each other, oldest first. */
  #fragments(count: number): number[] {
    if (count === 0) return [];
    const orphans = this.#orphans();
    const order: number[] = [];
    // Whatever is left when every fragment is told is a ring, and begins anywhere.
    for (const first of [...orphans.filter((place) => this.#beginsFragment(place)), ...orphans]) {
      for (let place = first; this.#seen[place] === 0; ) {
        this.#seen[place] = 1;
        order.push(place);
        const newer = this.#map.link(place, ENTRY_NEWER);
        if (!this.#isOrphan(newer) || this.#map.link(newer, ENTRY_OLDER) !== place) break;
        place = newer;
      }
    }
    return order;
  }

  #beginsFragment(place: number): boolean {
    const older = this.#map.link(place, ENTRY_OLDER);
    return !this.#isOrphan(older) || this.#map.link(older, ENTRY_NEWER) !== place;
  }

  #isOrphan(place: number): boolean {
    return place > END && this.#map.isEntry(place) && this.#seen[place] === 0;
  }

  /** Writes the links that are not as the order of places, oldest first, wants them. */
  #write(order: readonly number[]): number {
    const words = this.#words;
    const map = this.#map;
    let relinked = 0;
    for (let i = 0; i < order.length; i++) {
      const place = order[i] as number;
      const older = order[i - 1] ?? END;
      const newer = order[i + 1] ?? END;
      if (map.link(place, ENTRY_OLDER) === older && map.link(place, ENTRY_NEWER) === newer)
        continue;
      const at = map.slotOf(place) * 2;
      words[at + ENTRY_OLDER] = map.slotOf(older);
      words[at + ENTRY_NEWER] = map.slotOf(newer) | TAG_ENTRY;
      relinked++;
    }
    words[HEADER_NEWEST] = map.slotOf(order[order.length - 1] ?? END);
    words[HEADER_OLDEST] = map.slotOf(order[0] ?? END);
    return relinked;
  }
}
