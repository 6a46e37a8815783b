import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';

/** The first draws of seed 1. */
const PINNED = [2420951833, 2513034076, 3847892949];

const draws = (prng: Prng, n: number): number[] => Array.from({ length: n }, () => prng.uint32());

/** How far the counts of `n` draws into `cells` equal cells are from uniform. */
function chiSquared(cells: number, n: number, draw: () => number): number {
  const counts = new Array<number>(cells).fill(0);
  for (let i = 0; i < n; i++) {
    const cell = draw();
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const expected = n / cells;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** 256 cells have 255 degrees of freedom: above 341 one fair generator in 4,000 fails. */
const CHI_SQUARED_MAX_256 = 341;

suite('Prng', () => {
  test('Prng gives the same draws for the same seed, and others for another (SHAPE-7)', () => {
    assert.deepEqual(draws(new Prng(7), 100), draws(new Prng(7), 100));
    assert.notDeepEqual(draws(new Prng(7), 4), draws(new Prng(8), 4));
  });

  test('Prng keeps its sequence from release to release: seeds are in bug reports (SHAPE-7)', () => {
    assert.deepEqual(draws(new Prng(1), 3), PINNED);
  });

  test('Prng.fork() gives a sequence of its own, unmoved by later draws (SHAPE-7)', () => {
    const parent = new Prng(3);
    const child = parent.fork();
    const quiet = new Prng(3).fork();
    draws(parent, 50);
    assert.deepEqual(draws(child, 20), draws(quiet, 20));
    assert.notDeepEqual(draws(new Prng(3), 4), draws(new Prng(3).fork(), 4));
  });

  test('Prng.below() and unit() stay in their ranges for every seed (SHAPE-7)', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 31 }), (seed, n) => {
        const prng = new Prng(seed);
        for (let i = 0; i < 20; i++) {
          const whole = prng.below(n);
          assert.ok(Number.isInteger(whole) && whole >= 0 && whole < n);
          const part = prng.unit();
          assert.ok(part >= 0 && part < 1);
        }
      }),
    );
  });

  for (const seed of [0, 1, -1, 0xdeadbeef]) {
    test(`Prng spreads high and low bits evenly, seed ${seed} (SHAPE-7)`, () => {
      const prng = new Prng(seed);
      assert.ok(chiSquared(256, 100_000, () => prng.uint32() >>> 24) < CHI_SQUARED_MAX_256);
      assert.ok(chiSquared(256, 100_000, () => prng.uint32() & 255) < CHI_SQUARED_MAX_256);
      assert.ok(chiSquared(256, 100_000, () => prng.below(256)) < CHI_SQUARED_MAX_256);
    });
  }

  test('Prng gives neighbouring seeds unrelated first draws (SHAPE-7)', () => {
    let seed = 0;
    const first = (): number => new Prng(seed++).uint32() >>> 24;
    assert.ok(chiSquared(256, 50_000, first) < CHI_SQUARED_MAX_256);
  });
});
