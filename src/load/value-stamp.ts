/**
 * Values that say what they are, so that a reader can tell a right value from a wrong one without
 * knowing what was written when: the key, who wrote it and as which of its writes, in a header
 * with a checksum; and a body of which every byte follows from the header.
 *
 *     0      4     8        12         16         24     28         32
 *     ┌──────┬─────┬────────┬──────────┬──────────┬──────┬──────────┬───────────────┐
 *     │ mark │ run │ writer │ sequence │ key no.  │ size │ checksum │ body …        │
 *     └──────┴─────┴────────┴──────────┴──────────┴──────┴──────────┴───────────────┘
 *
 * Bodies are slices of one pool that every thread makes alike, so that checking is a memcmp. A
 * value torn between two writes, cut short, or served under another's key does not fit.
 */
import { Buffer } from 'node:buffer';
import { murmur3 } from '../base/hash.js';
import { Prng } from '../base/prng.js';

/** Bytes of the header: no stamped value is smaller. */
export const STAMP_BYTES = 32;

const MARK = 0x564c4853;
const CHECKED_BYTES = 28;
const POOL_BYTES = 1 << 16;
const POOL_SEED = 0x5ea1;
/** Offsets of neighbouring sequences lie far apart: a multiple of no small number. */
const STRIDE = 7919;

/** What a value turned out to be. */
export type StampCheck =
  | 'right'
  /** Not what was written under this key: torn, cut, damaged, or another key's. */
  | 'wrong';

/** Fills and checks values. */
export class ValueStamp {
  readonly #pool = sharedPool();
  readonly #header = Buffer.alloc(CHECKED_BYTES);
  readonly #run: number;
  readonly #writer: number;
  /** Of the value checked last: the sequence if this thread wrote it in this run, else null. */
  ownSequence: number | null = null;

  /**
   * @param run tells this run's values from those an earlier one left behind
   * @param writer this thread's number among all that write
   */
  constructor(run: number, writer: number) {
    this.#run = run >>> 0;
    this.#writer = writer;
  }

  /** Writes a value of `size` bytes, at least STAMP_BYTES, to `target[at …)`. */
  write(key: number, sequence: number, size: number, target: Buffer, at: number): void {
    target.writeUInt32LE(MARK, at);
    target.writeUInt32LE(this.#run, at + 4);
    target.writeUInt32LE(this.#writer, at + 8);
    target.writeUInt32LE(sequence, at + 12);
    target.writeUInt32LE(key % 4294967296, at + 16);
    target.writeUInt32LE(Math.floor(key / 4294967296), at + 20);
    target.writeUInt32LE(size, at + 24);
    target.copy(this.#header, 0, at, at + CHECKED_BYTES);
    target.writeUInt32LE(murmur3(this.#header), at + CHECKED_BYTES);
    this.#body(key, sequence, size, (from, to, offset) => {
      this.#pool.copy(target, at + offset, from, to);
      return true;
    });
  }

  /** Judges the value `bytes[start, end)` that was read under `key`. */
  check(key: number, bytes: Buffer, start: number, end: number): StampCheck {
    this.ownSequence = null;
    const size = end - start;
    if (size < STAMP_BYTES) return 'wrong';
    bytes.copy(this.#header, 0, start, start + CHECKED_BYTES);
    if (bytes.readUInt32LE(start + CHECKED_BYTES) !== murmur3(this.#header)) return 'wrong';
    if (this.#header.readUInt32LE(0) !== MARK) return 'wrong';
    if (this.#header.readUInt32LE(24) !== size) return 'wrong';
    const low = this.#header.readUInt32LE(16);
    const high = this.#header.readUInt32LE(20);
    if (high * 4294967296 + low !== key) return 'wrong';
    const sequence = this.#header.readUInt32LE(12);
    const same = this.#body(key, sequence, size, (from, to, offset) => {
      const at = start + offset;
      return this.#pool.compare(bytes, at, at + to - from, from, to) === 0;
    });
    if (!same) return 'wrong';
    const own =
      this.#header.readUInt32LE(4) === this.#run && this.#header.readUInt32LE(8) === this.#writer;
    if (own) this.ownSequence = sequence;
    return 'right';
  }

  /** Visits the pool's slices that make up a body, until a visit says no. */
  #body(
    key: number,
    sequence: number,
    size: number,
    visit: (from: number, to: number, offset: number) => boolean,
  ): boolean {
    let from = (((key % POOL_BYTES) + (sequence % POOL_BYTES)) * STRIDE) % POOL_BYTES;
    for (let offset = STAMP_BYTES; offset < size; ) {
      const to = Math.min(POOL_BYTES, from + size - offset);
      if (!visit(from, to, offset)) return false;
      offset += to - from;
      from = 0;
    }
    return true;
  }
}

/** Bytes that do not compress, for values that nobody checks. */
export class Filler {
  readonly #pool = sharedPool();

  write(sequence: number, size: number, target: Buffer, at: number): void {
    let from = (sequence * STRIDE) % POOL_BYTES;
    for (let offset = 0; offset < size; ) {
      const to = Math.min(POOL_BYTES, from + size - offset);
      this.#pool.copy(target, at + offset, from, to);
      offset += to - from;
      from = 0;
    }
  }
}

let pool: Buffer | null = null;

/** One for all stamps of a thread: nobody writes to it. */
function sharedPool(): Buffer {
  pool ??= randomPool();
  return pool;
}

function randomPool(): Buffer {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  const prng = new Prng(POOL_SEED);
  for (let at = 0; at < POOL_BYTES; at += 4) pool.writeUInt32LE(prng.uint32(), at);
  return pool;
}
