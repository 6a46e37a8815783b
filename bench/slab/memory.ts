/** What an entry really takes: memory that the operating system gave, beside the tracked figure (NODE-5). */
import { Prng } from '#src/base/prng.js';
import { SlabCache } from '#src/slab-cache.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';

const KEY_BYTES = { min: 20, max: 40 } as const;
const VALUE_BYTES = { min: 100, max: 400 } as const;
const ENTRIES: Readonly<Record<Effort, number>> = {
  smoke: 10_000,
  normal: 1_000_000,
  full: 1_000_000,
};
/** Tracked bytes of an entry on average. */
const ENTRY_BYTES =
  (KEY_BYTES.min + KEY_BYTES.max) / 2 + (VALUE_BYTES.min + VALUE_BYTES.max) / 2 + 64;

export function memoryOfEntries({ effort, progress }: SuiteContext): Section {
  const entries = ENTRIES[effort];
  progress('slab: memory of entries');
  const rows: Cell[][] = [];
  const cache = new SlabCache({ memoryLimit: entries * ENTRY_BYTES });
  const prng = new Prng(1);
  const bytes = Buffer.alloc(VALUE_BYTES.max, 7);
  const write = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const key = String(i).padStart(between(prng, KEY_BYTES), 'k');
      cache.set(key, bytes.subarray(0, between(prng, VALUE_BYTES)));
    }
  };
  const phases = [
    ['half full', 0, entries / 2],
    ['full', entries / 2, entries],
    ['written over twice, evicting', entries, 3 * entries],
  ] as const;
  for (const [phase, from, to] of phases) {
    write(from, to);
    rows.push([phase, ...figures(cache)]);
  }
  return {
    title: `Slab memory: ${entries.toLocaleString('en-US')} entries, keys of ${KEY_BYTES.min} to ${KEY_BYTES.max} bytes, values of ${VALUE_BYTES.min} to ${VALUE_BYTES.max} (NODE-5)`,
    columns: ['state', 'entries', 'tracked MB', 'occupied / tracked', 'resident / tracked'],
    rows,
    notes: [
      'tracked: key + value + 64 for every entry; occupied: header, index and pages in use;',
      'resident: shared memory that was ever touched, which is what the operating system has given',
    ],
  };
}

function figures(cache: SlabCache): Cell[] {
  const { entries, trackedBytes, occupiedBytes, residentBytes } = cache.stats();
  return [
    entries,
    trackedBytes / 2 ** 20,
    occupiedBytes / trackedBytes,
    residentBytes / trackedBytes,
  ];
}

/** Uniform, both ends included. */
const between = (prng: Prng, { min, max }: { readonly min: number; readonly max: number }) =>
  min + prng.below(max - min + 1);
