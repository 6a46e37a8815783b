/**
 * Hit ratios after a change of the values' size: a cache that is full of small values against one
 * that starts empty, under the same requests for large ones; and the other way round.
 */
import { Prng } from '#src/base/prng.js';
import { Zipf } from '#src/load/zipf.js';
import { SlabCache } from '#src/slab-cache.js';
import type { Effort, Section, SuiteContext } from '../support/suite.js';
import { keyOf } from './keys.js';

const SMALL_BYTES = 100;
const LARGE_BYTES = 4_096;
const CHARGE_BYTES = keyOf(0).length + 64;
const MEMORY_MB: Readonly<Record<Effort, number>> = { smoke: 2, normal: 64, full: 256 };

/** Skew of the requests, and different keys asked for, as a multiple of those that fit. */
const THETA = 0.99;
const KEYS_PER_FIT = 8;
/** Requests in which hits are counted, as a multiple of the entries that fit. */
const WINDOW_PER_FIT = 2;

export interface HitsAfterSwitch {
  /** Insertions after which the cache that starts empty evicts for the first time. */
  readonly insertions: number;
  /** Hit ratio of a cache that started empty, from then on. */
  readonly fromEmpty: number;
  /** Hit ratio of the one that was full of values of the other size, after twice the insertions. */
  readonly afterSwitch: number;
}

/** Gets, and sets what was missed, until `isEnough`; returns the hit ratio. */
function request(
  cache: SlabCache,
  draw: () => string,
  value: Uint8Array,
  isEnough: (insertions: number, requests: number) => boolean,
): number {
  let hits = 0;
  let requests = 0;
  while (!isEnough(requests - hits, requests)) {
    const key = draw();
    if (cache.has(key)) {
      cache.get(key);
      hits++;
    } else {
      cache.set(key, value);
    }
    requests++;
  }
  return hits / requests;
}

/** Draws keys of one population: those for values of one size are not those for the other. */
function drawer(memory: number, valueBytes: number, seed: number): () => string {
  const prng = new Prng(seed);
  const zipf = new Zipf(fitting(memory, valueBytes) * KEYS_PER_FIT, THETA);
  return () => keyOf(valueBytes * 1e8 + zipf.draw(prng));
}

const fitting = (memory: number, valueBytes: number): number =>
  Math.floor(memory / (valueBytes + CHARGE_BYTES));

export function hitsAfterSwitch(memory: number, from: number, to: number): HitsAfterSwitch {
  const value = Buffer.alloc(to, 7);
  const window = fitting(memory, to) * WINDOW_PER_FIT;
  const empty = new SlabCache({ memoryLimit: memory });
  const draw = drawer(memory, to, 2);
  let insertions = 0;
  request(empty, draw, value, (inserted) => {
    insertions = inserted;
    return empty.stats().evicted > 0;
  });
  const fromEmpty = request(empty, draw, value, (_, requests) => requests === window);

  const full = new SlabCache({ memoryLimit: memory });
  const old = Buffer.alloc(from, 7);
  const before = drawer(memory, from, 1);
  const fits = fitting(memory, from);
  request(full, before, old, (_, requests) => requests > fits && full.stats().evicted > fits / 2);
  const again = drawer(memory, to, 2);
  request(full, again, value, (inserted) => inserted === 2 * insertions);
  const afterSwitch = request(full, again, value, (_, requests) => requests === window);
  return { insertions, fromEmpty, afterSwitch };
}

export function hitsAfterSwitches({ effort, progress }: SuiteContext): Section {
  const memory = MEMORY_MB[effort] * 2 ** 20;
  const rows = [
    ['100 B to 4 KB', SMALL_BYTES, LARGE_BYTES] as const,
    ['4 KB to 100 B', LARGE_BYTES, SMALL_BYTES] as const,
  ].map(([name, from, to]) => {
    progress(`slab: hits after ${name}`);
    const { insertions, fromEmpty, afterSwitch } = hitsAfterSwitch(memory, from, to);
    return [name, insertions, fromEmpty, afterSwitch, afterSwitch / fromEmpty];
  });
  return {
    title: `Slab of ${MEMORY_MB[effort]} MB: hit ratios after a change of the values' size`,
    columns: ['change', 'insertions', 'started empty', 'changed', 'ratio'],
    rows,
    notes: [
      `Zipf ${THETA} over ${KEYS_PER_FIT} times the keys that fit, what is missed is set; other keys for each size`,
      'insertions: those that fill a cache that starts empty, whose hits are counted from then on;',
      'those of the one that was full of values of the other size after twice as many',
    ],
  };
}
