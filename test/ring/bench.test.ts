import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { describeEnvironment, formatEnvironment } from '#src/load/environment.js';

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

function bench(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 60_000 });
}

interface Table {
  title: string;
  columns: string[];
  rows: (string | number)[][];
}

describe('npm run bench', () => {
  test('-- ring --smoke measures lookups from 10^2 to 10^6 vnodes and beside peers (RING-3, RING-7, BENCH-1, SHAPE-6)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
    try {
      const file = join(folder, 'report.json');
      const run = bench('ring', '--smoke', '--json', file);
      assert.equal(run.status, 0, run.stderr);
      const report = JSON.parse(readFileSync(file, 'utf8'));
      const [growth, peers, ...rest]: Table[] = report.suites.ring;
      assert.deepEqual(
        growth?.rows.map(([vnodes]) => vnodes),
        [100, 1_000, 10_000, 100_000, 1_000_000],
      );
      assert.deepEqual(
        new Set(peers?.rows.map(([name]) => name)),
        new Set(['shoal', 'consistent-hash', 'hashring']),
      );
      for (const { title, columns, rows } of [growth, peers, ...rest] as Table[]) {
        assert.ok(run.stdout.includes(title));
        assert.ok(rows.every((row) => row.length === columns.length));
        assert.ok(rows.flat().every((cell) => typeof cell === 'string' || Number.isFinite(cell)));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('names the machine, its load and the commit in its header (BENCH-4)', () => {
    const environment = describeEnvironment();
    const text = formatEnvironment({ ...environment, cores: 2, loadAverage: 1.5, commit: null });
    assert.ok(text.includes(environment.cpu) && text.includes(process.version));
    assert.match(text, /commit unknown, load average 1.50 \(busy/);
    assert.doesNotMatch(formatEnvironment({ ...environment, loadAverage: 0 }), /busy/);
  });

  const misuse: readonly [args: string[], error: RegExp][] = [
    [['rings'], /no suite 'rings'; there is .*ring/],
    [['--quick'], /--quick/],
    [['--smoke', '--full'], /exclude each other/],
    [['--json'], /--json/],
  ];
  for (const [args, error] of misuse) {
    test(`refuses '${args.join(' ')}' in one line, exit code 2`, () => {
      const run = bench(...args);
      assert.equal(run.status, 2);
      assert.match(run.stderr, error);
      assert.equal(run.stderr.trim().split('\n').length, 1);
    });
  }

  test('--help lists the suites', () => {
    const run = bench('--help');
    assert.equal(run.status, 0);
    assert.match(run.stdout, /^ {2}ring /m);
  });
});
