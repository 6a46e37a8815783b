/** What a router is made with, and what it counts. */
import type { Duration, Epoch, Instant, NodeIndex } from '../base/units.js';
import type { RequestId, RequestMessage } from '../wire/message.js';
import type { Outbox } from './outbox.js';

/** The node that a router is part of. */
export interface LocalNode {
  readonly self: NodeIndex;
  /** Whether a ring is the latest there is: by an older one nothing is executed here any more. */
  isLatest(epoch: Epoch): boolean;
  /** Executes a request whose key the node has come to own, and answers it. */
  executeLocal(now: Instant, id: RequestId, message: RequestMessage, out: Outbox): void;
}

export interface RouterOptions {
  /** The node this router is part of; null for a client. */
  readonly local: LocalNode | null;
  /** How long a request may take, from its submission on. Default 5,000 ms. */
  readonly requestTimeout?: Duration;
  /** How long a request waits for a ring with an owner it can reach. Default 1,000 ms. */
  readonly ownerWait?: Duration;
  /** Requests outstanding at once, at least 1. Default 65,536. */
  readonly outstandingMax?: number;
  /** Bytes of keys and values in outstanding requests, at least 1. Default 256 MiB. */
  readonly outstandingBytesMax?: number;
  /** Outstanding requests that wait for another ring, at least 1. Default 16,384. */
  readonly parkedMax?: number;
  /** The longest value that is sent, in bytes. Default 8 MiB. */
  readonly valueBytesMax?: number;
}

export interface RouterStats {
  /** Requests that went to another node, each try counted. */
  readonly sent: number;
  /** Refusals by an owner with another ring. */
  readonly stale: number;
  /** Times that a request had to wait for another ring. */
  readonly parked: number;
  /** Times that a request had to queue behind an earlier one. */
  readonly queued: number;
  /** Requests that ran out of time. */
  readonly timedOut: number;
  /** Requests refused for a limit. */
  readonly refused: number;
  /** Answers to nothing that is outstanding: late, doubled, or from a stranger. */
  readonly strays: number;
  /** Requests outstanding now. */
  readonly outstanding: number;
  /** Bytes of their keys and values. */
  readonly outstandingBytes: number;
}
