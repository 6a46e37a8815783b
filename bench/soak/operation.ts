import type { Buffer } from 'node:buffer';
import type { ReadStart } from './checker.js';
import type { Write } from './writer-book.js';

/** A write and the bytes it writes; null for a delete. */
export interface WriteItem {
  readonly write: Write;
  readonly value: Buffer | null;
}

/** One command on its way, with what is needed to judge its answer. */
export type Operation = { readonly issuedAtMs: number } & (
  | { readonly kind: 'get'; readonly reads: readonly [ReadStart] }
  | { readonly kind: 'mget'; readonly reads: readonly ReadStart[] }
  | { readonly kind: 'set'; readonly items: readonly [WriteItem]; readonly ttlMs: number | null }
  | { readonly kind: 'mset'; readonly items: readonly WriteItem[] }
  | { readonly kind: 'delete'; readonly items: readonly [WriteItem] }
);

export type Kind = Operation['kind'];

/** How an operation ended. */
export type Ending =
  | { readonly status: 'answered' }
  /** An error; `code` is the library's, or the server's text where it is not one we know. */
  | { readonly status: 'failed'; readonly code: string }
  /** The connection went down under it. */
  | { readonly status: 'cut' };

/** Who drives a door: hears every answer. Bytes are borrowed for the call. */
export interface DoorOwner {
  value(operation: Operation, index: number, bytes: Buffer, start: number, end: number): void;
  nothing(operation: Operation, index: number): void;
  ended(operation: Operation, ending: Ending): void;
  /** All that was sent has been answered: send more. */
  ready(door: Door): void;
  /** The connection to a node went down, having been of use since `sinceMs`; or is back. */
  wentDown(node: number, sinceMs: number): void;
  /** The server said what is no answer to what it was asked. */
  nonsense(text: string): void;
}

/** A way into the cluster: a connection to one node, or the library's client. */
export interface Door {
  readonly name: string;
  /** The operation that has been on its way for the longest. */
  readonly oldest: Operation | null;
  readonly isOpen: boolean;
  /** When the oldest operation on its way was issued, or since when the door has tried to open; null when idle. */
  readonly waitingSinceMs: number | null;
  readonly inFlight: number;
  /** Sends operations together. */
  send(batch: readonly Operation[]): void;
  /** Gives up what is on its way. */
  abandon(): void;
  close(): void;
}
