import type { Bytes, Instant, KeyHash, NodeIndex } from '../base/units.js';
import type { RequestId, RequestMessage } from '../wire/message.js';
import type { Command } from './command.js';
import { isRead, requestMessageOf } from './conversion.js';
import type { Link } from './fifo.js';

/**
 * Where a request is.
 *
 *     (new) ──▶ sent ──▶ settled           the plain life
 *       │        │ ▲
 *       │  stale │ │ a ring, a link, its turn
 *       ▼        ▼ │
 *       parked, queued ──▶ settled         refused, out of time
 */
export type PendingState =
  /** With its owner: it may have been done. */
  | 'sent'
  /** Waits for a ring with an owner within reach. Nothing was done. */
  | 'parked'
  /** Waits for its turn behind earlier requests of its key. Nothing was done. */
  | 'queued'
  /** Answered, and forgotten by the router. */
  | 'settled';

/** One request that the router has not answered yet. */
export class Pending {
  /** What the submitter calls it. */
  readonly origin: RequestId;
  /** Rises with each submission: the order that requests of one key keep. */
  readonly sequence: number;
  readonly hash: KeyHash;
  /** The node meant; null where the key says it. */
  readonly target: NodeIndex | null;
  readonly isRead: boolean;
  /** It asks for a lease. */
  readonly isQuestion: boolean;
  /** What it counts for against the limit of bytes. */
  readonly bytes: Bytes;
  readonly deadline: Instant;
  /** Its place among all requests by age; null once settled. */
  age: Link<Pending> | null = null;

  state: PendingState = 'queued';
  /** Carries another id with each try, so that an answer to an earlier try is known as late. */
  message: RequestMessage;
  tries = 0;
  /** sent: to whom. */
  owner: NodeIndex | null = null;
  /** sent: under an earlier ring than the present one. It is counted in its key's lane. */
  crossing = false;

  /** parked: its place in the queue, and until when. */
  parking: Link<Pending> | null = null;
  parkedUntil: Instant;

  constructor(origin: RequestId, sequence: number, command: Command, deadline: Instant) {
    this.origin = origin;
    this.sequence = sequence;
    this.message = requestMessageOf(origin, command);
    this.hash = command.key.hash;
    this.target = command.target;
    this.isRead = isRead(command.op);
    this.isQuestion = command.op === 'lease';
    this.bytes = (this.message.key.length + this.message.value.length) as Bytes;
    this.deadline = deadline;
    this.parkedUntil = deadline;
  }
}

/** Oldest submission first. */
export const bySequence = (a: Pending, b: Pending): number => a.sequence - b.sequence;
