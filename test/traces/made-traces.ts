import { murmur3 } from '#src/base/hash.js';
import { Prng } from '#src/base/prng.js';
import { Zipf } from '#src/load/zipf.js';

/** A trace made for a test: what the access patterns of real caches are made of. */
export interface MadeTrace {
  readonly name: string;
  /** Keys by number, in the order of their accesses. */
  readonly accesses: readonly number[];
}

const ACCESSES = 60_000;

function make(name: string, access: (i: number) => number): MadeTrace {
  return { name, accesses: Array.from({ length: ACCESSES }, (_, i) => access(i)) };
}

/** Every key of a circle in turn: an LRU that is one too small never hits. */
const loop = (): MadeTrace => make('loop', (i) => i % 1_000);

/** Popular keys, with scans through keys that are never seen again. */
function scans(): MadeTrace {
  const prng = new Prng(1);
  const zipf = new Zipf(2_000, 0.9);
  let fresh = 100_000;
  return make('scans', (i) => (i % 5_000 < 1_200 ? fresh++ : zipf.draw(prng)));
}

function zipf(theta: number): MadeTrace {
  const prng = new Prng(2);
  const law = new Zipf(20_000, theta);
  return make(`zipf ${theta}`, () => law.draw(prng));
}

/** Some keys get most accesses, and every so often it is others. */
function shiftingHotSet(): MadeTrace {
  const prng = new Prng(3);
  return make('shifting hot set', (i) => {
    const era = Math.floor(i / 6_000);
    return prng.unit() < 0.85 ? era * 300 + prng.below(600) : prng.below(30_000);
  });
}

/** Loops of growing length after each other: the working set fits, then does not. */
const growingLoops = (): MadeTrace =>
  make('growing loops', (i) => i % (50 * (1 + Math.floor(i / 4_000))));

export const MADE_TRACES: readonly MadeTrace[] = [
  loop(),
  scans(),
  zipf(0.6),
  zipf(1.1),
  shiftingHotSet(),
  growingLoops(),
];

/**
 * Sizes like those of a CDN or a site's object cache: half below 1 KB, a long tail to 500 KB, a
 * few empty. A key's size is always the same.
 */
export function mixedSize(key: number): number {
  const hash = murmur3(Buffer.from(`size of ${key}`)) / 2 ** 32;
  if (hash < 0.02) return 0;
  return Math.round(100 * 5_000 ** (hash ** 2));
}
