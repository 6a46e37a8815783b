/**
 * What no linter says, as a table: what is banned, where, what to write instead, and why. A rule
 * carries a text that breaks it and one that is lawful, so that it is known to be able to fail.
 */
import { codeOf, lineAt, type Source } from './source.js';

export interface Rule {
  readonly banned: string;
  readonly pattern: RegExp;
  /** What is searched: the code alone, or comments and strings too. */
  readonly within: 'code' | 'text';
  /** Whether the rule holds for the file of this path. */
  readonly where: (path: string) => boolean;
  readonly instead: string;
  readonly why: string;
  readonly broken: Source;
  readonly lawful: Source;
}

/** The folders of floors 0 to 4: no clock, no chance, no IO, nothing asynchronous. */
const PURE = /^src\/(base|ring|slab|resp|wire|membership|values|loading|node|session)\//;
const pure = (path: string): boolean => PURE.test(path);
const everywhere = (): boolean => true;
const inFolder =
  (...folders: string[]) =>
  (path: string): boolean =>
    folders.some((folder) => path.startsWith(`${folder}/`));
const at = (path: string, text: string): Source => ({ path, text });

export const RULES: readonly Rule[] = [
  {
    banned: 'Math.random below floor 5',
    pattern: /\bMath\s*\.\s*random\b/,
    within: 'code',
    where: pure,
    instead: 'a Prng of base/prng, handed in',
    why: 'a run that cannot be repeated cannot be debugged',
    broken: at('src/ring/x.ts', 'const x = Math.random();'),
    lawful: at(
      'src/ring/x.ts',
      "const x = prng.unit(); // not Math.random()\nconst s = 'Math.random';",
    ),
  },
  {
    banned: 'reading a clock below floor 5',
    pattern: /\bnew Date\s*\(\s*\)|\bDate\.now\b|\bDate\s*\(\s*\)|\bperformance\b|\bhrtime\b/,
    within: 'code',
    where: pure,
    instead: 'an argument `now: Instant`',
    why: 'a clock that steps must not decide, and a test must be able to say what time it is',
    broken: at('src/values/x.ts', 'const x = new Date();'),
    lawful: at('src/values/x.ts', 'const x = new Date(milliseconds);'),
  },
  {
    banned: 'async and await below floor 5',
    pattern: /\basync\b|\bawait\b/,
    within: 'code',
    where: pure,
    instead: 'a step of the machine for each thing that can happen',
    why: 'what happens between two steps must be what the driver decides, production or simulator',
    broken: at('src/node/x.ts', 'export async function get() {}'),
    lawful: at('src/node/x.ts', '// no async here'),
  },
  {
    banned: 'as any',
    pattern: /\bas any\b|<any>/,
    within: 'code',
    where: everywhere,
    instead: 'unknown and a check, or the type',
    why: 'one any silences the compiler for everything that it touches',
    broken: at('test/x.test.ts', 'const x = y as any;'),
    lawful: at('test/x.test.ts', 'const x: unknown = y; // as any other'),
  },
  {
    banned: '@ts-ignore and @ts-nocheck',
    pattern: /@ts-(ignore|nocheck)\b/,
    within: 'text',
    where: everywhere,
    instead: 'the right type; in tests of types @ts-expect-error with the reason',
    why: 'it goes on hiding the next error on that line as well',
    broken: at('src/x.ts', '// @ts-ignore\nx();'),
    lawful: at('test/x.test.ts', '// @ts-expect-error a bare number is no time\nx();'),
  },
  {
    banned: '@ts-expect-error outside tests, or without a reason',
    pattern: /@ts-expect-error\s*(\n|$)/,
    within: 'text',
    where: everywhere,
    instead: '@ts-expect-error and the reason, in tests only',
    why: 'it marks a test of the types, and the reader wants to know what must not compile',
    broken: at('test/x.test.ts', '// @ts-expect-error\nx();'),
    lawful: at('test/x.test.ts', '// @ts-expect-error a bare number is no time\nx();'),
  },
  {
    banned: 'biome-ignore-all',
    pattern: /biome-ignore-(all|start)\b/,
    within: 'text',
    where: everywhere,
    instead: 'biome-ignore with the reason on the one line',
    why: 'a rule switched off for a file is off for everyone who edits it later',
    broken: at('src/x.ts', '// biome-ignore-all lint/style/useConst: because'),
    lawful: at('src/x.ts', '// biome-ignore lint/style/useConst: because'),
  },
  {
    banned: 'left-over notes to oneself',
    pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    within: 'text',
    where: everywhere,
    instead: 'the work done, or an issue',
    why: 'nobody comes back for them',
    broken: at('src/x.ts', '// TODO: limits'),
    lawful: at('src/x.ts', '// what is left to do'),
  },
  {
    banned: 'a test that runs alone',
    pattern: /\.only\s*\(|\bonly:\s*true\b/,
    within: 'code',
    where: inFolder('test'),
    instead: '--test-name-pattern on the command line',
    why: 'it switches the others off without a word',
    broken: at('test/x.test.ts', "test.only('x', () => {});"),
    lawful: at('test/x.test.ts', "test('only x', () => {});"),
  },
  {
    banned: 'a test skipped without a reason, or still to be written',
    pattern: /\bskip:\s*true\b|\.skip\s*\(\s*\)|\b(test|it|suite|describe)\.(skip|todo)\b|\btodo:/,
    within: 'text',
    where: inFolder('test'),
    instead: 't.skip(reason), or requireProgram() of test/support/external',
    why: 'a hole in the tests must say what would close it',
    broken: at('test/x.test.ts', "test.todo('x');"),
    lawful: at('test/x.test.ts', "t.skip('redis-server is not installed');"),
  },
  {
    banned: 'console outside the entry points, scripts, benches and examples',
    pattern: /\bconsole\s*\./,
    within: 'code',
    where: (path) => /^(src\/.*\/|workers\/)/.test(path),
    instead: 'an event or a returned value, and a stream handed in where text is the purpose',
    why: 'a library does not write on the terminal of the program that uses it',
    broken: at('src/runtime/x.ts', 'console.log(1);'),
    lawful: at('src/cluster.ts', 'console.log(1);'),
  },
  {
    banned: 'process.exit outside the entry points and scripts',
    pattern: /\bprocess\s*\.\s*(exit|abort)\s*\(/,
    within: 'code',
    where: (path) => /^(src\/.*\/|workers\/)/.test(path),
    instead: 'an error, or process.exitCode set by the entry point',
    why: 'it cuts off what others still have to write, and the program is not ours to end',
    broken: at('src/http/x.ts', 'process.exit(1);'),
    lawful: at('src/cluster.ts', 'process.exit(1);'),
  },
  {
    banned: 'a path of one machine, or the address of a package registry',
    pattern: /(^|[\s'"`(=])\/(home|Users|root|work)\/\w|https?:\/\/registry\./,
    within: 'text',
    where: everywhere,
    instead: 'a path relative to the repository, or os.tmpdir()',
    why: 'everybody else has others',
    broken: at('bench/x.ts', "const folder = '/home/me/traces';"),
    lawful: at('bench/x.ts', "const folder = '../traces'; // src/home/work"),
  },
];

/** The lines of a file that break a rule, as `path:line`. */
export function breaches(rule: Rule, { path, text }: Source): string[] {
  if (!rule.where(path)) return [];
  const searched = rule.within === 'code' ? codeOf(text) : text;
  const all = new RegExp(rule.pattern.source, `${rule.pattern.flags}g`);
  return [...searched.matchAll(all)].map((match) => `${path}:${lineAt(text, match.index)}`);
}
