/**
 * Values that say what they are, in every kind that the library stores: bytes, text and data. In
 * each of them lies the stamp of the load generator: key, writer, number of the write, checksum,
 * and a body of which every byte follows from these.
 */
import { Buffer } from 'node:buffer';
import { STAMP_BYTES, ValueStamp } from '#src/load/value-stamp.js';

/** What a value that was read turned out to be. */
export type Reading =
  /** This key's, whole: the number of the write. */
  | number
  /** Another key's, or another writer's, whole. */
  | 'foreign'
  /** Cut, damaged, or put together of several. */
  | 'torn';

/** Values above are stored as bytes only: base64 of a megabyte takes longer than the rest. */
const TEXT_BYTES_MAX = 8_192;
const KINDS = 3;
const KEY_AT = 16;

export class Values {
  readonly #run: number;
  readonly #stamps = new Map<number, ValueStamp>();

  /** @param run tells this run's values from others */
  constructor(run: number) {
    this.#run = run;
  }

  /** A new value, of a kind that depends on key and number. */
  make(writer: number, key: number, sequence: number, bytes: number): unknown {
    const stamped = Buffer.allocUnsafe(bytes);
    this.#stamp(writer).write(key, sequence, bytes, stamped, 0);
    if (bytes > TEXT_BYTES_MAX) return stamped;
    switch ((key + sequence) % KINDS) {
      case 0:
        return stamped;
      case 1:
        return stamped.toString('base64');
      default:
        return { key, sequence, stamp: new Uint8Array(stamped) };
    }
  }

  read(writer: number, key: number, value: unknown): Reading {
    const stamped = stampIn(value, key);
    if (stamped === null) return 'torn';
    const stamp = this.#stamp(writer);
    if (stamp.check(key, stamped, 0, stamped.length) === 'right') {
      const sequence = stamp.ownSequence;
      return sequence === null || !agrees(value, sequence) ? 'foreign' : sequence;
    }
    if (stamped.length < STAMP_BYTES) return 'torn';
    const named = stamped.readUInt32LE(KEY_AT) + stamped.readUInt32LE(KEY_AT + 4) * 2 ** 32;
    return stamp.check(named, stamped, 0, stamped.length) === 'right' ? 'foreign' : 'torn';
  }

  #stamp(writer: number): ValueStamp {
    const known = this.#stamps.get(writer);
    if (known !== undefined) return known;
    const stamp = new ValueStamp(this.#run, writer);
    this.#stamps.set(writer, stamp);
    return stamp;
  }
}

function stampIn(value: unknown, key: number): Buffer | null {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  if (typeof value !== 'object' || value === null) return null;
  const { key: named, stamp } = value as { key?: unknown; stamp?: unknown };
  return stamp instanceof Uint8Array && named === key
    ? Buffer.from(stamp.buffer, stamp.byteOffset, stamp.length)
    : null;
}

/** Data says its number twice: an object put together of two writes would not agree. */
function agrees(value: unknown, sequence: number): boolean {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return true;
  return (value as { sequence?: unknown }).sequence === sequence;
}
