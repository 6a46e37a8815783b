/**
 * The bytes of a packed value: plain msgpack, so that any client that reads the key with RESP GET
 * can decode it, plus a few extension types for what msgpack has no word for. One value has one
 * encoding; nothing refers to anything outside the value's own bytes.
 *
 *     null, true, false   nil, true, false
 *     number              the shortest integer up to 32 bits; else float 32 where that is exact,
 *                         else float 64. Minus zero, NaN and the infinities are floats
 *     bigint              int 64 or uint 64 where it fits, else extension BIGINT: so a 64-bit
 *                         integer is always a bigint, and never a number
 *     string              str; one with a lone surrogate, which UTF-8 cannot hold: UTF16
 *     Buffer              bin
 *     typed array         TYPED_ARRAY: its code, then its memory
 *     array               array
 *     plain object        map with string keys
 *     null-prototype one  BARE_OBJECT: the map of the plain one
 *     Map                 MAP: a map with keys of any type
 *     Set                 SET: an array
 *     Date                the timestamp extension of the specification; an invalid one has 0 bytes
 *     undefined           UNDEFINED, inside arrays, objects, maps and sets
 *
 * UNDEFINED, BIGINT, TYPED_ARRAY and the timestamp are coded as msgpackr codes them. Its Set and
 * Map are not followed: they are no values of the specification, and other readers lose their place.
 *
 * msgpackr itself is refused for stored values. It turns -0 into 0, the key `__proto__` into
 * `__proto_` and dates before 1970 into others, keeps the reader's state in module variables, and
 * decodes hostile bytes into regular expressions and compiled functions. Its extensions are
 * registered for a whole process. Guarding against all that takes more code than the format does.
 */

/** Extension types, by the byte that stands for them. */
export const EXT = {
  UNDEFINED: 0x00,
  BIGINT: 0x42, // B: two's complement, the highest byte first
  MAP: 0x4d, // M
  BARE_OBJECT: 0x4e, // N
  SET: 0x53, // S
  UTF16: 0x55, // U: code units, the low byte first
  TYPED_ARRAY: 0x74, // t
  TIMESTAMP: 0xff, // -1 of the specification
} as const;

/**
 * Levels of arrays, objects, maps and sets within each other. Far below what the stack holds, and
 * about what other readers of msgpack accept.
 */
export const DEPTH_MAX = 512;

/** The most bytes that one value can ever have; `--max-value-size` sets the limit in force. */
export const VALUE_BYTES_MAX = 512 * 1024 * 1024;

interface TypedArrayConstructor {
  new (buffer: ArrayBuffer): ArrayBufferView;
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * The typed arrays, by their codes. Their memory is stored in the machine's byte order: a value
 * is read by the process that wrote it, and elsewhere that order is little-endian nearly always.
 */
const TYPED_ARRAY_NAMES = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array', // since Node 24
] as const;

/** The code of a typed array's name, or null if it is none. */
export function typedArrayCode(name: string): number | null {
  const code = (TYPED_ARRAY_NAMES as readonly string[]).indexOf(name);
  return code === -1 ? null : code;
}

/** What a code stands for, or null if nothing, or nothing that this Node has. */
export function typedArrayOf(code: number): TypedArrayConstructor | null {
  const name = TYPED_ARRAY_NAMES[code];
  if (name === undefined) return null;
  return (globalThis as unknown as Record<string, TypedArrayConstructor>)[name] ?? null;
}
