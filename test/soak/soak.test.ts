import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SoakResult } from '../../bench/soak/soak.js';

const MAIN = fileURLToPath(new URL('../../bench/soak/main.js', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
    });
    child.on('close', (code) => resolve({ code, output, errors }));
  });
}

test('Seconds of load with a kill each second give no wrong value, hang or crash (CLUSTER-5, CLUSTER-6, NODE-8)', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-soak-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'soak.json');
  const args = ['--minutes', '0.1', '--kill-every', '1s', '--keys', '1k', '--seed', '1'];
  const { code, output, errors } = await run(...args, '--json', file);
  assert.equal(code, 0, output + errors);
  assert.match(output, /^PASSED$/m);
  const report = JSON.parse(await readFile(file, 'utf8')) as SoakResult & { findings: string[] };
  assert.deepEqual(report.findings, []);
  assert.ok(report.kills >= 2, `${report.kills} kills`);
  assert.ok(report.tally.hits > 0);
});

test('The soak’s command line explains itself and refuses what it does not know (BENCH-2)', async () => {
  const help = await run('--help');
  assert.equal(help.code, 0);
  assert.match(help.output, /--kill-every TIME/);
  for (const args of [
    ['--minutes', 'ten'],
    ['--kill-every', '-1s'],
    ['--nodes', '1'],
    ['--what'],
  ]) {
    const { code, errors } = await run(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(errors, /^[^\n]+\(see --help\)\n$/);
  }
});
