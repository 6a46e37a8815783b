/**
 * scripts/prepare.mjs in every situation in which npm runs it, with a compiler that only leaves a
 * mark. test/external has the real installations.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ROOT, readJson } from '../support/repo.js';

const { devDependencies } = readJson<{ devDependencies: { typescript: string } }>('package.json');
const COMPILES = "import { writeFileSync } from 'node:fs';\nwriteFileSync('built', '');\n";
const FAILS = 'process.exit(2);\n';

interface Situation {
  /** The folder in whose node_modules the compiler lies, seen from the package; null is nowhere. */
  readonly compilerIn: '.' | '../..' | null;
  readonly compiler?: string;
  readonly version?: string;
  readonly sources: boolean;
  readonly dist: boolean;
}

interface Outcome {
  readonly code: number | null;
  readonly said: string;
  readonly built: boolean;
}

function prepare(t: TestContext, situation: Situation): Outcome {
  const user = mkdtempSync(join(tmpdir(), 'shoal-prepare-'));
  t.after(() => rmSync(user, { recursive: true, force: true }));
  const root = join(user, 'node_modules/shoal');
  mkdirSync(join(root, 'scripts'), { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  copyFileSync(join(ROOT, 'scripts/prepare.mjs'), join(root, 'scripts/prepare.mjs'));
  if (situation.sources) mkdirSync(join(root, 'src'));
  if (situation.dist) {
    mkdirSync(join(root, 'dist'));
    writeFileSync(join(root, 'dist/cluster.js'), '');
  }
  if (situation.compilerIn !== null) {
    const folder = join(root, situation.compilerIn, 'node_modules/typescript');
    mkdirSync(join(folder, 'bin'), { recursive: true });
    const version = situation.version ?? devDependencies.typescript;
    const manifest = { name: 'typescript', version, type: 'module', bin: { tsc: './bin/tsc.js' } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, 'bin/tsc.js'), situation.compiler ?? COMPILES);
  }
  const run = spawnSync(process.execPath, ['scripts/prepare.mjs'], { cwd: root, encoding: 'utf8' });
  return {
    code: run.status,
    said: run.stdout + run.stderr,
    built: existsSync(join(root, 'built')),
  };
}

test('prepare builds with the TypeScript of the checkout, and with a hoisted one (SHAPE-7)', (t) => {
  for (const compilerIn of ['.', '../..'] as const) {
    const outcome = prepare(t, { compilerIn, sources: true, dist: false });
    assert.deepEqual(outcome, { code: 0, said: '', built: true }, compilerIn);
  }
});

test('prepare fails when the build fails (SHAPE-7)', (t) => {
  const outcome = prepare(t, { compilerIn: '.', compiler: FAILS, sources: true, dist: false });
  assert.equal(outcome.code, 2);
});

test('prepare without the pinned TypeScript says in one line what to do, and does not fail (SHAPE-7)', (t) => {
  const situations: readonly Situation[] = [
    { compilerIn: null, sources: true, dist: false },
    { compilerIn: '../..', version: '5.9.3', sources: true, dist: false },
  ];
  for (const situation of situations) {
    const { code, said, built } = prepare(t, situation);
    assert.equal(code, 0);
    assert.equal(built, false);
    assert.match(said, /^shoal: not built, .* run `npm ci --include=dev`\n$/);
  }
});

test('prepare leaves a dist alone when there is nothing to build with or from (SHAPE-7)', (t) => {
  const situations: readonly Situation[] = [
    { compilerIn: null, sources: true, dist: true },
    { compilerIn: '../..', sources: false, dist: true },
  ];
  for (const situation of situations) {
    assert.deepEqual(prepare(t, situation), { code: 0, said: '', built: false });
  }
});
