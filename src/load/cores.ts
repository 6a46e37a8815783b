import { cpus } from 'node:os';

/** Time that all cores together have spent, in milliseconds since the machine started. */
export interface CoreTimes {
  readonly busy: number;
  readonly total: number;
}

export function coreTimes(): CoreTimes {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const worked = times.user + times.nice + times.sys + times.irq;
    busy += worked;
    total += worked + times.idle;
  }
  return { busy, total };
}

/** The share of the cores' time that was spent working between two looks, by anyone; 0 to 1. */
export function coresBusy(before: CoreTimes, after: CoreTimes): number {
  const total = after.total - before.total;
  return total === 0 ? 0 : (after.busy - before.busy) / total;
}
