/**
 * A submitter's own order: two of its requests for one key take effect in the order in which it made
 * them, also when it did not wait for the first. Linearizability alone does not say so of
 * requests that overlap. So once a submitter has written, what it asks for later does not see
 *
 *     a value that it wrote itself before that           its two writes have changed places
 *     a value whose write had ended before that began    its read has overtaken its write
 *
 * Writes of which nobody knows whether they were done prove nothing, and are passed over.
 */
import { isDone, isDoubtful, NOTHING, type Operation } from '../history.js';

export interface SessionFault {
  readonly text: string;
  readonly shown: readonly Operation[];
}

/** @param operations all of one key, in the order in which they were begun */
export function judgeSessions(
  operations: readonly Operation[],
  writerOf: (seen: number) => Operation | null,
): SessionFault | null {
  /** The latest write of each submitter that was done for certain. */
  const latest = new Map<number, Operation>();
  for (const operation of operations) {
    const own = latest.get(operation.member);
    if (own !== undefined && operation.seen !== NOTHING) {
      const writer = writerOf(operation.seen);
      if (writer !== null && writer !== own && isBefore(writer, own)) {
        return { text: 'a submitter does not see its own write', shown: [writer, own, operation] };
      }
    }
    if (isDone(operation)) latest.set(operation.member, operation);
  }
  return null;
}

function isBefore(writer: Operation, own: Operation): boolean {
  if (writer.member === own.member) return writer.begin < own.begin;
  return !isDoubtful(writer) && writer.end < own.begin;
}
