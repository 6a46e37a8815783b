import { Buffer } from 'node:buffer';

/** What a stream hands each reply, and each element of an array, to. Bytes are borrowed for the call. */
export interface ReplyListener {
  array(length: number): void;
  value(bytes: Buffer, start: number, end: number): void;
  nothing(): void;
  /** A status or a number. */
  said(): void;
  error(text: string): void;
}

const CR = 0x0d;
const LINE_BYTES_MAX = 65_536;
const FIRST_BYTES = 65_536;

/** Reads RESP2 replies out of chunks that may be cut anywhere. */
export class ReplyStream {
  readonly #listener: ReplyListener;
  #bytes = Buffer.alloc(FIRST_BYTES);
  #length = 0;

  constructor(listener: ReplyListener) {
    this.#listener = listener;
  }

  /** @throws RangeError if it is no RESP */
  feed(chunk: Buffer): void {
    if (this.#length + chunk.length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * (this.#length + chunk.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length += chunk.length;
    let at = 0;
    for (let next = this.#read(at); next !== null; next = this.#read(at)) at = next;
    this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
  }

  /** Reads the reply at `at`: where the next one is, or null if it is not whole yet. */
  #read(at: number): number | null {
    const lineEnd = this.#bytes.subarray(0, this.#length).indexOf(CR, at);
    if (lineEnd === -1 || lineEnd + 2 > this.#length) {
      if (this.#length - at > LINE_BYTES_MAX && lineEnd === -1)
        throw new RangeError('no end of line');
      return null;
    }
    const line = this.#bytes.toString('utf8', at + 1, lineEnd);
    const next = lineEnd + 2;
    switch (String.fromCharCode(this.#bytes[at] as number)) {
      case '+':
      case ':':
        this.#listener.said();
        return next;
      case '-':
        this.#listener.error(line);
        return next;
      case '*':
        this.#listener.array(Number(line));
        return next;
      case '$':
        return this.#bulk(next, Number(line));
      default:
        throw new RangeError(`a reply that starts with byte ${this.#bytes[at]}`);
    }
  }

  #bulk(start: number, size: number): number | null {
    if (size === -1) {
      this.#listener.nothing();
      return start;
    }
    const end = start + size;
    if (!Number.isInteger(size) || size < 0) throw new RangeError('a length that is none');
    if (end + 2 > this.#length) return null;
    if (this.#bytes[end] !== CR) throw new RangeError('a value longer than its length');
    this.#listener.value(this.#bytes, start, end);
    return end + 2;
  }
}
