import { Buffer } from 'node:buffer';
import { murmurFinishSigned, murmurMix } from './hash.js';
import type { KeyHash } from './units.js';

/** The longest key, in bytes of UTF-8: a slab entry has 16 bits for its length. */
export const KEY_BYTES_MAX = 65_535;

/** Whether a key could be loaded; anything but `ok` leaves the buffer unusable until the next load. */
export type KeyCheck =
  | 'ok'
  /** No bytes at all. */
  | 'empty'
  /** Over KEY_BYTES_MAX bytes. */
  | 'too-long'
  /** A string with a lone surrogate: its UTF-8 would be another key's. */
  | 'ill-formed';

/**
 * One key in the form that every lookup wants: its bytes in whole words, zero-padded, and their
 * hash. It is loaded again and again (one a connection, one a node), so that an operation makes
 * no garbage, and loading copies and hashes in one pass. Words let a slab compare keys four bytes
 * at a time.
 *
 * A key buffer is borrowed by whoever is called with it: copy what must outlive the call.
 */
export class KeyBuffer {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Number of bytes. */
  length = 0;
  hash = 0 as KeyHash;
  readonly #text: Buffer;

  constructor() {
    const memory = new ArrayBuffer((KEY_BYTES_MAX + 4) & ~3);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
    this.#text = Buffer.from(memory);
  }

  /** Loads the UTF-8 bytes of a string. ASCII takes one pass; anything else goes by the encoder. */
  loadString(text: string): KeyCheck {
    const length = text.length;
    if (length === 0) return 'empty';
    if (length > KEY_BYTES_MAX) return 'too-long';
    const { words } = this;
    const blocksEnd = length & ~3;
    let hash = 0;
    let seen = 0;
    let i = 0;
    for (; i < blocksEnd; i += 4) {
      const c0 = text.charCodeAt(i);
      const c1 = text.charCodeAt(i + 1);
      const c2 = text.charCodeAt(i + 2);
      const c3 = text.charCodeAt(i + 3);
      seen |= c0 | c1 | c2 | c3;
      const word = c0 | (c1 << 8) | (c2 << 16) | (c3 << 24);
      words[i >> 2] = word;
      hash = murmurMix(hash, word);
    }
    let tail = 0;
    for (let shift = 0; i < length; i++, shift += 8) {
      const c = text.charCodeAt(i);
      seen |= c;
      tail |= c << shift;
    }
    if (seen > 0x7f) return this.#loadUtf8(text);
    words[blocksEnd >> 2] = tail;
    this.length = length;
    this.hash = (murmurFinishSigned(hash, tail, length) >>> 0) as KeyHash;
    return 'ok';
  }

  /** Loads `source[start, end)`. */
  loadBytes(source: Uint8Array, start: number, end: number): KeyCheck {
    const length = end - start;
    if (length <= 0) return 'empty';
    if (length > KEY_BYTES_MAX) return 'too-long';
    const { words } = this;
    const blocks = length >> 2;
    let hash = 0;
    let at = start;
    for (let i = 0; i < blocks; i++, at += 4) {
      const word =
        (source[at] as number) |
        ((source[at + 1] as number) << 8) |
        ((source[at + 2] as number) << 16) |
        ((source[at + 3] as number) << 24);
      words[i] = word;
      hash = murmurMix(hash, word);
    }
    let tail = 0;
    for (let shift = 0; at < end; at++, shift += 8) tail |= (source[at] as number) << shift;
    words[blocks] = tail;
    this.length = length;
    this.hash = (murmurFinishSigned(hash, tail, length) >>> 0) as KeyHash;
    return 'ok';
  }

  /** A copy of the key's bytes. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** A string of the key's bytes, one character a byte: two keys have the same only if they are the same. */
  byteText(): string {
    return this.#text.toString('latin1', 0, this.length);
  }

  #loadUtf8(text: string): KeyCheck {
    if (!isWellFormed(text)) return 'ill-formed';
    if (Buffer.byteLength(text) > KEY_BYTES_MAX) return 'too-long';
    const length = this.#text.write(text, 0, 'utf8');
    return this.#loadInPlace(length);
  }

  /** The bytes are there already: pad the last word, hash. */
  #loadInPlace(length: number): KeyCheck {
    const { words } = this;
    const blocks = length >> 2;
    const used = (length & 3) * 8;
    const mask = used === 0 ? 0 : -1 >>> (32 - used);
    const tail = (words[blocks] as number) & mask;
    words[blocks] = tail;
    let hash = 0;
    for (let i = 0; i < blocks; i++) hash = murmurMix(hash, words[i] as number);
    this.length = length;
    this.hash = (murmurFinishSigned(hash, tail, length) >>> 0) as KeyHash;
    return 'ok';
  }
}

// In every supported engine since Node 20, but not in the es2023 library types.
const isWellFormed = (text: string): boolean =>
  (text as string & { isWellFormed(): boolean }).isWellFormed();
