/** Makes operations: chooses them by the mix, and notes in the book what each may change. */
import { Buffer } from 'node:buffer';
import type { ValueStamp } from '#src/load/value-stamp.js';
import type { Checker, ReadStart } from './checker.js';
import { machineNow } from './clock.js';
import type { Mix } from './mix.js';
import type { Door, Kind, Operation, WriteItem } from './operation.js';
import type { Tally } from './tally.js';
import type { WriterBook } from './writer-book.js';

/** Tries to find a key that may be written now. */
const WRITE_TRIES = 4;

/** What a maker works with; all of it is its driver's. */
export interface MakerParts {
  readonly mix: Mix;
  readonly stamp: ValueStamp;
  readonly book: WriterBook;
  readonly checker: Checker;
  readonly tally: Tally;
}

export class OperationMaker {
  readonly #parts: MakerParts;

  constructor(parts: MakerParts) {
    this.#parts = parts;
  }

  /** What is to be sent through a door next, together. */
  batch(door: Door): Operation[] {
    return Array.from({ length: this.#parts.mix.batchSize() }, () => this.#next(door));
  }

  #next(door: Door): Operation {
    const kind = this.#parts.mix.kind();
    const isRead = kind === 'get' || kind === 'mget';
    const keys = isRead ? [] : this.#keysToWrite(this.#parts.mix.keyCount(kind));
    return keys.length === 0 ? this.#read(kind, door) : this.#write(kind, keys, door);
  }

  #read(kind: Kind, door: Door): Operation {
    const issuedAtMs = machineNow();
    const start = (): ReadStart =>
      this.#parts.checker.start(this.#parts.mix.keyToRead(), door, issuedAtMs);
    if (kind !== 'mget') return { kind: 'get', issuedAtMs, reads: [start()] };
    const reads = Array.from({ length: this.#parts.mix.keyCount('mget') }, start);
    return { kind: 'mget', issuedAtMs, reads };
  }

  #write(kind: Kind, keys: readonly number[], door: Door): Operation {
    const issuedAtMs = machineNow();
    const ttlMs = kind === 'set' ? this.#parts.mix.ttlMs() : null;
    const item = (key: number): WriteItem => {
      const isDelete = kind === 'delete';
      const write = this.#parts.book.issue({
        key,
        kind: isDelete ? 'delete' : 'set',
        ttlMs,
        atMs: issuedAtMs,
        door,
      });
      return { write, value: isDelete ? null : this.#valueOf(key, write.sequence) };
    };
    const first = item(keys[0] as number);
    if (kind === 'delete') return { kind, issuedAtMs, items: [first] };
    if (kind === 'set') return { kind, issuedAtMs, items: [first], ttlMs };
    return { kind: 'mset', issuedAtMs, items: [first, ...keys.slice(1).map(item)] };
  }

  #valueOf(key: number, sequence: number): Buffer {
    const size = this.#parts.mix.valueSize(key);
    const value = Buffer.allocUnsafe(size);
    this.#parts.stamp.write(key, sequence, size, value, 0);
    this.#parts.tally.bytesWritten += size;
    return value;
  }

  /** Up to `count` keys, each once, that may be written now; often fewer, seldom none. */
  #keysToWrite(count: number): number[] {
    const now = machineNow();
    const keys = new Set<number>();
    for (let tries = count + WRITE_TRIES; tries > 0 && keys.size < count; tries--) {
      const key = this.#parts.mix.keyToWrite();
      if (this.#parts.book.mayWrite(key, now)) keys.add(key);
    }
    return [...keys];
  }
}
