/**
 * The stress itself, short: a hundred threads on one cluster. By hand it runs for as long as one
 * likes: `npm run stress`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, formatResult } from '../../bench/stress/report.js';
import { type StressSettings, stress } from '../../bench/stress/stress.js';
import { verifySlab } from '../slab/support/verify.js';
import { SlabView } from '../slab/support/view.js';
import { runProgram } from './programs.js';

const A_HUNDRED: StressSettings = {
  seed: 1,
  durationMs: 1_500,
  roundsMin: 5,
  threads: 100,
  nodes: 5,
  keysPerWriter: 40,
  evicts: false,
  kills: null,
  untilFault: false,
};

/** What is wrong in the memories of slabs that nobody uses any more. */
function inspect(memories: readonly SharedArrayBuffer[], memoryLimit: number): string[] {
  return memories.flatMap((memory, node) => {
    try {
      verifySlab(new SlabView(memory, memoryLimit));
      return [];
    } catch (error) {
      return `slab of n${node}: ${(error as Error).message}`;
    }
  });
}

async function run(settings: StressSettings): Promise<void> {
  const result = await stress(settings, { progress: () => {}, inspect });
  assert.deepEqual(findings(result), [], formatResult(result));
}

test('A hundred threads read, set, delete and expire at once: nothing torn, stale or lost, every byte accounted for (NODE-8, NODE-5)', async () => {
  await run(A_HUNDRED);
});

test('Threads do so, too, where entries are evicted all the time (NODE-8, NODE-5)', async () => {
  await run({ ...A_HUNDRED, threads: 24, keysPerWriter: 400, evicts: true });
});

test('The command lines of stress and kills explain themselves and refuse what they do not know (BENCH-2)', async () => {
  for (const name of ['stress', 'kills'] as const) {
    const help = await runProgram(name, '--help');
    assert.equal(help.code, 0);
    assert.match(help.output, new RegExp(`^Usage: npm run ${name} -- `));
    const wrong = [
      ['--threads', '1'],
      ['--seconds', 'ten'],
      ['--plant', 'roses'],
      [name === 'kills' ? '--evict' : '--kills=3'],
      ['--what'],
    ];
    for (const args of wrong) {
      const { code, errors } = await runProgram(name, ...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(errors, /^[^\n]+\(see --help\)\n$/);
    }
  }
});
