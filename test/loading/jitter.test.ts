import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { duration } from '#src/base/units.js';
import { jittered } from '#src/loading/jitter.js';

const share = fc.double({ min: 0, max: 1, noNaN: true });

test('jittered() shortens by the share at most, to whole milliseconds, and leaves one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), share, fc.integer(), (ttl, share, seed) => {
      const lives = jittered(duration(ttl), share, new Prng(seed));
      assert.ok(Number.isInteger(lives) && lives >= 1 && lives <= ttl, `${lives} of ${ttl}`);
      assert.ok(lives >= ttl * (1 - share) - 1e-3, `${lives} of ${ttl}`);
    }),
  );
});

test('jittered() leaves a millisecond of the shortest life and the largest share', () => {
  const finest = { unit: () => 1 - 2 ** -32 };
  assert.equal(jittered(duration(1), 1, finest), 1);
  assert.equal(jittered(duration(1_000), 1, finest), 1);
});

test('jittered() spreads uniformly over the share', () => {
  const prng = new Prng(5);
  const counts = new Array<number>(20).fill(0);
  const draws = 100_000;
  // 60,000 to 100,000 ms in 20 cells of 2,000.
  for (let i = 0; i < draws; i++) {
    const cell = Math.floor((100_000 - jittered(duration(100_000), 0.4, prng)) / 2_000);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  assert.equal(counts.length, 20);
  // Each cell expects 5,000 with a standard deviation of 69: five of them.
  assert.ok(
    counts.every((count) => Math.abs(count - draws / 20) < 345),
    String(counts),
  );
});

test('jittered() draws no chance and changes nothing with a share of 0', () => {
  const none = { unit: () => assert.fail('no chance is needed') };
  assert.equal(jittered(duration(777), 0, none), 777);
});

test('jittered() lets what does not expire be', () => {
  const forever = duration(Number.POSITIVE_INFINITY);
  assert.equal(jittered(forever, 0.5, new Prng(1)), forever);
});
