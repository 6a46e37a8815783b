/** A cluster of SWIM detectors that all watch each other. */
import type { Prng } from '#src/base/prng.js';
import { type Instant, type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { SwimOptions, SwimState } from '#src/membership/swim/options.js';
import { Swim } from '#src/membership/swim/swim.js';

/** Knobs for all, and for whom what changes in a view is told. */
export interface ClusterOptions extends Partial<Omit<SwimOptions, 'self' | 'prng' | 'observer'>> {
  onState?(by: NodeIndex, node: NodeIndex, state: SwimState, incarnation: number): void;
}

/** @param size members, from 2 */
export function swimCluster(
  now: Instant,
  size: number,
  prng: Prng,
  { onState, ...options }: ClusterOptions = {},
): Swim[] {
  return Array.from({ length: size }, (_, i) => {
    const self = nodeIndex(i);
    const own = { capacity: size, ...options, self, prng: prng.fork() };
    const swim = new Swim(
      onState === undefined
        ? own
        : { ...own, observer: { onState: (...change) => onState(self, ...change) } },
    );
    for (let other = 0; other < size; other++) {
      if (other !== i) swim.watch(now, nodeIndex(other));
    }
    return swim;
  });
}
