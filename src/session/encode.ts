/**
 * Turns a node's reply into a client's. A node says what happened; how that is told depends on the
 * command, and is fixed when the command is sent.
 */
import { type Instant, NEVER } from '../base/units.js';
import type { Reply } from '../node/reply.js';
import { ERROR_PREFIX } from '../resp/error-prefix.js';
import type { ReplyWriter } from '../resp/writer.js';

/** How one reply is told. */
export type SingleShape =
  /** The value, or null: GET. */
  | 'value'
  /** OK, or null if the condition did not hold: SET. */
  | 'stored'
  /** The value that was there, or null: SET … GET. */
  | 'old-value'
  /** Seconds, or milliseconds, to live; -1 without an expiry, -2 without the key: TTL, PTTL. */
  | 'seconds-left'
  | 'milliseconds-left'
  /** string, or none: TYPE. */
  | 'type'
  /** Bytes of the value: STRLEN. */
  | 'length'
  /** Whether the key was there, as 1 or 0: EXPIRE. */
  | 'was-there'
  /** Whether there was an expiry to take off, as 1 or 0: PERSIST. */
  | 'had-expiry';

/** How the reply to one part of a command with many keys, or nodes, is told. */
export type PartShape =
  /** One value of an array: MGET. */
  | 'element'
  /** A number to be added to the others: DEL, EXISTS, DBSIZE. */
  | 'addend'
  /** Nothing by itself; OK when all are done: MSET, FLUSHALL. */
  | 'consent';

export type ReplyShape = SingleShape | PartShape;

/** Writes a reply that is no failure, in one of the shapes that write something. */
export function writeReply(out: ReplyWriter, shape: ReplyShape, reply: Reply, now: Instant): void {
  switch (shape) {
    case 'value':
    case 'old-value':
    case 'element':
      writeValue(out, reply);
      return;
    case 'stored':
      if (reply.status === 'refused') out.null();
      else out.ok();
      return;
    case 'seconds-left':
    case 'milliseconds-left':
      out.integer(timeLeft(shape, reply, now));
      return;
    case 'type':
      out.status(reply.status === 'found' ? 'string' : 'none');
      return;
    case 'length':
      out.integer(reply.status === 'found' ? reply.length : 0);
      return;
    case 'was-there':
      out.integer(reply.status === 'miss' ? 0 : 1);
      return;
    case 'had-expiry':
      out.integer(reply.status === 'found' && reply.expiry !== NEVER ? 1 : 0);
      return;
    case 'addend':
    case 'consent':
      return; // told with the last part
  }
}

/** What a reply adds to the number that a command with several parts answers. */
export function addend(reply: Reply): number {
  switch (reply.status) {
    case 'counted':
      return reply.count;
    case 'found':
    case 'deleted':
      return 1;
    default:
      return 0;
  }
}

/** An error reply for what a node could not do. */
export function writeFailure(out: ReplyWriter, reply: Reply): void {
  const prefix = reply.error === null ? 'ERR' : ERROR_PREFIX[reply.error];
  out.error(`${prefix} ${reply.text}`);
}

function writeValue(out: ReplyWriter, reply: Reply): void {
  if (!reply.hasValue) {
    out.null();
    return;
  }
  const at = out.openBulk(reply.length);
  reply.copyValue(out.bytes, at);
}

const NO_EXPIRY = -1;
const NO_KEY = -2;

/** As Redis: an expiry that has just passed is 0, half a second and more count as one. */
function timeLeft(shape: ReplyShape, reply: Reply, now: Instant): number {
  if (reply.status !== 'found') return NO_KEY;
  if (reply.expiry === NEVER) return NO_EXPIRY;
  const left = Math.max(0, Math.round(reply.expiry - now));
  return shape === 'milliseconds-left' ? left : Math.floor((left + 500) / 1000);
}
