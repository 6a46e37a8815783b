/** The suite of loads in smoke size, in a file of its own: with the others it takes longer than a file may. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { smoke } from './suites.js';

describe('npm run bench', () => {
  test('-- herd --smoke loads once for all who miss, beside others, deaths and bad loaders, and says who is missing (NODE-7, NODE-9, BENCH-1)', () => {
    const [all, popular, limited, deaths, hits, misses, cost] = smoke('herd', {
      ...process.env,
      PATH: '',
    });
    assert.deepEqual(
      all?.rows.map((row) => row[all.columns.indexOf('loads a key')]),
      [1, 1],
    );
    for (const table of [popular, limited]) {
      assert.deepEqual(
        table?.rows.map(([who]) => who),
        ['shoal, beta 1', 'shoal, beta 0', 'bentocache', 'lru-cache'],
      );
      assert.ok(
        table?.rows.every((row) => row.at(-1) === 0),
        'no errors',
      );
      assert.ok(table?.notes.some((note) => note.includes('skipped: redis-server is not')));
    }
    assert.equal(deaths?.rows.length, 4);
    assert.equal(hits?.rows.length, 8);
    const gets = new Map(misses?.rows.map(([loader, , outcomes]) => [loader, String(outcomes)]));
    assert.match(gets.get('good') ?? '', /^value \d+$/);
    assert.match(gets.get('hangs') ?? '', /^ERR_LOAD_TIMEOUT \d+$/);
    assert.match(gets.get('hangs, stale') ?? '', /^stale \d+$/);
    assert.match(gets.get('throws') ?? '', /^ERR_LOADER \d+$/);
    assert.equal(cost?.rows.length, 10);
  });
});
