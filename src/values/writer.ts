import { Buffer } from 'node:buffer';
import { ShoalError } from '../base/errors.js';

/**
 * Growing memory that msgpack's words are written to, one after another. It is kept from value to
 * value, up to a size, so that packing a value allocates nothing but the result.
 */

const START_BYTES = 4096;
/** Memory above this is let go after the value that needed it. */
const KEPT_BYTES_MAX = 1024 * 1024;
/** Up to this many characters, writing byte by byte beats a call of the encoder. */
const SHORT_CHARS_MAX = 24;

export class Writer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(START_BYTES);
  #view = viewOf(this.#bytes);
  #at = 0;
  #limit = 0;

  /** Begins a value of at most `limit` bytes. */
  begin(limit: number): void {
    this.#at = 0;
    this.#limit = limit;
  }

  /** A copy of what was written. @throws ShoalError `ERR_VALUE_TOO_LARGE` over the limit */
  finish(): Buffer {
    if (this.#at > this.#limit) throw tooLarge(this.#limit);
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  /** Gives large memory back. */
  end(): void {
    if (this.#bytes.length <= KEPT_BYTES_MAX) return;
    this.#bytes = Buffer.allocUnsafeSlow(START_BYTES);
    this.#view = viewOf(this.#bytes);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** A number of msgpack's, in the fewest bytes that give back exactly this one. */
  number(value: number): void {
    this.#reserve(9);
    if (value >>> 0 === value && !Object.is(value, -0)) this.#unsigned(value);
    else if ((value | 0) === value && value < 0) this.#negative(value);
    else if (Math.fround(value) === value) {
      this.#bytes[this.#at] = 0xca;
      this.#view.setFloat32(this.#at + 1, value);
      this.#at += 5;
    } else {
      this.#bytes[this.#at] = 0xcb;
      this.#view.setFloat64(this.#at + 1, value);
      this.#at += 9;
    }
  }

  int64(value: bigint): void {
    this.#reserve(9);
    this.#bytes[this.#at] = value < 0n ? 0xd3 : 0xcf;
    this.#view.setBigInt64(this.#at + 1, BigInt.asIntN(64, value));
    this.#at += 9;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#word(value);
  }

  /** A well-formed string, with its header. */
  string(text: string): void {
    const chars = text.length;
    if (chars <= SHORT_CHARS_MAX && this.#shortAscii(text, chars)) return;
    const length = Buffer.byteLength(text);
    this.#stringHeader(length);
    this.#reserve(length);
    this.#at += this.#bytes.write(text, this.#at, length, 'utf8');
  }

  utf16(text: string): void {
    this.#reserve(text.length * 2);
    this.#at += this.#bytes.write(text, this.#at, 'utf16le');
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  binHeader(length: number): void {
    this.#sized(length, 0xc4, 0xc5, 0xc6);
  }

  arrayHeader(length: number): void {
    if (length < 16) this.byte(0x90 | length);
    else this.#sized(length, null, 0xdc, 0xdd);
  }

  mapHeader(length: number): void {
    if (length < 16) this.byte(0x80 | length);
    else this.#sized(length, null, 0xde, 0xdf);
  }

  /** An extension whose length is known. */
  extHeader(type: number, length: number): void {
    const fixed = FIXED_EXT.indexOf(length);
    if (fixed !== -1) this.byte(0xd4 + fixed);
    else this.#sized(length, 0xc7, 0xc8, 0xc9);
    this.byte(type);
  }

  /** Opens an extension whose length is not known yet. @returns what `closeExt` wants */
  openExt(type: number): number {
    this.#reserve(6);
    this.#bytes[this.#at] = 0xc9;
    this.#bytes[this.#at + 5] = type;
    this.#at += 6;
    return this.#at;
  }

  /** Fills in the length. The header stays the long one: moving the content would cost more. */
  closeExt(start: number): void {
    this.#view.setUint32(start - 5, this.#at - start);
  }

  #unsigned(value: number): void {
    const bytes = this.#bytes;
    if (value < 0x80) bytes[this.#at++] = value;
    else if (value < 0x100) {
      bytes[this.#at++] = 0xcc;
      bytes[this.#at++] = value;
    } else if (value < 0x10000) {
      bytes[this.#at++] = 0xcd;
      bytes[this.#at++] = value >>> 8;
      bytes[this.#at++] = value;
    } else {
      bytes[this.#at++] = 0xce;
      this.#word(value);
    }
  }

  #negative(value: number): void {
    const bytes = this.#bytes;
    if (value >= -0x20) bytes[this.#at++] = value;
    else if (value >= -0x80) {
      bytes[this.#at++] = 0xd0;
      bytes[this.#at++] = value;
    } else if (value >= -0x8000) {
      bytes[this.#at++] = 0xd1;
      bytes[this.#at++] = value >> 8;
      bytes[this.#at++] = value;
    } else {
      bytes[this.#at++] = 0xd2;
      this.#word(value);
    }
  }

  /** False, and nothing written, if the string is not plain ASCII. */
  #shortAscii(text: string, chars: number): boolean {
    this.#reserve(chars + 2);
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    if (chars < 32) bytes[at++] = 0xa0 | chars;
    else {
      bytes[at++] = 0xd9;
      bytes[at++] = chars;
    }
    for (let i = 0; i < chars; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  #stringHeader(length: number): void {
    if (length < 32) this.byte(0xa0 | length);
    else this.#sized(length, 0xd9, 0xda, 0xdb);
  }

  /** A header with a length of 8 (where there is such a one), 16 or 32 bits. */
  #sized(length: number, header8: number | null, header16: number, header32: number): void {
    this.#reserve(5);
    const bytes = this.#bytes;
    if (header8 !== null && length < 0x100) {
      bytes[this.#at++] = header8;
      bytes[this.#at++] = length;
    } else if (length < 0x10000) {
      bytes[this.#at++] = header16;
      bytes[this.#at++] = length >>> 8;
      bytes[this.#at++] = length;
    } else {
      bytes[this.#at++] = header32;
      this.#word(length);
    }
  }

  #word(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed > this.#bytes.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    // The last word may reserve more than it uses: `finish` judges exactly.
    if (needed > this.#limit + RESERVE_SLACK) throw tooLarge(this.#limit);
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

const FIXED_EXT = [1, 2, 4, 8, 16];
/** The most that a word reserves beyond what it uses: a short string, every byte of it. */
const RESERVE_SLACK = SHORT_CHARS_MAX + 2;

const viewOf = (bytes: Buffer): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The error for a value that is over its limit. */
export function tooLarge(limit: number, length: number | null = null): ShoalError {
  const size = length === null ? 'it packs to more bytes than' : `${length} bytes,`;
  return new ShoalError('ERR_VALUE_TOO_LARGE', `Cannot store value: ${size} the limit of ${limit}`);
}
