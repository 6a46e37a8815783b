import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { Zipf } from '#src/load/zipf.js';

const SKEWS = [0, 0.2, 0.5, 0.99, 1, 1.01, 1.5, 2.7];

/** Exact probabilities of ranks 1 to n. */
function exact(n: number, theta: number): number[] {
  const weights = Array.from({ length: n }, (_, i) => (i + 1) ** -theta);
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** Pearson's χ² over cells that expect at least five draws, and the number of such cells. */
function chiSquare(counts: readonly number[], expected: readonly number[]): [number, number] {
  let chi = 0;
  let cells = 0;
  let restCount = 0;
  let restExpected = 0;
  counts.forEach((count, i) => {
    const wanted = expected[i] as number;
    if (wanted >= 5) {
      chi += (count - wanted) ** 2 / wanted;
      cells++;
    } else {
      restCount += count;
      restExpected += wanted;
    }
  });
  if (restExpected >= 5) {
    chi += (restCount - restExpected) ** 2 / restExpected;
    cells++;
  }
  return [chi, cells];
}

for (const theta of SKEWS) {
  for (const n of [2, 10, 1000]) {
    test(`Zipf draws ranks by k^-${theta} of ${n} (BENCH-2)`, () => {
      const zipf = new Zipf(n, theta);
      const prng = new Prng(7);
      const draws = 200_000;
      const counts = new Array<number>(n).fill(0);
      for (let i = 0; i < draws; i++) {
        const rank = zipf.draw(prng);
        counts[rank - 1] = (counts[rank - 1] as number) + 1;
      }
      const [chi, cells] = chiSquare(
        counts,
        exact(n, theta).map((p) => p * draws),
      );
      const freedom = cells - 1;
      // Five standard deviations above the mean of χ²: 1 in 10^5 or so, and the seed is fixed.
      assert.ok(chi < freedom + 5 * Math.sqrt(2 * freedom) + 5, `χ² ${chi} of ${freedom}`);
    });
  }
}

test('Zipf gives the head of ten million ranks its exact share (BENCH-2)', () => {
  const n = 10_000_000;
  const zipf = new Zipf(n, 0.99);
  const prng = new Prng(11);
  let total = 0;
  let head = 0;
  for (let k = 1; k <= n; k++) {
    total += k ** -0.99;
    if (k === 1000) head = total;
  }
  const draws = 200_000;
  let inHead = 0;
  let largest = 0;
  for (let i = 0; i < draws; i++) {
    const rank = zipf.draw(prng);
    if (rank <= 1000) inHead++;
    largest = Math.max(largest, rank);
  }
  const share = head / total;
  const deviation = Math.sqrt(draws * share * (1 - share));
  assert.ok(Math.abs(inHead - draws * share) < 5 * deviation);
  assert.ok(largest > n / 2, 'the tail is drawn too');
});

test('Zipf draws the same ranks from the same seed, and only rank 1 of one (BENCH-2)', () => {
  const draw = (): number[] => {
    const zipf = new Zipf(1_000_000, 1.2);
    const prng = new Prng(42);
    return Array.from({ length: 50 }, () => zipf.draw(prng));
  };
  assert.deepEqual(draw(), draw());
  const only = new Zipf(1, 0.99);
  const prng = new Prng(1);
  for (let i = 0; i < 1000; i++) assert.equal(only.draw(prng), 1);
});
