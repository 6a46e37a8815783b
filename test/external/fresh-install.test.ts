/**
 * The ways to install, for real, each in an empty folder: a fresh clone with and without the
 * development dependencies, and a tarball. They need the package registry, so they are not part
 * of `npm test`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { requireProgram } from '../support/external.js';
import { ROOT } from '../support/repo.js';

/** What a user's first program does. */
const USES_LIBRARY = `
  import { startCluster } from 'shoal';
  const cluster = await startCluster({ nodes: 1, memory: '1mb', replicas: 1 });
  await cluster.client().set('a', 'b');
  await cluster.close();
`;

const MINUTE = 60_000;

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-install-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a clone would hold, taken from the files as they are now. */
function cloneInto(folder: string): void {
  const listed = run(ROOT, 'git', ['ls-files', '--cached', '--others', '--exclude-standard']);
  for (const path of listed.trim().split('\n')) {
    if (!existsSync(join(ROOT, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path));
  }
}

function run(cwd: string, program: string, args: string[], env: NodeJS.ProcessEnv = {}): string {
  const done = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: MINUTE,
    env: { ...process.env, ...env },
  });
  assert.equal(done.status, 0, `${program} ${args.join(' ')}\n${done.stdout}\n${done.stderr}`);
  return done.stdout + done.stderr;
}

const npm = (cwd: string, args: string[], env: NodeJS.ProcessEnv = {}): string =>
  run(cwd, 'npm', [...args, '--no-audit', '--no-fund', '--foreground-scripts'], env);

test('npm ci on a fresh clone installs from the lock and builds (SHAPE-7)', (t) => {
  if (!requireProgram(t, 'npm') || !requireProgram(t, 'git')) return;
  const folder = emptyFolder(t);
  cloneInto(folder);
  npm(folder, ['ci']);
  assert.ok(existsSync(join(folder, 'dist/base/errors.js')));
});

for (const [how, args, env] of [
  ['--omit=dev', ['ci', '--omit=dev'], {}],
  ['NODE_ENV=production', ['ci'], { NODE_ENV: 'production' }],
] as const) {
  test(`npm ci with ${how} succeeds and says in one line that nothing is built (SHAPE-7)`, (t) => {
    if (!requireProgram(t, 'npm') || !requireProgram(t, 'git')) return;
    const folder = emptyFolder(t);
    cloneInto(folder);
    const said = npm(folder, [...args], env);
    const lines = said.split('\n').filter((line) => line.startsWith('shoal:'));
    assert.equal(lines.length, 1, said);
    assert.match(lines[0] ?? '', /not built.*npm ci --include=dev/);
    assert.ok(!existsSync(join(folder, 'dist')));
  });
}

test('A tarball installs without TypeScript, and takes in no stale output (SHAPE-7)', (t) => {
  if (!requireProgram(t, 'npm') || !requireProgram(t, 'git')) return;
  const clone = emptyFolder(t);
  const user = emptyFolder(t);
  cloneInto(clone);
  npm(clone, ['ci']);
  writeFileSync(join(clone, 'dist/stale.js'), '');
  npm(clone, ['pack', '--pack-destination', user]);
  writeFileSync(join(user, 'package.json'), '{ "name": "user", "type": "module" }');
  npm(user, ['install', './shoal-0.1.0.tgz']);
  const installed = join(user, 'node_modules/shoal');
  assert.ok(existsSync(join(installed, 'dist/base/errors.js')));
  assert.ok(!existsSync(join(installed, 'dist/stale.js')));
  assert.ok(!existsSync(join(user, 'node_modules/typescript')));
  assert.match(run(user, 'npx', ['--no-install', 'shoal', '--version']), /\b0\.1\.0\b/);
  run(user, process.execPath, ['--input-type=module', '-e', USES_LIBRARY]);
});
