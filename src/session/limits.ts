/** Limits of one connection. What waits for a client, or for a node on its behalf, is bounded. */
import { assert } from '../base/assert.js';
import { KEY_BYTES_MAX } from '../base/key.js';
import { type Bytes, bytes } from '../base/units.js';
import { BULK_BYTES_MAX, REQUEST_BYTES_MAX } from '../resp/limits.js';

/**
 * Replies that may be owed to one client at a time: commands, or the single keys of a command with
 * many. Above it nothing more is read from the client until replies have come. A power of two,
 * because the place of a reply is the low part of its request's id.
 */
export const PIPELINE_DEPTH_MAX = 1024;

/** Bytes of output that wait for a client above which its commands are no longer executed. */
export const OUTPUT_PAUSE_BYTES = 1024 * 1024;

/** Bytes of replies that wait for an earlier one above which no further command is executed. */
export const ASIDE_PAUSE_BYTES = 1024 * 1024;

/**
 * Bytes of output that are kept for one client at most, by default: what does not fit is answered
 * with an error instead. Reached only by many large values in one pipeline, or one MGET.
 */
export const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** The values a deployment chooses; the rest of the limits is fixed. */
export interface SessionLimits {
  /** The largest value that is stored, in bytes, at most BULK_BYTES_MAX. @default 8 MB */
  readonly valueBytes: Bytes;
  /** The largest request that is kept. @default REQUEST_BYTES_MAX, at least twice a value */
  readonly requestBytes: Bytes;
  /** See OUTPUT_BYTES_MAX. @default OUTPUT_BYTES_MAX, at least twice a value */
  readonly outputBytes: Bytes;
}

/** The limits that go with a largest value. */
export function sessionLimits(valueBytes: Bytes): SessionLimits {
  assert(valueBytes <= BULK_BYTES_MAX, 'a value is at most what the protocol can announce');
  const twice = valueBytes * 2 + KEY_BYTES_MAX;
  return {
    valueBytes,
    requestBytes: bytes(Math.max(REQUEST_BYTES_MAX, twice)),
    outputBytes: bytes(Math.max(OUTPUT_BYTES_MAX, twice)),
  };
}
