import { percentile } from '../support/median.js';
import type { KillsDone } from './kill-loop.js';
import type { StressResult, StressSettings } from './stress.js';

/** What of a result is wrong, in words; nothing if all is well. */
export function findings({ tally, kills }: StressResult): string[] {
  const list = Object.entries(tally.faults).flatMap(([fault, times]) =>
    times > 0 ? `${fault}: ${times} times` : [],
  );
  const { hits, sets, versionsSeen } = tally.counts;
  if (hits === 0 || sets === 0 || versionsSeen === 0) {
    list.push('nothing was read or written, so nothing was checked');
  }
  if (kills !== null && kills.returnsMs.length === 0) list.push('nobody was killed');
  if (kills !== null && kills.warm === 0) {
    list.push('no node came back with its memory');
  }
  return list;
}

export function describeSettings(what: string, settings: StressSettings): string {
  const { threads, nodes, keysPerWriter, durationMs, evicts, kills, seed } = settings;
  const parts = [
    `${threads} threads on ${nodes} nodes`,
    `${count(threads * keysPerWriter)} keys`,
    `${evicts ? 'memory for some of it' : 'memory for all of it'}`,
    ...(kills === null ? [] : [`up to ${count(kills.kills)} kills`]),
    `at most ${durationMs / 1_000} s`,
    `--seed ${seed}`,
  ];
  return `${what}: ${parts.join(', ')}`;
}

export function formatResult(result: StressResult): string {
  const { tally, end, elapsedMs, explained, kills } = result;
  const { counts, faults, errors, examples } = tally;
  const found = findings(result);
  const seconds = elapsedMs / 1_000;
  const read = `hits ${count(counts.hits)}, misses ${count(counts.misses)}, not to be done ${count(counts.unread)}`;
  return [
    `time            ${seconds.toFixed(1)} s`,
    `reads in place  ${read}`,
    `by promise      reads ${count(counts.gets)}, sets ${count(counts.sets)}, deletes ${count(counts.deletes)}, expires ${count(counts.expires)}`,
    `rule F          versions ${count(counts.versionsSeen)}, floors ${count(counts.floorsSeen)}`,
    ...(kills === null ? [] : formatKills(kills, explained)),
    `at the end      ${end === null ? 'not looked at' : `${count(end.entries)} entries, ${count(end.trackedBytes)} tracked bytes`}`,
    `errors          ${pairs(errors) || 'none'}`,
    `faults          ${pairs(faults)}`,
    ...examples.map((example) => `  · ${example}`),
    found.length === 0 ? 'PASSED' : `FAILED\n${found.map((text) => `  · ${text}`).join('\n')}`,
  ].join('\n');
}

function formatKills({ returnsMs, warm, losses }: KillsDone, explained: number): string[] {
  const cold = losses.length;
  return [
    `kills           ${count(returnsMs.length)}: ${count(warm)} came back with their memory, ${count(cold)} without (which explains ${count(explained)} misses)`,
    `back after      p50 ${percentileText(returnsMs, 0.5)} ms, p99 ${percentileText(returnsMs, 0.99)} ms, max ${percentileText(returnsMs, 1)} ms`,
  ];
}

/** To a tenth, in words. */
export const percentileText = (values: readonly number[], share: number): string =>
  values.length === 0 ? 'none' : percentile(values, share).toFixed(1);

const count = (n: number): string => n.toLocaleString('en-US');
const pairs = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, n]) => `${name} ${count(n)}`)
    .join(', ');
