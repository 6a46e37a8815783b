/**
 * The linter's rules are only worth something if they fire. Faults are planted in a folder that
 * has this repository's configuration and nothing else, one file each, and Biome runs over all of
 * them once: every fault must be found in its file, and the lawful files must stay clean.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { ROOT } from '../support/repo.js';

/** What a file of that path says, and the one rule that must object to it; null: none may. */
interface Plant {
  readonly path: string;
  readonly text: string;
  readonly rule: string | null;
}

const FLOORS = 'style/noRestrictedImports';
const GLOBALS = 'style/noRestrictedGlobals';
const PROPERTIES = 'nursery/noJsRestrictedProperties';

const uses = (source: string): string => `import { x } from '${source}';\n\nexport const y = x;\n`;
const says = (expression: string): string => `export const y = ${expression};\n`;
const longFunction = `export function long(): void {\n${'  work();\n'.repeat(71)}}\nfunction work(): void {}\n`;

/** From, what, and whether it may. */
const imports: readonly (readonly [string, string, boolean])[] = [
  ['base', 'node:buffer', true],
  ['base', './units.js', true],
  ['base', 'msgpackr', false],
  ['base', '../ring/ring.js', false],
  ['ring', '../base/units.js', true],
  ['ring', '../slab/slab.js', false],
  ['ring', '../cluster.js', false],
  ['slab', 'node:fs', false],
  ['slab', '#src/base/units.js', false],
  ['resp', 'node:net', false],
  ['resp', '../wire/message.js', false],
  ['wire', 'msgpackr', true],
  ['wire', '../node/reply.js', false],
  ['membership', '../wire/message.js', true],
  ['membership', 'node:timers', false],
  ['membership', '../values/value.js', false],
  ['values', 'msgpackr', true],
  ['values', 'node:util/types', true],
  ['values', '../node/reply.js', false],
  ['loading', '../base/prng.js', true],
  ['loading', '../membership/backoff.js', false],
  ['loading', 'node:timers', false],
  ['node', '../values/value.js', true],
  ['node', '../loading/breaker.js', true],
  ['node', 'node:worker_threads', false],
  ['node', 'msgpackr', false],
  ['node', '../session/session.js', false],
  ['session', '../node/reply.js', true],
  ['session', 'node:perf_hooks', false],
  ['session', '../runtime/client.js', false],
  ['runtime', 'node:worker_threads', true],
  ['runtime', 'piscina', true],
  ['runtime', '../session/session.js', true],
  ['runtime', '../config/options.js', true],
  ['runtime', '../http/server.js', false],
  ['runtime', '../cluster.js', false],
  ['http', 'node:http', true],
  ['http', '../runtime/client.js', false],
  ['http', '../config/options.js', false],
  ['load', '../runtime/client.js', false],
  ['cli', 'commander', true],
  ['cli', '../config/options.js', true],
  ['cli', '../runtime/client.js', false],
  ['sim', '../node/router.js', true],
  ['sim', '../membership/supervision.js', true],
  ['sim', '../loading/breaker.js', true],
  ['sim', '../runtime/keeper.js', false],
  ['sim', '../session/session.js', false],
  ['sim', '../cluster.js', false],
  ['sim', 'node:worker_threads', false],
  ['config', '../base/units.js', true],
  ['config', '../runtime/client.js', false],
];

const banned: readonly (readonly [string, string, string])[] = [
  ['base', 'Date.now()', PROPERTIES],
  ['values', 'new Date(0)', ''],
  ['ring', 'performance.now()', GLOBALS],
  ['slab', 'setTimeout(() => {}, 1)', GLOBALS],
  ['resp', 'setInterval(() => {}, 1)', GLOBALS],
  ['wire', 'setImmediate(() => {})', GLOBALS],
  ['membership', 'queueMicrotask(() => {})', GLOBALS],
  ['values', 'process.pid', GLOBALS],
  ['loading', 'setTimeout(() => {}, 1)', GLOBALS],
  ['loading', 'Math.random()', PROPERTIES],
  ['node', "fetch('x')", GLOBALS],
  ['session', 'crypto.randomUUID()', GLOBALS],
  ['node', 'Promise.resolve()', GLOBALS],
  ['membership', 'Math.random()', PROPERTIES],
  ['slab', 'Atomics.wait(memory, 0, 0)', PROPERTIES],
  ['sim', 'Math.random()', PROPERTIES],
  ['sim', 'performance.now()', GLOBALS],
  ['runtime', 'Math.random()', ''],
  ['runtime', 'performance.now()', ''],
  ['slab', 'Atomics.load(memory, 0)', ''],
];

const faults: readonly Plant[] = [
  {
    path: 'src/runtime/floating.ts',
    text: 'async function work(): Promise<void> {}\n\nexport function start(): void {\n  work();\n}\n',
    rule: 'nursery/noFloatingPromises',
  },
  {
    path: 'src/runtime/floating-import.ts',
    text: "import { later } from './later.js';\n\nexport function start(): void {\n  later();\n}\n",
    rule: 'nursery/noFloatingPromises',
  },
  {
    path: 'src/runtime/later.ts',
    text: 'export async function later(): Promise<void> {}\n',
    rule: null,
  },
  {
    path: 'src/runtime/misused.ts',
    text: 'async function ask(): Promise<boolean> {\n  return true;\n}\n\nexport const y = (): number => (ask() ? 1 : 2);\n',
    rule: 'nursery/noMisusedPromises',
  },
  {
    path: 'src/node/switch.ts',
    text: "export function say(outcome: 'won' | 'lost'): void {\n  switch (outcome) {\n    case 'won':\n  }\n}\n",
    rule: 'nursery/useExhaustiveSwitchCases',
  },
  { path: 'src/ring/hen.ts', text: uses('./egg.js'), rule: 'suspicious/noImportCycles' },
  { path: 'src/ring/egg.ts', text: uses('./hen.js'), rule: 'suspicious/noImportCycles' },
  { path: 'src/slab/long.ts', text: longFunction, rule: 'complexity/noExcessiveLinesPerFunction' },
  { path: 'src/slab/any.ts', text: says('1 as any'), rule: 'suspicious/noExplicitAny' },
  {
    path: 'src/slab/bang.ts',
    text: 'export const y = (x: string | null): string => x!;\n',
    rule: 'style/noNonNullAssertion',
  },
  {
    path: 'src/slab/ignored.ts',
    text: '// @ts-ignore\nexport const y: string = 1;\n',
    rule: 'suspicious/noTsIgnore',
  },
  {
    path: 'src/http/print.ts',
    text: "export const y = (): void => console.log('x');\n",
    rule: 'suspicious/noConsole',
  },
  {
    path: 'src/load.ts',
    text: "export const y = (): void => console.log('x');\n",
    rule: null,
  },
  {
    path: 'src/runtime/borrowed.ts',
    text: uses('lru-cache'),
    rule: 'correctness/noUndeclaredDependencies',
  },
  { path: 'src/runtime/notKebab.ts', text: says('1'), rule: 'style/useFilenamingConvention' },
  {
    path: 'test/only.test.ts',
    text: "import { test } from 'node:test';\n\ntest.only('x', () => {});\n",
    rule: 'suspicious/noFocusedTests',
  },
  { path: 'workers/entry.ts', text: uses('#src/cluster.js'), rule: FLOORS },
  { path: 'workers/client.ts', text: uses('#src/index.js'), rule: null },
  { path: 'workers/shell.ts', text: uses('#src/runtime/shell.js'), rule: null },
  { path: 'examples/inside.ts', text: uses('#src/ring/ring.js'), rule: FLOORS },
  { path: 'examples/outside.ts', text: uses('shoal'), rule: null },
];

const plants: readonly Plant[] = [
  ...faults,
  ...imports.map(([folder, source, may], i) => ({
    path: `src/${folder}/import-${i}.ts`,
    text: uses(source),
    rule: may ? null : FLOORS,
  })),
  ...banned.map(([folder, expression, rule], i) => ({
    path: `src/${folder}/global-${i}.ts`,
    text: says(expression),
    rule: rule === '' ? null : rule,
  })),
];

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string };
  }[];
}

suite('Linter', () => {
  let folder = '';
  const found = new Map<string, string[]>();

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-lint-'));
    for (const name of ['biome.json', '.gitignore', 'package.json']) {
      copyFileSync(join(ROOT, name), join(folder, name));
    }
    for (const { path, text } of plants) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
    const run = spawnSync(
      process.execPath,
      [biome, 'lint', '--max-diagnostics=none', '--reporter=json', '.'],
      { cwd: folder, encoding: 'utf8' },
    );
    const report = JSON.parse(run.stdout) as Report;
    for (const { category, location } of report.diagnostics) {
      const rules = found.get(location.path) ?? [];
      rules.push(category.replace('lint/', ''));
      found.set(location.path, rules);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const { path, text, rule } of plants) {
    const line = text.trim().split('\n')[0];
    const verdict = rule === null ? 'accepts' : `finds ${rule} in`;
    test(`Linter ${verdict} ${path}: ${line} (SHAPE-7)`, () => {
      assert.deepEqual([...new Set(found.get(path) ?? [])], rule === null ? [] : [rule]);
    });
  }
});
