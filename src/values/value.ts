import { Buffer } from 'node:buffer';
import { unreachable } from '../base/assert.js';
import type { ValueKind } from '../base/kinds.js';
import { VALUE_BYTES_MAX } from './format.js';
import { pack } from './pack.js';
import { unpack } from './unpack.js';
import { tooLarge } from './writer.js';

/**
 * What a user's value is as an entry, and back: bytes stay bytes, a string becomes its UTF-8, any
 * other data is packed. A string that UTF-8 cannot hold (one with a lone surrogate) is packed as
 * well: as text it would come back as another string.
 */

export interface EncodedValue {
  readonly kind: ValueKind;
  readonly bytes: Uint8Array;
}

/**
 * The bytes of a value.
 *
 * Bytes are not copied: what comes back for a Uint8Array is a view of its memory, so copy it before
 * the user gets control again. Whatever comes back may lie in a larger pool: never transfer it.
 *
 * @param value a string, a Uint8Array or Buffer, or data: null, boolean, number, bigint, Date,
 *   Map, Set, typed arrays, plain objects and arrays of all these
 * @param bytesMax the limit for one value, as `maxValueSize`
 * @throws ShoalError `ERR_VALUE_TYPE` for what would not come back exactly, with the path to it;
 *   `ERR_VALUE_TOO_LARGE`
 * @example encodeValue({ name: 'Ada', tags: new Set(['x']) }).kind // 'packed'
 */
export function encodeValue(value: unknown, bytesMax: number = VALUE_BYTES_MAX): EncodedValue {
  if (typeof value === 'string') {
    if (isWellFormed(value)) return { kind: 'text', bytes: encodeText(value, bytesMax) };
  } else if (value instanceof Uint8Array) {
    if (value.length > bytesMax) throw tooLarge(bytesMax, value.length);
    return { kind: 'bytes', bytes: Buffer.from(value.buffer, value.byteOffset, value.length) };
  }
  return { kind: 'packed', bytes: pack(value, bytesMax) };
}

/**
 * The value of an entry's bytes. The result is wholly the caller's: a Buffer is a copy, so `bytes`
 * may be memory that is written to again.
 *
 * @throws ShoalError `ERR_PROTOCOL` if packed bytes are not exactly one value
 */
export function decodeValue(kind: ValueKind, bytes: Uint8Array): unknown {
  return kind === 'bytes' ? Buffer.from(bytes) : adoptValue(kind, bytes);
}

/** As `decodeValue`, but a Buffer is `bytes` itself: for callers who hand over memory of their own. */
export function adoptValue(kind: ValueKind, bytes: Uint8Array): unknown {
  const own = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kind) {
    case 'bytes':
      return own;
    case 'text':
      return own.toString('utf8');
    case 'packed':
      return unpack(own);
    default:
      return unreachable(kind);
  }
}

function encodeText(text: string, bytesMax: number): Buffer {
  const length = Buffer.byteLength(text);
  if (length > bytesMax) throw tooLarge(bytesMax, length);
  return Buffer.from(text);
}

// In every supported engine since Node 20, but not in the es2023 library types.
const isWellFormed = (text: string): boolean =>
  (text as string & { isWellFormed(): boolean }).isWellFormed();
