import { Buffer } from 'node:buffer';

/** What a reader hands each reply to. Bytes are borrowed for the call. */
export interface ReplySink {
  /** A value: `bytes[start, end)`. */
  value(bytes: Buffer, start: number, end: number): void;
  /** No value. */
  nothing(): void;
  /** `+OK`, or a number. */
  acknowledged(): void;
  /** The text of an error, without its `-`. */
  refused(text: string): void;
}

const CR = 0x0d;
const LF = 0x0a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;
const DOLLAR = 0x24;
const UNDERSCORE = 0x5f;
const DIGIT_ZERO = 0x30;

/** The longest first line of a reply: an error's text. */
const LINE_BYTES_MAX = 4_096;
/** The largest value that a reply may announce: Redis's own limit. */
const VALUE_BYTES_MAX = 512 * 1024 * 1024;

/** The server said something that is no answer to GET, SET or DEL. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/**
 * Reads the replies to GET, SET and DEL out of a stream that may be cut anywhere. Whole replies
 * are read where they lie; only what a chunk ends in the middle of is copied and kept.
 */
export class ReplyReader {
  readonly #sink: ReplySink;
  #kept = Buffer.alloc(0);
  #keptLength = 0;
  /** Bytes from the start of what is kept without which there is no point in trying again. */
  #needed = 0;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  /** Reads `chunk[0, length)`. @throws ReplyError */
  feed(chunk: Buffer, length: number): void {
    if (this.#keptLength === 0) {
      const read = this.#read(chunk, length);
      this.#keep(chunk, read, length);
      return;
    }
    this.#keep(chunk, 0, length);
    if (this.#keptLength < this.#needed) return;
    const read = this.#read(this.#kept, this.#keptLength);
    this.#kept.copy(this.#kept, 0, read, this.#keptLength);
    this.#keptLength -= read;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const length = this.#keptLength + to - from;
    if (length > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#needed, this.#kept.length * 2));
      this.#kept.copy(larger, 0, 0, this.#keptLength);
      this.#kept = larger;
    }
    chunk.copy(this.#kept, this.#keptLength, from, to);
    this.#keptLength = length;
  }

  /** Hands over all whole replies; how many bytes they were. */
  #read(bytes: Buffer, length: number): number {
    let at = 0;
    this.#needed = 0;
    while (at < length) {
      const next = this.#readOne(bytes, at, length);
      if (next === at) break;
      at = next;
    }
    return at;
  }

  /** Hands over the reply that starts at `at`; where it ends, or `at` if it is cut. */
  #readOne(bytes: Buffer, at: number, length: number): number {
    const lineEnd = findLineEnd(bytes, at, length);
    if (lineEnd === CUT) return at;
    const next = lineEnd + 2;
    switch (bytes[at]) {
      case DOLLAR:
        return this.#readBulk(bytes, at, lineEnd, length);
      case PLUS:
      case COLON:
        this.#sink.acknowledged();
        return next;
      case UNDERSCORE:
        this.#sink.nothing();
        return next;
      case MINUS:
        this.#sink.refused(bytes.toString('utf8', at + 1, lineEnd));
        return next;
      default:
        throw new ReplyError(`a reply that starts with byte ${bytes[at]}`);
    }
  }

  #readBulk(bytes: Buffer, at: number, lineEnd: number, length: number): number {
    if (bytes[at + 1] === MINUS) {
      this.#sink.nothing();
      return lineEnd + 2;
    }
    const size = readDigits(bytes, at + 1, lineEnd);
    const start = lineEnd + 2;
    const end = start + size;
    if (end + 2 > length) {
      this.#needed = end + 2 - at;
      return at;
    }
    this.#sink.value(bytes, start, end);
    return end + 2;
  }
}

const CUT = -1;

function findLineEnd(bytes: Buffer, from: number, length: number): number {
  const limit = Math.min(length - 1, from + LINE_BYTES_MAX);
  for (let i = from; i < limit; i++) if (bytes[i] === CR && bytes[i + 1] === LF) return i;
  if (length - from > LINE_BYTES_MAX) throw new ReplyError('a line without an end');
  return CUT;
}

function readDigits(bytes: Buffer, from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] as number) - DIGIT_ZERO;
    if (!(digit >= 0 && digit <= 9)) throw new ReplyError('a length that is no number');
    n = n * 10 + digit;
    if (n > VALUE_BYTES_MAX) throw new ReplyError('a value over 512 MB');
  }
  if (from === to) throw new ReplyError('a value without a length');
  return n;
}
