/** The table of false alarms, for the suite and for `npm run calm`. */
import { availableParallelism } from 'node:os';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { ALARMS, type CalmPlan, type CalmResult, calm } from './calm.js';
import { NODES } from './contents.js';
import { rateOf } from './load.js';
import { CALLS } from './load-tally.js';
import { loadNote } from './spread.js';

export const CALM = {
  nodes: NODES.normal,
  blockMs: 2_000,
  freeMsMax: 2_000,
  threads: 2,
  tickMs: 10,
  entries: 20_000,
} as const;
/** The default, and the one with which a hang is known within a second. */
export const INTERVALS_MS = [5_000, 250] as const;

const SECONDS: Readonly<Record<Effort, number>> = { smoke: 1, normal: 20, full: 120 };
const SMOKE_BLOCK_MS = 400;

export async function calmUnderPressure({ effort, progress }: SuiteContext): Promise<Section> {
  const seconds = SECONDS[effort];
  const smoke = {
    ...CALM,
    nodes: NODES.smoke,
    entries: 1_000,
    blockMs: SMOKE_BLOCK_MS,
    freeMsMax: SMOKE_BLOCK_MS,
  };
  const common = effort === 'smoke' ? smoke : CALM;
  const runs: [CalmPlan, CalmResult][] = [];
  // With the quick one a machine that is busy enough may really keep a node from its turn that long.
  for (const heartbeatInterval of effort === 'smoke' ? INTERVALS_MS.slice(0, 1) : INTERVALS_MS) {
    progress(`failures: ${seconds} s under pressure, heartbeats every ${heartbeatInterval} ms`);
    const plan = { ...common, seconds, heartbeatInterval };
    runs.push([plan, await calm(plan, () => {})]);
  }
  return calmSection(runs);
}

export function calmSection(runs: readonly (readonly [CalmPlan, CalmResult])[]): Section {
  const [first] = runs;
  if (first === undefined) throw new Error('Cannot print a table of nothing');
  const [plan] = first;
  return {
    title: 'Failures: false alarms, with all cores busy and the supervisor’s thread blocked',
    columns: [
      'heartbeats every ms',
      'seconds',
      'blocks',
      ...ALARMS,
      'calls',
      'misses',
      'errors',
      'cores busy %',
    ],
    rows: runs.map(([settings, result]) => cellsOf(settings, result)),
    notes: [
      `aim: no node-down, no error. ${availableParallelism()} threads that do nothing but burn, ${plan.nodes} nodes, ${plan.threads} client threads,`,
      `up to ${rateOf(plan).toLocaleString('en-US')} calls a second; blocked for ${plan.blockMs} ms at a time, free for up to ${plan.freeMsMax}`,
      ...runs.flatMap(([, { texts }]) => texts.map((text) => `down: ${text}`)),
      loadNote(),
    ],
  };
}

function cellsOf({ seconds, heartbeatInterval }: CalmPlan, result: CalmResult): Cell[] {
  const { alarms, blocks, tally, errors, coresBusy } = result;
  const { others } = tally.counts;
  const calls = CALLS.reduce((sum, call) => sum + others[call].ok, 0);
  const misses = CALLS.reduce((sum, call) => sum + others[call].misses, 0);
  const listed = Object.entries(errors).map(([code, times]) => `${code} ${times}`);
  return [
    heartbeatInterval,
    seconds,
    blocks,
    ...ALARMS.map((alarm) => alarms[alarm]),
    calls,
    misses,
    listed.join(', ') || 'none',
    Math.round(coresBusy * 100),
  ];
}
