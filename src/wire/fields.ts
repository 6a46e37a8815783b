/**
 * A message as the array of its fields: the numbers that stand for names on the wire, and the
 * writing side. `shape.ts` is the reading side.
 *
 *     request  1, id, op, key,  options, expiry, value, lease
 *     reply    2, id, status,   value, kind, length, expiry, count, error, text, lease
 *     stale    3, id, epoch
 *     ping     4, sequence
 *     pong     5, sequence
 *     epoch    6, epoch
 *     suspect  7, node, missed, silent
 *     trust    8, node
 *     swim     9, kind, sequence, subject, updates
 *     late    10, by
 *     wake    11, high, low, status, value, kind, limit
 *
 *     lease of a request: [high, low, mode, reason, limit, loading]
 *     lease of a reply:   [high, low, primary, answer high, answer low, limit, is own, loading]
 *
 *     options of a request, in bits:   5 wantOld │ 4 keepExpiry │ 3…2 condition │ 1…0 kind
 *
 * A list here is a contract with other versions: add at its end, never reorder.
 */
import { unreachable } from '../base/assert.js';
import type { ErrorCode } from '../base/errors.js';
import { VALUE_KINDS } from '../base/kinds.js';
import { type Instant, NEVER } from '../base/units.js';
import type {
  LeaseMode,
  LeaseOrder,
  LeaseTerms,
  Message,
  Op,
  ReleaseReason,
  ReplyMessage,
  ReplyStatus,
  RequestMessage,
  SetCondition,
  SwimKind,
  WakeMessage,
  WakeStatus,
} from './message.js';

export const TYPE_REQUEST = 1;
export const TYPE_REPLY = 2;
export const TYPE_STALE = 3;
export const TYPE_PING = 4;
export const TYPE_PONG = 5;
export const TYPE_EPOCH = 6;
export const TYPE_SUSPECT = 7;
export const TYPE_TRUST = 8;
export const TYPE_SWIM = 9;
export const TYPE_LATE = 10;
export const TYPE_WAKE = 11;

export const OPS: readonly Op[] = [
  'get',
  'stat',
  'touch',
  'set',
  'delete',
  'expire',
  'flush',
  'count',
  'lease',
  'fill',
  'release',
];
export const STATUSES: readonly ReplyStatus[] = [
  'found',
  'miss',
  'stored',
  'refused',
  'deleted',
  'flushed',
  'counted',
  'failed',
  'granted',
  'waiting',
  'rejected',
  'freed',
];
export const CONDITIONS: readonly SetCondition[] = ['always', 'if-absent', 'if-present'];

export const LEASE_MODES: readonly LeaseMode[] = ['load', 'join', 'refresh'];
export const RELEASE_REASONS: readonly ReleaseReason[] = ['error', 'nothing', 'returned'];
export const WAKE_STATUSES: readonly WakeStatus[] = ['found', 'miss', 'rejected', 'again'];

export const SWIM_KINDS: readonly SwimKind[] = ['ping', 'ack', 'ping-request', 'nack'];
/** Updates that one SWIM message carries at the most. */
export const SWIM_UPDATES_MAX = 64;
/** Numbers of an update: member, state, incarnation. */
export const SWIM_UPDATE_FIELDS = 3;

/** Error codes go by name: they are rare, and a reader can tell one that it does not know. */
export const ERROR_CODES: Readonly<Record<ErrorCode, true>> = {
  ERR_KEY: true,
  ERR_VALUE_TOO_LARGE: true,
  ERR_VALUE_TYPE: true,
  ERR_TTL: true,
  ERR_CLUSTER_DOWN: true,
  ERR_BUSY: true,
  ERR_OUTCOME_UNKNOWN: true,
  ERR_TIMEOUT: true,
  ERR_CLOSED: true,
  ERR_START: true,
  ERR_USAGE: true,
  ERR_PROTOCOL: true,
  ERR_CHAOS_OFF: true,
  ERR_LOADER: true,
  ERR_LOAD_TIMEOUT: true,
  ERR_CIRCUIT_OPEN: true,
};

export const KIND_MASK = 0b11;
export const CONDITION_SHIFT = 2;
export const CONDITION_MASK = 0b11;
export const KEEP_EXPIRY_BIT = 1 << 4;
export const WANT_OLD_BIT = 1 << 5;

/** The fields of a message, without the defaults at the end. */
export function fieldsOf(message: Message): unknown[] {
  switch (message.type) {
    case 'request':
      return requestFields(message);
    case 'reply':
      return replyFields(message);
    case 'stale':
      return [TYPE_STALE, message.id, message.epoch];
    case 'ping':
      return [TYPE_PING, message.sequence];
    case 'pong':
      return [TYPE_PONG, message.sequence];
    case 'epoch':
      return [TYPE_EPOCH, message.epoch];
    case 'suspect':
      return [TYPE_SUSPECT, message.node, message.missed, message.silent];
    case 'trust':
      return [TYPE_TRUST, message.node];
    case 'late':
      return [TYPE_LATE, message.by];
    case 'wake':
      return wakeFields(message);
    case 'swim': {
      const { kind, sequence, subject, updates } = message;
      return [TYPE_SWIM, SWIM_KINDS.indexOf(kind), sequence, subject, updates];
    }
    default:
      return unreachable(message);
  }
}

function requestFields(message: RequestMessage): unknown[] {
  return trim([
    TYPE_REQUEST,
    message.id,
    OPS.indexOf(message.op),
    message.key,
    numberOrNil(optionsOf(message)),
    expiryOrNil(message.expiry),
    message.value.length === 0 ? null : message.value,
    message.lease === null ? null : orderFields(message.lease),
  ]);
}

function replyFields(message: ReplyMessage): unknown[] {
  return trim([
    TYPE_REPLY,
    message.id,
    STATUSES.indexOf(message.status),
    message.value,
    numberOrNil(VALUE_KINDS.indexOf(message.kind)),
    // A value that is there says its length itself.
    message.value === null ? numberOrNil(message.length) : null,
    expiryOrNil(message.expiry),
    numberOrNil(message.count),
    message.error,
    message.text === '' ? null : message.text,
    message.lease === null ? null : termsFields(message.lease),
  ]);
}

const orderFields = ({ high, low, mode, reason, limit, loading }: LeaseOrder): number[] => [
  high,
  low,
  LEASE_MODES.indexOf(mode),
  RELEASE_REASONS.indexOf(reason),
  limit,
  loading,
];

function termsFields(terms: LeaseTerms): unknown[] {
  const { high, low, primary, answerHigh, answerLow, limit, isOwn, loading } = terms;
  return [high, low, primary, answerHigh, answerLow, limit, isOwn, loading];
}

function wakeFields({ high, low, status, value, kind, limit }: WakeMessage): unknown[] {
  return trim([
    TYPE_WAKE,
    high,
    low,
    WAKE_STATUSES.indexOf(status),
    value,
    numberOrNil(VALUE_KINDS.indexOf(kind)),
    numberOrNil(limit),
  ]);
}

const optionsOf = (message: RequestMessage): number =>
  VALUE_KINDS.indexOf(message.kind) |
  (CONDITIONS.indexOf(message.condition) << CONDITION_SHIFT) |
  (message.keepExpiry ? KEEP_EXPIRY_BIT : 0) |
  (message.wantOld ? WANT_OLD_BIT : 0);

const numberOrNil = (n: number): number | null => (n === 0 ? null : n);
const expiryOrNil = (expiry: Instant): number | null => (expiry === NEVER ? null : expiry);

function trim(fields: unknown[]): unknown[] {
  while (fields[fields.length - 1] === null) fields.pop();
  return fields;
}
