/**
 * Whether a recency list is sound: one path through all entries, each linked back by the one that it links
 * to. Walking it from end to end is a million loads each of which has to wait for the one before. So it
 * is walked in many places at once, each walk up to where another has begun, and what has to be
 * true of the whole follows from the parts: they are one chain, from end to end, and as long as the list.
 */
import { ENTRY_NEWER, ENTRY_OLDER, HEADER_NEWEST, HEADER_OLDEST } from './layout.js';
import { END, NO_PLACE, type SlotMap } from './slot-map.js';

/** Walks at once: as many loads as a processor has under way, and some more for their uneven lengths. */
const WALKS = 32;

export function isRecencySound(words: Int32Array, map: SlotMap, entries: number): boolean {
  const newest = map.linkTo(words[HEADER_NEWEST] as number);
  const oldest = map.linkTo(words[HEADER_OLDEST] as number);
  if (entries === 0) return newest === END && oldest === END;
  if (newest === END || newest === NO_PLACE || !map.isEntry(newest)) return false;
  if (map.link(newest, ENTRY_NEWER) !== END) return false;
  const begins = beginnings(map, newest);
  if (begins.some((place) => map.link(place, ENTRY_NEWER) === NO_PLACE)) return false;
  for (const place of begins) map.flag(place);
  const ends = walkAll(map, begins, entries, oldest);
  for (const place of begins) map.unflag(place);
  if (ends === null) return false;
  let parts = 1;
  let end = ends.get(newest) as number;
  for (; end !== END && parts < begins.length; parts++) end = ends.get(end) as number;
  return end === END && parts === begins.length;
}

/** The newest entry, and others from all over the memory. */
function beginnings(map: SlotMap, newest: number): number[] {
  const begins = new Set([newest]);
  for (let i = 0; i < WALKS; i++) {
    let place = 1 + Math.floor((map.places * i) / WALKS);
    while (place <= map.places && !map.isEntry(place)) place++;
    if (place <= map.places) begins.add(place);
  }
  return [...begins];
}

/** Where each walk met the beginning of another, or the end; null if links or their number are wrong. */
function walkAll(
  map: SlotMap,
  begins: readonly number[],
  entries: number,
  oldest: number,
): Map<number, number> | null {
  const ends = new Map<number, number>();
  const begun = Int32Array.from(begins);
  const newer = Int32Array.from(begins);
  const next = Int32Array.from(begins, (place) => map.link(place, ENTRY_OLDER));
  let met = begins.length;
  let walks = begins.length;
  while (walks > 0) {
    for (let i = walks - 1; i >= 0; i--) {
      const before = newer[i] as number;
      const place = next[i] as number;
      if (place === NO_PLACE) return null;
      const isEnd = place === END;
      if (isEnd ? before !== oldest : map.unflagged(place) !== before) return null;
      if (isEnd || map.isFlagged(place)) {
        ends.set(begun[i] as number, place);
        walks--;
        begun[i] = begun[walks] as number;
        newer[i] = newer[walks] as number;
        next[i] = next[walks] as number;
        continue;
      }
      if (++met > entries) return null;
      newer[i] = place;
      next[i] = map.link(place, ENTRY_OLDER);
    }
  }
  return met === entries ? ends : null;
}
