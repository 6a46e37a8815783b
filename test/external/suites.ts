/** A suite of the benchmarks in smoke size, and what it reports. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly notes: readonly string[];
}

/** The tables of a suite in smoke size. */
export function smoke(suite: string, environment: NodeJS.ProcessEnv = process.env): Table[] {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
  try {
    const file = join(folder, 'report.json');
    const run = spawnSync(process.execPath, [MAIN, suite, '--smoke', '--json', file], {
      encoding: 'utf8',
      timeout: 60_000,
      env: environment,
    });
    assert.equal(run.status, 0, run.stderr);
    const tables = JSON.parse(readFileSync(file, 'utf8')).suites[suite] as Table[];
    for (const { title, columns, rows, notes } of tables) {
      assert.ok([title, ...notes].every((line) => run.stdout.includes(line)));
      assert.ok(rows.every((row) => row.length === columns.length));
      assert.ok(rows.flat().every((cell) => typeof cell === 'string' || Number.isFinite(cell)));
    }
    return tables;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
