/** The limits of floor 3 by name. What is over one gets its error at once. */
import { bytes, duration } from '../base/units.js';

/** The longest value, unless said otherwise. */
export const VALUE_BYTES_MAX = bytes(8 * 1024 * 1024);

/** How long a request may take. The same for all, so that the oldest is always the next to end. */
export const REQUEST_TIMEOUT = duration(5_000);
/** How long a request waits for an owner within reach: a node is back in a few milliseconds, or not soon. */
export const OWNER_WAIT = duration(1_000);
/** Requests on their way or waiting, of one router. */
export const OUTSTANDING_MAX = 65_536;
/** Bytes of their keys and values: the copies are kept until the answer, for a retry. */
export const OUTSTANDING_BYTES_MAX = bytes(256 * 1024 * 1024);
/** Those among them that wait for another ring. */
export const PARKED_MAX = 16_384;
/** How often one request is handed to an owner. Each try more is a change of the ring that crossed it. */
export const TRIES_MAX = 16;

/** Requests that a node holds because the asker knows a newer ring than the node does. */
export const DEFERRED_MAX = 16_384;
/** Bytes of their keys and values. */
export const DEFERRED_BYTES_MAX = bytes(64 * 1024 * 1024);

/** NODE-6: how often the sweeper looks for expired entries. */
export const SWEEP_INTERVAL = duration(1_000);
/** It goes on while more than this share of a sample had expired. */
export const SWEEP_AGAIN_SHARE = 0.25;
/** Samples in one turn, so that a wave of expiries does not hold up requests. */
export const SWEEP_ROUNDS_MAX = 16;
/** After a turn that used all its samples the next comes this soon. */
export const SWEEP_SOON = duration(10);
