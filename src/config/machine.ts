import { totalmem } from 'node:os';
import process from 'node:process';

/** Bytes of memory that this process may use: the machine's, or its container's limit. */
export function machineMemory(): number {
  const total = totalmem();
  // 0 or undefined where there is no limit, or none that can be known.
  const limit = process.constrainedMemory() ?? 0;
  return limit > 0 ? Math.min(total, limit) : total;
}
