import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { keyChooser } from '#src/load/key-chooser.js';
import type { KeyDistribution } from '#src/load/plan.js';
import { TWITTER_CLUSTERS, twitterTraffic } from '#src/load/twitter.js';
import { sizeChooser, ttlChooser } from '#src/load/value-sizes.js';
import { findWorkload } from '#src/load/workloads.js';

const DRAWS = 100_000;

function draw(distribution: KeyDistribution, keys: number): number[] {
  const chooser = keyChooser(distribution, { keys, thread: 0, threads: 1 }, new Prng(3));
  return Array.from({ length: DRAWS }, () => chooser.next());
}

const shareOf = (draws: readonly number[], holds: (key: number) => boolean): number =>
  draws.filter(holds).length / draws.length;

const near = (found: number, wanted: number, by: number): void =>
  assert.ok(Math.abs(found - wanted) <= by, `${found} is not within ${by} of ${wanted}`);

test('Twitter presets carry the published figures of 53 clusters (BENCH-2)', () => {
  assert.equal(TWITTER_CLUSTERS.length, 54);
  const eleven = twitterTraffic(11);
  assert.deepEqual(eleven.keySize, { min: 24, max: 24 });
  assert.deepEqual(eleven.valueSize, { kind: 'fixed', bytes: 170 });
  assert.deepEqual(eleven.distribution, { kind: 'zipf', theta: 1.4891 });
  assert.equal(eleven.mix.get?.toFixed(2), '0.97');
  assert.equal(eleven.mix.set?.toFixed(2), '0.03');
  assert.deepEqual(eleven.ttls, [
    { ttlMs: 5 * 86_400_000, weight: 0.97 },
    { ttlMs: 20_000, weight: 0.03 },
  ]);
  for (const cluster of TWITTER_CLUSTERS) {
    if (cluster === 5) assert.throws(() => twitterTraffic(5), /not published/);
    else {
      const { mix, keySize, ttls } = twitterTraffic(cluster);
      const total = (mix.get ?? 0) + (mix.set ?? 0) + (mix.delete ?? 0);
      assert.ok(total > 0.9 && total < 1.03, `cluster ${cluster}: ${total}`);
      assert.ok(keySize.min >= 10);
      assert.ok(ttls.length >= 1);
    }
  }
});

test('meta-kv draws keys and sizes by the measured curves (BENCH-2)', () => {
  const { distribution, keys, valueSize } = findWorkload('meta-kv');
  const draws = draw(distribution, keys);
  near(
    shareOf(draws, (key) => key === 0),
    0.06624 * (1 - 0.01547),
    0.005,
  );
  near(
    shareOf(draws, (key) => key >= keys),
    0.01547,
    0.003,
  );
  const size = sizeChooser(valueSize, new Prng(5));
  const sizes = Array.from({ length: DRAWS }, size);
  near(
    shareOf(sizes, (bytes) => bytes <= 159),
    0.86409,
    0.005,
  );
  assert.ok(sizes.every((bytes) => bytes >= 1 && bytes <= 523_487));
});

test('hot:K:SHARE gives the first K keys their share, evenly (BENCH-2)', () => {
  const draws = draw({ kind: 'hot', keys: 4, share: 0.6 }, 1000);
  for (let key = 0; key < 4; key++) {
    near(
      shareOf(draws, (drawn) => drawn === key),
      0.15,
      0.006,
    );
  }
  near(
    shareOf(draws, (drawn) => drawn >= 502),
    0.4 * (498 / 996),
    0.008,
  );
  assert.deepEqual(new Set(draw({ kind: 'hot', keys: 2, share: 0 }, 2)), new Set([0, 1]));
});

test('uniform and sequential reach every key evenly (BENCH-2)', () => {
  for (const kind of ['uniform', 'sequential'] as const) {
    const draws = draw({ kind }, 10);
    for (let key = 0; key < 10; key++) {
      near(
        shareOf(draws, (drawn) => drawn === key),
        0.1,
        0.005,
      );
    }
  }
});

test('latest prefers what was inserted last, and threads never insert the same key (BENCH-2)', () => {
  const choosers = [0, 1].map((thread) =>
    keyChooser({ kind: 'latest', theta: 0.99 }, { keys: 100, thread, threads: 2 }, new Prng(8)),
  );
  const inserted = choosers.map((chooser) => Array.from({ length: 50 }, () => chooser.insert()));
  assert.equal(new Set(inserted.flat()).size, 100);
  assert.ok(inserted.flat().every((key) => key >= 100));
  const newest = inserted[0]?.at(-1);
  const draws = Array.from({ length: 10_000 }, () => choosers[0]?.next() ?? Number.NaN);
  const counts = new Map<number, number>();
  for (const key of draws) counts.set(key, (counts.get(key) ?? 0) + 1);
  const favourite = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  assert.equal(favourite, newest);
  assert.ok(draws.every((key) => key >= 0 && (key < 100 || key % 2 === 0)));
});

test('ttlChooser draws by weight, and none where values do not expire (BENCH-2)', () => {
  const choose = ttlChooser(
    [
      { ttlMs: 10, weight: 3 },
      { ttlMs: 20, weight: 1 },
    ],
    new Prng(2),
  );
  const draws = Array.from({ length: DRAWS }, () => choose() ?? -1);
  near(
    shareOf(draws, (ttl) => ttl === 10),
    0.75,
    0.008,
  );
  assert.equal(ttlChooser([], new Prng(2))(), null);
});
