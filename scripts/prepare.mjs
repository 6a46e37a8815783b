// Runs on `npm ci` and `npm install` in a checkout, on `npm pack`, and where the project is
// installed from git. Builds if it can; where it cannot it says what to do and does not fail,
// because an installation with --omit=dev or NODE_ENV=production has no compiler and may not
// need one: dist can be there already, and in a tarball it is all there is.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const wanted = JSON.parse(readFileSync('package.json', 'utf8')).devDependencies.typescript;
const compiler = findCompiler();

if (existsSync('src') && compiler !== null) {
  const built = spawnSync(process.execPath, [compiler, '-b'], { stdio: 'inherit' });
  process.exitCode = built.status ?? 1;
} else if (!existsSync('dist/cluster.js')) {
  console.error(
    `shoal: not built, TypeScript ${wanted} is not installed: run \`npm ci --include=dev\``,
  );
}

/** The pinned TypeScript, wherever it was hoisted to; another version is not ours to build with. */
function findCompiler() {
  try {
    const manifest = createRequire(join(process.cwd(), 'package.json')).resolve(
      'typescript/package.json',
    );
    const { version, bin } = JSON.parse(readFileSync(manifest, 'utf8'));
    return version === wanted ? join(dirname(manifest), bin.tsc) : null;
  } catch {
    return null;
  }
}
