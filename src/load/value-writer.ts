import type { Buffer } from 'node:buffer';
import type { Operation } from './operation.js';
import { Filler, type ValueStamp } from './value-stamp.js';

/** Writes the value that an operation carries. */
export interface ValueWriter {
  /** Writes `operation.size` bytes to `target[at …)`. */
  write(operation: Operation, target: Buffer, at: number): void;
}

/** Stamped values if there is a stamp, else bytes that mean nothing. */
export function valueWriter(stamp: ValueStamp | null): ValueWriter {
  if (stamp !== null) {
    return {
      write: ({ key, sequence, size }, target, at) => stamp.write(key, sequence, size, target, at),
    };
  }
  const filler = new Filler();
  return { write: ({ sequence, size }, target, at) => filler.write(sequence, size, target, at) };
}
