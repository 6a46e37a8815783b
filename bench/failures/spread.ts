/** Times as rows of a table, each beside its aim. */
import { loadavg } from 'node:os';
import { percentile } from '../support/median.js';
import type { Cell } from '../support/suite.js';

/** What `spreadOf` makes; of fewer than a hundred times the p99 is the longest. */
export const SPREAD_COLUMNS = ['what', 'times', 'p50 ms', 'p99 ms', 'max ms', 'aim ms'] as const;

/** @param aim what was aimed at, in words; a dash where it is only worth knowing */
export function spreadOf(what: string, timesMs: readonly number[], aim = '—'): Cell[] {
  if (timesMs.length === 0) throw new Error(`Cannot measure '${what}': it never happened`);
  const at = (share: number): string => percentile(timesMs, share).toFixed(1);
  return [what, timesMs.length, at(0.5), at(0.99), at(1), aim];
}

/** How busy the machine was: times on a busy machine are those of a queue for its cores. */
export function loadNote(): string {
  return `load average at the end ${loadavg()
    .slice(0, 2)
    .map((load) => load.toFixed(1))
    .join(' (1 min), ')} (5 min)`;
}
