/**
 * Copies of short values without garbage. A view of part of a buffer is an object for the
 * collector, 35 ns and some hundred bytes; so what is short is moved word by word between shared
 * and private memory, and goes from there to where it is wanted by views that are kept, one for
 * each length. Longer values take a view, which is then cheap beside the copy itself.
 */

/**
 * Longest value, in bytes, that is copied in words: 0.25 ns a byte against 55 ns for a view and
 * its copy. Where the two meet, or a little beyond: the collector's part shows in no mean.
 */
export const WORD_COPY_MAX = 320;

/** Copies the words that hold `length` bytes to the beginning of `target`. */
export function copyWords(
  source: Int32Array,
  from: number,
  target: Int32Array,
  length: number,
): void {
  const count = (length + 3) >> 2;
  const whole = count & ~3;
  let i = 0;
  for (; i < whole; i += 4) {
    target[i] = source[from + i] as number;
    target[i + 1] = source[from + i + 1] as number;
    target[i + 2] = source[from + i + 2] as number;
    target[i + 3] = source[from + i + 3] as number;
  }
  for (; i < count; i++) target[i] = source[from + i] as number;
}

/** Copies `source[start, end)` to whole words, the last one padded with zeros. */
export function packWords(
  source: Uint8Array,
  start: number,
  end: number,
  target: Int32Array,
  to: number,
): void {
  const wholeEnd = start + ((end - start) & ~3);
  let word = to;
  let at = start;
  for (; at < wholeEnd; at += 4) {
    target[word++] =
      (source[at] as number) |
      ((source[at + 1] as number) << 8) |
      ((source[at + 2] as number) << 16) |
      ((source[at + 3] as number) << 24);
  }
  if (at === end) return;
  let tail = 0;
  for (let shift = 0; at < end; at++, shift += 8) tail |= (source[at] as number) << shift;
  target[word] = tail;
}

/** Views of the beginning of one buffer, made when they are first wanted. */
export class ShortViews {
  readonly #buffer: ArrayBuffer;
  readonly #views: (Uint8Array | null)[] = new Array(WORD_COPY_MAX + 1).fill(null);

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
  }

  /** @param length at most WORD_COPY_MAX */
  of(length: number): Uint8Array {
    const view = this.#views[length] as Uint8Array | null;
    return view === null ? this.#make(length) : view;
  }

  #make(length: number): Uint8Array {
    const view = new Uint8Array(this.#buffer, 0, length);
    this.#views[length] = view;
    return view;
  }
}
