import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BRIEF_MAX,
  decodeBrief,
  encodeBrief,
  loadTimeOf,
  packLoading,
  staleForOf,
} from '#src/base/brief.js';
import { duration } from '#src/base/units.js';

const CODES = 2 ** 16;
const DAY = 86_400_000;

/** Durations of all orders of magnitude, those that need no rounding among them. */
const time = fc
  .oneof(
    fc.double({ min: 0, max: 200, noNaN: true }),
    fc.double({ min: 0, max: BRIEF_MAX, noNaN: true }),
    fc
      .tuple(fc.nat({ max: 38 }), fc.double({ min: 1, max: 2, noNaN: true }))
      .map(([power, part]) => {
        return Math.min(BRIEF_MAX, 2 ** power * part);
      }),
    fc.nat({ max: 365 * DAY }),
  )
  .map(duration);

test('every code of 16 bits is one duration, and a higher code a longer one (NODE-9)', () => {
  let before = -1;
  for (let code = 0; code < CODES; code++) {
    const decoded = decodeBrief(code);
    assert.ok(decoded > before, `code ${code}`);
    assert.equal(encodeBrief(decoded), code);
    before = decoded;
  }
  assert.equal(decodeBrief(0), 0);
  assert.equal(before, BRIEF_MAX);
  assert.ok(BRIEF_MAX > 8 * 365 * DAY);
});

test('encodeBrief() rounds up, by 1/2048 or 1/16 ms at the most (NODE-9)', () => {
  const run = (wanted: ReturnType<typeof duration>): void => {
    const kept = decodeBrief(encodeBrief(wanted));
    assert.ok(kept >= wanted, `${wanted} became ${kept}`);
    assert.ok(kept - wanted <= Math.max(1 / 16, wanted / 2048), `${wanted} became ${kept}`);
  };
  fc.assert(fc.property(time, run), { numRuns: 5000 });
});

test('encodeBrief() chooses the next code up: none between would do (NODE-9)', () => {
  const run = (wanted: ReturnType<typeof duration>): void => {
    const code = encodeBrief(wanted);
    assert.ok(code === 0 || decodeBrief(code - 1) < wanted);
  };
  fc.assert(fc.property(time, run), { numRuns: 5000 });
});

test('encodeBrief() keeps the order of durations (NODE-9)', () => {
  const run = (a: ReturnType<typeof duration>, b: ReturnType<typeof duration>): void => {
    if (a <= b) assert.ok(encodeBrief(a) <= encodeBrief(b));
    else assert.ok(encodeBrief(a) >= encodeBrief(b));
  };
  fc.assert(fc.property(time, time, run), { numRuns: 5000 });
});

test('encodeBrief() takes the longest duration for all beyond, and nothing that is none (NODE-9)', () => {
  for (const long of [BRIEF_MAX, BRIEF_MAX * 2, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
    assert.equal(encodeBrief(duration(long)), CODES - 1);
  }
  assert.equal(encodeBrief(duration(BRIEF_MAX - 1)), CODES - 1);
  for (const none of [-1, -Number.MIN_VALUE, Number.NaN]) {
    assert.throws(() => encodeBrief(duration(none)));
  }
});

test('packLoading() keeps two durations apart in one signed word (NODE-9)', () => {
  const none = duration(0);
  assert.equal(packLoading(none, none), 0);
  const run = (loadTime: ReturnType<typeof duration>, staleFor: typeof loadTime): void => {
    const word = packLoading(loadTime, staleFor);
    assert.equal(word, word | 0);
    assert.equal(loadTimeOf(word), decodeBrief(encodeBrief(loadTime)));
    assert.equal(staleForOf(word), decodeBrief(encodeBrief(staleFor)));
    assert.deepEqual(new Int32Array([word])[0], word);
  };
  fc.assert(fc.property(fc.oneof(time, fc.constant(duration(1e15))), time, run));
  const longest = packLoading(duration(1e15), duration(1e15));
  assert.equal(longest, -1);
  assert.equal(loadTimeOf(longest), BRIEF_MAX);
  assert.equal(staleForOf(longest), BRIEF_MAX);
});
