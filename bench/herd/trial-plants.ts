/** Faults that are planted in what loads, to see that a trial finds them. */
import type { PlantedFault } from '../stress/planted.js';

export const PLANTS = {
  /** A delete lets the lease of its key be: what is being loaded is stored after it. */
  'lease-survives-delete': {
    file: 'loading/lease-book.js',
    changes: [[/( #void\(page, isThere\) \{)/g, '$1 if (!isThere) return;']],
  },
  /** Whoever misses joins what his thread knows to be loaded, whatever was written meanwhile. */
  'joins-any-load': {
    file: 'loading/flight.js',
    changes: [[/( mayBeJoinedAt\([^)]*\) \{)/g, '$1 return true;']],
  },
  /** The primary grants a lease to everybody who asks for one. */
  'lease-for-everybody': {
    file: 'node/execute.js',
    changes: [[/const known = leases\.find\(now, key\);/g, 'const known = null;']],
  },
} as const satisfies Record<string, PlantedFault>;

export type Plant = keyof typeof PLANTS;

export const isPlant = (name: string): name is Plant => Object.hasOwn(PLANTS, name);
