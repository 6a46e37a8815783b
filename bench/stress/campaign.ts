/** A campaign of kills over several runs: what was done so far, and what was wrong. */
import { findings, percentileText } from './report.js';
import type { StressResult } from './stress.js';
import { FAULTS, type Fault } from './tally.js';

/** Plain data, kept in a file between the runs. */
export interface Campaign {
  readonly runs: number;
  readonly elapsedMs: number;
  readonly returnsMs: readonly number[];
  readonly warm: number;
  readonly hits: number;
  readonly sets: number;
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  /** Of all runs; nothing if all was well. */
  readonly findings: readonly string[];
}

export const NO_CAMPAIGN: Campaign = {
  runs: 0,
  elapsedMs: 0,
  returnsMs: [],
  warm: 0,
  hits: 0,
  sets: 0,
  faults: {},
  findings: [],
};

export function addRun(before: Campaign, result: StressResult): Campaign {
  const { tally, kills, elapsedMs } = result;
  const faults = FAULTS.map((fault) => [fault, (before.faults[fault] ?? 0) + tally.faults[fault]]);
  return {
    runs: before.runs + 1,
    elapsedMs: before.elapsedMs + elapsedMs,
    returnsMs: [...before.returnsMs, ...(kills?.returnsMs ?? [])],
    warm: before.warm + (kills?.warm ?? 0),
    hits: before.hits + tally.counts.hits,
    sets: before.sets + tally.counts.sets,
    faults: Object.fromEntries(faults),
    findings: [...before.findings, ...findings(result)],
  };
}

export function formatCampaign(campaign: Campaign, wanted: number): string {
  const { runs, elapsedMs, returnsMs, warm, hits, sets, faults } = campaign;
  const all = `${returnsMs.length.toLocaleString('en-US')} of ${wanted.toLocaleString('en-US')}`;
  const wrong = Object.entries(faults).map(([fault, times]) => `${fault} ${times}`);
  return [
    `campaign        ${all} kills in ${runs} runs, ${Math.round(elapsedMs / 1_000)} s; ${warm.toLocaleString('en-US')} warm`,
    `checked         reads in place ${hits.toLocaleString('en-US')}, sets ${sets.toLocaleString('en-US')}`,
    `back after      p50 ${percentileText(returnsMs, 0.5)} ms, p99 ${percentileText(returnsMs, 0.99)} ms, max ${percentileText(returnsMs, 1)} ms`,
    `faults          ${wrong.join(', ')}`,
    campaign.findings.length === 0 ? 'PASSED SO FAR' : 'FAILED',
  ].join('\n');
}
