/** How much is simulated, by effort. All times are virtual, all chance from one seed. */
import { SWIM_INTERVAL } from '#src/membership/swim/options.js';
import type { Effort } from '../support/suite.js';

export const SEED = 1;
export const INTERVAL = SWIM_INTERVAL;
/** One-way delays are uniform between these, in milliseconds: a slow local network. */
export const DELAY_MS = { min: 5, max: 50 } as const;
export const LOSSES = [0.01, 0.05, 0.1] as const;

/** What is done with clusters of one size. */
export interface SizePlan {
  readonly members: number;
  /** Clusters in which crashes happen, one after the other. */
  readonly clusters: number;
  /** Crashes in each of them. */
  readonly crashes: number;
  /** Periods observed at each of LOSSES. */
  readonly lossPeriods: readonly number[];
}

const SMOKE: readonly SizePlan[] = [
  { members: 10, clusters: 2, crashes: 1, lossPeriods: [20, 20, 20] },
  { members: 50, clusters: 1, crashes: 2, lossPeriods: [10, 10, 10] },
];

const NORMAL: readonly SizePlan[] = [
  { members: 10, clusters: 200, crashes: 1, lossPeriods: [36_000, 36_000, 36_000] },
  { members: 100, clusters: 40, crashes: 5, lossPeriods: [3_600, 3_600, 3_600] },
  { members: 1_000, clusters: 4, crashes: 50, lossPeriods: [360, 360, 200] },
];

/**
 * As long as ten minutes allow: at 10,000 members a period is 4 s of work at 5 %, 8 s at 10 %.
 */
const FULL: readonly SizePlan[] = [
  ...NORMAL,
  { members: 10_000, clusters: 1, crashes: 100, lossPeriods: [120, 30, 15] },
];

export const PLANS: Readonly<Record<Effort, readonly SizePlan[]>> = {
  smoke: SMOKE,
  normal: NORMAL,
  full: FULL,
};
