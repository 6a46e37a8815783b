/** Every example is run as a user would run it: it ends by itself and prints what it promises. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from './support/repo.js';

const run = promisify(execFile);
const LIMIT_MS = 30_000;

/** What an example prints, by its name; every folder of examples/ must be here. */
const EXAMPLES: Readonly<Record<string, (lines: string[]) => void>> = {
  'start-and-stop': (lines) => {
    assert.equal(lines[0], 'hello');
    assert.match(lines[1] ?? '', /name: 'Ada', born: 1815-12-10/);
    assert.deepEqual(lines.slice(2), [
      'after its time: undefined',
      'deleted: true',
      'then: undefined',
    ]);
  },
  'redis-client': (lines) => {
    assert.equal(lines[0], 'written through n0, read through n2: hello');
    assert.match(lines[1] ?? '', /^seconds to live: (60|59|58)$/);
    assert.match(lines[2] ?? '', /'value 1', 'value 50', 'value 99'/);
    assert.match(lines[3] ?? '', /^in the library: <Buffer 76 61 6c 75 65 20 37>$/);
  },
  'share-between-threads': (lines) => {
    assert.deepEqual(lines, [
      'Ada: hello from another thread',
      'Grace: hello from another thread',
      'Edsger: hello from another thread',
    ]);
  },
  'piscina-tasks': (lines) => {
    assert.deepEqual(lines, [
      'first: 5040, 40320, 362880, 3628800; 0 of them from the cache',
      'second: 5040, 40320, 362880, 3628800; 4 of them from the cache',
    ]);
  },
  'thundering-herd': (lines) => {
    assert.deepEqual(lines, ['four threads, 4,000 calls at once, loads: 1']);
  },
  'kill-a-node': (lines) => {
    const hits = lines.slice(0, 3).map((line) => Number(/: (\d+) of/.exec(line)?.[1]));
    const [before, killed = Number.NaN, refilled] = hits;
    assert.equal(before, 1_000);
    // A third is lost; 15 % is the ring's promise, the rest is sampling with a thousand keys.
    assert.ok(killed > 550 && killed < 780, lines[1]);
    assert.equal(refilled, 1_000);
    assert.match(lines[3] ?? '', /^n1 is back: n0 serving, n1 serving, n2 serving$/);
  },
  'cut-a-link': (lines) => {
    // How many pings go the way of the write is a matter of time.
    assert.deepEqual(
      lines.map((line) => line.replace(/"lost":[1-9]\d*/, '"lost":some')),
      [
        'fault: {"what":"cut","link":["n0","n1"]}',
        'read through n0: hello',
        'write by a client of its own: true',
        'write through n0: ERR Cannot tell whether set was done: no answer for 5000 ms',
        'fault: {"what":"heal","link":["n0","n1"],"lost":some}',
        'healed, write through n0: OK',
      ],
    );
  },
  'lru-by-trace': (lines) => {
    const ratios = lines.map((line) => Number(/: ([\d.]+) % hits/.exec(line)?.[1]));
    assert.equal(ratios.length, 4);
    assert.ok(
      ratios.every((ratio, i) => i === 0 || ratio > (ratios[i - 1] ?? 0)),
      lines.join('\n'),
    );
  },
};

suite('Examples', { concurrency: 1 }, () => {
  for (const [name, check] of Object.entries(EXAMPLES)) {
    test(`Example ${name} runs to its end and prints what it should (LIB-1)`, async () => {
      const program = join(ROOT, 'dist/examples', name, 'main.js');
      const { stdout, stderr } = await run(process.execPath, [program], { timeout: LIMIT_MS });
      assert.equal(stderr, '');
      check(stdout.trim().split('\n'));
    });
  }

  test('Every folder of examples/ is run (SHAPE-7)', () => {
    const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    assert.deepEqual(folders.sort(), Object.keys(EXAMPLES).sort());
  });
});
