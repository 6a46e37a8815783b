/**
 * Private memory that a thread's readers copy values to: what is shared may change at any time, so
 * it is copied first, then validated, and only the copy is used.
 */
import { Buffer } from 'node:buffer';
import { ShortViews, WORD_COPY_MAX } from './word-copy.js';

/** A scratch starts with this many bytes, and is as large as the largest value it had to hold, */
const SCRATCH_BYTES_MIN = 16 * 1024;
/** but memory beyond this is given up with the next value. */
export const SCRATCH_KEPT_MAX = 1024 * 1024;

export class ReadScratch {
  /** Begins with the value read last. Another array whenever a value is larger than all before. */
  bytes: Uint8Array;
  /** The same memory. */
  words: Int32Array;
  #text: Buffer;
  #views: ShortViews;
  /** What is gone back to after a value that is too large to be kept room for. */
  #kept: ArrayBuffer;

  constructor() {
    this.#kept = new ArrayBuffer(SCRATCH_BYTES_MIN);
    this.bytes = new Uint8Array(this.#kept);
    this.words = new Int32Array(this.#kept);
    this.#text = Buffer.from(this.#kept);
    this.#views = new ShortViews(this.#kept);
  }

  /** Whether a value of this length needs memory that is not there yet. */
  mustGrow(length: number): boolean {
    return length > this.bytes.length;
  }

  /** Makes room for a value; false if there is no such memory. What was in it may be lost. */
  fit(length: number): boolean {
    const kept = this.#kept;
    if (length <= kept.byteLength) {
      if (this.bytes.length !== kept.byteLength) this.#use(kept);
      return true;
    }
    return length <= this.bytes.length || this.#grow(length);
  }

  /** Copies the beginning, `length` bytes of it, to `target[at …)`. */
  copyTo(target: Uint8Array, at: number, length: number): void {
    const isShort = length <= WORD_COPY_MAX;
    target.set(isShort ? this.#views.of(length) : new Uint8Array(this.bytes.buffer, 0, length), at);
  }

  /** The first `length` bytes as UTF-8. */
  text(length: number): string {
    return this.#text.toString('utf8', 0, length);
  }

  #grow(length: number): boolean {
    const isKept = length <= SCRATCH_KEPT_MAX;
    const size = isKept ? 2 ** Math.ceil(Math.log2(length)) : (length + 3) & ~3;
    try {
      const memory = new ArrayBuffer(size);
      if (isKept) this.#kept = memory;
      this.#use(memory);
      return true;
    } catch {
      return false;
    }
  }

  #use(memory: ArrayBuffer): void {
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
    this.#text = Buffer.from(memory);
    this.#views = new ShortViews(memory);
  }
}
