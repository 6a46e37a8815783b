/** Large values: what they cost to store and to read, and what they take. */
import { performance } from 'node:perf_hooks';
import { SlabCache } from '#src/slab-cache.js';
import { median } from '../support/median.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { keyOf } from './keys.js';

const SIZES: readonly (readonly [name: string, bytes: number])[] = [
  ['16 KB', 2 ** 14],
  ['128 KB', 2 ** 17],
  ['1 MB', 2 ** 20],
  ['8 MB', 2 ** 23],
];
const MEMORY_MB: Readonly<Record<Effort, number>> = { smoke: 16, normal: 256, full: 256 };
/** How often the memory limit is written: once to fill it, the rest evicts. */
const TURNOVERS = 3;
/** Keys that fit, beside 64 bytes each. */
const CHARGE_BYTES = keyOf(0).length + 64;

export function largeValues({ effort, progress }: SuiteContext): Section {
  const memory = MEMORY_MB[effort] * 2 ** 20;
  const rows = SIZES.map(([name, bytes]) => {
    progress(`slab: values of ${name}`);
    return [name, ...run(memory, bytes)];
  });
  return {
    title: `Slab of ${MEMORY_MB[effort]} MB: large values`,
    columns: ['value', 'entries', 'set µs', 'set GB/s', 'get µs', 'get GB/s', 'occupied / tracked'],
    rows,
    notes: [
      `set: new keys into a full slab, evicting; get: into a buffer of the caller's, at random; medians`,
    ],
  };
}

function run(memory: number, bytes: number): Cell[] {
  const cache = new SlabCache({ memoryLimit: memory });
  const value = Buffer.alloc(bytes, 7);
  const fit = Math.floor(memory / (bytes + CHARGE_BYTES));
  const sets: number[] = [];
  for (let i = 0; i < fit * TURNOVERS; i++) {
    const key = keyOf(i);
    const time = timed(() => cache.set(key, value));
    if (i >= fit) sets.push(time);
  }
  const target = Buffer.alloc(bytes);
  const gets = Array.from({ length: fit }, (_, i) => {
    const key = keyOf(fit * TURNOVERS - 1 - i);
    return timed(() => cache.getInto(key, target));
  });
  const { entries, occupiedBytes, trackedBytes } = cache.stats();
  const [set, get] = [median(sets), median(gets)];
  const rate = (us: number): number => bytes / us / 1e3;
  return [entries, set, rate(set), get, rate(get), occupiedBytes / trackedBytes];
}

/** Microseconds. */
function timed(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1e3;
}
