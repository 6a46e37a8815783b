import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { AssertionFailure } from '#src/base/assert.js';
import { epoch } from '#src/base/units.js';
import { compareVersions, EPOCH_MAX, VersionClock } from '#src/base/version.js';

const WORD = fc.nat({ max: 2 ** 32 - 1 });

/** A version as one number that keeps every bit: the dumb second opinion. */
const whole = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low);

suite('VersionClock', () => {
  test('VersionClock.advance() only ever rises, within an epoch and over many (REPL-4)', () => {
    const steps = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(steps, (advances) => {
        const clock = new VersionClock(epoch(1));
        let last = whole(0, 0);
        advances.forEach((n, i) => {
          if (i > 0) clock.enter(epoch(i + 1));
          for (let k = 0; k < n; k++) {
            clock.advance();
            const now = whole(clock.high, clock.low);
            assert.ok(now > last);
            last = now;
          }
        });
      }),
    );
  });

  test('A version of a later epoch is above every version of an earlier one (REPL-4)', () => {
    const early = new VersionClock(epoch(4));
    early.low = 0xffff_ffff;
    early.high += 2 ** 10 - 1;
    const late = new VersionClock(epoch(5));
    late.advance();
    assert.ok(compareVersions(early.high, early.low, late.high, late.low) < 0);
  });

  test('VersionClock carries the low word into the high one (REPL-4)', () => {
    const clock = new VersionClock(epoch(2));
    clock.low = 0xffff_ffff;
    const high = clock.high;
    clock.advance();
    assert.deepEqual([clock.high, clock.low], [high + 1, 0]);
  });

  test('VersionClock ends the worker before it runs out of an epoch (REPL-4)', () => {
    const clock = new VersionClock(epoch(2));
    clock.high += 2 ** 10 - 1;
    clock.low = 0xffff_ffff;
    assert.throws(() => clock.advance(), AssertionFailure);
  });

  test('VersionClock.enter() refuses an epoch that is past, or out of range (REPL-4)', () => {
    const clock = new VersionClock(epoch(3));
    for (const bad of [3, 2, 0, -1, EPOCH_MAX + 1]) {
      assert.throws(() => clock.enter(epoch(bad)), AssertionFailure, `epoch ${bad}`);
    }
    clock.enter(epoch(EPOCH_MAX));
    assert.equal(clock.high >>> 10, EPOCH_MAX);
    assert.ok(clock.high > 0 && clock.high < 2 ** 32);
  });

  test('compareVersions() orders as the whole 64-bit number does (REPL-4)', () => {
    fc.assert(
      fc.property(WORD, WORD, WORD, WORD, (aHigh, aLow, bHigh, bLow) => {
        const a = whole(aHigh, aLow);
        const b = whole(bHigh, bLow);
        const expected = a < b ? -1 : a > b ? 1 : 0;
        assert.equal(Math.sign(compareVersions(aHigh, aLow, bHigh, bLow)), expected);
      }),
    );
    assert.equal(compareVersions(1, 2, 1, 2), 0);
  });
});
