/**
 * The project's sources as the checks of this folder want them: code apart from comments and
 * strings, and imports resolved. A scanner of a hundred lines, not a parser: it knows comments,
 * strings, templates and the regular expressions of this code base.
 */
import { posix } from 'node:path';
import { filesUnder, readText } from '../support/repo.js';

export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file of src, workers, bench, test and examples, and every script. */
export function readSources(): Source[] {
  return ['src', 'workers', 'bench', 'test', 'examples', 'scripts']
    .flatMap((folder) => filesUnder(folder))
    .filter((path) => /\.(c?ts|mjs)$/.test(path))
    .map((path) => ({ path, text: readText(path) }));
}

/** Comments, then strings, templates (without the code inside them) and regular expressions. */
const NOT_CODE =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[=(,:[!&|?{};]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*\//g;

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** The text with everything but code blanked out: offsets and lines stay what they are. */
export const codeOf = (text: string): string => text.replace(NOT_CODE, blank);

/** The text without its comments: strings stay. */
export const withoutComments = (text: string): string =>
  text.replace(NOT_CODE, (match) => (/^\/[/*]/.test(match) ? blank(match) : match));

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)'([^']+)'/g;

/** The specifiers of everything that a file imports or exports from elsewhere. */
export function importsOf(text: string): string[] {
  return [...withoutComments(text).matchAll(IMPORT)].map((match) => match[1] ?? '');
}

/** The source file that an import means, or null for a package or a builtin. */
export function resolveImport(from: string, specifier: string): string | null {
  const path = specifier.startsWith('#src/')
    ? specifier.replace('#src/', 'src/')
    : specifier.startsWith('.')
      ? posix.join(posix.dirname(from), specifier)
      : null;
  return path === null ? null : path.replace(/js$/, 'ts');
}

/** The line, counted from 1, at an offset. */
export const lineAt = (text: string, offset: number): number =>
  text.slice(0, offset).split('\n').length;
