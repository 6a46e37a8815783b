/**
 * Splits an inline request (a line that a person typed into a socket) into its words, by Redis's
 * quoting rules: words are separated by white space; "…" knows \n \r \t \b \a, \xHH and \ before
 * anything else; '…' knows only \'; a closing quote must end the word.
 */
import { Buffer } from 'node:buffer';

/** A quote that is not closed, or is closed in the middle of a word. */
export const UNBALANCED = -1;

/** Who is told where the words stand in the copy. */
export interface WordSink {
  noteWord(index: number, start: number, end: number): void;
}

const DOUBLE = 34;
const SINGLE = 39;
const BACKSLASH = 92;
const SMALL_X = 120;

/** Bytes of the copy that are kept from line to line. */
const LINE_KEPT = 4096;

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

export class InlineSplitter {
  /** The words of the last line, unquoted, one behind the other: the line itself stays as it is. */
  words = Buffer.alloc(0);
  #line: Uint8Array = this.words;
  #at = 0;
  #to = 0;
  #out = 0;

  /**
   * Copies the words of `line[from, to)` to `words` and tells `sink` where they are.
   *
   * @returns the number of words, or UNBALANCED
   */
  split(line: Uint8Array, from: number, to: number, sink: WordSink): number {
    const length = to - from;
    if (this.words.length < length || this.words.length > LINE_KEPT) {
      this.words = Buffer.allocUnsafeSlow(Math.max(length, 128));
    }
    this.#line = line;
    this.#at = from;
    this.#to = to;
    this.#out = 0;
    for (let count = 0; ; count++) {
      while (this.#at < to && isSpace(line[this.#at] as number)) this.#at++;
      if (this.#at >= to) return count;
      const start = this.#out;
      if (!this.#copyWord()) return UNBALANCED;
      sink.noteWord(count, start, this.#out);
    }
  }

  /** False if its quotes are unbalanced. */
  #copyWord(): boolean {
    while (this.#at < this.#to) {
      const byte = this.#line[this.#at] as number;
      if (isSpace(byte)) return true;
      this.#at++;
      if (byte !== DOUBLE && byte !== SINGLE) {
        this.#write(byte);
        continue;
      }
      const closed = byte === DOUBLE ? this.#copyDouble() : this.#copySingle();
      if (!closed) return false;
      return this.#at >= this.#to || isSpace(this.#line[this.#at] as number);
    }
    return true;
  }

  #copyDouble(): boolean {
    while (this.#at < this.#to) {
      const byte = this.#line[this.#at++] as number;
      if (byte === DOUBLE) return true;
      if (byte === BACKSLASH && this.#at < this.#to) this.#writeEscaped();
      else this.#write(byte);
    }
    return false;
  }

  #copySingle(): boolean {
    while (this.#at < this.#to) {
      const byte = this.#line[this.#at++] as number;
      if (byte === SINGLE) return true;
      const quoted = byte === BACKSLASH && this.#at < this.#to && this.#line[this.#at] === SINGLE;
      if (quoted) this.#at++;
      this.#write(quoted ? SINGLE : byte);
    }
    return false;
  }

  /** What follows a backslash. */
  #writeEscaped(): void {
    const byte = this.#line[this.#at++] as number;
    const high = this.#hexDigit(this.#at);
    const low = this.#hexDigit(this.#at + 1);
    if (byte === SMALL_X && high >= 0 && low >= 0) {
      this.#at += 2;
      this.#write((high << 4) | low);
    } else {
      this.#write(ESCAPES.get(byte) ?? byte);
    }
  }

  #write(byte: number): void {
    this.words[this.#out++] = byte;
  }

  /** The value of a hexadecimal digit, or -1. */
  #hexDigit(at: number): number {
    if (at >= this.#to) return -1;
    const byte = this.#line[at] as number;
    if (byte >= 48 && byte <= 57) return byte - 48;
    const letter = byte | 0x20;
    return letter >= 97 && letter <= 102 ? letter - 87 : -1;
  }
}

/** The letter behind a backslash, and the byte that the two stand for. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [110, 10], // \n
  [114, 13], // \r
  [116, 9], // \t
  [98, 8], // \b
  [97, 7], // \a
]);
