import { readFileSync } from 'node:fs';

const KIB = 1_024;

/** What a process has of the machine's memory, in bytes; null where there is no /proc. */
export function residentBytes(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kib === undefined ? null : Number(kib) * KIB;
  } catch {
    return null; // Not Linux.
  }
}
