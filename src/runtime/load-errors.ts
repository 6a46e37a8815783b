/**
 * A loader's error on its way to callers in other threads, and as each caller gets it: a `ShoalError`
 * whose `cause` is the loader's own error, or, in another thread, an Error that looks like it.
 */
import { type ErrorCode, ShoalError } from '../base/errors.js';
import { elsewhere, type Failure } from '../loading/failure.js';
import { unpack } from '../values/unpack.js';
import { encodeValue } from '../values/value.js';

/** Characters of an error's text, and of its stack, that cross to other threads. */
const TEXT_MAX = 4_096;

/** An error as it crosses: `shoal` is the code of an error that is not the loader's. */
interface Portable {
  readonly shoal: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code: string | number | null;
}

/** What a load that threw this has failed with. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ShoalError) {
    return { ...elsewhere(null), code: error.code, text: error.message, cause: error };
  }
  return { ...elsewhere(null), text: textOf(error), cause: error };
}

/** The failure as bytes, for those who wait in other threads. */
export function packFailure({ code, text, cause }: Failure): Uint8Array {
  const error = cause instanceof Error ? cause : null;
  const own = (error as { code?: unknown } | null)?.code;
  const portable: Portable = {
    shoal: code,
    name: (error?.name ?? '').slice(0, TEXT_MAX),
    message: wellFormed((error?.message ?? text).slice(0, TEXT_MAX)),
    stack: wellFormed((error?.stack ?? '').slice(0, TEXT_MAX)),
    code: typeof own === 'string' || typeof own === 'number' ? own : null,
  };
  return encodeValue(portable).bytes;
}

/** The error that a caller gets. */
export function errorOf({ code, text, cause, packed }: Failure): ShoalError {
  if (packed === null) {
    if (cause instanceof ShoalError)
      return new ShoalError(code, cause.message, { cause: cause.cause });
    return cause === undefined ? new ShoalError(code, text) : new ShoalError(code, text, { cause });
  }
  const { shoal, name, message, stack, code: own } = unpack(Buffer.from(packed)) as Portable;
  if (shoal !== 'ERR_LOADER') return new ShoalError(shoal as ErrorCode, message);
  const error = Object.assign(new Error(message), { stack }, own === null ? {} : { code: own });
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  return new ShoalError('ERR_LOADER', textOf(error), { cause: error });
}

function textOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `Cannot load key: its loader has failed: ${reason}`;
}

// In every supported engine since Node 20, but not in the es2023 library types.
const wellFormed = (text: string): string =>
  (text as string & { toWellFormed(): string }).toWellFormed();
