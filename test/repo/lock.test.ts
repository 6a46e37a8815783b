/**
 * The lock file. `npm ci` refuses a lock in which a version lacks some of its platform builds,
 * although `npm install` wrote it: it says so only on the machine that needs the missing one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJson, readText } from '../support/repo.js';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Record<string, LockedPackage>;
}

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly overrides: Record<string, string>;
  readonly allowScripts: Record<string, boolean>;
}

/** What is wrong with a lock, one line each. */
function lockFaults(lock: Lock): string[] {
  const faults: string[] = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '') continue;
    if (entry.version === undefined) faults.push(`${path} has no version`);
    if (entry.integrity === undefined) faults.push(`${path} has no integrity`);
    if (entry.resolved !== undefined) faults.push(`${path} has an address`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const nested = lock.packages[`${path}/node_modules/${name}`];
      const hoisted = lock.packages[`node_modules/${name}`];
      if ((nested ?? hoisted)?.version === undefined) {
        faults.push(`${path} lacks its platform entry ${name}`);
      }
    }
  }
  return faults;
}

const lock = readJson<Lock>('package-lock.json');
const manifest = readJson<Manifest>('package.json');
const ranges = [
  ...Object.entries(manifest.dependencies),
  ...Object.entries(manifest.devDependencies),
  ...Object.entries(manifest.overrides),
];

test('Lock file gives every platform entry a version, and holds no address (SHAPE-7)', () => {
  assert.equal(lock.lockfileVersion, 3);
  assert.ok(Object.keys(lock.packages).some((path) => path.includes('@biomejs/cli-')));
  assert.deepEqual(lockFaults(lock), []);
  assert.doesNotMatch(readText('package-lock.json'), /"resolved"|https?:[^"]*\.tgz/);
});

test('Lock check finds a platform entry that is missing or has no version (SHAPE-7)', () => {
  const parent = { version: '1.0.0', integrity: 'x', optionalDependencies: { 'a-linux': '1.0.0' } };
  const packages = { 'node_modules/a': parent };
  assert.deepEqual(lockFaults({ lockfileVersion: 3, packages }), [
    'node_modules/a lacks its platform entry a-linux',
  ]);
  assert.deepEqual(
    lockFaults({
      lockfileVersion: 3,
      packages: { ...packages, 'node_modules/a-linux': { resolved: 'somewhere' } },
    }),
    [
      'node_modules/a lacks its platform entry a-linux',
      'node_modules/a-linux has no version',
      'node_modules/a-linux has no integrity',
      'node_modules/a-linux has an address',
    ],
  );
});

test('Dependencies are pinned to one version each (SHAPE-7)', () => {
  for (const [name, range] of ranges) assert.match(range, /^\d+\.\d+\.\d+$/, name);
  // The peer range of bentocache, which is only measured beside us, ends before our ioredis.
  assert.deepEqual(manifest.overrides, { ioredis: '6.0.0', 'msgpackr-extract': '3.0.4' });
  assert.equal(lock.packages['node_modules/msgpackr-extract']?.version, '3.0.4');
});

test('Every dependency with an install script is settled in allowScripts (SHAPE-7)', () => {
  const scripted = Object.entries(lock.packages)
    .filter(([, entry]) => entry.hasInstallScript === true)
    .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  for (const name of scripted) assert.ok(name in manifest.allowScripts, name);
});
