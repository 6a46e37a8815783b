/**
 * Blocks of memory for output, shared by the connections of a thread: a connection has one only
 * while there is something to send, so ten thousand idle ones hold none.
 */
import { Buffer } from 'node:buffer';

/** Bytes of a block: the output of one turn, as a rule. */
export const BLOCK_BYTES = 16 * 1024;
/** Blocks that wait to be used again; further ones are left to the garbage collector. */
const BLOCKS_KEPT = 64;

export class BlockPool {
  readonly #blocks: Buffer[] = [];

  /** A buffer of at least `size` bytes, with anything in it. */
  take(size: number): Buffer {
    if (size > BLOCK_BYTES) {
      let capacity = BLOCK_BYTES * 2;
      while (capacity < size) capacity *= 2;
      return Buffer.allocUnsafeSlow(capacity);
    }
    return this.#blocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** Takes back a buffer of `take`, or a part of one, that nobody reads any more. */
  give(block: Buffer): void {
    const memory = block.buffer;
    if (memory.byteLength !== BLOCK_BYTES || this.#blocks.length >= BLOCKS_KEPT) return;
    this.#blocks.push(block.length === BLOCK_BYTES ? block : Buffer.from(memory));
  }
}
