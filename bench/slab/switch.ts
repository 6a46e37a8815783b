/**
 * A workload that changes the size of its values: memory that is cut for small entries has to
 * become memory for large ones, and back, while entries go in the exact order of their use.
 *
 * Entries that nobody reads go in the order in which they came: page after page is empty by
 * itself. Reads scatter the oldest entries over all pages, and what lives has to be moved together.
 */
import { createHistogram, performance } from 'node:perf_hooks';
import { Prng } from '#src/base/prng.js';
import { SlabCache } from '#src/slab-cache.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { keyOf } from './keys.js';

const SMALL_BYTES = 100;
const LARGE_BYTES = 4_096;

/** Memory limit in MB. */
const MEMORY_MB: Readonly<Record<Effort, number>> = { smoke: 2, normal: 64, full: 256 };

/** Sets of one size, until so many times the memory limit has been written. */
interface Phase {
  readonly name: string;
  readonly valueBytes: number;
  readonly turnover: number;
}

const PHASES: readonly Phase[] = [
  { name: 'fill with 100 B', valueBytes: SMALL_BYTES, turnover: 1 },
  { name: '100 B, steady', valueBytes: SMALL_BYTES, turnover: 1 },
  { name: 'change to 4 KB', valueBytes: LARGE_BYTES, turnover: 1 },
  { name: '4 KB, steady', valueBytes: LARGE_BYTES, turnover: 1 },
  { name: 'change to 100 B', valueBytes: SMALL_BYTES, turnover: 1 },
  { name: '100 B, steady', valueBytes: SMALL_BYTES, turnover: 1 },
];

/** What happens between two sets, outside the clock. */
export type Reads = 'without reads' | 'a random entry read after each set';

export function workloadSwitch({ effort, progress }: SuiteContext, reads: Reads): Section {
  const memory = MEMORY_MB[effort] * 2 ** 20;
  const cache = new SlabCache({ memoryLimit: memory });
  const prng = new Prng(1);
  let next = 0;
  const rows = PHASES.map((phase) => {
    progress(`slab: ${phase.name}`);
    const sets = Math.ceil((phase.turnover * memory) / (phase.valueBytes + CHARGE_BYTES));
    const between =
      reads === 'without reads' ? () => {} : (newest: number) => readOne(cache, newest, prng);
    const row = run(cache, phase, { first: next, sets }, between);
    next += sets;
    return row;
  });
  return {
    title: `Slab of ${MEMORY_MB[effort]} MB: values change from ${SMALL_BYTES} bytes to ${LARGE_BYTES} and back, ${reads}`,
    columns: [
      'phase',
      'sets',
      'mean ns',
      'p50 ns',
      'p99 ns',
      'max µs',
      'evicted',
      'out of order',
      'moved',
      'occupied / tracked',
    ],
    rows,
    notes: [
      'every set is of a new key; each phase writes as much as the memory limit; times include the clock,',
      'some 100 ns. Out of order: evicted although others had not been used for longer',
      'occupied: header, index and pages in use; tracked: key + value + 64 for every entry, at the end',
    ],
  };
}

/** What an entry counts beside its value: its key and 64. */
const CHARGE_BYTES = keyOf(0).length + 64;

/** Uses one of the latest keys, as many as there are entries: most of them are still there. */
function readOne(cache: SlabCache, newest: number, prng: Prng): void {
  cache.get(keyOf(Math.max(0, newest - prng.below(cache.stats().entries))));
}

function run(
  cache: SlabCache,
  { name, valueBytes }: Phase,
  { first, sets }: { readonly first: number; readonly sets: number },
  between: (newest: number) => void,
): Cell[] {
  const histogram = createHistogram();
  const value = Buffer.alloc(valueBytes, 7);
  const before = cache.stats();
  for (let i = 0; i < sets; i++) {
    const key = keyOf(first + i);
    const start = performance.now();
    cache.set(key, value);
    histogram.record(Math.max(1, Math.round((performance.now() - start) * 1e6)));
    between(first + i);
  }
  const after = cache.stats();
  return [
    name,
    sets,
    Math.round(histogram.mean),
    histogram.percentile(50),
    histogram.percentile(99),
    Math.round(histogram.max / 1e3),
    after.evicted - before.evicted,
    after.evictedOutOfOrder - before.evictedOutOfOrder,
    after.moved - before.moved,
    after.occupiedBytes / after.trackedBytes,
  ];
}
