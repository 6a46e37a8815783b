/**
 * Limits of the protocol itself. What a client sends is hostile until it has been read to its
 * end: nothing here grows with what a header claims, only with bytes that really came.
 */

/** Arguments of one request, the command's name included; more is `invalid multibulk length`. */
export const ARGUMENTS_MAX = 1024 * 1024;

/** Bytes that one argument may announce; more is `invalid bulk length`, and the connection ends. */
export const BULK_BYTES_MAX = 512 * 1024 * 1024;

/** Bytes of an inline request's line; more is `too big inline request`. */
export const INLINE_BYTES_MAX = 64 * 1024;

/** Bytes of one request that are kept by default; a larger one is read past, and answered TOOLARGE. */
export const REQUEST_BYTES_MAX = 64 * 1024 * 1024;

/** What a parser keeps in memory. Above these a request is still read to its end, but not kept. */
export interface ParserLimits {
  /** Bytes of one argument, at most BULK_BYTES_MAX. */
  readonly argumentBytes: number;
  /** Bytes of one whole request, headers included. */
  readonly requestBytes: number;
}
