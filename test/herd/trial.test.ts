/**
 * The trial itself, short: threads that load, write and die on one cluster. By hand it runs for as
 * long as one likes: `npm run herd`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTrial, type TrialSettings } from '../../bench/herd/trial.js';
import { findings, formatResult } from '../../bench/herd/trial-report.js';
import { runHerd } from './programs.js';

const CALM: TrialSettings = {
  durationMs: 2_000,
  threads: 4,
  nodes: 3,
  keys: 6,
  deathsEveryMs: null,
  killsEveryMs: null,
  untilFault: false,
  seed: 1,
};

async function run(settings: TrialSettings): Promise<void> {
  const result = await runTrial(settings);
  assert.deepEqual(findings(result), [], formatResult(result));
}

test('Nobody gets a load that began before a write that was acknowledged before the call (NODE-7)', async () => {
  await run(CALM);
});

test('Nobody does while threads that load die, and nodes that know of it (NODE-7)', async () => {
  await run({ ...CALM, durationMs: 4_000, deathsEveryMs: 400, killsEveryMs: 600 });
});

test('The command line of herd explains itself and refuses what it does not know (BENCH-2)', async () => {
  const help = await runHerd('--help');
  assert.equal(help.code, 0);
  assert.match(help.output, /^Usage: npm run herd -- /);
  const wrong = [['--threads', '1'], ['--minutes', 'ten'], ['--plant', 'roses'], ['--what']];
  for (const args of wrong) {
    const { code, errors } = await runHerd(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(errors, /^[^\n]+\(see --help\)\n$/);
  }
});
