/**
 * A short campaign of kills, and its continuation. It needs no other program, but more time than the
 * ordinary suite has for it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Campaign } from '../../bench/stress/campaign.js';

const MAIN = fileURLToPath(new URL('../../bench/stress/kills.js', import.meta.url));

test('Nodes killed at random instants come back with every acknowledged write, and the campaign goes on where it was (CLUSTER-6, NODE-8)', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-kills-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'campaign.json');
  const upTo = (kills: number): Campaign => {
    const args = ['--kills', String(kills), '--seconds', '50', '--keys', '500', '--resume', file];
    const run = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    return JSON.parse(readFileSync(file, 'utf8')) as Campaign;
  };
  const first = upTo(20);
  const both = upTo(30);
  assert.deepEqual([first.runs, both.runs], [1, 2]);
  assert.ok(first.returnsMs.length >= 1 && both.returnsMs.length >= first.returnsMs.length);
  assert.deepEqual(both.findings, []);
  assert.ok(both.warm > 0 && both.hits > 0 && both.sets > 0);
});
