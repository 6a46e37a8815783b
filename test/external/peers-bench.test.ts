/** `npm run bench -- peers` with the real programs; without them it skips (test/bench). */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requireProgram } from '../support/external.js';

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

test('npm run bench -- peers --smoke compares each line of redis-benchmark at -P 1, 16 and 64 (RESP-1, BENCH-1)', (t) => {
  if (!requireProgram(t, 'redis-server') || !requireProgram(t, 'redis-benchmark')) return;
  const run = spawnSync(process.execPath, [MAIN, 'peers', '--smoke'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(run.status, 0, run.stderr);
  for (const pipeline of [1, 16, 64]) {
    for (const name of ['ping_inline', 'ping_mbulk', 'set', 'get', 'mset']) {
      assert.match(run.stdout, new RegExp(`^ +${pipeline}  ${name} +[\\d,]+ +[\\d,]+ +\\d`, 'm'));
    }
  }
});

test('npm run bench -- reads --smoke reads from redis-server by ioredis, too (BENCH-1)', (t) => {
  if (!requireProgram(t, 'redis-server')) return;
  const run = spawnSync(process.execPath, [MAIN, 'reads', '--smoke'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^ +redis-server, ioredis +none +\d/m);
});
