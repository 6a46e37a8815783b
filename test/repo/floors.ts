/**
 * The floors of src, as CONTRIBUTING.md draws them, and who may import whom. The linter has the
 * same rule as patterns over what is written; this one goes by the file that is meant.
 */
import { importsOf, resolveImport, type Source } from './source.js';

/** Folders of src by floor. Files that lie in src itself are the entry points, one floor above. */
export const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['ring', 'slab', 'resp', 'wire'],
  ['membership', 'values', 'loading'],
  ['node'],
  ['session'],
  ['runtime', 'http', 'load', 'cli', 'config', 'sim'],
];

/** config/ is shared by the command line and the library. */
const SIDEWAYS: Readonly<Record<string, readonly string[]>> = {
  cli: ['config'],
  runtime: ['config'],
};

/** `src/ring/hash-ring.ts` lies in `ring`, `src/cluster.ts` in ''; null is outside src. */
function folderOf(path: string): string | null {
  const match = /^src\/(?:([^/]+)\/)?/.exec(path);
  return match === null ? null : (match[1] ?? '');
}

function floorOf(folder: string): number {
  if (folder === '') return FLOORS.length;
  return FLOORS.findIndex((folders) => folders.includes(folder));
}

/** What is wrong with the imports of a file, one line each. */
export function floorFaults({ path, text }: Source): string[] {
  const folder = folderOf(path);
  if (folder === null) return [];
  if (floorOf(folder) < 0) return [`${path}: the folder ${folder}/ has no floor yet`];
  const faults: string[] = [];
  for (const specifier of importsOf(text)) {
    const target = resolveImport(path, specifier);
    if (target === null) continue;
    const other = folderOf(target);
    if (other === null) faults.push(`${path} leaves src: ${specifier}`);
    else if (!mayImport(folder, other)) faults.push(`${path} imports ${specifier}`);
  }
  return faults;
}

function mayImport(folder: string, other: string): boolean {
  if (other === folder) return true;
  const target = floorOf(other);
  if (target < 0) return false;
  return target < floorOf(folder) || (SIDEWAYS[folder] ?? []).includes(other);
}
