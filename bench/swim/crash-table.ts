import type { Instant } from '#src/base/units.js';
import type { Cell, Section } from '../support/suite.js';
import type { Crash } from './crashes.js';
import { DELAY_MS, INTERVAL, SEED, type SizePlan } from './plan.js';

/** What theory says for clusters of any size, in periods. */
export const FIRST_PROBE_THEORY = Math.E / (Math.E - 1);

/** The columns that the plot reads. */
export const CRASH_COLUMNS = [
  'members',
  'crashes',
  'probed in period',
  'suspected after',
  'known to all after',
  'worst',
  'declared after',
  'by all after',
] as const;

/** The table of how soon crashes are noticed. */
export function crashSection(rows: readonly Cell[][]): Section {
  return {
    title: 'A crash is noticed, and known to all (CLUSTER-3, CLUSTER-4)',
    columns: CRASH_COLUMNS,
    rows,
    notes: [
      `means over the crashes, in protocol periods of ${INTERVAL} ms of virtual time; seed ${SEED},`,
      `no loss, one-way delays ${DELAY_MS.min} to ${DELAY_MS.max} ms`,
      'probed in period: of the whole periods since the crash, the one in which somebody first',
      `probed the dead; theory e / (e − 1) = ${FIRST_PROBE_THEORY.toFixed(2)}, at any size`,
      'suspected after: since the crash, until that probe has failed; theory 1 + 1',
      'known to all after: since it was first suspected; worst: of all crashes',
      'declared after, by all after: since the crash, until the first and the last declared it faulty',
    ],
  };
}

export function crashRow(plan: SizePlan, crashes: readonly Crash[]): Cell[] {
  const periods = (from: Instant, to: Instant | null): number =>
    ((to ?? Number.NaN) - from) / INTERVAL;
  const known = crashes.map(({ suspectedAt, knownAt }) => periods(suspectedAt ?? knownAt, knownAt));
  return [
    plan.members,
    crashes.length,
    mean(crashes.map(({ at, probedAt }) => Math.ceil(periods(at, probedAt)))),
    mean(crashes.map(({ at, suspectedAt }) => periods(at, suspectedAt))),
    mean(known),
    Math.max(...known),
    mean(crashes.map(({ at, declaredAt }) => periods(at, declaredAt))),
    mean(crashes.map(({ at, doneAt }) => periods(at, doneAt))),
  ];
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
