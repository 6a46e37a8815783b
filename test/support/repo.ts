/** Where the repository is, and what is in it: for the tests that read the project itself. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root; compiled helpers lie in dist/test/support. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A file of the repository as text. */
export const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** A JSON file of the repository; the caller says what it should be. */
export const readJson = <T>(path: string): T => JSON.parse(readText(path)) as T;

/** Paths of all files under a folder of the repository, sorted, with forward slashes. */
export function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/'))
    .sort();
}
