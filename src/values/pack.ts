import { Buffer } from 'node:buffer';
import { unreachable } from '../base/assert.js';
import type { ShoalError } from '../base/errors.js';
import { DEPTH_MAX, EXT, typedArrayCode } from './format.js';
import { quote, type Step, Trail } from './refusal.js';
import { classNameOf, shapeOf } from './shape.js';
import { Writer } from './writer.js';

/**
 * Data → packed bytes (format.ts), in one pass that checks as it writes: what could not be given
 * back exactly is refused with the path to it, and nothing is stored in a changed form.
 *
 * What structuredClone keeps is kept (members that are undefined, NaN, -0, invalid dates), and so
 * is a null prototype. Refused beyond what it refuses: class instances, holes and named properties
 * of arrays, symbol keys. Getters are called; properties that are not enumerable are no data. An
 * object that occurs twice comes back as two: there is no identity in bytes.
 */
class Packer {
  readonly #writer = new Writer();
  readonly #trail = new Trail();
  /** The containers around the part being packed: one of them again is a cycle. */
  readonly #around: object[] = [];

  pack(value: unknown, limit: number): Buffer {
    this.#writer.begin(limit);
    try {
      this.#any(value);
      return this.#writer.finish();
    } finally {
      this.#writer.end();
      this.#trail.clear();
      this.#around.length = 0;
    }
  }

  #any(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#string(value);
        break;
      case 'number':
        this.#writer.number(value);
        break;
      case 'boolean':
        this.#writer.byte(value ? 0xc3 : 0xc2);
        break;
      case 'object':
        if (value === null) this.#writer.byte(0xc0);
        else this.#object(value);
        break;
      case 'undefined':
        this.#undefined();
        break;
      case 'bigint':
        this.#bigint(value);
        break;
      default:
        throw this.#refuse(`is a ${typeof value}`);
    }
  }

  #object(value: object): void {
    const shape = shapeOf(value);
    switch (shape) {
      case 'plain':
        this.#members(value);
        break;
      case 'array':
        this.#elements(value as unknown[]);
        break;
      case 'bare':
        this.#bare(value);
        break;
      case 'map':
        this.#map(value as Map<unknown, unknown>);
        break;
      case 'set':
        this.#set(value as Set<unknown>);
        break;
      case 'date':
        this.#date(value as Date);
        break;
      case 'buffer':
        this.#buffer(value as Buffer);
        break;
      case 'typed array':
        this.#typedArray(value as NodeJS.TypedArray);
        break;
      case 'other':
        throw this.#refuse(`is ${classNameOf(value)}; store its data as a plain object`);
      default:
        unreachable(shape);
    }
  }

  #undefined(): void {
    if (this.#around.length === 0) throw this.#refuse('is undefined; delete the key instead');
    this.#writer.extHeader(EXT.UNDEFINED, 1);
    this.#writer.byte(0);
  }

  #string(text: string): void {
    if (isWellFormed(text)) this.#writer.string(text);
    else {
      this.#writer.extHeader(EXT.UTF16, text.length * 2);
      this.#writer.utf16(text);
    }
  }

  #bigint(value: bigint): void {
    if (value >= INT64_MIN && value <= UINT64_MAX) {
      this.#writer.int64(value);
      return;
    }
    const bytes = twosComplement(value);
    this.#writer.extHeader(EXT.BIGINT, bytes.length);
    this.#writer.raw(bytes);
  }

  #members(value: object): void {
    const names = Object.keys(value);
    if (Object.getOwnPropertySymbols(value).length > 0) throw this.#refuse('has symbol keys');
    this.#enter(value, 'member');
    this.#writer.mapHeader(names.length);
    for (const name of names) {
      this.#at(name);
      this.#string(name);
      this.#any((value as Record<string, unknown>)[name]);
    }
    this.#leave();
  }

  #bare(value: object): void {
    const start = this.#writer.openExt(EXT.BARE_OBJECT);
    this.#members(value);
    this.#writer.closeExt(start);
  }

  #elements(value: readonly unknown[]): void {
    this.#enter(value, 'element');
    const { length } = value;
    this.#writer.arrayHeader(length);
    for (let i = 0; i < length; i++) {
      this.#at(i);
      const element = value[i];
      if (element === undefined && !Object.hasOwn(value, i)) {
        throw this.#refuse('is a hole in an array; fill it, with null or undefined');
      }
      this.#any(element);
    }
    this.#leave();
    this.#requireNoMembers(value, length);
  }

  #map(value: ReadonlyMap<unknown, unknown>): void {
    this.#requireNoMembers(value, 0);
    const pairs = [...value];
    const start = this.#writer.openExt(EXT.MAP);
    this.#enter(value, 'map key');
    this.#writer.mapHeader(pairs.length);
    for (let i = 0; i < pairs.length; i++) {
      const [key, part] = pairs[i] as [unknown, unknown];
      this.#at(i);
      this.#any(key);
      this.#at(key, 'map value');
      this.#any(part);
      this.#at(i, 'map key');
    }
    this.#leave();
    this.#writer.closeExt(start);
  }

  #set(value: ReadonlySet<unknown>): void {
    this.#requireNoMembers(value, 0);
    const parts = [...value];
    const start = this.#writer.openExt(EXT.SET);
    this.#enter(value, 'set element');
    this.#writer.arrayHeader(parts.length);
    for (let i = 0; i < parts.length; i++) {
      this.#at(i);
      this.#any(parts[i]);
    }
    this.#leave();
    this.#writer.closeExt(start);
  }

  /** The shortest of the specification's three timestamps; an invalid date is an empty one. */
  #date(value: Date): void {
    this.#requireNoMembers(value, 0);
    const ms = value.getTime();
    const writer = this.#writer;
    const seconds = Math.floor(ms / 1000);
    const nanoseconds = (ms - seconds * 1000) * 1e6;
    if (Number.isNaN(ms)) {
      writer.extHeader(EXT.TIMESTAMP, 0);
    } else if (seconds < 0 || seconds >= 2 ** 34) {
      writer.extHeader(EXT.TIMESTAMP, 12);
      writer.uint32(nanoseconds);
      writer.uint32(Math.floor(seconds / 2 ** 32) >>> 0);
      writer.uint32(seconds >>> 0);
    } else if (nanoseconds === 0 && seconds < 2 ** 32) {
      writer.extHeader(EXT.TIMESTAMP, 4);
      writer.uint32(seconds);
    } else {
      writer.extHeader(EXT.TIMESTAMP, 8);
      writer.uint32(((nanoseconds << 2) | Math.floor(seconds / 2 ** 32)) >>> 0);
      writer.uint32(seconds >>> 0);
    }
  }

  #buffer(value: Buffer): void {
    this.#writer.binHeader(value.length);
    this.#writer.raw(value);
  }

  #typedArray(value: NodeJS.TypedArray): void {
    const code = typedArrayCode(value[Symbol.toStringTag]);
    if (code === null) throw this.#refuse(`is ${classNameOf(value)}, which cannot be stored`);
    this.#writer.extHeader(EXT.TYPED_ARRAY, value.byteLength + 1);
    this.#writer.byte(code);
    this.#writer.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  /** Goes one level down, into `container`. */
  #enter(container: object, step: Step): void {
    const depth = this.#around.length;
    const again = this.#around.indexOf(container);
    if (again !== -1) {
      const back = again === 0 ? 'the value itself' : quote(this.#trail.path(again));
      throw this.#refuse(`is a cycle back to ${back}`);
    }
    if (depth === DEPTH_MAX) throw this.#refuse(`is nested deeper than ${DEPTH_MAX} levels`);
    this.#trail.steps[depth] = step;
    this.#around.push(container);
  }

  #leave(): void {
    this.#around.pop();
  }

  /** Notes which part of the innermost container comes next. */
  #at(name: unknown, step: Step | null = null): void {
    const level = this.#around.length - 1;
    this.#trail.names[level] = name;
    if (step !== null) this.#trail.steps[level] = step;
  }

  /** A built-in with members of its own beside its contents would lose them. */
  #requireNoMembers(value: object, contents: number): void {
    const names = Object.keys(value);
    if (names.length > contents) {
      throw this.#refuse(`has a property ${quote(names.at(-1) ?? '')} beside its contents`);
    }
  }

  #refuse(what: string): ShoalError {
    return this.#trail.refuse(this.#around.length, what);
  }
}

const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/** The fewest bytes that hold the number and its sign, the highest first. */
function twosComplement(value: bigint): Buffer {
  const magnitude = value < 0n ? ~value : value;
  // Four bits a digit, one more bit for the sign.
  const length = (magnitude.toString(16).length >> 1) + 1;
  const digits = BigInt.asUintN(length * 8, value).toString(16);
  return Buffer.from(digits.padStart(length * 2, '0'), 'hex');
}

// In every supported engine since Node 20, but not in the es2023 library types.
const isWellFormed = (text: string): boolean =>
  (text as string & { isWellFormed(): boolean }).isWellFormed();

/** The packer at rest. A getter may pack something itself while one is at work: it gets another. */
let idle: Packer | null = null;

/**
 * Packs a data value.
 *
 * @param limit the most bytes that it may take
 * @returns bytes that are the caller's; they may lie in a larger pool, so copy, never transfer them
 * @throws ShoalError `ERR_VALUE_TYPE` with the path to what cannot be stored,
 *   `ERR_VALUE_TOO_LARGE` as soon as the limit is passed
 */
export function pack(value: unknown, limit: number): Buffer {
  const packer = idle ?? new Packer();
  idle = null;
  try {
    return packer.pack(value, limit);
  } finally {
    idle = packer;
  }
}
