import type { ErrorCode } from '../base/errors.js';

/** Why a call gets no value. */
export interface Failure {
  readonly code: ErrorCode;
  readonly text: string;
  /** The loader's own error, where it was thrown in this thread. */
  readonly cause: unknown;
  /** The same as it came from another thread, packed. */
  readonly packed: Uint8Array | null;
}

export const failure = (code: ErrorCode, text: string): Failure => ({
  code,
  text,
  cause: undefined,
  packed: null,
});

/** An error that another thread's loader has thrown. */
export const elsewhere = (packed: Uint8Array | null): Failure => ({
  code: 'ERR_LOADER',
  text: 'Cannot load key: its loader has failed',
  cause: undefined,
  packed,
});
