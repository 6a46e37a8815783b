/** The middle of a few figures, the upper one of two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** The figure that `share` of them, 0 to 1, are below; the largest for a share of 1; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** How sure it is that the true median lies within, 0 to 1: what was asked for, or a little more. */
  readonly confidence: number;
}

/**
 * Between which of the figures the true median lies. It supposes nothing of how they are spread: how
 * many of them are below the true median is a toss of as many coins. Too few figures cannot give
 * the confidence that is asked for; then it is all of them, and `confidence` says how little that is.
 */
export function medianInterval(values: readonly number[], confidence = 0.95): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  const at = (i: number): number => sorted[i] ?? Number.NaN;
  // From the outermost pair inwards, for as long as what is cut off may be cut off.
  let cut = 0;
  let outside = 2 * tossProbability(count, 0);
  let covered = 1 - outside;
  while (2 * (cut + 1) < count) {
    outside += 2 * tossProbability(count, cut + 1);
    if (1 - outside < confidence) break;
    covered = 1 - outside;
    cut++;
  }
  return { low: at(cut), high: at(count - 1 - cut), confidence: Math.max(0, covered) };
}

/** That of `tosses` coins exactly `heads` fall so. */
function tossProbability(tosses: number, heads: number): number {
  let probability = 0.5 ** tosses;
  for (let i = 0; i < heads; i++) probability *= (tosses - i) / (i + 1);
  return probability;
}
