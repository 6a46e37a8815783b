import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startCluster } from '#src/index.js';
import { runCommand } from '#src/load/main.js';
import type { LoadReport } from '#src/load/report.js';
import { SlabCache } from '#src/slab-cache.js';

const folder = mkdtempSync(join(tmpdir(), 'shoal-load-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs the command against a real cluster. */
async function run(line: string): Promise<{ code: number; report: LoadReport; errors: string }> {
  const json = join(folder, 'report.json');
  let errors = '';
  const code = await runCommand([...line.split(' '), '--json', json], {
    startCluster: (options) => startCluster(options),
    createCache: (memoryLimit) => new SlabCache({ memoryLimit }),
    stdout: { write: () => true },
    stderr: {
      write: (text) => {
        errors += text;
      },
    },
  });
  return { code, report: JSON.parse(readFileSync(json, 'utf8')) as LoadReport, errors };
}

const QUICK = '--nodes 2 --memory 1mb --keys 1000 --connections 4 --warm-up 50ms --verify';

for (const via of ['resp', 'library'] as const) {
  test(`load --in-process --via ${via} reads only what was written (BENCH-2, NODE-1)`, async () => {
    const { code, report, errors } = await run(`${QUICK} --duration 300ms --via ${via}`);
    assert.equal(errors, '');
    assert.equal(code, 0);
    assert.equal(report.preload?.operations, 1000);
    assert.ok(report.operations > 0);
    assert.equal(report.hitRatio, 1);
    assert.equal(report.errors.total, 0);
  });
}

test('load --workload churn evicts and expires, and reads only what was written (BENCH-2, NODE-6)', async () => {
  const line = `${QUICK} --workload churn --pipeline 16 --duration 400ms`;
  const { code, report } = await run(line);
  assert.equal(code, 0);
  assert.ok((report.kinds.insert?.operations ?? 0) > 0);
  assert.ok((report.kinds.delete?.operations ?? 0) > 0);
});

test('load --kill-every kills nodes, and what is read is right all the same (BENCH-2, CLUSTER-5)', async () => {
  const { code, report } = await run(`${QUICK} --duration 1500ms --kill-every 500ms --pipeline 4`);
  assert.equal(code, 0);
  assert.ok((report.target.kills ?? 0) >= 2);
  assert.deepEqual(report.verification, { wrong: 0, stale: 0, samples: [] });
});
