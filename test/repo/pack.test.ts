/** What an installation from a tarball gets: the library and the command, not the workshop. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT, readJson, readText } from '../support/repo.js';

interface Manifest {
  readonly type: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly exports: { readonly '.': Record<string, string> };
  readonly bin: Record<string, string>;
}

/** The paths that `npm pack` would put in the tarball. */
function packedFiles(): string[] {
  const run = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  const [tarball] = JSON.parse(run.stdout) as { files: { path: string }[] }[];
  return (tarball?.files ?? []).map(({ path }) => path);
}

test('npm pack takes dist, its types and the licence, and leaves out the workshop (SHAPE-7)', () => {
  const files = packedFiles();
  for (const wanted of ['package.json', 'LICENSE', 'CHANGELOG.md', 'scripts/prepare.mjs']) {
    assert.ok(files.includes(wanted), wanted);
  }
  for (const entry of ['cluster', 'index', 'load']) {
    assert.ok(files.includes(`dist/${entry}.js`) && files.includes(`dist/${entry}.d.ts`), entry);
  }
  assert.ok(files.some((path) => path.startsWith('dist/workers/')));
  const unwanted = files.filter((path) =>
    /^dist\/(test|bench|examples)\/|\.tsbuildinfo$|\.map$|^(src|test|bench|workers|examples)\//.test(
      path,
    ),
  );
  assert.deepEqual(unwanted, []);
});

test('Package is ESM with types first in its exports, and names its Node versions (SHAPE-7)', () => {
  const manifest = readJson<Manifest>('package.json');
  assert.equal(manifest.type, 'module');
  assert.equal(manifest.license, 'MIT');
  assert.equal(manifest.engines.node, '^20.19.0 || >=22.5.0');
  assert.deepEqual(Object.keys(manifest.exports['.']), ['types', 'default']);
  assert.deepEqual(manifest.bin, { shoal: 'dist/cluster.js' });
});

test('Command of the package is executable as it is: it names its interpreter (SHAPE-5)', () => {
  assert.match(readText('dist/cluster.js'), /^#!\/usr\/bin\/env node\n/);
});
