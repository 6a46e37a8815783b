import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Fields of /proc/PID/stat after the program's name, which is in parentheses and may hold blanks. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const TICKS_A_SECOND_USUAL = 100;

/**
 * Seconds that all threads of a process have computed so far, in user and system, right to a clock
 * tick (10 ms as a rule). Null where there is no /proc.
 */
export function cpuSeconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / ticksASecond();
  } catch {
    return null; // Not Linux.
  }
}

let ticks: number | null = null;

function ticksASecond(): number {
  ticks ??= readTicks();
  return ticks;
}

function readTicks(): number {
  try {
    return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  } catch {
    return TICKS_A_SECOND_USUAL;
  }
}
