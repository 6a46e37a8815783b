import { unreachable } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import { META_KV_SIZES } from './meta-kv.js';
import type { SizeDistribution, TtlChoice } from './plan.js';

/** A drawer of value sizes in bytes. */
export function sizeChooser(distribution: SizeDistribution, prng: Prng): () => number {
  switch (distribution.kind) {
    case 'fixed':
      return () => distribution.bytes;
    case 'range': {
      const { min, max } = distribution;
      return () => min + prng.below(max - min + 1);
    }
    case 'meta-kv':
      return () => metaSize(prng);
    default:
      return unreachable(distribution);
  }
}

/** The time to live of what does not expire. */
export const NO_TTL = null;

/** A drawer of times to live in milliseconds, NO_TTL where values do not expire. */
export function ttlChooser(choices: readonly TtlChoice[], prng: Prng): () => number | null {
  if (choices.length === 0) return () => NO_TTL;
  const total = choices.reduce((sum, { weight }) => sum + weight, 0);
  return () => {
    let left = prng.unit() * total;
    for (const { ttlMs, weight } of choices) {
      left -= weight;
      if (left < 0) return ttlMs;
    }
    return choices[choices.length - 1]?.ttlMs ?? NO_TTL;
  };
}

function metaSize(prng: Prng): number {
  const draw = prng.unit();
  const i = Math.max(
    META_KV_SIZES.findIndex(([, upTo]) => draw < upTo),
    0,
  );
  const from = i === 0 ? 0 : (META_KV_SIZES[i - 1] as readonly [number, number])[0];
  const to = (META_KV_SIZES[i] as readonly [number, number])[0];
  return from + 1 + prng.below(to - from);
}
