import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Instant, instant } from '#src/base/units.js';
import { CircuitBreaker, type CircuitState } from '#src/loading/breaker.js';

/** A breaker that has opened at `at`, by one failure. */
function opened(at: number, resetAfter = 100): CircuitBreaker {
  const breaker = new CircuitBreaker({ failures: 1, resetAfter });
  assert.ok(breaker.enter(instant(at)));
  breaker.failed(instant(at), instant(at));
  assert.equal(breaker.state, 'open');
  return breaker;
}

test('CircuitBreaker opens after so many failures in a row', () => {
  const breaker = new CircuitBreaker({ failures: 3 });
  for (let i = 0; i < 2; i++) {
    assert.ok(breaker.enter(instant(i)));
    breaker.failed(instant(i));
  }
  breaker.succeeded(instant(2));
  for (let i = 3; i < 6; i++) {
    assert.equal(breaker.state, 'closed');
    assert.ok(breaker.enter(instant(i)));
    breaker.failed(instant(i));
  }
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.enter(instant(6)), false);
  assert.deepEqual(breaker.stats, { loads: 6, failures: 5, rejected: 1, opened: 1 });
});

test('CircuitBreaker has the defaults that it tells of: 5 failures, 10 s', () => {
  const breaker = new CircuitBreaker();
  for (let i = 0; i < 4; i++) breaker.failed(instant(0));
  assert.equal(breaker.state, 'closed');
  breaker.failed(instant(0));
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.enter(instant(9_999)), false);
  assert.equal(breaker.enter(instant(10_000)), true);
});

test('CircuitBreaker lets one probe through when its time has come, and closes with its success', () => {
  const breaker = opened(0);
  assert.equal(breaker.enter(instant(99)), false);
  assert.equal(breaker.enter(instant(100)), true);
  assert.equal(breaker.state, 'half-open');
  assert.equal(breaker.enter(instant(100)), false);
  breaker.succeeded(instant(150), instant(100));
  assert.equal(breaker.state, 'closed');
  assert.ok(breaker.enter(instant(150)) && breaker.enter(instant(150)));
});

test('CircuitBreaker stays open for the whole time again when the probe fails', () => {
  const breaker = opened(0);
  assert.ok(breaker.enter(instant(100)));
  breaker.failed(instant(150), instant(100));
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.enter(instant(249)), false);
  assert.ok(breaker.enter(instant(250)));
  assert.equal(breaker.stats.opened, 2);
});

test('CircuitBreaker gives the place of a probe that did not happen to the next', () => {
  const breaker = opened(0);
  assert.ok(breaker.enter(instant(100)));
  breaker.leave(instant(100));
  assert.equal(breaker.state, 'half-open');
  assert.ok(breaker.enter(instant(101)));
  assert.equal(breaker.enter(instant(101)), false);
  breaker.leave();
  assert.ok(breaker.enter(instant(102)));
  assert.deepEqual(breaker.stats, { loads: 1, failures: 1, rejected: 1, opened: 1 });
});

test('CircuitBreaker ignores, but counts, the ends of loads from before its present state', () => {
  const breaker = opened(10);
  breaker.succeeded(instant(20), instant(5));
  assert.equal(breaker.state, 'open');
  assert.ok(breaker.enter(instant(110)));
  breaker.failed(instant(120), instant(5));
  breaker.succeeded(instant(121), instant(6));
  breaker.leave(instant(7));
  assert.equal(breaker.state, 'half-open');
  assert.equal(breaker.enter(instant(130)), false);
  breaker.succeeded(instant(140), instant(110));
  breaker.failed(instant(150), instant(5));
  assert.equal(breaker.state, 'closed');
  assert.deepEqual(breaker.stats, { loads: 6, failures: 3, rejected: 1, opened: 1 });
});

test('CircuitBreaker tells by the last instant it heard that the next load would be let in', () => {
  const breaker = opened(10);
  breaker.failed(instant(109), instant(5));
  assert.equal(breaker.state, 'open');
  breaker.failed(instant(110), instant(5));
  assert.equal(breaker.state, 'half-open');
});

/**
 * The same, dumb: it keeps every load, and when its state began as a number of steps, not as a time.
 * So it knows which load belongs to which state without comparing instants.
 */
class Model {
  readonly failuresMax: number;
  readonly resetAfter: number;
  state: CircuitState = 'closed';
  openedAt = 0;
  era = 0;
  /** Ends in this closed state, in order. */
  ends: ('well' | 'badly')[] = [];
  probe: Load | null = null;
  told = Number.NEGATIVE_INFINITY;
  stats = { loads: 0, failures: 0, rejected: 0, opened: 0 };

  constructor(failuresMax: number, resetAfter: number) {
    this.failuresMax = failuresMax;
    this.resetAfter = resetAfter;
  }

  enter(now: Instant): Load | null {
    this.told = now;
    const load = { begun: now, era: this.era };
    if (this.state === 'closed') return load;
    const mayProbe = this.state === 'half-open' || now >= this.openedAt + this.resetAfter;
    if (!mayProbe || this.probe !== null) {
      this.stats.rejected++;
      return null;
    }
    this.state = 'half-open';
    this.probe = load;
    return load;
  }

  leave(load: Load): void {
    if (this.probe === load) this.probe = null;
  }

  end(load: Load, now: Instant, how: 'well' | 'badly'): void {
    this.told = now;
    this.stats.loads++;
    if (how === 'badly') this.stats.failures++;
    if (this.probe === load) {
      this.probe = null;
      if (how === 'badly') this.open(now);
      else {
        this.state = 'closed';
        this.era++;
        this.ends = [];
      }
    } else if (this.state === 'closed' && load.era === this.era) {
      this.ends.push(how);
      const last = this.ends.slice(-this.failuresMax);
      const areBad = last.every((each) => each === 'badly');
      if (last.length === this.failuresMax && areBad) this.open(now);
    }
  }

  open(now: Instant): void {
    this.state = 'open';
    this.era++;
    this.openedAt = now;
    this.stats.opened++;
  }

  get shown(): CircuitState {
    const isOver = this.state === 'open' && this.told >= this.openedAt + this.resetAfter;
    return isOver ? 'half-open' : this.state;
  }
}

interface Load {
  readonly begun: Instant;
  readonly era: number;
}

const step = fc.record({
  what: fc.constantFrom('enter', 'enter', 'enter', 'well', 'badly', 'badly', 'leave'),
  /** Which of the loads under way it happens to. */
  which: fc.nat(),
  wait: fc.constantFrom(0, 0, 1, 2, 5, 10),
});

test('CircuitBreaker agrees with a model that keeps every load, and probes one at a time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(step, { maxLength: 300 }),
      (failures, resetAfter, steps) => {
        const breaker = new CircuitBreaker({ failures, resetAfter });
        const model = new Model(failures, resetAfter);
        const under: Load[] = [];
        let now = instant(1_000);
        for (const { what, which, wait } of steps) {
          now = instant(now + wait);
          if (what === 'enter') {
            const load = model.enter(now);
            assert.equal(breaker.enter(now), load !== null);
            if (load !== null) under.push(load);
          } else if (under.length > 0) {
            const [load] = under.splice(which % under.length, 1) as [Load];
            if (what === 'leave') {
              model.leave(load);
              breaker.leave(load.begun);
            } else {
              model.end(load, now, what);
              if (what === 'well') breaker.succeeded(now, load.begun);
              else breaker.failed(now, load.begun);
            }
          }
          assert.equal(breaker.state, model.shown);
          assert.deepEqual(breaker.stats, model.stats);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

const wrong: readonly (readonly [object, typeof RangeError | typeof TypeError, RegExp])[] = [
  [{ failures: 0 }, RangeError, /failures must be a whole number from 1 to 1000000: received 0$/],
  [{ failures: 1.5 }, RangeError, /received 1.5$/],
  [{ failures: 1_000_001 }, RangeError, /received 1000001$/],
  [{ failures: Number.NaN }, RangeError, /received NaN$/],
  [{ failures: '5' }, TypeError, /failures must be a whole number .* received string$/],
  [{ failures: null }, TypeError, /received null$/],
  [
    { resetAfter: 0 },
    RangeError,
    /resetAfter must be a number of milliseconds from 1 to 2147483647: received 0$/,
  ],
  [{ resetAfter: 2 ** 31 }, RangeError, /received 2147483648$/],
  [{ resetAfter: Number.POSITIVE_INFINITY }, RangeError, /received Infinity$/],
  [{ resetAfter: 10n }, TypeError, /received bigint$/],
];

for (const [options, error, text] of wrong) {
  const [[name, value]] = Object.entries(options) as [[string, unknown]];
  test(`CircuitBreaker refuses ${name} ${typeof value} ${String(value)}`, () => {
    assert.throws(
      () => new CircuitBreaker(options),
      (thrown: Error) => {
        assert.ok(thrown instanceof error);
        assert.match(thrown.message, /^Cannot make circuit breaker: /);
        assert.match(thrown.message, text);
        return true;
      },
    );
  });
}
