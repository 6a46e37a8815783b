/**
 * The compiled slab with some of its text replaced: faults to plant, limits to lower. A text that is
 * not there, or not once, fails: the product has changed, and the fault would be none.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SlabClass } from './owner.js';

/** By file of the slab, without ending: what to replace by what. */
export type Edits = Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>;

const COMPILED = fileURLToPath(new URL('../../../', import.meta.url));

export async function variantOf(...editsOfAll: readonly Edits[]): Promise<SlabClass> {
  const folder = mkdtempSync(join(tmpdir(), 'slab-variant-'));
  try {
    for (const part of ['slab', 'base']) {
      cpSync(join(COMPILED, part), join(folder, part), { recursive: true });
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const edits of editsOfAll) {
      for (const [file, replacements] of Object.entries(edits)) {
        edit(join(folder, 'slab', `${file}.js`), replacements);
      }
    }
    const { Slab } = await import(pathToFileURL(join(folder, 'slab', 'slab.js')).href);
    return Slab as SlabClass;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function edit(path: string, replacements: Edits[string]): void {
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of replacements) {
    assert.equal(text.split(from).length, 2, `once in ${path}: ${from}`);
    text = text.replace(from, () => to);
  }
  writeFileSync(path, text);
}

/** Small slabs move entries, too, which they otherwise never need to. */
export const MOVES_AT_ANY_SIZE: Edits = {
  storage: [['const COMPACT_FROM_BYTES = 6 * 2 ** 20;', 'const COMPACT_FROM_BYTES = 0;']],
};
