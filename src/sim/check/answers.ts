/**
 * Answers, one by one (CLUSTER-9): every request has exactly one, within its time; no value is read
 * after it has expired, unless the caller has said that it may be; none is torn; nobody is given an
 * error for a value, or what a loader brought that had ended before. What the submitter's own clock
 * and thread took from it is excused: the time in which it stood still does not count.
 */
import { NEVER } from '../../base/units.js';
import { staleWindow } from '../../loading/load-call.js';
import { NONSENSE, NOTHING, type Operation, timeFor } from '../history.js';

/** For the timer that ends what has taken its time. */
export const MARGIN_MS = 20;

/**
 * What is wrong with an answer that has just come; null if nothing is.
 *
 * @param writer whose value was seen
 * @param source the run of a loader that the answer is from, if that is no value
 */
export function judgeAnswer(
  operation: Operation,
  writer: Operation | null,
  source: Operation | null,
  stoodMs: number,
  expireMax: number,
): string | null {
  const { answers, beganAt, endedAt, seen } = operation;
  if (answers > 1) return 'was answered twice';
  const took = endedAt - beganAt - (stoodMs - operation.stoodMs);
  if (took > timeFor(operation) + MARGIN_MS) return `was answered after ${Math.round(took)} ms`;
  if (seen === NONSENSE) return 'saw a value that nobody wrote';
  if (operation.kind === 'load' && seen === NOTHING) return judgeOrigin(operation, source);
  if (seen === NOTHING || writer === null) return null;
  if (writer.key !== operation.key) return `saw a value of key ${writer.key}`;
  if (writer.outcome === 'lie') return 'saw what a loader brought that had ended before';
  if (writer.kind === 'run' && writer.answers === 0) return 'saw a value where a loader failed';
  const until = goodUntil(operation, writer, expireMax);
  return beganAt < until ? null : `saw a value that had expired at ${Math.round(until)}`;
}

/** "Nothing", and a loader's error, are from a run that came to that. */
function judgeOrigin({ key, outcome }: Operation, source: Operation | null): string | null {
  if (outcome !== 'miss' && outcome !== 'ERR_LOADER') return null;
  if (source === null) return `was answered ${outcome}, and no loader came to that`;
  if (source.key !== key) return `was answered for a loader of key ${source.key}`;
  const isSo = outcome === 'miss' ? source.outcome === 'miss' : isFailed(source);
  return isSo ? null : `was answered ${outcome} for a loader that ended as ${source.outcome}`;
}

/** A run that took too long is an error like another to those who waited for it elsewhere. */
const isFailed = ({ outcome }: Operation): boolean =>
  outcome === 'ERR_LOADER' || outcome === 'ERR_LOAD_TIMEOUT';

/** Until when an operation could begin that was given this value. */
function goodUntil(operation: Operation, writer: Operation, expireMax: number): number {
  if (writer.expiry === NEVER) return NEVER;
  // By whichever clock it was judged: none is behind true time.
  const expiry = Math.max(writer.expiry, expireMax);
  const { kind, wish, isStale } = operation;
  if (kind !== 'load' || wish === null) return expiry;
  if (isStale) return expiry + staleWindow({ ...wish, breaker: null });
  // A load that is under way may be waited for, however short its value lives.
  return writer.kind === 'run' ? Math.max(expiry, writer.endedAt) : expiry;
}

/** Whether an operation should have been answered by now. */
export function isOverdue(operation: Operation, now: number, stoodMs: number): boolean {
  if (operation.outcome !== 'open' || operation.kind === 'run') return false;
  return now - operation.beganAt - (stoodMs - operation.stoodMs) > timeFor(operation) + MARGIN_MS;
}
