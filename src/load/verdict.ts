import { unreachable } from '../base/assert.js';

/** What kept the figures from being better. */
export type Limit =
  /** Open loop: nothing; the intended rate was held. */
  | 'none'
  /** The server, or the round trips to it. */
  | 'server'
  /** The generator threads: the figures say little about the server. */
  | 'generator'
  /** All cores were busy, with generating and serving on the same machine. */
  | 'machine';

export interface Verdict {
  readonly limit: Limit;
  readonly text: string;
}

/** What a verdict is made of. */
export interface Evidence {
  readonly rate: number | null;
  readonly operations: number;
  readonly unsent: number;
  readonly lateForRoom: number;
  readonly lateForThread: number;
  /** Of the busiest generator thread, 0 to 1. Says nothing in open loop, where threads poll. */
  readonly utilization: number;
  /** Share of all cores' time that was spent working, 0 to 1. */
  readonly coresBusy: number;
  readonly inFlightMax: number;
  readonly via: 'resp' | 'library';
}

/** A generator thread that is this busy cannot generate more. */
const THREAD_BUSY = 0.95;
const CORES_BUSY = 0.95;
/** The share of late operations up to which an open loop's latencies are the server's. */
const LATE_SHARE_MAX = 0.01;

/** Says what was the limit, and what to do about it. */
export function judge(evidence: Evidence): Verdict {
  const limit = evidence.rate === null ? judgeClosed(evidence) : judgeOpen(evidence);
  return { limit, text: describe(limit, evidence) };
}

function judgeClosed({ utilization, coresBusy }: Evidence): Limit {
  if (utilization >= THREAD_BUSY) return 'generator';
  return coresBusy >= CORES_BUSY ? 'machine' : 'server';
}

function judgeOpen(evidence: Evidence): Limit {
  const { operations, unsent, lateForRoom, lateForThread, coresBusy } = evidence;
  const late = lateForRoom + lateForThread;
  const intended = operations + unsent;
  if (unsent <= intended * LATE_SHARE_MAX && late <= intended * LATE_SHARE_MAX) return 'none';
  if (lateForRoom >= lateForThread) return 'server';
  return coresBusy >= CORES_BUSY ? 'machine' : 'generator';
}

function describe(limit: Limit, evidence: Evidence): string {
  const { rate, utilization, inFlightMax, unsent, lateForRoom, lateForThread } = evidence;
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const late = `${unsent} were never sent, ${lateForRoom + lateForThread} over 1 ms late`;
  // The library works in the generator's thread: that one is busy with both.
  const byLibrary = evidence.via === 'library';
  const who = byLibrary
    ? "the generator with the library's client in it: its"
    : 'the generator: its';
  const mend = byLibrary ? '' : '; give it more --threads';
  switch (limit) {
    case 'none':
      return `the intended ${rate} operations a second were held`;
    case 'server':
      return rate === null
        ? `the server, or the round trips to it with at most ${inFlightMax} in flight (the busiest generator thread was ${percent(utilization)} busy)`
        : `the server: it answered too slowly for ${rate} a second with at most ${inFlightMax} in flight (${late})`;
    case 'generator':
      return rate === null
        ? `${who} busiest thread was ${percent(utilization)} busy${mend}`
        : `${who} threads could not keep to ${rate} a second (${late})${mend}`;
    case 'machine':
      return 'the machine: its cores were all busy, generating and serving share them';
    default:
      return unreachable(limit);
  }
}
