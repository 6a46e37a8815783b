/**
 * What the submitters asked and heard. Every value is unique: it begins with the number of the
 * operation that wrote it, and the rest follows from that, so a value that is torn, or another's, shows.
 *
 * Each run of a loader is put down as an operation of its own (`run`), beside the calls (`load`) that
 * get what it brings: so it is known of every value, and of every error, which load it is from.
 */
import { unreachable } from '../base/assert.js';
import type { ErrorCode } from '../base/errors.js';
import { type Duration, type Instant, NEVER } from '../base/units.js';
import type { LoadOutcome, LoadTerms } from '../loading/load-call.js';
import { REQUEST_TIMEOUT } from '../node/limits.js';
import type { Reply } from '../node/reply.js';
import type { ReplyStatus } from '../wire/message.js';

export type OperationKind =
  | 'get'
  | 'set'
  | 'add'
  | 'delete'
  | 'expire'
  /** getOrLoad. */
  | 'load'
  /** A loader runs: nobody submits that. */
  | 'run';
export const KINDS: readonly OperationKind[] = [
  'get',
  'set',
  'add',
  'delete',
  'expire',
  'load',
  'run',
];

/** What a getOrLoad asks for; its circuit breaker is its client's. */
export interface LoadWish extends Omit<LoadTerms, 'breaker'> {
  readonly ttl: Duration | null;
  readonly beta: number;
  /** After so long the caller waits no more, whatever comes; null: it is patient. */
  readonly patience: Duration | null;
}

/** How it ended: as it was answered, or not at all. */
export type Outcome =
  | Exclude<ReplyStatus, 'failed'>
  | ErrorCode
  /** It waits for its answer. run: the loader runs, or what it brought is being stored. */
  | 'open'
  /** Its submitter died, or waits no more. */
  | 'abandoned'
  /** run: what a loader brings that has ended already. Nobody may ever see it. */
  | 'lie';

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
  'ERR_LOADER',
  'ERR_LOAD_TIMEOUT',
  'ERR_CIRCUIT_OPEN',
  'lie',
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
  /** set, add, run: bytes of the value; when it expires, by the submitter's clock. */
  readonly size: number;
  expiry: Instant;
  answers: number;
  /** load: what is wanted. */
  readonly wish: LoadWish | null;
  /** load: number of the run that the answer is from, if that is no value; NOTHING if it is from none. */
  origin: number;
  /** load: the answer has expired, and the caller has said that it may. */
  isStale: boolean;
}

/** How long an answer may take. */
export const timeFor = ({ wish }: Operation): Duration => wish?.timeout ?? REQUEST_TIMEOUT;

type Draft = Omit<
  Operation,
  'id' | 'end' | 'endedAt' | 'outcome' | 'seen' | 'answers' | 'origin' | 'isStale'
>;

export class History {
  readonly operations: Operation[] = [];
  /** Two memories: answers come while a value is on its way to a machine. */
  #written = new Uint8Array(64);
  #read = new Uint8Array(64);

  begin(operation: Draft): Operation {
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
      wish: operation.wish,
      origin: NOTHING,
      isStale: false,
    };
    this.operations.push(begun);
    return begun;
  }

  answer(operation: Operation, stamp: number, at: Instant, reply: Reply): void {
    operation.answers++;
    operation.end = stamp;
    operation.endedAt = at;
    operation.outcome = reply.error ?? (reply.status as Exclude<ReplyStatus, 'failed'>);
    if (reply.hasValue) operation.seen = this.#numberOf(reply);
  }

  /**
   * The answer to a getOrLoad.
   *
   * @param origin number of the run that it is from, where it is no value
   */
  answerLoad(
    operation: Operation,
    stamp: number,
    at: Instant,
    outcome: LoadOutcome,
    origin: number,
  ): void {
    operation.answers++;
    operation.end = stamp;
    operation.endedAt = at;
    operation.origin = origin;
    switch (outcome.status) {
      case 'value':
        operation.outcome = 'found';
        operation.isStale = outcome.isStale;
        operation.seen = this.numberIn(outcome.value.bytes, outcome.value.bytes.length);
        break;
      case 'nothing':
        operation.outcome = 'miss';
        break;
      case 'failed':
        operation.outcome = outcome.failure.code;
        break;
      default:
        unreachable(outcome);
    }
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

  /** Which operation may have written a value that begins there. */
  operationAt(bytes: Uint8Array, at: number): Operation | undefined {
    return this.operations[numberAt(bytes, at)];
  }

  /** Which operation wrote a value, the first `length` bytes; NONSENSE if none did. */
  numberIn(bytes: Uint8Array, length: number): number {
    if (length < NUMBER_BYTES) return NONSENSE;
    const id = numberAt(bytes, 0);
    if (this.operations[id]?.size !== length) return NONSENSE;
    for (let i = NUMBER_BYTES; i < length; i++) if (bytes[i] !== filler(id, i)) return NONSENSE;
    return id;
  }

  #numberOf(reply: Reply): number {
    const { length } = reply;
    if (length > this.#read.length) this.#read = new Uint8Array(length * 2);
    if (length >= NUMBER_BYTES) reply.copyValue(this.#read, 0);
    return this.numberIn(this.#read, length);
  }
}

function numberAt(bytes: Uint8Array, at: number): number {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
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
