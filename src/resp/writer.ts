/**
 * Writes replies, RESP2 or RESP3, one behind the other into one buffer, which is what goes to the
 * socket at the end of the turn. Numbers are written digit by digit, values are copied from where
 * they lie to where they are sent from: an ordinary reply makes no string and no object.
 *
 *     RESP2   +text  -error  :7  $3 ␍␊ abc  $-1 (null)  *2 (array; a map is an array of 2n)
 *     RESP3   the same and  _ (null)  %2 (map)  ~2 (set)  #t (boolean)  ,1.5 (double)  =7 ␍␊ txt:abc
 */
import { Buffer } from 'node:buffer';
import type { BlockPool } from './block-pool.js';

const CR = 13;
const LF = 10;
const ZERO = 48;
const MINUS = 45;
/** The types by their first byte. */
const STATUS = 43;
const ERROR = 45;
const INTEGER = 58;
const BULK = 36;
const ARRAY = 42;
const MAP = 37;
const SET = 126;
const VERBATIM = 61;
const DOUBLE = 44;

const line = (text: string): Buffer => Buffer.from(`${text}\r\n`, 'latin1');
const OK = line('+OK');
const NULL_2 = line('$-1');
const NULL_3 = line('_');
const TRUE = line('#t');
const FALSE = line('#f');

const NOTHING = Buffer.alloc(0);
/** Room for a type byte, the digits of a length, and two line ends. */
const HEADER_ROOM = 32;
/** Up to this many bytes are copied in a loop: calling the engine's copy costs more. */
const LOOP_MAX = 48;

export class ReplyWriter {
  /** `bytes[0, length)` has been written. */
  bytes: Buffer = NOTHING;
  length = 0;
  /** Whether nulls, maps, … are written in the form of RESP3. */
  resp3 = false;
  readonly #pool: BlockPool;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** Room for `size` bytes that the caller fills in, from the offset that is returned. */
  reserve(size: number): number {
    const at = this.length;
    if (at + size > this.bytes.length) this.#grow(at + size);
    this.length = at + size;
    return at;
  }

  ok(): void {
    this.#raw(OK);
  }

  /** `+text`. One byte a character; line ends become spaces. */
  status(text: string): void {
    this.#line(STATUS, text);
  }

  /**
   * `-text`, the prefix included: `ERR unknown command …`. One byte a character; as in Redis, line
   * ends become spaces, and those at the end are left out.
   */
  error(text: string): void {
    this.#line(ERROR, withoutLineEnd(text));
  }

  integer(value: number): void {
    this.#header(INTEGER, value);
  }

  null(): void {
    this.#raw(this.resp3 ? NULL_3 : NULL_2);
  }

  array(count: number): void {
    this.#header(ARRAY, count);
  }

  /** `count` pairs follow. */
  map(count: number): void {
    if (this.resp3) this.#header(MAP, count);
    else this.#header(ARRAY, count * 2);
  }

  set(count: number): void {
    this.#header(this.resp3 ? SET : ARRAY, count);
  }

  boolean(value: boolean): void {
    if (this.resp3) this.#raw(value ? TRUE : FALSE);
    else this.integer(value ? 1 : 0);
  }

  double(value: number): void {
    const text = Number.isFinite(value) ? String(value) : doubleName(value);
    if (this.resp3) this.#line(DOUBLE, text);
    else this.bulkText(text);
  }

  /** The header of a value of `size` bytes and its end; the value goes to the offset returned. */
  openBulk(size: number): number {
    this.#ensure(size + HEADER_ROOM);
    this.#header(BULK, size);
    const at = this.length;
    const end = at + size;
    this.bytes[end] = CR;
    this.bytes[end + 1] = LF;
    this.length = end + 2;
    return at;
  }

  bulk(source: Buffer, start: number, end: number): void {
    const at = this.openBulk(end - start);
    copyBytes(source, start, end, this.bytes, at);
  }

  /** A value from a string, in UTF-8. */
  bulkText(text: string): void {
    const at = this.openBulk(Buffer.byteLength(text));
    this.bytes.write(text, at, 'utf8');
  }

  /** Text for people, in UTF-8. */
  verbatim(text: string): void {
    if (!this.resp3) {
      this.bulkText(text);
      return;
    }
    const size = Buffer.byteLength(text) + 4;
    this.#ensure(size + HEADER_ROOM);
    this.#header(VERBATIM, size);
    const at = this.reserve(size + 2);
    this.bytes.write(`txt:${text}\r\n`, at, 'utf8');
  }

  /** Appends what another writer wrote at [start, end). */
  copy(source: ReplyWriter, start: number, end: number): void {
    const at = this.reserve(end - start);
    copyBytes(source.bytes, start, end, this.bytes, at);
  }

  /** Drops [from, to): what was written behind it moves down. */
  cut(from: number, to: number): void {
    this.bytes.copyWithin(from, to, this.length);
    this.length -= to - from;
  }

  /**
   * Gives away the first `size` bytes and goes on in another buffer. Who gets them returns them to
   * the pool when they have been sent.
   */
  take(size: number): Buffer {
    const full = this.bytes;
    const left = this.length - size;
    this.bytes = left > 0 ? this.#pool.take(left) : NOTHING;
    this.length = left;
    copyBytes(full, size, size + left, this.bytes, 0);
    return full.subarray(0, size);
  }

  /** Forgets everything that was written. */
  clear(): void {
    if (this.bytes.length > 0) this.#pool.give(this.bytes);
    this.bytes = NOTHING;
    this.length = 0;
  }

  #ensure(room: number): void {
    if (this.length + room > this.bytes.length) this.#grow(this.length + room);
  }

  #grow(size: number): void {
    const old = this.bytes;
    this.bytes = this.#pool.take(size);
    if (old.length === 0) return;
    old.copy(this.bytes, 0, 0, this.length);
    this.#pool.give(old);
  }

  /** A type byte and a whole number. */
  #header(type: number, value: number): void {
    this.#ensure(HEADER_ROOM);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = type;
    if (value >= 0 && value < 10) bytes[at++] = ZERO + value;
    else at = writeInteger(bytes, at, value);
    bytes[at] = CR;
    bytes[at + 1] = LF;
    this.length = at + 2;
  }

  #line(type: number, text: string): void {
    const size = text.length;
    const at = this.reserve(size + 3);
    const bytes = this.bytes;
    bytes[at] = type;
    for (let i = 0; i < size; i++) {
      const byte = text.charCodeAt(i) & 0xff;
      bytes[at + 1 + i] = byte === CR || byte === LF ? 32 : byte;
    }
    bytes[at + size + 1] = CR;
    bytes[at + size + 2] = LF;
  }

  #raw(source: Buffer): void {
    const at = this.reserve(source.length);
    copyBytes(source, 0, source.length, this.bytes, at);
  }
}

function doubleName(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}

/** Copies `source[start, end)` to `target[at …)`. */
export function copyBytes(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): void {
  if (end - start > LOOP_MAX) {
    source.copy(target, at, start, end);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from] as number;
}

/** Writes the digits of a whole number; returns where they end. */
function writeInteger(target: Buffer, at: number, value: number): number {
  if (value < 0) {
    target[at] = MINUS;
    return writeInteger(target, at + 1, -value);
  }
  if (value > 0x7fffffff) return at + target.write(BigInt(value).toString(), at, 'latin1');
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  let rest = value | 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    target[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}

/** Not by a pattern: text comes from clients, and backtracking takes its square. */
function withoutLineEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === CR || text.charCodeAt(end - 1) === LF)) end--;
  return end === text.length ? text : text.slice(0, end);
}
