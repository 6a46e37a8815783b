import { unreachable } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import { META_KV_LONE_SHARE, META_KV_POPULARITY } from './meta-kv.js';
import type { KeyDistribution } from './plan.js';
import { Zipf } from './zipf.js';

/**
 * Chooses keys by number. Keys 0 to count − 1 are there from the start; inserted ones come after
 * them, each thread taking every `threads`-th number, so that no two threads insert the same.
 */
export interface KeyChooser {
  /** The key of the next operation. */
  next(): number;
  /** A key that no thread has used before. */
  insert(): number;
}

/** What a chooser must know beside the distribution. */
export interface KeyRange {
  /** Keys that are there from the start. */
  readonly keys: number;
  /** This thread's number and how many there are. */
  readonly thread: number;
  readonly threads: number;
}

/** The chooser of one generator thread. */
export function keyChooser(distribution: KeyDistribution, range: KeyRange, prng: Prng): KeyChooser {
  const inserts = new Inserts(range);
  const insert = (): number => inserts.insert();
  switch (distribution.kind) {
    case 'uniform':
      return { next: () => prng.below(range.keys), insert };
    case 'zipf': {
      const zipf = new Zipf(range.keys, distribution.theta);
      return { next: () => zipf.draw(prng) - 1, insert };
    }
    case 'hot':
      return { next: hot(distribution.keys, distribution.share, range.keys, prng), insert };
    case 'latest': {
      const zipf = new Zipf(range.keys, distribution.theta);
      return { next: () => inserts.byAge(zipf.draw(prng) - 1), insert };
    }
    case 'sequential':
      return { next: sequential(range), insert };
    case 'meta-kv':
      return { next: popularity(range.keys, prng, insert), insert };
    default:
      return unreachable(distribution);
  }
}

class Inserts {
  readonly #range: KeyRange;
  #count = 0;

  constructor(range: KeyRange) {
    this.#range = range;
  }

  insert(): number {
    const { keys, thread, threads } = this.#range;
    return keys + this.#count++ * threads + thread;
  }

  /** The key that is `age` younger ones away from the newest this thread knows. */
  byAge(age: number): number {
    const { keys, thread, threads } = this.#range;
    const own = this.#count - 1 - age;
    return own >= 0 ? keys + own * threads + thread : keys + own;
  }
}

function hot(hotKeys: number, share: number, keys: number, prng: Prng): () => number {
  const cold = keys - hotKeys;
  return () => {
    const isHot = cold === 0 || prng.unit() < share;
    return isHot ? prng.below(hotKeys) : hotKeys + prng.below(cold);
  };
}

/** Each thread walks the whole circle, starting where its share of it begins. */
function sequential({ keys, thread, threads }: KeyRange): () => number {
  let at = Math.floor((keys / threads) * thread);
  return () => {
    const key = at;
    at = at + 1 === keys ? 0 : at + 1;
    return key;
  };
}

/** The measured curve, stretched to the number of keys; a few keys are never seen again. */
function popularity(keys: number, prng: Prng, insert: () => number): () => number {
  const table = META_KV_POPULARITY;
  const scale = keys / (table[table.length - 1] as readonly [number, number])[0];
  return () => {
    if (prng.unit() < META_KV_LONE_SHARE) return insert();
    const draw = prng.unit();
    const i = Math.max(
      table.findIndex(([, upTo]) => draw < upTo),
      0,
    );
    const from = i === 0 ? 0 : (table[i - 1] as readonly [number, number])[0];
    const to = (table[i] as readonly [number, number])[0];
    const rank = from + prng.below(to - from) + prng.unit();
    return Math.min(Math.floor(rank * scale), keys - 1);
  };
}
