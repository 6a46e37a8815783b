/**
 * Errors that a caller should tell apart, each with a stable code. Wrong use of the API (a bad
 * option, a value of a type that cannot be stored) is a built-in TypeError or RangeError where no
 * code is listed here.
 */
export type ErrorCode =
  /** The key is empty, over 65,535 bytes, or a string with a lone surrogate. Nothing was changed. */
  | 'ERR_KEY'
  /** The value is over the limit for one value, or over the node's whole memory. Nothing was changed. */
  | 'ERR_VALUE_TOO_LARGE'
  /** The value is of a type that cannot be stored and given back exactly. Nothing was changed. */
  | 'ERR_VALUE_TYPE'
  /** A time to live that is not a positive finite number. Nothing was changed. */
  | 'ERR_TTL'
  /** No node is on the ring, or the owner did not come back in time. Nothing was changed; retry later. */
  | 'ERR_CLUSTER_DOWN'
  /** A limit on queued or outstanding work was reached. Nothing was changed; retry later. */
  | 'ERR_BUSY'
  /** The node was lost, or no answer came in time, after the write was sent: it may or may not have happened. */
  | 'ERR_OUTCOME_UNKNOWN'
  /**
   * No answer in time: to a read (nothing was changed; safe to retry), or of a node that a fault was
   * injected into (it comes into force when the node gets to it; safe to retry).
   */
  | 'ERR_TIMEOUT'
  /** The client or the cluster has been closed. */
  | 'ERR_CLOSED'
  /** A cluster could not be started. */
  | 'ERR_START'
  /** An option that is unknown, unparsable, out of range, or does not fit the others. */
  | 'ERR_USAGE'
  /** A peer's frame or a client's request could not be understood. */
  | 'ERR_PROTOCOL'
  /** The loader of a key has failed; `cause` says how. Nothing was stored. */
  | 'ERR_LOADER'
  /** The load of a key took longer than its `timeout`, or the wait for it did. Nothing was stored. */
  | 'ERR_LOAD_TIMEOUT'
  /** The circuit breaker of a key's source is open: its loader was not called. */
  | 'ERR_CIRCUIT_OPEN'
  /** A fault was to be injected into a cluster that was started without `chaos`. Nothing was changed. */
  | 'ERR_CHAOS_OFF';

/** Base class of the errors that callers may want to catch. */
export class ShoalError extends Error {
  override readonly name = 'ShoalError';
  readonly code: ErrorCode;

  /** @param message action first, then the state: `Cannot store value: 9437184 bytes, the limit is 8388608` */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
