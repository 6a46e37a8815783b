/**
 * The views of a slab's memory, through which everything else reads and writes it.
 *
 * A typed array ends at 4 GiB on Node 20, and a slab may be larger: words reach everything, bytes
 * are written through windows of 1 GiB, and read through a view made for one copy (35 ns for
 * 200 bytes; a subarray of a view of everything 55 ns) or, if they are few, as words.
 */
import { assert } from '../base/assert.js';
import type { Bytes } from '../base/units.js';
import {
  GRANULE_BYTES,
  type SlabLayout,
  STAT_FIELDS,
  type StatField,
  slabLayout,
} from './layout.js';

/** Granules of a window, a whole number of pages: no slot lies across the end of one. */
const WINDOW_SHIFT = 27;
const WINDOW_GRANULES = 2 ** WINDOW_SHIFT;

export class SlabMemory {
  readonly layout: SlabLayout;
  /** The whole buffer as signed words; a granule is two of them. */
  readonly words: Int32Array;
  /** The whole buffer as float64, one a granule. */
  readonly numbers: Float64Array;
  readonly #buffer: SharedArrayBuffer;
  readonly #windows: readonly Uint8Array[];

  constructor(buffer: SharedArrayBuffer, memoryLimit: Bytes) {
    this.layout = slabLayout(memoryLimit);
    assert(buffer.byteLength === this.layout.totalBytes, 'the buffer has the size of its layout');
    this.#buffer = buffer;
    this.words = new Int32Array(buffer);
    this.numbers = new Float64Array(buffer);
    this.#windows = windowsOf(buffer);
  }

  /** Writes all of `source` to `offset` bytes behind a slot's beginning, within the slot. */
  write(slot: number, offset: number, source: Uint8Array): void {
    const window = this.#windows[slot >>> WINDOW_SHIFT] as Uint8Array;
    window.set(source, (slot & (WINDOW_GRANULES - 1)) * GRANULE_BYTES + offset);
  }

  /** `length` bytes from `offset` bytes behind a granule. */
  bytes(granule: number, offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, granule * GRANULE_BYTES + offset, length);
  }
}

function windowsOf(buffer: SharedArrayBuffer): Uint8Array[] {
  const windowBytes = WINDOW_GRANULES * GRANULE_BYTES;
  return Array.from({ length: Math.ceil(buffer.byteLength / windowBytes) }, (_, i) => {
    const start = i * windowBytes;
    return new Uint8Array(buffer, start, Math.min(windowBytes, buffer.byteLength - start));
  });
}

/** Index of a statistics field in the header's numbers. */
export const statIndex = (field: StatField): number => STAT_FIELDS.indexOf(field);
