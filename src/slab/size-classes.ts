/**
 * The slot sizes. Each is about a sixteenth larger than the one before, so that an entry wastes
 * 3 % of its slot on average and never more than 6 % (8 bytes, for the smallest); and each fills
 * its page: among the sizes in reach, the largest that gives the same number of slots.
 */
import { assert } from '../base/assert.js';
import { CLASSES_MAX, ENTRY_HEADER_BYTES, GRANULE_BYTES, SLOTS_PER_PAGE_MIN } from './layout.js';

/** The smallest slot: a header, a key of up to four bytes, and four bytes to spare. */
const SLOT_BYTES_MIN = ENTRY_HEADER_BYTES + GRANULE_BYTES;
const GROWTH = 1 + 1 / SLOTS_PER_PAGE_MIN;

export interface SizeClasses {
  /** Bytes of a slot, rising. */
  readonly slotBytes: readonly number[];
  readonly slotsPerPage: readonly number[];
  /** The largest slot. */
  readonly slotBytesMax: number;
  /** Class that holds `granules` granules: the smallest whose slots are large enough. */
  readonly classByGranules: Uint8Array;
}

const floorToGranule = (n: number): number => Math.floor(n / GRANULE_BYTES) * GRANULE_BYTES;

/** The size classes for one page size. */
export function sizeClasses(pageBytes: number): SizeClasses {
  const slotBytes: number[] = [];
  for (let size = SLOT_BYTES_MIN; size * SLOTS_PER_PAGE_MIN <= pageBytes; ) {
    slotBytes.push(size);
    let slots = Math.ceil(pageBytes / Math.max(size + GRANULE_BYTES, size * GROWTH));
    while (floorToGranule(pageBytes / slots) <= size) slots--;
    size = floorToGranule(pageBytes / slots);
  }
  assert(slotBytes.length <= CLASSES_MAX, 'the layout has room for every class');
  const slotBytesMax = slotBytes[slotBytes.length - 1] as number;
  return {
    slotBytes,
    slotsPerPage: slotBytes.map((size) => Math.floor(pageBytes / size)),
    slotBytesMax,
    classByGranules: classTable(slotBytes, slotBytesMax),
  };
}

function classTable(slotBytes: readonly number[], slotBytesMax: number): Uint8Array {
  const table = new Uint8Array(slotBytesMax / GRANULE_BYTES + 1);
  let sizeClass = 0;
  for (let granules = 0; granules < table.length; granules++) {
    while ((slotBytes[sizeClass] as number) < granules * GRANULE_BYTES) sizeClass++;
    table[granules] = sizeClass;
  }
  return table;
}
