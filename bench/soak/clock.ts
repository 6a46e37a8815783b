import { performance } from 'node:perf_hooks';

const NANOSECONDS_A_MS = 1e6;
const offset = Number(process.hrtime.bigint()) / NANOSECONDS_A_MS - performance.now();

/** Milliseconds of the machine's monotonic clock: the same in all processes and threads. */
export const machineNow = (): number => performance.now() + offset;
