/** What a seed draws, that it can be repeated, and the command. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { playSeed } from '#src/sim/run.js';
import { drawSwarm, FAULT_NAMES, FAULTS_MIN, OPERATIONS_MIN, SECONDS_MIN } from '#src/sim/swarm.js';
import { ROOT } from '../support/repo.js';

const COMMAND = join(ROOT, 'dist/sim.js');

const command = (...args: string[]): ReturnType<typeof spawnSync> & { stdout: string } =>
  spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });

test('Swarm switches faults on and off by the seed, and draws the same again', () => {
  const on = new Map<string, number>();
  for (let seed = 1; seed <= 200; seed++) {
    const { faults, length, operations } = drawSwarm(seed);
    assert.deepEqual(drawSwarm(seed), drawSwarm(seed));
    assert.ok(faults.size >= FAULTS_MIN && faults.size < FAULT_NAMES.length, `seed ${seed}`);
    assert.ok(length >= 1_000 * SECONDS_MIN && operations >= OPERATIONS_MIN, `seed ${seed}`);
    for (const fault of faults) on.set(fault, (on.get(fault) ?? 0) + 1);
  }
  for (const name of FAULT_NAMES) {
    const share = (on.get(name) ?? 0) / 200;
    assert.ok(share > 0.05 && share < 0.7, `${name} is on in ${share} of the seeds`);
  }
});

test('Run is the same for the same seed, step by step, in another process too', () => {
  for (const seed of [3, 8]) {
    const digest = playSeed(seed, null).digest;
    assert.equal(playSeed(seed, null).digest, digest);
    const { stdout, status } = command('--seed', `${seed}`);
    assert.equal(status, 0, stdout);
    assert.match(stdout, new RegExp(`^seed ${seed}\n`), 'the seed comes first');
    assert.match(stdout, new RegExp(`digest ${digest.toString(16).padStart(8, '0')}\n$`));
  }
  assert.notEqual(playSeed(3, null).digest, playSeed(8, null).digest);
});

test('Command tells a failure, with a timeline and the command that plays it again', () => {
  const { stdout, status } = command('--seed', '2', '--plant', 'neighbour-serves');
  assert.equal(status, 1);
  assert.match(stdout, /^seed 2 FAILED: owners: node \d writes key \d+ in epoch \d+/m);
  assert.match(stdout, /\d+\.\d\d {2}supervisor publishes epoch \d+/);
  assert.match(stdout, /again: npm run sim -- --seed 2 --plant neighbour-serves/);
});

test('Command plays many seeds, and lists what there is', () => {
  const many = command('--seeds', '3', '--first', '5');
  assert.equal(many.status, 0, many.stdout);
  assert.match(many.stdout, /^seeds 5 to 7\n/);
  assert.match(many.stdout, /3 seeds, 0 failed: \d+ operations, \d+ events/);
  assert.match(command('--list').stdout, /crash +a node dies by itself/);
  const wrong = command('--plant', 'none-such');
  assert.equal(wrong.status, 2);
  assert.match(String(wrong.stderr), /there is no none-such; there are never-trusts/);
});
