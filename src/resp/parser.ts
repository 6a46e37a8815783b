/**
 * Reads requests where they lie. A command is given out as offsets into the bytes that came from
 * the socket: no string, no object, no copy. The offsets stand in two arrays that are used again
 * for every command:
 *
 *     data     * 3 ␍␊ $ 3 ␍␊ S E T ␍␊ $ 1 ␍␊ k ␍␊ $ 2 ␍␊ v v ␍␊ * 2 ␍␊ $ 3 …
 *                            ▲     ▲          ▲ ▲          ▲   ▲
 *     argument 0      starts[0] ends[0]   starts[1]     starts[2] ends[2]
 *
 * A chunk may end anywhere. What is left of it, the beginning of one command, moves to a buffer of
 * the parser's own, the carry. The next chunk is then appended to the carry in pieces, only until
 * that command is whole (its bulk length says how much is missing); with the first byte that
 * belongs to another command the parser is back in the chunk. So the carry is as large as one cut
 * command, a value of 8 MB that comes in 64 KB pieces is copied once and never looked at twice
 * (doubling apart), and cutting a stream at other places gives the same commands.
 *
 * A request over the limits of `ParserLimits` is read past without being kept: the client gets
 * a clear error and the connection stays usable. What is no request at all is answered in Redis's
 * words, and the connection ends: there is no telling where the next request would begin.
 */
import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.js';
import { InlineSplitter, UNBALANCED } from './inline.js';
import { ARGUMENTS_MAX, BULK_BYTES_MAX, INLINE_BYTES_MAX, type ParserLimits } from './limits.js';

export type ParseOutcome =
  /** One command with at least one argument: see `data`, `count`, `starts` and `ends`. */
  | 'command'
  /** A command with an argument over its limit, or over the limit as a whole, has been read past: see `excess`. */
  | 'argument-too-large'
  | 'request-too-large'
  /** Everything that was fed has been used. */
  | 'more'
  /** What came is no request: see `error`. Nothing is read from here on. */
  | 'broken';

/** Between two requests, within one of the two forms, or past the point of no return. */
type State = 'between' | 'inline' | 'array' | 'skipping' | 'broken';

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const MINUS = 45;
const ZERO = 48;

/** No header has been read for the argument that comes next. */
const NO_BULK = -1;

// What reading the number of a header can come to, other than a number from 0.
const CUT = -1;
const NEGATIVE = -2;
const NO_NUMBER = -3;

/** Digits of a header: anything longer is over every limit. */
const DIGITS_MAX = 15;
/** The argument arrays, and the carry, start with this and fall back to it after a large request. */
const ARGUMENTS_FIRST = 16;
const ARGUMENTS_KEPT = 1024;
const CARRY_FIRST = 1024;
const CARRY_KEPT = 16 * 1024;
/** How much of a chunk is appended to the carry while it is not known how much is missing. */
const PIECE = 512;

const NOTHING = Buffer.alloc(0);

export class RequestParser {
  /** What the offsets refer to. Borrowed: valid until the next `next` or `feed`, see `hold`. */
  data: Buffer = NOTHING;
  /** Arguments of the command, its name included. */
  count = 0;
  starts = new Int32Array(ARGUMENTS_FIRST);
  ends = new Int32Array(ARGUMENTS_FIRST);
  /** After `broken`: what is wrong, in Redis's words. */
  error = '';
  /** After `…-too-large`: the bytes of the argument, or of the request, that was over its limit. */
  excess = 0;

  readonly #limits: ParserLimits;
  readonly #splitter = new InlineSplitter();
  #state: State = 'between';
  /** What is being read, [#pos, #end) still to come: a chunk, or the carry. */
  #input: Buffer = NOTHING;
  #pos = 0;
  #end = 0;
  /** Where the command in hand begins; everything from here on has to survive a cut. */
  #start = 0;
  #carry: Buffer = NOTHING;
  /** The chunk of which [0, #appended) has been appended to the carry. */
  #rest: Buffer | null = null;
  #appended = 0;
  /** Arguments of the array that have not been read. */
  #missing = 0;
  /** Bytes of the argument whose header has been read, or NO_BULK. */
  #bulk = NO_BULK;
  /** What `next` answers when the request that is being read past has ended. */
  #skipped: ParseOutcome = 'request-too-large';
  /** Where #readNumber stopped. */
  #after = 0;

  constructor(limits: ParserLimits) {
    assert(limits.argumentBytes <= BULK_BYTES_MAX, 'a kept argument is one that may be announced');
    this.#limits = limits;
  }

  /** Bytes of a chunk that had to be kept. */
  get held(): number {
    return this.#input === this.#carry ? this.#end - this.#start : 0;
  }

  /**
   * Takes the next chunk of the stream. The chunk is borrowed until `next` has answered `more`,
   * or `hold` was called.
   */
  feed(chunk: Buffer): void {
    assert(this.#rest === null, 'a parser is fed when it has asked for more, or holds');
    if (this.#end === this.#start) {
      this.#input = chunk;
      this.#start = 0;
      this.#pos = 0;
      this.#end = chunk.length;
      return;
    }
    assert(this.#input === this.#carry, 'what is left of a chunk is in the carry');
    this.#rest = chunk;
    this.#appended = 0;
  }

  /** Reads one request. */
  next(): ParseOutcome {
    for (;;) {
      const outcome = this.#step();
      if (outcome === 'again') continue;
      if (outcome !== 'more') return outcome;
      this.#keep();
      if (!this.#append(this.#bulk === NO_BULK ? PIECE : this.#lack() + PIECE)) return 'more';
    }
  }

  /** Keeps everything that has not been used, and the last command, so that the chunk can go. */
  hold(): void {
    if (this.#state === 'broken') return;
    // What is in the carry already may stay where it is.
    if (this.#input !== this.#carry || this.#rest !== null) this.#keep();
    this.#append(Number.POSITIVE_INFINITY);
  }

  #step(): ParseOutcome | 'again' {
    switch (this.#state) {
      case 'between':
        return this.#open();
      case 'array':
        return this.#takeArguments();
      case 'inline':
        return this.#takeLine();
      case 'skipping':
        return this.#skipArguments();
      case 'broken':
        return 'broken';
    }
  }

  /** The first byte tells the two forms apart. */
  #open(): ParseOutcome | 'again' {
    if (this.#rest !== null) this.#leaveCarry();
    this.#start = this.#pos;
    this.count = 0;
    if (this.#pos >= this.#end) {
      if (this.starts.length > ARGUMENTS_KEPT) this.#resizeArguments(ARGUMENTS_FIRST);
      return 'more';
    }
    if (this.#input[this.#pos] !== STAR) {
      this.#state = 'inline';
      return 'again';
    }
    const count = this.#readNumber(this.#pos + 1);
    if (count === CUT) return 'more';
    if (count === NO_NUMBER || count > ARGUMENTS_MAX)
      return this.#break('invalid multibulk length');
    this.#pos = this.#after;
    if (count <= 0) return 'again';
    this.data = this.#input;
    this.#missing = count;
    this.#bulk = NO_BULK;
    this.#state = 'array';
    return this.#takeArguments();
  }

  #takeArguments(): ParseOutcome | 'again' {
    while (this.#missing > 0) {
      if (this.#bulk === NO_BULK) {
        const outcome = this.#takeHeader();
        if (outcome !== 'again') return outcome;
        if (this.#overLimit()) {
          this.#state = 'skipping';
          return 'again';
        }
      }
      const end = this.#pos + this.#bulk;
      if (end + 2 > this.#end) return 'more';
      const count = this.count;
      if (count === this.starts.length) this.#resizeArguments(count * 2);
      this.starts[count] = this.#pos;
      this.ends[count] = end;
      this.count = count + 1;
      this.#pos = end + 2;
      this.#bulk = NO_BULK;
      this.#missing--;
    }
    this.#state = 'between';
    return 'command';
  }

  #takeHeader(): ParseOutcome | 'again' {
    if (this.#pos >= this.#end) return 'more';
    const mark = this.#input[this.#pos] as number;
    if (mark !== DOLLAR) return this.#break(`expected '$', got '${String.fromCharCode(mark)}'`);
    const length = this.#readNumber(this.#pos + 1);
    if (length === CUT) return 'more';
    if (length < 0 || length > BULK_BYTES_MAX) return this.#break('invalid bulk length');
    this.#pos = this.#after;
    this.#bulk = length;
    return 'again';
  }

  #overLimit(): boolean {
    const { argumentBytes, requestBytes } = this.#limits;
    const total = this.#pos - this.#start + this.#bulk;
    if (this.#bulk <= argumentBytes && total <= requestBytes) return false;
    const byArgument = this.#bulk > argumentBytes;
    this.excess = byArgument ? this.#bulk : total;
    this.#skipped = byArgument ? 'argument-too-large' : 'request-too-large';
    return true;
  }

  /** As `#takeArguments`, but nothing of it is kept: `#bulk` counts down. */
  #skipArguments(): ParseOutcome | 'again' {
    this.count = 0;
    while (this.#missing > 0) {
      if (this.#bulk === NO_BULK) {
        this.#start = this.#pos;
        const outcome = this.#takeHeader();
        if (outcome !== 'again') return outcome;
      }
      const left = this.#end - this.#pos;
      if (left < this.#bulk + 2) {
        // The two bytes behind the value are waited for together.
        const skipped = Math.min(left, this.#bulk);
        this.#bulk -= skipped;
        this.#pos += skipped;
        this.#start = this.#pos;
        return 'more';
      }
      this.#pos += this.#bulk + 2;
      this.#bulk = NO_BULK;
      this.#missing--;
    }
    this.#state = 'between';
    return this.#skipped;
  }

  /** `#pos` moves along the line, so that no byte is looked at twice. */
  #takeLine(): ParseOutcome | 'again' {
    const input = this.#input;
    const end = this.#end;
    let pos = this.#pos;
    while (pos < end && input[pos] !== LF) pos++;
    this.#pos = pos;
    if (pos - this.#start > INLINE_BYTES_MAX) return this.#break('too big inline request');
    if (pos === end) return 'more';
    const lineEnd = pos > this.#start && input[pos - 1] === CR ? pos - 1 : pos;
    const count = this.#splitter.split(input, this.#start, lineEnd, this);
    if (count === UNBALANCED) return this.#break('unbalanced quotes in request');
    this.#pos = pos + 1;
    this.#state = 'between';
    if (count === 0) return 'again';
    // The words are unquoted in a copy: the chunk is the caller's.
    this.data = this.#splitter.words;
    this.count = count;
    return 'command';
  }

  /** Notes one word of an inline request. */
  noteWord(index: number, start: number, end: number): void {
    if (index === this.starts.length) this.#resizeArguments(index * 2);
    this.starts[index] = start;
    this.ends[index] = end;
  }

  /** The number from `at` to CR LF, by Redis's strict rules: no plus sign, no leading zero. */
  #readNumber(at: number): number {
    const input = this.#input;
    const end = this.#end;
    let value = 0;
    let i = at;
    for (; i < end; i++) {
      const byte = input[i] as number;
      if (byte === CR) break;
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9 || i - at >= DIGITS_MAX) {
        return byte === MINUS && i === at ? this.#readNegative(at + 1) : NO_NUMBER;
      }
      value = value * 10 + digit;
    }
    if (i > at + 1 && input[at] === ZERO) return NO_NUMBER;
    if (i < end && i === at) return NO_NUMBER;
    if (i + 1 >= end) return CUT;
    this.#after = i + 2;
    return value;
  }

  #readNegative(at: number): number {
    if (at < this.#end && this.#input[at] === ZERO) return NO_NUMBER;
    const value = this.#readNumber(at);
    if (value === CUT) return CUT;
    return value < 0 ? NO_NUMBER : NEGATIVE;
  }

  #break(error: string): 'broken' {
    this.error = error;
    this.#state = 'broken';
    this.#carry = NOTHING;
    this.#input = NOTHING;
    this.#rest = null;
    return 'broken';
  }

  /** Bytes of the argument in hand, its line end included, that have not come. */
  #lack(): number {
    return Math.max(0, this.#bulk + 2 - (this.#end - this.#pos));
  }

  /** Moves what has to survive to the front of the carry. */
  #keep(): void {
    const from = this.#start;
    const used = this.#end - from;
    const inPlace = this.data === this.#input;
    if (used === 0) {
      this.#input = NOTHING;
      if (this.#carry.length > CARRY_KEPT) this.#carry = NOTHING;
    } else if (this.#input !== this.#carry) {
      this.#reserveCarry(used, 0);
      this.#input.copy(this.#carry, 0, from, this.#end);
      this.#input = this.#carry;
    } else if (from > 0) {
      this.#carry.copyWithin(0, from, this.#end);
    }
    this.#start = 0;
    this.#pos -= from;
    this.#end = used;
    if (!inPlace) return;
    this.data = this.#input;
    if (from === 0) return;
    for (let i = 0; i < this.count; i++) {
      this.starts[i] = (this.starts[i] as number) - from;
      this.ends[i] = (this.ends[i] as number) - from;
    }
  }

  /** Appends up to `wanted` bytes of the rest to the carry; false if there are none left. */
  #append(wanted: number): boolean {
    const rest = this.#rest;
    if (rest === null) return false;
    const take = Math.min(wanted, rest.length - this.#appended);
    const inPlace = this.data === this.#input;
    this.#reserveCarry(this.#end + take, this.#end);
    rest.copy(this.#carry, this.#end, this.#appended, this.#appended + take);
    this.#input = this.#carry;
    if (inPlace) this.data = this.#carry;
    this.#end += take;
    this.#appended += take;
    if (this.#appended === rest.length) this.#rest = null;
    return take > 0;
  }

  /** Back into the chunk, if all that is left of the carry came from it. */
  #leaveCarry(): void {
    const rest = this.#rest;
    const left = this.#end - this.#pos;
    if (rest === null || left > this.#appended) return;
    this.#input = rest;
    this.#pos = this.#appended - left;
    this.#end = rest.length;
    this.#rest = null;
    if (this.#carry.length > CARRY_KEPT) this.#carry = NOTHING;
  }

  /** Room for `size` bytes, the first `used` of which stay. */
  #reserveCarry(size: number, used: number): void {
    const old = this.#carry;
    if (old.length >= size) return;
    let capacity = Math.max(CARRY_FIRST, old.length);
    while (capacity < size) capacity *= 2;
    this.#carry = Buffer.allocUnsafeSlow(capacity);
    old.copy(this.#carry, 0, 0, used);
  }

  #resizeArguments(length: number): void {
    const starts = new Int32Array(length);
    const ends = new Int32Array(length);
    starts.set(this.starts.subarray(0, Math.min(length, this.count)));
    ends.set(this.ends.subarray(0, Math.min(length, this.count)));
    this.starts = starts;
    this.ends = ends;
  }
}
