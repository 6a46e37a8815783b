import type { ErrorCode } from '../base/errors.js';
import type { ValueKind } from '../base/kinds.js';
import { type Instant, NEVER } from '../base/units.js';
import type { ReadScratch, SlabReader } from '../slab/reader.js';
import type { EntryRef, Slab } from '../slab/slab.js';
import type { LeaseTerms, ReplyStatus } from '../wire/message.js';

/**
 * The answer to one command. A node fills the same reply again and again and lends it to the
 * outbox for the time of the call; the value is copied from where it lies, in the slab or in a
 * peer's message, straight to where the door wants it.
 */
export class Reply {
  status: ReplyStatus = 'miss';
  kind: ValueKind = 'bytes';
  /** Whether there is a value to copy: the value of a get, or the old one that a set asked for. */
  hasValue = false;
  /** Bytes of the value. */
  length = 0;
  expiry: Instant = NEVER;
  count = 0;
  error: ErrorCode | null = null;
  text = '';
  /** The answer to a `lease` only. */
  lease: LeaseTerms | null = null;
  #slab: Slab | null = null;
  #entry: EntryRef | null = null;
  #bytes: Uint8Array | null = null;
  #scratch: ReadScratch | null = null;

  /** An answer without a value. */
  clear(status: ReplyStatus): this {
    this.status = status;
    this.kind = 'bytes';
    this.hasValue = false;
    this.length = 0;
    this.expiry = NEVER;
    this.count = 0;
    this.error = null;
    this.text = '';
    this.lease = null;
    this.#slab = null;
    this.#entry = null;
    this.#bytes = null;
    this.#scratch = null;
    return this;
  }

  /** Lends the value of a slab's entry. */
  lendEntry(slab: Slab, entry: EntryRef): void {
    this.hasValue = true;
    this.#slab = slab;
    this.#entry = entry;
  }

  /** Lends the value that came in a message. */
  lendBytes(bytes: Uint8Array): void {
    this.hasValue = true;
    this.length = bytes.length;
    this.#bytes = bytes;
  }

  /** What a reader has found in another node's slab, without the value. */
  describe(found: SlabReader): this {
    this.clear('found');
    this.kind = found.kind;
    this.length = found.length;
    this.expiry = found.expiry;
    return this;
  }

  /** Lends the value that a reader has copied to its scratch. */
  lendScratch(scratch: ReadScratch): void {
    this.hasValue = true;
    this.#scratch = scratch;
  }

  fail(error: ErrorCode, text: string): this {
    this.clear('failed');
    this.error = error;
    this.text = text;
    return this;
  }

  /** Copies the value, all `length` bytes of it, to `target[at …)`. */
  copyValue(target: Uint8Array, at: number): void {
    if (this.#bytes !== null) target.set(this.#bytes, at);
    else if (this.#scratch !== null) this.#scratch.copyTo(target, at, this.length);
    else if (this.#slab !== null && this.#entry !== null) {
      this.#slab.copyValue(this.#entry, target, at);
    }
  }
}
