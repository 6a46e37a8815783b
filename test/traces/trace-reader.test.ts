import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ShoalError } from '#src/base/errors.js';
import { readTrace } from '#src/load/trace-reader.js';
import { padKey, replayTrace } from '#src/load/trace-replay.js';
import { ExactLru } from './exact-lru.js';

const folder = mkdtempSync(join(tmpdir(), 'shoal-traces-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text);
  return file;
}

async function read(
  file: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ keys: string[]; sizes: number[] | null }> {
  const keys: string[] = [];
  let sizes: number[] | null = null;
  for await (const batch of readTrace(file, limit)) {
    keys.push(...batch.keys);
    if (batch.sizes !== null) sizes = [...(sizes ?? []), ...batch.sizes];
  }
  return { keys, sizes };
}

test('readTrace reads keys alone, with sizes, and with all four columns (BENCH-3)', async () => {
  assert.deepEqual(await read(write('a.txt', '7\n8\n7\n')), { keys: ['7', '8', '7'], sizes: null });
  assert.deepEqual(await read(write('b.txt.gz', 'a 0\nb 12')), {
    keys: ['a', 'b'],
    sizes: [0, 12],
  });
  const four = write('c.txt.gz', 'cdn:v/é.mp4 54773 1209600 get\nx 5 0 set\n');
  assert.deepEqual(await read(four), { keys: ['cdn:v/é.mp4', 'x'], sizes: [54773, 5] });
});

test('readTrace reads as many accesses as it is asked for, over many batches (BENCH-3)', async () => {
  const lines = Array.from({ length: 50_000 }, (_, i) => `key-${i} ${i % 977}`);
  const file = write('long.txt.gz', `${lines.join('\n')}\n`);
  assert.equal((await read(file)).keys.length, 50_000);
  const { keys, sizes } = await read(file, 45_001);
  assert.equal(keys.length, 45_001);
  assert.equal(keys.at(-1), 'key-45000');
  assert.equal(sizes?.at(-1), 45_000 % 977);
});

const BAD: readonly (readonly [name: string, text: string, says: RegExp])[] = [
  ['empty.txt', '', /no accesses/],
  ['columns.txt', 'a 5\nb\n', /line 2 has other columns/],
  ['size.txt', 'a 5\nb big\n', /line 2 has 'big' where its size/],
  ['blank.txt', 'a\n\nb\n', /line 2 has no key/],
  ['not-gzip.txt', 'x'.repeat(200_000), /no text of lines/],
];

for (const [name, text, says] of BAD) {
  test(`readTrace refuses ${name} and says where (BENCH-3)`, async () => {
    await assert.rejects(read(write(name, text)), (error) => {
      assert.ok(error instanceof ShoalError);
      assert.equal(error.code, 'ERR_USAGE');
      assert.match(error.message, says);
      return true;
    });
  });
}

test('readTrace refuses a file that is not there, and one that is cut (BENCH-3)', async () => {
  await assert.rejects(read(join(folder, 'none.txt.gz')), /Cannot read trace .*ENOENT/);
  const cut = join(folder, 'cut.txt.gz');
  writeFileSync(cut, gzipSync('a\nb\n'.repeat(10_000)).subarray(0, 60));
  await assert.rejects(read(cut), /Cannot read trace .*unexpected end/);
});

test('replayTrace by items holds exactly as many items, keys of any length (BENCH-3)', async () => {
  const file = write('items.txt', 'a\nlonger-key\nb\na\nlonger-key\nb\né\na\n');
  const plan = { file, accesses: Number.POSITIVE_INFINITY, valueSize: 10 };
  for (const [capacity, hits] of [
    [2, 0],
    [3, 3],
    [4, 4],
  ] as const) {
    const result = await replayTrace(
      { ...plan, memory: { by: 'items', capacity } },
      (limit) => new ExactLru(limit),
    );
    assert.equal(result.hits, hits, `${capacity} items`);
    assert.equal(result.stats.entries, Math.min(capacity, 4));
  }
  assert.equal(padKey('é', 4), 'é  ');
});
