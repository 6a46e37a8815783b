/** How long a node takes to attach to the slab of its last life: all of it is looked at once. */
import { performance } from 'node:perf_hooks';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { Slab } from '#src/slab/slab.js';
import { median } from '../support/median.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { keyOf } from './keys.js';

interface Filling {
  readonly name: string;
  readonly megabytes: number;
  readonly valueBytes: { readonly min: number; readonly max: number };
}

const FULL: readonly Filling[] = [
  { name: '64 MB', megabytes: 64, valueBytes: { min: 100, max: 400 } },
  {
    name: '64 MB, values of 4 KB and more',
    megabytes: 64,
    valueBytes: { min: 4_096, max: 16_384 },
  },
  { name: '320 MB', megabytes: 320, valueBytes: { min: 100, max: 400 } },
];
const SMOKE: readonly Filling[] = [
  { name: '2 MB', megabytes: 2, valueBytes: { min: 100, max: 400 } },
];
const FILLINGS: Readonly<Record<Effort, readonly Filling[]>> = {
  smoke: SMOKE,
  normal: FULL,
  full: FULL,
};
const ATTACHES = 7;
/** Writes until the order of use has nothing to do with the order in memory: parts of the entries. */
const TURNOVERS = 2;

export function attaching({ effort, progress }: SuiteContext): Section {
  const rows = FILLINGS[effort].map((filling) => {
    progress(`slab: attach to ${filling.name}`);
    return run(filling);
  });
  return {
    title: 'Slab: attaching to what a dead owner left',
    columns: ['slab', 'entries', 'ms, first', 'ms, median', 'ms, max', 'ns an entry'],
    rows,
    notes: [
      'full, written over twice, entries used at random; first: in code that has not run before,',
      'as in a thread that has just started; every attach is of one slab, which stays as it is',
    ],
  };
}

function run({ name, megabytes, valueBytes }: Filling): Cell[] {
  const limit = bytes(megabytes * 2 ** 20);
  const buffer = fill(Slab.allocate(limit), limit, valueBytes);
  const floor = new VersionClock(epoch(2));
  const times: number[] = [];
  let entries = 0;
  for (let i = 0; i < ATTACHES; i++) {
    const start = performance.now();
    const slab = Slab.attach(buffer, limit, floor);
    times.push(performance.now() - start);
    entries = slab.count;
  }
  const typical = median(times);
  const first = times[0] as number;
  return [name, entries, first, typical, Math.max(...times), (typical * 1e6) / entries];
}

function fill(
  buffer: SharedArrayBuffer,
  limit: ReturnType<typeof bytes>,
  valueBytes: Filling['valueBytes'],
): SharedArrayBuffer {
  const slab = new Slab(buffer, limit);
  const key = new KeyBuffer();
  const prng = new Prng(1);
  const version = new VersionClock(epoch(1));
  const value = Buffer.alloc(valueBytes.max, 7);
  const average = (valueBytes.min + valueBytes.max) / 2;
  const keys = Math.ceil(limit / (average + 84));
  for (let i = 0; i < keys * (1 + TURNOVERS); i++) {
    key.loadString(keyOf(prng.below(keys * 2)));
    const length = valueBytes.min + prng.below(valueBytes.max - valueBytes.min + 1);
    version.advance();
    slab.install(key, instant(0), value, 0, length, 'bytes', NEVER, version);
    key.loadString(keyOf(prng.below(keys * 2)));
    slab.get(key, instant(0));
  }
  return buffer;
}
