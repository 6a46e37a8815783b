/**
 * Dead files: sources that no other source imports. Tests do not count, or a file that only its
 * test uses would pass for alive. Entry points are imported by nobody: the files of src itself,
 * and those of workers/, which a source names as the file of a thread.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsOf, readSources, resolveImport, type Source } from './source.js';

/** The files of src and workers that nothing reaches. */
function deadFiles(sources: readonly Source[]): string[] {
  const product = sources.filter(({ path }) => /^(src|workers)\/.*\.c?ts$/.test(path));
  const byPath = new Map(product.map((source) => [source.path, source]));
  const isNamed = (path: string): boolean =>
    product.some(({ text }) => text.includes(path.replace(/ts$/, 'js')));
  const queue = product
    .map(({ path }) => path)
    .filter((path) => /^src\/[^/]+$/.test(path) || (path.startsWith('workers/') && isNamed(path)));
  const reached = new Set(queue);
  for (const path of queue) {
    for (const specifier of importsOf(byPath.get(path)?.text ?? '')) {
      const target = resolveImport(path, specifier);
      if (target === null || reached.has(target) || !byPath.has(target)) continue;
      reached.add(target);
      queue.push(target);
    }
  }
  return [...byPath.keys()].filter((path) => !reached.has(path));
}

test('Every source file is reached from an entry point or a worker (SHAPE-7)', () => {
  assert.deepEqual(deadFiles(readSources()), []);
});

test('Dead-file check finds what only a test, or only dead code, imports (SHAPE-7)', () => {
  const sources: readonly Source[] = [
    { path: 'src/index.ts', text: "export { a } from './ring/a.js';" },
    { path: 'src/ring/a.ts', text: "import type { B } from './b.js';" },
    { path: 'src/ring/b.ts', text: "const file = '../../workers/node.cjs';" },
    { path: 'src/ring/dead.ts', text: "import { e } from './deader.js';" },
    { path: 'src/ring/deader.ts', text: '' },
    { path: 'workers/node.cts', text: "import('#src/runtime/shell.js');" },
    { path: 'workers/idle.ts', text: '' },
    { path: 'src/runtime/shell.ts', text: '' },
    { path: 'test/ring/dead.test.ts', text: "import { d } from '#src/ring/dead.js';" },
  ];
  assert.deepEqual(deadFiles(sources), [
    'src/ring/dead.ts',
    'src/ring/deader.ts',
    'workers/idle.ts',
  ]);
});
