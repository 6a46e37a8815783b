/**
 * Answers, one by one (CLUSTER-9): every request has exactly one, within its time; no value is read
 * after it has expired; none is torn. What the submitter's own clock and thread took from it is
 * excused: the time in which it stood still does not count.
 */
import { NEVER } from '../../base/units.js';
import { NONSENSE, NOTHING, type Operation } from '../history.js';

/** A request's time-out, and some milliseconds for the timer that ends it. */
export const ANSWER_MS_MAX = 5_000 + 20;

/** What is wrong with an answer that has just come; null if nothing is. */
export function judgeAnswer(
  operation: Operation,
  writer: Operation | null,
  stoodMs: number,
  expireMax: number,
): string | null {
  const { answers, beganAt, endedAt, seen } = operation;
  if (answers > 1) return 'was answered twice';
  const took = endedAt - beganAt - (stoodMs - operation.stoodMs);
  if (took > ANSWER_MS_MAX) return `was answered after ${Math.round(took)} ms`;
  if (seen === NONSENSE) return 'saw a value that nobody wrote';
  if (seen === NOTHING || writer === null || writer.expiry === NEVER) return null;
  if (writer.key !== operation.key) return `saw a value of key ${writer.key}`;
  // By whichever clock it was judged: none is behind true time.
  const expiry = Math.max(writer.expiry, expireMax);
  return beganAt < expiry ? null : `saw a value that had expired at ${Math.round(expiry)}`;
}

/** Whether an operation should have been answered by now. */
export function isOverdue(operation: Operation, now: number, stoodMs: number): boolean {
  if (operation.outcome !== 'open') return false;
  return now - operation.beganAt - (stoodMs - operation.stoodMs) > ANSWER_MS_MAX;
}
