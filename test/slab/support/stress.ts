/**
 * What the owner and the foreign readers of one slab have in common while they work at once: a
 * board of words on which the owner says what it has begun and what is done, and values that say
 * what they are.
 */
import { packLoading } from '#src/base/brief.js';
import type { Prng } from '#src/base/prng.js';
import { duration, type Instant, instant, NEVER } from '#src/base/units.js';
import { PATTERN, startOf } from './bytes.js';

export interface StressPlan {
  readonly seed: number;
  /** The memory limit, in bytes. */
  readonly limit: number;
  /** Keys that are written and read. */
  readonly keys: number;
  /** Operations of the owner, at the least, and looks of all readers together. */
  readonly operations: number;
  readonly looks: number;
  readonly lengthMax: number;
  /** The length of all values: then what one frees fits the next. */
  readonly length?: number;
  /** Among a thousand operations. The others are writes. */
  readonly deletes?: number;
  readonly withTtl?: number;
  readonly flushes?: number;
  /** Keys that are written once and never read: they make the index grow, or the others go. */
  readonly strangers?: number;
  /** From this operation on values are long: work for the mover. */
  readonly longFrom?: number;
  /** Collisions: this many different hashes only. */
  readonly hashes?: number;
  /** Whether a key may go at any time, without an operation on it. */
  readonly evicts?: boolean;
}

/** What a reader thread is given, and what it gives back. */
export interface ReaderTask {
  readonly plan: StressPlan;
  readonly memory: SharedArrayBuffer;
  readonly board: SharedArrayBuffer;
  readonly reader: number;
  /** Module with the SlabReader to be tested. */
  readonly module: string;
}

export interface ReaderReport {
  readonly fault: string | null;
  readonly found: number;
  readonly absent: number;
  readonly contended: number;
}

/** Board words: shall the readers stop; how many are ready; looks so far; has one found a fault. */
export const STOP = 0;
export const READY = 1;
export const LOOKS = 2;
export const FAULT = 3;
const BOARD_HEAD = 4;

export const boardBytes = ({ keys }: StressPlan): number => (BOARD_HEAD + keys * 2) * 4;
/** The number of the last operation begun on a key. */
export const begunAt = (key: number): number => BOARD_HEAD + key * 2;
/** What the last operation done has left: its number and how that may end, in one word. */
export const doneAt = (key: number): number => begunAt(key) + 1;

const PRESENT = 1;
/** It expires, and may go without an operation. */
const TRANSIENT = 2;
export const doneWord = (operation: number, present: boolean, transient: boolean): number =>
  operation * 4 + (present ? PRESENT : 0) + (transient ? TRANSIENT : 0);
export const operationOf = (done: number): number => done >>> 2;
export const isPresent = (done: number): boolean => (done & PRESENT) !== 0;
export const isTransient = (done: number): boolean => (done & TRANSIENT) !== 0;

export const keyText = (key: number): string =>
  key % 8 === 0 ? `größe:${key}:名前` : `user:${key}:${'n'.repeat(key % 40)}`;

export const forcedHash = (key: number, { hashes }: StressPlan): number | null =>
  hashes === undefined ? null : Math.imul(key % hashes, 0x9e3779b1) >>> 0;

/** What an operation says of how its value was loaded. */
export const loadingOf = (operation: number): number =>
  packLoading(duration(operation % 1000), duration((operation % 3) * 50));

/** Words at the head of a value: its key, the operation that wrote it, its length, its expiry or 0. */
const HEAD_BYTES = 16;
const head = new Int32Array(HEAD_BYTES / 4);
const headBytes = Buffer.from(head.buffer);

/** Writes a value of at least 16 bytes to `target` from its beginning. */
export function writeValue(
  target: Buffer,
  key: number,
  operation: number,
  length: number,
  expiry: Instant,
): void {
  head.set([key, operation, length, expiry === NEVER ? 0 : expiry]);
  headBytes.copy(target);
  const start = startOf(operation);
  PATTERN.copy(target, HEAD_BYTES, start, start + length - HEAD_BYTES);
}

/** The operation that wrote a value, which must be whole and this key's; else what is wrong. */
export function readValue(bytes: Buffer, length: number, key: number, expiry: Instant) {
  if (length < HEAD_BYTES) return `a value of ${length} bytes`;
  bytes.copy(headBytes, 0, 0, HEAD_BYTES);
  const [of, operation, size, until] = head as unknown as [number, number, number, number];
  if (of !== key) return `a value of key ${of}`;
  if (size !== length) return `a value of ${size} bytes in ${length}`;
  if ((until === 0 ? NEVER : instant(until)) !== expiry) return `expiry ${expiry}, not ${until}`;
  const start = startOf(operation);
  const order = bytes.compare(PATTERN, start, start + length - HEAD_BYTES, HEAD_BYTES, length);
  return order === 0 ? operation : 'a torn value';
}

/** Lengths: mostly short. */
export function someLength(prng: Prng, plan: StressPlan, operation: number): number {
  if (plan.length !== undefined) return plan.length;
  const isLong = plan.longFrom === undefined ? prng.below(6) === 0 : operation >= plan.longFrom;
  return HEAD_BYTES + prng.below(isLong ? plan.lengthMax : 200);
}
