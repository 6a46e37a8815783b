/** What came of a trial, in words. */
import type { TrialResult, TrialSettings } from './trial.js';
import { CODES, type Count } from './trial-tally.js';

/** What of a result is wrong; nothing if all is well. */
export function findings({ settings, counts, faults }: TrialResult): string[] {
  const list = Object.entries(faults).flatMap(([fault, times]) =>
    times > 0 ? `${fault}: ${times} times` : [],
  );
  if (counts.afterWrites === 0 || counts.loads === 0 || counts.deletes === 0) {
    list.push('nothing was loaded or deleted, so nothing was checked');
  }
  if (settings.deathsEveryMs !== null && counts.threadDeaths === 0) list.push('no thread died');
  if (settings.killsEveryMs !== null && counts.nodeKills === 0) list.push('no node was killed');
  return list;
}

export function describeSettings(settings: TrialSettings): string {
  const { threads, nodes, keys, durationMs, deathsEveryMs, killsEveryMs, seed } = settings;
  const every = (ms: number | null): string => (ms === null ? 'none' : `every ${ms / 1_000} s`);
  return [
    `herd: ${threads} threads on ${nodes} nodes`,
    `${keys} keys`,
    `deaths of threads: ${every(deathsEveryMs)}`,
    `kills of nodes: ${every(killsEveryMs)}`,
    `${durationMs / 1_000} s`,
    `--seed ${seed}`,
  ].join(', ');
}

export function formatResult(result: TrialResult): string {
  const { counts, faults, examples, loads, elapsedMs } = result;
  const found = findings(result);
  const sum = (pick: (stats: TrialResult['loads'][number]) => number): string =>
    number(loads.reduce((total, stats) => total + pick(stats), 0));
  return [
    `time            ${(elapsedMs / 1_000).toFixed(1)} s`,
    `getOrLoad       ${list(counts, ['calls', 'loadedValues', 'setValues', 'nothings'])}`,
    `errors          ${list(counts, CODES)}`,
    `reads           ${list(counts, ['reads', 'misses'])}`,
    `writes          ${list(counts, ['sets', 'deletes'])}; answers whose key had been written before ${number(counts.afterWrites)}`,
    `loads           ${number(counts.loads)}; of the threads that lived to the end: refreshes ${sum((s) => s.refreshes)}, joined ${sum((s) => s.joined)}, waited ${sum((s) => s.waited)}, stale ${sum((s) => s.stale)}, not stored ${sum((s) => s.notStored)}`,
    `two at once     key written meanwhile ${number(counts.written)}, thread dying ${number(counts.death)}, node lost ${number(counts.upset)}, time over ${number(counts.overdue)}, unexplained ${number(faults['two-loads'])}`,
    `deaths          threads ${number(counts.threadDeaths)}, nodes ${number(counts.nodeKills)}`,
    `latest call     ${number(counts.overrunMsMax)} ms over its limit`,
    `faults          ${list(faults, Object.keys(faults) as (keyof typeof faults)[])}`,
    ...examples.map((example) => `  · ${example}`),
    found.length === 0 ? 'PASSED' : `FAILED\n${found.map((text) => `  · ${text}`).join('\n')}`,
  ].join('\n');
}

const WORDS: Partial<Record<string, string>> = {
  loadedValues: 'loaded values',
  setValues: 'values that were set',
  nothings: 'nothing',
} satisfies Partial<Record<Count, string>>;

const number = (n: number): string => n.toLocaleString('en-US');
const list = <N extends string>(counts: Readonly<Record<N, number>>, names: readonly N[]): string =>
  names.map((name) => `${WORDS[name] ?? name} ${number(counts[name])}`).join(', ');
