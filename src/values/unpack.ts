import { Buffer } from 'node:buffer';
import { ShoalError } from '../base/errors.js';
import { DEPTH_MAX, EXT, typedArrayOf } from './format.js';

/**
 * Packed bytes → data. The bytes may be anybody's: a RESP client can append to a key, a later door
 * may read them from a disk. So every length is checked against the bytes that are left before
 * anything is allocated, depth is bounded, the result is made of own properties only, and whatever
 * does not fit is one error. Nothing of the result shares memory with the input.
 *
 * Beyond what `pack` writes, any msgpack is read whose map keys are strings (in a plain object) and
 * whose extensions are those of format.ts.
 */
class Unpacker {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at = 0;
  #depth = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  whole(): unknown {
    const value = this.#any();
    if (this.#at !== this.#bytes.length) throw broken('bytes are left over after the value');
    return value;
  }

  #any(): unknown {
    const first = this.#uint8();
    if (first < 0x80) return first;
    if (first < 0x90) return this.#object(first & 0x0f);
    if (first < 0xa0) return this.#array(first & 0x0f);
    if (first < 0xc0) return this.#string(first & 0x1f);
    if (first >= 0xe0) return first - 0x100;
    return this.#word(first);
  }

  /** What the first byte announces that carries no length or number itself. */
  #word(first: number): unknown {
    switch (first) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#bin(this.#uint8());
      case 0xc5:
        return this.#bin(this.#uint16());
      case 0xc6:
        return this.#bin(this.#uint32());
      case 0xd9:
        return this.#string(this.#uint8());
      case 0xda:
        return this.#string(this.#uint16());
      case 0xdb:
        return this.#string(this.#uint32());
      case 0xdc:
        return this.#array(this.#uint16());
      case 0xdd:
        return this.#array(this.#uint32());
      case 0xde:
        return this.#object(this.#uint16());
      case 0xdf:
        return this.#object(this.#uint32());
      default:
        return first >= 0xca && first <= 0xd3 ? this.#number(first) : this.#extensionOf(first);
    }
  }

  #number(first: number): number | bigint {
    const view = this.#view;
    switch (first) {
      case 0xca:
        return view.getFloat32(this.#take(4));
      case 0xcb:
        return view.getFloat64(this.#take(8));
      case 0xcc:
        return this.#uint8();
      case 0xcd:
        return this.#uint16();
      case 0xce:
        return this.#uint32();
      case 0xcf:
        return view.getBigUint64(this.#take(8));
      case 0xd0:
        return view.getInt8(this.#take(1));
      case 0xd1:
        return view.getInt16(this.#take(2));
      case 0xd2:
        return view.getInt32(this.#take(4));
      default:
        return view.getBigInt64(this.#take(8));
    }
  }

  #extensionOf(first: number): unknown {
    switch (first) {
      case 0xd4:
        return this.#extension(1);
      case 0xd5:
        return this.#extension(2);
      case 0xd6:
        return this.#extension(4);
      case 0xd7:
        return this.#extension(8);
      case 0xd8:
        return this.#extension(16);
      case 0xc7:
        return this.#extension(this.#uint8());
      case 0xc8:
        return this.#extension(this.#uint16());
      case 0xc9:
        return this.#extension(this.#uint32());
      default:
        throw broken('there is a byte that begins no value');
    }
  }

  #extension(length: number): unknown {
    const type = this.#uint8();
    const start = this.#at;
    this.#require(length);
    const value = this.#extensionContent(type, length);
    if (this.#at !== start + length) throw broken('an extension is not as long as it says');
    return value;
  }

  #extensionContent(type: number, length: number): unknown {
    switch (type) {
      case EXT.UNDEFINED:
        this.#take(length);
        return undefined;
      case EXT.BIGINT:
        return this.#bigint(length);
      case EXT.MAP:
        return this.#map();
      case EXT.BARE_OBJECT:
        return this.#fill(Object.create(null) as Record<string, unknown>, this.#mapLength());
      case EXT.SET:
        return this.#set();
      case EXT.UTF16:
        return this.#utf16(length);
      case EXT.TYPED_ARRAY:
        return this.#typedArray(length);
      case EXT.TIMESTAMP:
        return this.#date(length);
      default:
        throw broken(`an extension has the unknown type ${type}`);
    }
  }

  #string(length: number): string {
    const start = this.#take(length);
    if (length <= SHORT_BYTES_MAX) {
      const text = this.#shortAscii(start, length);
      if (text !== null) return text;
    }
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** Null if it is not plain ASCII. */
  #shortAscii(start: number, length: number): string | null {
    const bytes = this.#bytes;
    let text = '';
    for (let i = start; i < start + length; i++) {
      const code = bytes[i] as number;
      if (code > 0x7f) return null;
      text += String.fromCharCode(code);
    }
    return text;
  }

  #bin(length: number): Buffer {
    const start = this.#take(length);
    return Buffer.from(this.#bytes.subarray(start, start + length));
  }

  #array(length: number): unknown[] {
    this.#require(length);
    this.#enter();
    const elements: unknown[] = [];
    for (let i = 0; i < length; i++) elements.push(this.#any());
    this.#depth--;
    return elements;
  }

  #object(length: number): object {
    return this.#fill({}, length);
  }

  #fill(target: Record<string, unknown>, length: number): object {
    this.#require(length * 2);
    this.#enter();
    for (let i = 0; i < length; i++) {
      const name = this.#name();
      if (typeof name !== 'string') throw broken('a key of an object is not a string');
      const value = this.#any();
      if (name === '__proto__') defineOwn(target, name, value);
      else target[name] = value;
    }
    this.#depth--;
    return target;
  }

  /** The same names come again and again: one made before is compared, not made. */
  #name(): unknown {
    const first = this.#bytes[this.#at] ?? 0;
    const length = first & 0x1f;
    if ((first & 0xe0) !== 0xa0 || length === 0) return this.#any();
    const start = this.#at + 1;
    this.#require(length + 1);
    const last = this.#bytes[start + length - 1] as number;
    const slot = ((this.#bytes[start] as number) * 31 + last * 7 + length) % KNOWN_NAMES;
    const known = knownNames[slot] as string;
    if (!this.#spells(known, start, length)) {
      const name = this.#any() as string;
      knownNames[slot] = name;
      return name;
    }
    this.#at = start + length;
    return known;
  }

  /** Whether `length` bytes are the ASCII of `text`. */
  #spells(text: string, start: number, length: number): boolean {
    if (text.length !== length) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i] as number;
      if (byte > 0x7f || text.charCodeAt(i) !== byte) return false;
    }
    return true;
  }

  #map(): Map<unknown, unknown> {
    const length = this.#mapLength();
    this.#require(length * 2);
    this.#enter();
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < length; i++) {
      const key = this.#any();
      map.set(key, this.#any());
    }
    this.#depth--;
    return map;
  }

  #set(): Set<unknown> {
    return new Set(this.#array(this.#arrayLength()));
  }

  /** The header of the array within an extension. Nothing else can be there: depth stays counted. */
  #arrayLength(): number {
    const first = this.#uint8();
    if (first >= 0x90 && first < 0xa0) return first & 0x0f;
    if (first === 0xdc) return this.#uint16();
    if (first === 0xdd) return this.#uint32();
    throw broken('an extension holds no array');
  }

  /** The header of the map within an extension. */
  #mapLength(): number {
    const first = this.#uint8();
    if (first >= 0x80 && first < 0x90) return first & 0x0f;
    if (first === 0xde) return this.#uint16();
    if (first === 0xdf) return this.#uint32();
    throw broken('an extension holds no map');
  }

  #bigint(length: number): bigint {
    if (length === 0 || length > BIGINT_BYTES_MAX) throw broken('a bigint has no legal length');
    const start = this.#take(length);
    const digits = this.#bytes.toString('hex', start, start + length);
    return BigInt.asIntN(length * 8, BigInt(`0x${digits}`));
  }

  #utf16(length: number): string {
    if (length % 2 !== 0) throw broken('a UTF-16 string has half a code unit');
    const start = this.#take(length);
    return this.#bytes.toString('utf16le', start, start + length);
  }

  #typedArray(length: number): ArrayBufferView {
    if (length === 0) throw broken('a typed array has no type');
    const type = typedArrayOf(this.#uint8());
    const size = length - 1;
    if (type === null || size % type.BYTES_PER_ELEMENT !== 0) {
      throw broken('a typed array has no legal type or length');
    }
    const start = this.#take(size);
    const own = new Uint8Array(size);
    own.set(this.#bytes.subarray(start, start + size));
    return new type(own.buffer);
  }

  #date(length: number): Date {
    const view = this.#view;
    const at = this.#take(length);
    switch (length) {
      case 0:
        return new Date(Number.NaN);
      case 4:
        return new Date(view.getUint32(at) * 1000);
      case 8: {
        const high = view.getUint32(at);
        const seconds = (high & 3) * 2 ** 32 + view.getUint32(at + 4);
        return new Date(seconds * 1000 + (high >>> 2) / 1e6);
      }
      case 12: {
        const seconds = view.getInt32(at + 4) * 2 ** 32 + view.getUint32(at + 8);
        return new Date(seconds * 1000 + view.getUint32(at) / 1e6);
      }
      default:
        throw broken('a timestamp has no legal length');
    }
  }

  #enter(): void {
    if (++this.#depth > DEPTH_MAX) throw broken(`it is nested deeper than ${DEPTH_MAX} levels`);
  }

  #uint8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  #uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** Steps over `count` bytes. @returns where they begin */
  #take(count: number): number {
    this.#require(count);
    const start = this.#at;
    this.#at = start + count;
    return start;
  }

  /** There is no part of less than a byte, so this bounds every allocation by the input. */
  #require(count: number): void {
    if (count > this.#bytes.length - this.#at) throw broken('the bytes end within a value');
  }
}

/** Up to this many bytes, reading byte by byte beats a call of the decoder. */
const SHORT_BYTES_MAX = 16;
/** How many names of members are kept, of at most 31 bytes each: one a slot, the last one wins. */
const KNOWN_NAMES = 256;
const knownNames: string[] = new Array<string>(KNOWN_NAMES).fill('');

/** The longest bigint that the engine can make: 2^30 bits. */
const BIGINT_BYTES_MAX = 2 ** 27;

function defineOwn(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

const broken = (what: string): ShoalError =>
  new ShoalError('ERR_PROTOCOL', `Cannot read packed value: ${what}`);

/**
 * Unpacks what `pack` made. The result is wholly the caller's.
 *
 * @throws ShoalError `ERR_PROTOCOL` if the bytes are not exactly one packed value
 */
export function unpack(bytes: Uint8Array): unknown {
  return new Unpacker(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).whole();
}
