/** The parts of the SWIM simulation that its figures rest on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { instant, NEVER, nodeIndex } from '#src/base/units.js';
import { swimCluster } from '../../bench/swim/cluster.js';
import { EventQueue } from '../../bench/swim/event-queue.js';
import { Network } from '../../bench/swim/network.js';
import { plot } from '../../bench/swim/plot.js';

/** Runs a script of bench/ to its good end. */
function runScript(script: string, ...args: string[]): void {
  const path = fileURLToPath(new URL(`../../bench/${script}`, import.meta.url));
  const run = spawnSync(process.execPath, [path, ...args], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(run.status, 0, run.stderr);
}

describe('SWIM simulation', () => {
  test('EventQueue gives events in the order of their instants (BENCH-1)', () => {
    const step = fc.option(fc.nat(50), { freq: 3, nil: null });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const queue = new EventQueue();
        let waiting: number[] = [];
        for (const at of steps) {
          if (at !== null) {
            queue.push(instant(at), at);
            waiting.push(at);
          } else if (waiting.length > 0) {
            waiting = waiting.sort((a, b) => a - b);
            assert.equal(queue.nextAt, waiting[0]);
            assert.equal(queue.pop(), waiting.shift());
          }
          assert.equal(queue.size, waiting.length);
        }
        if (waiting.length === 0) assert.equal(queue.nextAt, NEVER);
      }),
    );
  });

  test('One seed is one history, message by message (BENCH-1)', () => {
    const history = (seed: number): string[] => {
      const prng = new Prng(seed);
      const lines: string[] = [];
      const network: Network<ReturnType<typeof swimCluster>[number]> = new Network(
        swimCluster(instant(0), 12, prng),
        {
          prng: prng.fork(),
          delayMsMin: 5,
          delayMsMax: 50,
          listener: {
            sent: (from, to, message) =>
              lines.push(`${network.now} ${from} ${to} ${JSON.stringify(message)}`),
          },
        },
      );
      network.loss = 0.1;
      network.run(instant(10_000));
      network.crash(nodeIndex(3));
      network.run(instant(30_000));
      return lines;
    };
    const [one, again, other] = [history(1), history(1), history(2)];
    assert.ok(one.length > 500);
    assert.deepEqual(one, again);
    assert.notDeepEqual(one, other);
  });

  test('docs/swim.md is made of a report, with all its tables and a plot (BENCH-1)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-swim-'));
    try {
      const report = join(folder, 'report.json');
      runScript('main.js', 'swim', '--smoke', '--json', report);
      runScript('swim/docs.js', report, folder);
      const page = readFileSync(join(folder, 'swim.md'), 'utf8');
      const { suites } = JSON.parse(readFileSync(report, 'utf8'));
      for (const { title } of suites.swim) assert.ok(page.includes(title), title);
      assert.ok(page.includes('(swim.svg)'));
      assert.match(readFileSync(join(folder, 'swim.svg'), 'utf8'), /<svg[\s\S]*all-to-all/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('plot() puts values where logarithmic axes have them, for light and dark (BENCH-1)', () => {
    const lines = [{ name: 'a line', points: [[10, 1] as const, [100, 10] as const] }];
    const svg = plot([{ title: 'T', xName: 'x', yName: 'y', lines }], 'What is to be seen.');
    assert.match(svg, /^<svg [^>]*viewBox="0 0 430 330"/);
    assert.match(svg, /<title>What is to be seen\.<\/title>/);
    assert.match(svg, /prefers-color-scheme: dark/);
    assert.match(svg, /d="M62 230L410 46"/, 'from the lower left corner to the upper right one');
    for (const word of ['T', 'x', 'y', 'a line']) assert.ok(svg.includes(`>${word}</text>`));
    assert.ok(!svg.includes('NaN'));
  });
});
