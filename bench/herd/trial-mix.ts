/** What is drawn by lot: how a key is loaded, and how its loader behaves. */
import type { Prng } from '#src/base/prng.js';
import type { LoadOptions } from '#src/index.js';

/** What a loader does when it is called. */
export type Manner =
  /** Brings a value, at once. */
  | 'quick'
  /** Brings a value after a while. */
  | 'slow'
  /** Finds nothing, after a while. */
  | 'empty'
  /** Rejects, after a while. */
  | 'rejects'
  /** Throws when it is called. */
  | 'throws'
  /** Comes to no end before its signal. */
  | 'hangs';

const MANNERS: readonly (readonly [manner: Manner, weight: number])[] = [
  ['quick', 20],
  ['slow', 45],
  ['empty', 10],
  ['rejects', 15],
  ['throws', 5],
  ['hangs', 2],
];
const WEIGHTS = MANNERS.reduce((sum, [, weight]) => sum + weight, 0);

export function drawManner(prng: Prng): Manner {
  let left = prng.below(WEIGHTS);
  for (const [manner, weight] of MANNERS) {
    if (left < weight) return manner;
    left -= weight;
  }
  return 'quick';
}

const pick = <T>(prng: Prng, choices: readonly [T, ...T[]]): T =>
  choices[prng.below(choices.length)] ?? choices[0];

/** Times so short that everything happens all the time, and next to everything else. */
export const drawTtlMs = (prng: Prng): number => pick(prng, [5, 20, 60, 200]);
export const drawPauseMs = (prng: Prng): number => pick(prng, [1, 3, 10, 30]);

export const drawOptions = (prng: Prng): LoadOptions & { readonly timeout: number } => ({
  ttl: drawTtlMs(prng),
  timeout: pick(prng, [60, 250]),
  beta: pick(prng, [0, 1, 4]),
  staleWhileRevalidate: pick(prng, [0, 0, 40]),
  staleIfError: pick(prng, [0, 0, 100]),
  errorTtl: pick(prng, [0, 0, 30]),
  negativeTtl: pick(prng, [0, 30]),
});
