import { roundSize } from '#src/base/size.js';
import type { MemorySample } from './memory.js';
import type { SoakResult } from './soak.js';

/** Memory at the end may be so many times that of minute two. */
export const MEMORY_RATIO_MAX = 1.05;

/** What of a result is wrong, in words; nothing if all is well. */
export function findings({ tally, troubles, memory, kills, settings }: SoakResult): string[] {
  const list = [...troubles];
  for (const [fault, times] of Object.entries(tally.faults)) {
    if (times > 0) list.push(`${fault}: ${times} times`);
  }
  const operations = Object.values(tally.operations).reduce((sum, n) => sum + n, 0);
  if (operations === 0 || tally.hits === 0) list.push('nothing was done, so nothing was checked');
  const { killEveryMs, durationMs } = settings;
  if (killEveryMs !== null && killEveryMs * 2 < durationMs && kills === 0)
    list.push('nobody was killed');
  if (memory === null) return list;
  for (const what of ['heapUsed', 'rss'] as const) {
    const ratio = memory.late[what] / memory.early[what];
    if (ratio > MEMORY_RATIO_MAX) list.push(`${what} grew by a factor of ${ratio.toFixed(3)}`);
  }
  return list;
}

export function formatResult(result: SoakResult): string {
  const { tally, kills, warmReturns, outageMsMax, memory } = result;
  const { operations, errors, faults, examples } = tally;
  const found = findings(result);
  const lines = [
    `operations      ${pairs(operations)}`,
    `reads           hits ${count(tally.hits)}, misses ${count(tally.misses)}, of which after kills ${count(tally.explainedMisses)}`,
    `bytes           ${roundSize(tally.bytesRead)} read, ${roundSize(tally.bytesWritten)} written`,
    `kills           ${kills}, ${warmReturns} of them with a warm return, longest outage ${Math.round(outageMsMax)} ms; connections lost by them ${count(tally.explainedCuts)}`,
    `longest answer  ${Math.round(tally.latencyMsMax)} ms`,
    `errors          ${pairs(errors) || 'none'}`,
    `faults          ${pairs(faults)}`,
    ...formatMemory(memory),
    ...examples.map((example) => `  · ${example}`),
    found.length === 0 ? 'PASSED' : `FAILED\n${found.map((text) => `  · ${text}`).join('\n')}`,
  ];
  return lines.join('\n');
}

function formatMemory(memory: SoakResult['memory']): string[] {
  if (memory === null) return ['memory          not compared: the run was too short'];
  const { early, late } = memory;
  const line = (name: string, what: keyof MemorySample): string => {
    const ratio = (late[what] / early[what]).toFixed(3);
    return `  ${name.padEnd(14)}${mib(early[what])} → ${mib(late[what])} MiB, × ${ratio}`;
  };
  return [
    `memory          after collection in ${early.threads} and ${late.threads} threads, minute two → end (limit × ${MEMORY_RATIO_MAX})`,
    line('heap used', 'heapUsed'),
    line('RSS', 'rss'),
    line('· slabs', 'slabs'),
    line('· heaps', 'heapHeld'),
    line('· buffers', 'external'),
  ];
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const count = (n: number): string => n.toLocaleString('en-US');
const pairs = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, n]) => `${name} ${count(n)}`)
    .join(', ');
