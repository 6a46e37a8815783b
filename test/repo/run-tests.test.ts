/**
 * scripts/test.mjs run on small test files planted in a temporary folder: what it picks, what it
 * passes on, what it answers, and that a run which would hang ends with the file named.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { requireProgram } from '../support/external.js';
import { ROOT } from '../support/repo.js';

const HEAD = "import { test } from 'node:test';\n";
const PASSES = `${HEAD}test('a passes', () => {});\ntest('b passes', () => {});\n`;
const FAILS = `${HEAD}test('c fails', () => { throw new Error('planted'); });\n`;
const ORPHAN = `${HEAD}import { spawn } from 'node:child_process';
test('d leaves a process behind', () => {
  spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'inherit' }).unref();
  setTimeout(() => process.exit(0), 100);
});\n`;
const QUIET_ORPHAN = `${HEAD}import { spawn } from 'node:child_process';
test('d leaves a silent process behind', () => {
  spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' }).unref();
});\n`;
const ENDLESS = `${HEAD}test('e never ends', () => { for (;;); });\n`;
const SEES = `${HEAD}import assert from 'node:assert/strict';
test('f sees its settings', () => {
  assert.equal(process.env.SHOAL_PASSWORD, undefined);
  assert.equal(process.env.SHOAL_TRACES, '/traces');
});\n`;

interface Outcome {
  readonly code: number | null;
  readonly text: string;
}

/** Runs the script over these files, named as under dist/test. */
function runTests(t: TestContext, files: Record<string, string>, args: string[] = []): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-tests-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'dist/test', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  // Under the runner this variable makes a child report to it instead of running tests of its own.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const run = spawnSync(process.execPath, [join(ROOT, 'scripts/test.mjs'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...environment, SHOAL_PASSWORD: 'secret', SHOAL_TRACES: '/traces' },
  });
  return { code: run.status, text: run.stdout + run.stderr };
}

test('npm test runs the test files, not the helpers, and answers 0 (SHAPE-7)', (t) => {
  const { code, text } = runTests(t, { 'ring/a.test.js': PASSES, 'support/helper.js': FAILS });
  assert.equal(code, 0, text);
  assert.match(text, /tests 2\b/);
});

test('npm test answers 1 when a test fails (SHAPE-7)', (t) => {
  const { code, text } = runTests(t, { 'a.test.js': PASSES, 'c.test.js': FAILS });
  assert.equal(code, 1, text);
  assert.match(text, /planted/);
});

test('npm test answers 1 when there is no test to run (SHAPE-7)', (t) => {
  const { code, text } = runTests(t, {});
  assert.equal(code, 1);
  assert.match(text, /No test files/);
});

test('npm test leaves out test/external, npm run test:all does not (SHAPE-7)', (t) => {
  const files = { 'a.test.js': PASSES, 'external/c.test.js': FAILS };
  assert.equal(runTests(t, files).code, 0);
  assert.equal(runTests(t, files, ['--all']).code, 1);
});

test('npm test passes options on to the runner and takes paths (SHAPE-7)', (t) => {
  const files = { 'a.test.js': PASSES, 'ring/c.test.js': FAILS };
  assert.equal(runTests(t, files, ['--test-name-pattern=passes']).code, 0);
  assert.equal(runTests(t, files, ['test/a.test.ts']).code, 0);
  assert.equal(runTests(t, files, ['test/ring']).code, 1);
  assert.match(
    runTests(t, files, ['--test-reporter=tap', 'test/a.test.ts']).text,
    /ok 2 - b passes/,
  );
});

test('npm test keeps SHOAL_ settings from the tests, but for SHOAL_TRACES (SHAPE-7)', (t) => {
  const { code, text } = runTests(t, { 'f.test.js': SEES });
  assert.equal(code, 0, text);
});

test('npm test ends a run that hangs and names the file (SHAPE-7)', (t) => {
  const { code, text } = runTests(t, { 'e.test.js': ENDLESS }, ['--hang-seconds=2']);
  assert.equal(code, 1);
  assert.match(text, /Tests hang: nothing happened for 2 s: .*e\.test\.js/);
});

test('npm test ends a run that a left-over process keeps open (SHAPE-7)', (t) => {
  const { code, text } = runTests(t, { 'd.test.js': ORPHAN }, ['--hang-seconds=2']);
  assert.equal(code, 1);
  assert.match(text, /Tests (hang|do not end)/);
});

test('npm test fails a run that leaves a process behind (SHAPE-7)', (t) => {
  const { code, text } = runTests(t, { 'd.test.js': QUIET_ORPHAN });
  assert.equal(code, 1);
  assert.match(text, /Tests left a process running/);
});

test('requireProgram() skips with the reason where a program is missing, and fails in CI (SHAPE-7)', () => {
  const skipped: string[] = [];
  const t = { skip: (reason?: string): number => skipped.push(reason ?? '') };
  const path = dirname(process.execPath);
  assert.equal(requireProgram(t, 'node', { PATH: path, CI: 'true' }), true);
  assert.equal(requireProgram(t, 'no-such-program', { PATH: path }), false);
  assert.deepEqual(skipped, ['no-such-program is not installed']);
  assert.throws(
    () => requireProgram(t, 'no-such-program', { PATH: path, CI: 'true' }),
    /CI is set/,
  );
});
