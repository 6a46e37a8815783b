/**
 * A loader's error on its way to callers in other threads, and as each caller gets it: a `ShoalError`
 * whose `cause` is the loader's own error, or, in another thread, an Error that looks like it.
 */
import { type ErrorCode, ShoalError } from '../base/errors.js';
import { elsewhere, type Failure, failure } from '../loading/failure.js';
import { unpack } from '../values/unpack.js';
import { encodeValue } from '../values/value.js';

/** Characters of an error's text, and of its stack, that cross to other threads. */
const TEXT_MAX = 4_096;

/** An error as it crosses: `shoal` is the code of an error that is not the loader's. */
interface Portable {
  readonly shoal: string;
  readonly text: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code: string | number | null;
}

/** A load whose loader threw this. */
export const loaderFailure = (error: unknown): Failure => ({
  ...elsewhere(null),
  text: textOf(error),
  cause: error,
});

/** A load that failed for what is ours to say: its value cannot be stored, its file is not there. */
export const ownFailure = ({ code, message }: ShoalError): Failure => failure(code, message);

/** The failure as bytes, for those who wait in other threads. */
export function packFailure({ code, text, cause }: Failure): Uint8Array {
  const error = cause instanceof Error ? cause : null;
  const own = (error as { code?: unknown } | null)?.code;
  const portable: Portable = {
    shoal: code,
    text: short(text),
    name: short(error?.name),
    message: short(error?.message),
    stack: short(error?.stack),
    code: typeof own === 'string' || typeof own === 'number' ? own : null,
  };
  return encodeValue(portable).bytes;
}

/** The error that a caller gets. */
export function errorOf({ code, text, cause, packed }: Failure): ShoalError {
  if (packed === null) {
    return cause === undefined ? new ShoalError(code, text) : new ShoalError(code, text, { cause });
  }
  const portable = unpack(Buffer.from(packed)) as Portable;
  const { shoal, text: told } = portable;
  if (shoal !== 'ERR_LOADER') return new ShoalError(shoal as ErrorCode, told);
  return new ShoalError('ERR_LOADER', told, { cause: lookalike(portable) });
}

function lookalike({ name, message, stack, code }: Portable): Error {
  const error = Object.assign(new Error(message), code === null ? {} : { code });
  const hidden = { configurable: true, writable: true };
  Object.defineProperty(error, 'name', { value: name, ...hidden });
  Object.defineProperty(error, 'stack', { value: stack, ...hidden });
  return error;
}

function textOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `Cannot load key: its loader has failed: ${reason}`;
}

/** Whatever an error's fields are, and however long. */
const short = (text: unknown): string =>
  text === undefined ? '' : String(text).slice(0, TEXT_MAX);
