/**
 * Faults planted in the slab's code itself: a compiled module with one line changed, loaded beside
 * the right one. So the product needs no switches, and a fault that no longer fits says so.
 */
import { readFileSync } from 'node:fs';

/** What a line is, and what it becomes. */
export type Edit = readonly [from: string, to: string];

const FOLDER = new URL('../../../slab/', import.meta.url);

/**
 * The address of `src/slab/<module>` with edits, for `import()`.
 * @param swaps other modules that it shall import from elsewhere
 */
export function plant(
  module: string,
  edits: readonly Edit[],
  swaps: Readonly<Record<string, string>> = {},
): string {
  let source = readFileSync(new URL(module, FOLDER), 'utf8');
  for (const [from, to] of edits) {
    if (source.split(from).length !== 2) {
      throw new Error(`Cannot plant a fault in ${module}: it does not have once: ${from}`);
    }
    source = source.replace(from, to);
  }
  const absolute = source.replace(/from '(\.[^']+)'/g, (_, path: string) => {
    return `from '${swaps[path] ?? new URL(path, new URL(module, FOLDER)).href}'`;
  });
  return `data:text/javascript;base64,${Buffer.from(absolute).toString('base64')}`;
}

/** A reader that does not look at the generation a second time. */
export const readerWithoutGeneration = (): string =>
  plant('reader.js', [
    ['this.#words[this.bucket + BUCKET_GENERATION] === this.generation', 'true'],
  ]);

/** A reader that does not look whether its key has moved to another bucket meanwhile. */
export const readerWithoutBucketCount = (): string =>
  plant('reader.js', [['Atomics.load(words, HEADER_BUCKET_COUNT) === count', 'true']]);

/** An owner that moves generations some overwrites late: the old slots are in use again by then. */
export const slabWithLateGeneration = (): string =>
  plant('slab.js', [], {
    './bucket-index.js': plant('bucket-index.js', [
      [
        'Atomics.store(this.#words, pair, slotWord);\n        this.#moveGeneration(hash);',
        'Atomics.store(this.#words, pair, slotWord);\n' +
          '        this.late ??= [];\n' +
          '        if (this.late.push(hash) > 8) this.#moveGeneration(this.late.shift());',
      ],
    ]),
  });

/** An owner that unlinks first and raises the floor then, after a rest in between. */
export const slabWithLateFloor = (): string =>
  plant('slab.js', [
    [
      'this.#index.raiseFloor(hash, entries.versionHigh(entry), entries.versionLow(entry));\n        this.#index.remove(pair, hash);',
      'this.#index.remove(pair, hash);\n' +
        '        for (let i = 0; i < 20; i++) Atomics.load(this.#words, 0);\n' +
        '        this.#index.raiseFloor(hash, entries.versionHigh(entry), entries.versionLow(entry));',
    ],
  ]);
