import type { Duration, Epoch } from '../base/units.js';
import type { LeaseToken, ReleaseReason } from '../wire/message.js';
import type { Ask } from './ask.js';
import type { Failure } from './failure.js';
import type { Flight, Look } from './flight.js';
import type { KeptValue, LoadCall, LoadKey, LoadOutcome } from './load-call.js';

/** All that the machine asks of the world. */
export interface LoadsOutbox {
  /** Epoch of the ring in use; null before the first. */
  readonly epoch: Epoch | null;
  /** Looks what a key's answer is, in its owner's memory; null if that cannot be told from here, now. */
  look(key: LoadKey): Look | null;
  /** Asks the key's primary; the answer comes as `answered`. */
  ask(ask: Ask): void;
  /** Runs the loader of the flight's leader; what comes of it comes, later, as `loaded`, `empty` or `failed`. */
  load(flight: Flight): void;
  /** The load is not waited for any more: its signal is to be aborted. */
  cancel(flight: Flight): void;
  /** Stores the flight's value, under its lease; the answer comes as `filled`. */
  fill(flight: Flight): void;
  /** Gives a lease back, without an answer. */
  release(
    key: LoadKey,
    token: LeaseToken,
    reason: ReleaseReason,
    limit: Duration,
    failure: Failure | null,
  ): void;
  /** The call is over. */
  settle(call: LoadCall, outcome: LoadOutcome): void;
  /** A value was found by message: whoever asked may refresh it early. */
  served(call: LoadCall, value: KeptValue): void;
}
