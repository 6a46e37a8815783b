/**
 * Decoded values as messages, if they have a message's shape. Nothing that came over the wire is
 * believed before it was looked at here; what passes may be used without a further check.
 */

import type { ErrorCode } from '../base/errors.js';
import { KEY_BYTES_MAX } from '../base/key.js';
import { VALUE_KINDS } from '../base/kinds.js';
import { type Duration, type Epoch, type Instant, NEVER, type NodeIndex } from '../base/units.js';
import {
  CONDITION_MASK,
  CONDITION_SHIFT,
  CONDITIONS,
  ERROR_CODES,
  KEEP_EXPIRY_BIT,
  KIND_MASK,
  LEASE_MODES,
  OPS,
  RELEASE_REASONS,
  STATUSES,
  SWIM_KINDS,
  SWIM_UPDATE_FIELDS,
  SWIM_UPDATES_MAX,
  TYPE_EPOCH,
  TYPE_LATE,
  TYPE_PING,
  TYPE_PONG,
  TYPE_REPLY,
  TYPE_REQUEST,
  TYPE_STALE,
  TYPE_SUSPECT,
  TYPE_SWIM,
  TYPE_TRUST,
  TYPE_WAKE,
  WAKE_STATUSES,
  WANT_OLD_BIT,
} from './fields.js';
import type { LeaseOrder, LeaseTerms, Message, Op, RequestId } from './message.js';

const NOTHING = new Uint8Array(0);

/** `unknown`: of a later version, to be skipped. `malformed`: of no version. */
export function messageOf(fields: unknown): Message | 'unknown' | 'malformed' {
  if (!Array.isArray(fields)) return 'malformed';
  const type: unknown = fields[0];
  if (!isCount(type)) return 'malformed';
  switch (type) {
    case TYPE_REQUEST:
      return requestOf(fields) ?? 'malformed';
    case TYPE_REPLY:
      return replyOf(fields) ?? 'malformed';
    case TYPE_STALE:
      if (!isCount(fields[1]) || !isCount(fields[2])) return 'malformed';
      return { type: 'stale', id: fields[1] as RequestId, epoch: fields[2] as Epoch };
    case TYPE_PING:
      return isCount(fields[1]) ? { type: 'ping', sequence: fields[1] } : 'malformed';
    case TYPE_PONG:
      return isCount(fields[1]) ? { type: 'pong', sequence: fields[1] } : 'malformed';
    case TYPE_EPOCH:
      return isCount(fields[1]) ? { type: 'epoch', epoch: fields[1] as Epoch } : 'malformed';
    case TYPE_SUSPECT:
      return suspectOf(fields) ?? 'malformed';
    case TYPE_TRUST:
      return isCount(fields[1]) ? { type: 'trust', node: fields[1] as NodeIndex } : 'malformed';
    case TYPE_LATE:
      return isCount(fields[1]) ? { type: 'late', by: fields[1] as Duration } : 'malformed';
    case TYPE_SWIM:
      return swimOf(fields) ?? 'malformed';
    case TYPE_WAKE:
      return wakeOf(fields) ?? 'malformed';
    default:
      return 'unknown';
  }
}

function requestOf(fields: readonly unknown[]): Message | null {
  const [, id, opNumber, key] = fields;
  const options = fields[4] ?? 0;
  const expiry = fields[5] ?? NEVER;
  const value = fields[6] ?? NOTHING;
  if (!isCount(id) || !isCount(opNumber) || !isCount(options)) return null;
  const op = OPS[opNumber];
  const kind = VALUE_KINDS[options & KIND_MASK];
  const condition = CONDITIONS[(options >> CONDITION_SHIFT) & CONDITION_MASK];
  if (op === undefined || kind === undefined || condition === undefined) return null;
  if (!isKeyOf(op, key) || !isBytes(value) || !isInstant(expiry)) return null;
  const lease = isOfLease(op) ? orderOf(fields[7]) : null;
  if (lease === null && isOfLease(op)) return null;
  return {
    type: 'request',
    id: id as RequestId,
    op,
    key,
    value,
    kind,
    condition,
    keepExpiry: (options & KEEP_EXPIRY_BIT) !== 0,
    expiry,
    wantOld: (options & WANT_OLD_BIT) !== 0,
    lease,
  };
}

function replyOf(fields: readonly unknown[]): Message | null {
  const [, id, statusNumber] = fields;
  const value = fields[3] ?? null;
  const kindNumber = fields[4] ?? 0;
  const expiry = fields[6] ?? NEVER;
  const count = fields[7] ?? 0;
  const error = fields[8] ?? null;
  const text = fields[9] ?? '';
  if (!isCount(id) || !isCount(statusNumber) || !isCount(kindNumber) || !isCount(count))
    return null;
  const status = STATUSES[statusNumber];
  const kind = VALUE_KINDS[kindNumber];
  if (status === undefined || kind === undefined) return null;
  if (value !== null && !isBytes(value)) return null;
  const length = value === null ? (fields[5] ?? 0) : value.length;
  if (!isCount(length) || !isInstant(expiry)) return null;
  if (typeof text !== 'string' || (error !== null && typeof error !== 'string')) return null;
  if ((status === 'failed') !== (error !== null)) return null;
  const lease = fields[10] === undefined ? null : termsOf(fields[10]);
  if (lease === null && fields[10] !== undefined) return null;
  return {
    type: 'reply',
    id: id as RequestId,
    status,
    value,
    kind,
    length,
    expiry,
    count,
    error: error === null ? null : knownError(error),
    text,
    lease,
  };
}

function orderOf(fields: unknown): LeaseOrder | null {
  if (!Array.isArray(fields)) return null;
  const [high, low, modeNumber, reasonNumber, limit, loading] = fields as unknown[];
  if (!isCount(high) || !isCount(low) || !isCount(modeNumber) || !isCount(reasonNumber))
    return null;
  const mode = LEASE_MODES[modeNumber];
  const reason = RELEASE_REASONS[reasonNumber];
  if (mode === undefined || reason === undefined) return null;
  if (!isDuration(limit) || !isWord(loading)) return null;
  return { high, low, mode, reason, limit, loading };
}

function termsOf(fields: unknown): LeaseTerms | null {
  if (!Array.isArray(fields)) return null;
  const [high, low, primary, answerHigh, answerLow, limit, isOwn, loading] = fields as unknown[];
  if (!isCount(high) || !isCount(low) || !isCount(answerHigh) || !isCount(answerLow)) return null;
  if (!isCount(primary) || !isDuration(limit)) return null;
  if (typeof isOwn !== 'boolean' || !isWord(loading)) return null;
  return { high, low, primary: primary as NodeIndex, answerHigh, answerLow, limit, isOwn, loading };
}

function wakeOf(fields: readonly unknown[]): Message | null {
  const [, high, low, statusNumber] = fields;
  const value = fields[4] ?? null;
  const kindNumber = fields[5] ?? 0;
  const limit = fields[6] ?? 0;
  if (!isCount(high) || !isCount(low) || !isCount(statusNumber) || !isCount(kindNumber))
    return null;
  const status = WAKE_STATUSES[statusNumber];
  const kind = VALUE_KINDS[kindNumber];
  if (status === undefined || kind === undefined) return null;
  if (value !== null && !isBytes(value)) return null;
  if ((status === 'found' || status === 'rejected') !== (value !== null)) return null;
  if (!isDuration(limit)) return null;
  return { type: 'wake', high, low, status, value, kind, limit };
}

function suspectOf([, node, missed, silent]: readonly unknown[]): Message | null {
  if (!isCount(node) || !isCount(missed) || !isCount(silent)) return null;
  return { type: 'suspect', node: node as NodeIndex, missed, silent: silent as Duration };
}

function swimOf([, kindNumber, sequence, subject, updates]: readonly unknown[]): Message | null {
  if (!isCount(kindNumber) || !isCount(sequence) || !isCount(subject)) return null;
  const kind = SWIM_KINDS[kindNumber];
  if (kind === undefined || !Array.isArray(updates) || !updates.every(isCount)) return null;
  if (updates.length % SWIM_UPDATE_FIELDS !== 0) return null;
  if (updates.length > SWIM_UPDATES_MAX * SWIM_UPDATE_FIELDS) return null;
  return { type: 'swim', kind, sequence, subject: subject as NodeIndex, updates };
}

/** A code of a later version keeps its text and becomes what it is to us: not understood. */
const knownError = (code: string): ErrorCode =>
  Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'ERR_PROTOCOL';

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

const isDuration = (value: unknown): value is Duration =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;

/** A signed word. */
const isWord = (value: unknown): value is number =>
  typeof value === 'number' && value === value >> 0;

const isOfLease = (op: Op): boolean => op === 'lease' || op === 'fill' || op === 'release';

const isInstant = (value: unknown): value is Instant =>
  typeof value === 'number' && !Number.isNaN(value);

function isKeyOf(op: Op, key: unknown): key is Uint8Array {
  if (!isBytes(key)) return false;
  if (op === 'flush' || op === 'count') return key.length === 0;
  return key.length > 0 && key.length <= KEY_BYTES_MAX;
}
