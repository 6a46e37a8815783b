/** The README is true: its programs run, and what it names is there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '#src/resp/commands.js';
import { ROOT, readJson, readText } from './support/repo.js';

const README = readText('README.md');
/** Commands that are there to say that what they are about is not. */
const UNLISTED = new Set(['auth', 'readonly', 'readwrite']);

test('README: every program runs as it is written (LIB-1)', () => {
  const programs = [...README.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1] ?? '');
  assert.ok(programs.length > 0);
  for (const program of programs) {
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.deepEqual({ status: run.status, stderr: run.stderr }, { status: 0, stderr: '' });
  }
});

test('README: every file that it links to is there (SHAPE-7)', () => {
  const links = [...README.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? '');
  assert.ok(links.length > 0);
  assert.deepEqual(
    links.filter((link) => !existsSync(join(ROOT, link))),
    [],
  );
});

test('README: every npm script that it names is there (SHAPE-7)', () => {
  const { scripts } = readJson<{ scripts: Record<string, string> }>('package.json');
  const named = [
    ...README.matchAll(/npm (?:run )?(start|test|load|bench|check|soak|stress|kills)\b/g),
  ];
  assert.deepEqual(
    named.map((match) => match[1] ?? '').filter((name) => !Object.hasOwn(scripts, name)),
    [],
  );
});

test('README: the commands that it lists are those that are built (RESP-1)', () => {
  const section = README.slice(
    README.indexOf('### Like Redis'),
    README.indexOf('### Unlike Redis'),
  );
  for (const { name } of COMMANDS) {
    if (name.includes('|') || UNLISTED.has(name)) continue;
    assert.match(section, new RegExp(`\\b${name}\\b`, 'i'), name);
  }
});
