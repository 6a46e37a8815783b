/**
 * What keeps the sources as they are meant to be and no linter says: the table of rules.ts, the
 * floors once more by the files that are meant, headers, and the requirements that tests cite.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/repo.js';
import { floorFaults } from './floors.js';
import { citedIds, REQUIREMENTS } from './requirements.js';
import { breaches, RULES } from './rules.js';
import { codeOf, importsOf, readSources, type Source } from './source.js';

const all = readSources();
/** The checks of this folder are full of planted faults. */
const sources = all.filter(({ path }) => !path.startsWith('test/repo/'));
const inSrc = sources.filter(({ path }) => path.startsWith('src/'));

for (const rule of RULES) {
  test(`Tidy finds no breach: ${rule.banned} (SHAPE-7)`, () => {
    const found = sources.flatMap((source) => breaches(rule, source));
    assert.deepEqual(found, [], `write ${rule.instead} instead, because ${rule.why}`);
  });

  test(`Tidy rule can fail: ${rule.banned} (SHAPE-7)`, () => {
    assert.equal(breaches(rule, rule.broken).length, 1);
    assert.deepEqual(breaches(rule, rule.lawful), []);
  });
}

test('@ts-expect-error is found in tests only (SHAPE-7)', () => {
  const outside = sources.filter(
    ({ path, text }) => !path.startsWith('test/') && text.includes('@ts-expect-error'),
  );
  assert.deepEqual(
    outside.map(({ path }) => path),
    [],
  );
});

test('A folder of src imports only from lower floors (SHAPE-7)', () => {
  assert.ok(inSrc.length > 0);
  assert.deepEqual(inSrc.flatMap(floorFaults), []);
});

test('Floor check finds imports from the same floor, from above and out of src (SHAPE-7)', () => {
  const from = (path: string, specifier: string): string[] =>
    floorFaults({ path, text: `import type { X } from '${specifier}';` });
  assert.deepEqual(from('src/ring/x.ts', '../base/units.js'), []);
  assert.deepEqual(from('src/runtime/x.ts', '../config/options.js'), []);
  assert.deepEqual(from('src/load.ts', './load/main.js'), []);
  assert.deepEqual(from('src/ring/x.ts', 'node:buffer'), []);
  assert.equal(from('src/ring/x.ts', '../slab/slab.js').length, 1);
  assert.equal(from('src/ring/x.ts', '../node/reply.js').length, 1);
  assert.equal(from('src/http/x.ts', '../config/options.js').length, 1);
  assert.equal(from('src/runtime/x.ts', '../index.js').length, 1);
  assert.equal(from('src/runtime/x.ts', '../../bench/main.js').length, 1);
  assert.equal(from('src/attic/x.ts', '../base/units.js').length, 1);
});

/** Whether a file says what it is for: a comment of its own, at its top or above a declaration. */
const saysWhatItIs = ({ text }: Source): boolean => /^(\/\*\*|\/\/)/m.test(text);

test('Every source file says what it is for, or its folder has a README (SHAPE-7)', () => {
  const bare = sources
    .filter(({ path }) => /^(src|workers|bench|examples|scripts)\//.test(path))
    .filter(({ text }) => codeOf(text).replace('export {};', '').trim() !== '')
    .filter((source) => !saysWhatItIs(source))
    .filter(({ path }) => !existsSync(join(ROOT, dirname(path), 'README.md')));
  assert.deepEqual(
    bare.map(({ path }) => path),
    [],
  );
});

test('Header check tells a file with a comment of its own from one without (SHAPE-7)', () => {
  const says = (text: string): boolean => saysWhatItIs({ path: 'src/x.ts', text });
  assert.ok(says("/** The idea. */\nimport { a } from 'a';\n\nexport const x = a;\n"));
  assert.ok(
    says("import { a } from 'a';\n\nexport type B = 1;\n\n/** The idea. */\nconst x = a;\n"),
  );
  assert.ok(says('#!/usr/bin/env node\n// The idea.\nrun();\n'));
  assert.ok(
    !says("import { a } from 'a';\n\nexport const x = {\n  /** A detail. */\n  y: a,\n};\n"),
  );
});

test('Source scanner leaves code and blanks comments, strings and patterns (SHAPE-7)', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source that is scanned
  const text = "a('b // c'); /* d */ e(`f ${g}`); // h\nx = /'i/.test(j); k(\"l\");";
  assert.equal(codeOf(text).replace(/\s+/g, ''), 'a();e();x=.test(j);k();');
  assert.equal(codeOf(text).length, text.length);
  assert.deepEqual(
    importsOf("import a from 'b';\n// from 'c'\nexport * from './d.js';\nimport 'e';"),
    ['b', './d.js', 'e'],
  );
});

test('Test names cite requirements that exist (SHAPE-7)', (t) => {
  const tests = all.filter(({ path }) => path.endsWith('.test.ts'));
  const cited = new Map<string, number>();
  for (const id of tests.flatMap(({ text }) => citedIds(text))) {
    cited.set(id, (cited.get(id) ?? 0) + 1);
  }
  const unknown = [...cited.keys()].filter((id) => !REQUIREMENTS.includes(id));
  assert.deepEqual(unknown, []);
  const open = REQUIREMENTS.filter((id) => !cited.has(id));
  t.diagnostic(`requirements that no test name cites yet: ${open.join(' ') || 'none'}`);
});

test('Requirement ids are read from names, not from the rest of a test (SHAPE-7)', () => {
  const text =
    "// RING-9\ntest('Ring wraps (RING-4, RING-1)', () => { f('NODE-1'); });\nit(`x (LIB-2)`);";
  assert.deepEqual(citedIds(text), ['RING-4', 'RING-1', 'LIB-2']);
});
