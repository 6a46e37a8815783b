/**
 * One call that waits for a key to be loaded. Who made it puts what it needs beside these fields: the
 * loader, the promise.
 */
import type { ValueKind } from '../base/kinds.js';
import { type Duration, type Instant, type KeyHash, NEVER } from '../base/units.js';
import type { CircuitBreaker } from './breaker.js';
import { NOT_TIMED, type Timed } from './deadlines.js';
import type { Failure } from './failure.js';
import type { Flight } from './flight.js';

/** A value, as bytes; not changed by anybody. */
export interface LoadedValue {
  readonly kind: ValueKind;
  readonly bytes: Uint8Array;
}

/** A value that is still kept after its expiry, or not expired yet. */
export interface KeptValue extends LoadedValue {
  readonly expiry: Instant;
  readonly loading: number;
}

/** What a call wants, as far as the machine must know. */
export interface LoadTerms {
  /** Time limit of a load, and of the wait for one. */
  readonly timeout: Duration;
  readonly staleWhileRevalidate: Duration;
  readonly staleIfError: Duration;
  /** How long it is remembered that there is nothing. */
  readonly negativeTtl: Duration;
  /** How long an error is remembered. */
  readonly errorTtl: Duration;
  readonly breaker: CircuitBreaker | null;
}

/** How long after its expiry a value is of use to a call. */
export const staleWindow = ({ staleIfError, staleWhileRevalidate }: LoadTerms): Duration =>
  staleIfError > staleWhileRevalidate ? staleIfError : staleWhileRevalidate;

/** A key, in the two forms that are wanted of it. */
export interface LoadKey {
  /** One character a byte. */
  readonly text: string;
  readonly hash: KeyHash;
}

/** How a call ends. */
export type LoadOutcome =
  | {
      readonly status: 'value';
      readonly value: LoadedValue;
      /** Expired; the caller has said that it may be. */
      readonly isStale: boolean;
    }
  /** There is no such thing. */
  | { readonly status: 'nothing' }
  | { readonly status: 'failed'; readonly failure: Failure };

export class LoadCall implements Timed {
  readonly key: LoadKey;
  readonly terms: LoadTerms;
  /** Nobody waits for it: a value that is there is to be loaded anew. */
  readonly isRefresh: boolean;
  /** When its time is over. */
  at: Instant = NEVER;
  position = NOT_TIMED;
  isSettled = false;
  /** The expired value that was there when it began, or later. */
  stale: KeptValue | null = null;
  /** The load that it waits for; null: it waits for an answer, or for its turn to ask. */
  flight: Flight | null = null;

  constructor(key: LoadKey, terms: LoadTerms, isRefresh: boolean) {
    this.key = key;
    this.terms = terms;
    this.isRefresh = isRefresh;
  }
}
