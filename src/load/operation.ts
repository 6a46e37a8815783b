import { Buffer } from 'node:buffer';
import type { OperationKind } from './plan.js';

/** The command that goes to the server. */
export type Step = 'get' | 'set' | 'delete';

/**
 * One operation on its way: filled by a source, carried by a lane, given back when answered. Lanes
 * keep their operations and fill them again, so that generating makes no garbage.
 */
export class Operation {
  kind: OperationKind = 'get';
  step: Step = 'get';
  /** The key's number. */
  key = 0;
  /** Bytes of the value that a write carries. */
  size = 0;
  ttlMs: number | null = null;
  /** When it should have started, by `performance.now()`: latency counts from here. */
  intendedMs = 0;
  /** When it was issued: later than intended if it had to wait for room. */
  issuedMs = 0;
  /** Numbers this thread's writes in the order in which they are issued, from 1. */
  sequence = 0;
  /** A get: the lowest of this thread's sequences that may lawfully be read (ordering.ts). */
  floor = 0;
}

const NO_BYTES = Buffer.alloc(0);

export type Outcome =
  /** A get found a value. */
  | 'hit'
  /** A get found none. */
  | 'miss'
  /** A write was acknowledged. */
  | 'done'
  /** The server refused. Whether it did anything is for its error to say. */
  | 'refused'
  /** The connection went down, or no answer came in time: nobody knows. */
  | 'lost';

/** The answer to one operation. Borrowed: the bytes are overwritten by the next one. */
export class Answer {
  outcome: Outcome = 'miss';
  /** A hit's value is `bytes[start, end)`. */
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;
  /** What tells an error from others: its first word, or a code. */
  error = '';

  set(outcome: Outcome): this {
    this.outcome = outcome;
    this.bytes = NO_BYTES;
    this.start = 0;
    this.end = 0;
    this.error = '';
    return this;
  }

  fail(outcome: 'refused' | 'lost', error: string): this {
    this.set(outcome);
    this.error = error;
    return this;
  }

  hit(bytes: Buffer, start: number, end: number): this {
    this.outcome = 'hit';
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.error = '';
    return this;
  }
}

/** One stream of operations to the server: a connection, or a caller of the library. */
export interface Lane {
  /** How many operations may be issued now; 0 while it has no connection. */
  room(): number;
  /** An operation to fill and hand to `issue`. Needs room. */
  blank(): Operation;
  issue(operation: Operation): void;
  /** Sends what was issued. */
  flush(): void;
  /** Operations without an answer. */
  inFlight(): number;
  /** Gives up on operations that have waited longer than a server may take. */
  checkStalled(nowMs: number): void;
  close(): void;
}

/** What a lane tells its owner. */
export interface LaneOwner {
  /** Answers have arrived; `answered` follows for each. */
  arrived(): void;
  /** The operation is the lane's again when this returns. */
  answered(lane: Lane, operation: Operation, answer: Answer): void;
  /** There may be room again: issue more, and flush. */
  ready(lane: Lane): void;
  /** The lane had to connect anew. */
  reconnected(): void;
}

/** Makes a lane, connected. */
export type OpenLane = (owner: LaneOwner) => Promise<Lane>;
