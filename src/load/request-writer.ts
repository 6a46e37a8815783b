import { Buffer } from 'node:buffer';
import { unreachable } from '../base/assert.js';
import { digitsOf } from './key-space.js';
import type { Operation } from './operation.js';
import type { ValueWriter } from './value-writer.js';

const GET = Buffer.from('*2\r\n$3\r\nGET\r\n$');
const SET = Buffer.from('*3\r\n$3\r\nSET\r\n$');
const SET_PX = Buffer.from('*5\r\n$3\r\nSET\r\n$');
const DEL = Buffer.from('*2\r\n$3\r\nDEL\r\n$');
const PX = Buffer.from('$2\r\nPX\r\n$');
const CR = 0x0d;
const LF = 0x0a;
const DOLLAR = 0x24;
const DIGIT_ZERO = 0x30;

/** Room for a command without its key and value: prefixes, lengths, line ends, the time to live. */
const OVERHEAD_BYTES = 128;
const FIRST_BYTES = 16_384;

/** Keys by number; a KeySpace is one. */
export interface Keys {
  /** Bytes of a key. */
  size(key: number): number;
  /** Writes a key of `size` bytes to `target[at …)`. */
  write(key: number, size: number, target: Uint8Array, at: number): void;
}

/**
 * Writes commands as RESP into one buffer after the other: no strings, no copies. What has been
 * written is handed over as a whole; the buffer is filled again if it came back, else replaced.
 */
export class RequestWriter {
  readonly #keys: Keys;
  readonly #values: ValueWriter;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  constructor(keys: Keys, values: ValueWriter) {
    this.#keys = keys;
    this.#values = values;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends an operation's command. */
  write(operation: Operation): void {
    const keySize = this.#keys.size(operation.key);
    const valueSize = operation.step === 'set' ? operation.size : 0;
    this.#reserve(OVERHEAD_BYTES + keySize + valueSize);
    switch (operation.step) {
      case 'get':
        this.#prefix(GET);
        this.#key(operation.key, keySize);
        return;
      case 'delete':
        this.#prefix(DEL);
        this.#key(operation.key, keySize);
        return;
      case 'set':
        this.#prefix(operation.ttlMs === null ? SET : SET_PX);
        this.#key(operation.key, keySize);
        this.#value(operation);
        if (operation.ttlMs !== null) this.#expiry(operation.ttlMs);
        return;
      default:
        unreachable(operation.step);
    }
  }

  /** Takes what was written. Borrowed until `recycle` or `replace`, one of which must follow. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The bytes taken are gone: their buffer may be filled again. */
  recycle(): void {
    this.#length = 0;
  }

  /** The bytes taken are still needed by someone: go on in a buffer of its own. */
  replace(): void {
    this.#buffer = Buffer.allocUnsafeSlow(this.#buffer.length);
    this.#length = 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  // A loop of two dozen bytes is faster than a call into the runtime.
  #prefix(bytes: Buffer): void {
    const buffer = this.#buffer;
    let at = this.#length;
    for (let i = 0; i < bytes.length; i++) buffer[at++] = bytes[i] as number;
    this.#length = at;
  }

  #key(key: number, size: number): void {
    this.#number(size);
    this.#keys.write(key, size, this.#buffer, this.#length);
    this.#length += size;
    this.#lineEnd();
  }

  #value(operation: Operation): void {
    this.#buffer[this.#length++] = DOLLAR;
    this.#number(operation.size);
    this.#values.write(operation, this.#buffer, this.#length);
    this.#length += operation.size;
    this.#lineEnd();
  }

  #expiry(ttlMs: number): void {
    this.#prefix(PX);
    this.#number(digitsOf(ttlMs));
    this.#number(ttlMs);
  }

  /** A number in decimal and the end of its line. */
  #number(n: number): void {
    const digits = digitsOf(n);
    let rest = n;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const next = Math.floor(rest / 10);
      this.#buffer[at] = DIGIT_ZERO + (rest - next * 10);
      rest = next;
    }
    this.#length += digits;
    this.#lineEnd();
  }

  #lineEnd(): void {
    this.#buffer[this.#length++] = CR;
    this.#buffer[this.#length++] = LF;
  }
}
