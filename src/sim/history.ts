/**
 * What the submitters asked and heard. Every value is unique: it begins with the number of the
 * operation that wrote it, and the rest follows from that, so a value that is torn, or another's, shows.
 */
import type { ErrorCode } from '../base/errors.js';
import { type Instant, NEVER } from '../base/units.js';
import type { Reply } from '../node/reply.js';
import type { ReplyStatus } from '../wire/message.js';

export type OperationKind = 'get' | 'set' | 'add' | 'delete' | 'expire';
export const KINDS: readonly OperationKind[] = ['get', 'set', 'add', 'delete', 'expire'];

/** How it ended: as it was answered, or not at all. */
export type Outcome =
  | Exclude<ReplyStatus, 'failed'>
  | ErrorCode
  /** It waits for its answer. */
  | 'open'
  /** Its submitter died. */
  | 'abandoned';

/** Outcomes by number, for the timeline. */
export const OUTCOMES: readonly Outcome[] = [
  'open',
  'abandoned',
  'found',
  'miss',
  'stored',
  'refused',
  'deleted',
  'ERR_OUTCOME_UNKNOWN',
  'ERR_TIMEOUT',
  'ERR_CLUSTER_DOWN',
  'ERR_BUSY',
  'ERR_VALUE_TOO_LARGE',
  'ERR_CLOSED',
];

/** Nothing was seen. */
export const NOTHING = -1;
/** What was seen is no value that anybody wrote. */
export const NONSENSE = -2;

const NUMBER_BYTES = 4;
export const VALUE_BYTES_MIN = NUMBER_BYTES;

export interface Operation {
  readonly id: number;
  readonly key: number;
  readonly kind: OperationKind;
  /** Seat of the submitter, and which of all members it was: a seat has several lives. */
  readonly seat: number;
  readonly member: number;
  /** Stamps: order in real time. `end` is Infinity while it is not answered. */
  readonly begin: number;
  end: number;
  readonly beganAt: Instant;
  endedAt: Instant;
  /** How long its submitter had stood still when it began. */
  readonly stoodMs: number;
  outcome: Outcome;
  /** Number of the operation that wrote the value that was seen. */
  seen: number;
  /** set, add: bytes of the value; when it expires, by the submitter's clock. */
  readonly size: number;
  readonly expiry: Instant;
  answers: number;
}

export class History {
  readonly operations: Operation[] = [];
  /** Two memories: answers come while a value is on its way to a machine. */
  #written = new Uint8Array(64);
  #read = new Uint8Array(64);

  begin(
    operation: Omit<Operation, 'id' | 'end' | 'endedAt' | 'outcome' | 'seen' | 'answers'>,
  ): Operation {
    const begun: Operation = {
      id: this.operations.length,
      key: operation.key,
      kind: operation.kind,
      seat: operation.seat,
      member: operation.member,
      begin: operation.begin,
      end: Number.POSITIVE_INFINITY,
      beganAt: operation.beganAt,
      endedAt: NEVER,
      stoodMs: operation.stoodMs,
      outcome: 'open',
      seen: NOTHING,
      size: operation.size,
      expiry: operation.expiry,
      answers: 0,
    };
    this.operations.push(begun);
    return begun;
  }

  answer(operation: Operation, stamp: number, at: Instant, reply: Reply): void {
    operation.answers++;
    operation.end = stamp;
    operation.endedAt = at;
    operation.outcome = reply.error ?? (reply.status as Exclude<ReplyStatus, 'failed'>);
    if (reply.hasValue) operation.seen = this.#numberIn(reply);
  }

  /** The bytes of a value, in memory that is used again. */
  valueOf(operation: Operation): Uint8Array {
    const { id, size } = operation;
    if (size > this.#written.length) this.#written = new Uint8Array(size * 2);
    const bytes = this.#written;
    bytes[0] = id & 0xff;
    bytes[1] = (id >>> 8) & 0xff;
    bytes[2] = (id >>> 16) & 0xff;
    bytes[3] = id >>> 24;
    for (let i = NUMBER_BYTES; i < size; i++) bytes[i] = filler(id, i);
    return bytes;
  }

  /** Which operation wrote a value. */
  #numberIn(reply: Reply): number {
    const { length } = reply;
    if (length < NUMBER_BYTES) return NONSENSE;
    if (length > this.#read.length) this.#read = new Uint8Array(length * 2);
    const bytes = this.#read;
    reply.copyValue(bytes, 0);
    const [a = 0, b = 0, c = 0, d = 0] = bytes;
    const id = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    if (this.operations[id]?.size !== length) return NONSENSE;
    for (let i = NUMBER_BYTES; i < length; i++) if (bytes[i] !== filler(id, i)) return NONSENSE;
    return id;
  }
}

const filler = (id: number, i: number): number => (id * 31 + i) & 0xff;

/** Whether the operation has changed something, for certain. */
export function isDone({ outcome }: Operation): boolean {
  return outcome === 'stored' || outcome === 'deleted';
}

/** Whether nobody knows if the operation has changed something, or will. */
export function isDoubtful({ outcome }: Operation): boolean {
  return outcome === 'open' || outcome === 'abandoned' || outcome === 'ERR_OUTCOME_UNKNOWN';
}
