import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KeyBuffer } from '#src/base/key.js';
import { duration, epoch, type Instant, instant, type KeyHash, NEVER } from '#src/base/units.js';
import { VersionClock, versionEpoch } from '#src/base/version.js';
import { Lease } from '#src/loading/lease.js';
import { LeaseBook, type Wake } from '#src/loading/lease-book.js';
import { LEASE_SLACK } from '#src/loading/limits.js';
import type { Address, LeaseOrder, LeaseToken, ReleaseReason } from '#src/wire/message.js';
import { keyOf } from './support/keys.js';
import { PlainLeases } from './support/plain-leases.js';

const at = instant;
const ms = duration;
const client = (n: number): Address => (65 + n) as Address;
const [ANN, BOB, CID] = [client(0), client(1), client(2)];
const HIGH = new VersionClock(epoch(1)).high;
const token = (low: number, high = HIGH): LeaseToken => ({ high, low });
const bytes = (text: string): Uint8Array => Buffer.from(text);
const NOTHING = new Uint8Array(0);

const order = (of: LeaseToken, reason: ReleaseReason, limit = 0): LeaseOrder => ({
  ...of,
  mode: 'load',
  reason,
  limit: ms(limit),
  loading: 0,
});

/** A wake as a line: who, of which lease, and what. */
function line({ to, message }: Wake): string {
  const { low, status, value, limit } = message;
  const text = value === null ? '' : ` "${Buffer.from(value).toString()}"`;
  return `${to - 65}: ${low} ${status}${text}${limit > 0 ? ` for ${limit}` : ''}`;
}

const wakes = (book: LeaseBook): string[] => book.takeWakes().map(line).sort();

/** A book in which Ann is to load `k` for a second, and the others wait. */
function opened(): { book: LeaseBook; k: KeyBuffer } {
  const book = new LeaseBook();
  const k = keyOf('k');
  book.grant(at(0), k, ANN, token(1), ms(1_000)).waiters.add(BOB).add(CID);
  return { book, k };
}

function assertEmpty(book: LeaseBook): void {
  const { leases, remembered } = book.stats;
  assert.deepEqual({ leases, remembered }, { leases: 0, remembered: 0 });
  assert.equal(book.deadline, NEVER);
  assert.deepEqual(book.takeWakes(), []);
}

test('LeaseBook knows nothing of a key that nobody loads', () => {
  const book = new LeaseBook();
  assert.equal(book.find(at(0), keyOf('k')), null);
  assert.equal(book.fill(at(0), keyOf('k'), token(1), 'bytes', NOTHING), false);
  assert.equal(book.release(at(0), keyOf('k'), order(token(1), 'error', 9), NOTHING, HIGH), false);
  book.written(keyOf('k'), false);
  book.flushed();
  book.peerLost(ANN);
  assertEmpty(book);
});

test('LeaseBook gives a value to all who wait, once, and says that it is to be stored (NODE-7)', () => {
  const { book, k } = opened();
  assert.ok(book.find(at(1_499), k) instanceof Lease);
  assert.equal(book.fill(at(10), k, token(1), 'text', bytes('v')), true);
  assert.deepEqual(wakes(book), ['1: 1 found "v"', '2: 1 found "v"']);
  assert.equal(book.fill(at(11), k, token(1), 'text', bytes('v')), false);
  assert.equal(book.stats.filled, 1);
  assertEmpty(book);
});

test('LeaseBook gives an error to all who wait, and remembers it for as long as it is told (NODE-7)', () => {
  const { book, k } = opened();
  const error = bytes('oh');
  assert.equal(book.release(at(10), k, order(token(1), 'error', 50), error, HIGH), true);
  assert.deepEqual(wakes(book), ['1: 1 rejected "oh" for 50', '2: 1 rejected "oh" for 50']);
  const known = book.find(at(59), k);
  assert.ok(known !== null && !(known instanceof Lease));
  assert.deepEqual([known.status, known.value], ['rejected', new Uint8Array(error)]);
  assert.equal(book.find(at(60), k), null, 'its time is over, whether anybody has ticked or not');
  assert.equal(book.deadline, 60);
  book.tick(at(60));
  assert.equal(book.stats.errors, 1);
  assertEmpty(book);
});

test('LeaseBook remembers no error that is to be remembered for no time', () => {
  const { book, k } = opened();
  book.release(at(10), k, order(token(1), 'nothing'), NOTHING, HIGH);
  assert.deepEqual(wakes(book), ['1: 1 miss', '2: 1 miss']);
  assert.equal(book.stats.nothings, 1);
  assertEmpty(book);
});

test('LeaseBook has all who wait ask again when a lease is returned, its time is over, or its holder is gone (NODE-7)', () => {
  const ends: ((book: LeaseBook, k: KeyBuffer) => void)[] = [
    (book, k) => book.release(at(10), k, order(token(1), 'returned', 50), NOTHING, HIGH),
    (book) => book.tick(at(1_500)),
    (book, k) => book.fill(at(1_500), k, token(1), 'bytes', bytes('late')),
    (book, k) => book.release(at(1_500), k, order(token(1), 'error', 50), bytes('late'), HIGH),
    (book) => book.peerLost(ANN),
    (book) => book.ringChanged(() => false),
  ];
  for (const end of ends) {
    const { book, k } = opened();
    end(book, k);
    assert.deepEqual(wakes(book), ['1: 1 again', '2: 1 again']);
    assert.equal(book.find(at(10), k), null);
    assertEmpty(book);
  }
});

test('LeaseBook holds a lease until its load and the way there and back are over, and not longer', () => {
  const { book, k } = opened();
  assert.equal(book.deadline, 1_000 + LEASE_SLACK);
  book.tick(at(1_499));
  assert.ok(book.find(at(1_499), k) instanceof Lease);
  assert.equal(book.find(at(1_500), k), null);
});

test('LeaseBook grants a key anew whose lease is over though nobody has ticked, and knows it (NODE-7)', () => {
  const { book, k } = opened();
  book.grant(at(1_500), k, BOB, token(2), ms(1_000));
  assert.deepEqual(wakes(book), ['1: 1 again', '2: 1 again']);
  const lease = book.find(at(1_501), k);
  assert.ok(lease instanceof Lease && lease.low === 2, 'there is one valid lease');
  assert.equal(book.fill(at(1_502), k, token(1), 'bytes', bytes('old')), false);
  assert.equal(book.fill(at(1_503), k, token(2), 'bytes', bytes('new')), true);
  assertEmpty(book);
});

test('LeaseBook grants a key anew whose last error counts no more though nobody has ticked', () => {
  const { book, k } = opened();
  book.release(at(10), k, order(token(1), 'error', 50), bytes('oh'), HIGH);
  book.grant(at(60), k, BOB, token(2), ms(1_000));
  book.takeWakes();
  assert.ok(book.find(at(61), k) instanceof Lease);
  assert.equal(book.fill(at(62), k, token(2), 'bytes', bytes('v')), true);
  assertEmpty(book);
});

test('LeaseBook stores nothing that was loaded before a write, and gives it to those who came before (NODE-7)', () => {
  const { book, k } = opened();
  book.written(k, false);
  assert.equal(book.find(at(10), k), null, 'who comes now is not let in');
  book.grant(at(10), k, CID, token(2), ms(1_000)).waiters.add(BOB);
  assert.equal(book.stats.leases, 2);
  assert.equal(book.fill(at(20), k, token(1), 'bytes', bytes('old')), false);
  assert.deepEqual(wakes(book), ['1: 1 found "old"', '2: 1 found "old"']);
  assert.equal(book.fill(at(30), k, token(2), 'bytes', bytes('new')), true);
  assert.deepEqual(wakes(book), ['1: 2 found "new"']);
  assert.equal(book.stats.voided, 1);
  assertEmpty(book);
});

test('LeaseBook sends those who wait to the value that was set meanwhile, once (NODE-7)', () => {
  const { book, k } = opened();
  book.written(k, true);
  assert.deepEqual(wakes(book), ['1: 1 again', '2: 1 again']);
  assert.equal(book.fill(at(20), k, token(1), 'bytes', bytes('old')), false);
  assertEmpty(book);
});

test('LeaseBook remembers no outcome of a load under which the key was written', () => {
  const { book, k } = opened();
  book.written(k, false);
  assert.equal(book.release(at(10), k, order(token(1), 'nothing', 50), NOTHING, HIGH), true);
  assert.deepEqual(wakes(book), ['1: 1 miss', '2: 1 miss']);
  assertEmpty(book);
});

test('LeaseBook forgets what a load came to when the key is written, or all keys are deleted', () => {
  const writes: ((book: LeaseBook, k: KeyBuffer) => void)[] = [
    (book, k) => book.written(k, true),
    (book, k) => book.written(k, false),
    (book) => book.flushed(),
    (book) => book.ringChanged(() => false),
  ];
  for (const write of writes) {
    const { book, k } = opened();
    book.release(at(10), k, order(token(1), 'nothing', 1_000), NOTHING, HIGH);
    book.takeWakes();
    write(book, k);
    assert.equal(book.find(at(20), k), null);
    assertEmpty(book);
  }
});

test('LeaseBook makes all leases void when all keys are deleted', () => {
  const { book, k } = opened();
  const j = keyOf('j');
  book.grant(at(0), j, BOB, token(2), ms(1_000));
  book.flushed();
  assert.deepEqual([book.find(at(1), k), book.find(at(1), j)], [null, null]);
  assert.equal(book.fill(at(2), j, token(2), 'bytes', bytes('v')), false);
  assert.equal(book.stats.voided, 2);
});

test('LeaseBook wakes nobody who is gone', () => {
  const { book, k } = opened();
  book.peerLost(BOB);
  book.written(k, false);
  book.peerLost(CID);
  book.fill(at(10), k, token(1), 'bytes', bytes('v'));
  assertEmpty(book);
});

test('LeaseBook ends void leases, too, when their holder is gone', () => {
  const { book, k } = opened();
  book.written(k, false);
  book.grant(at(1), k, ANN, token(2), ms(1_000)).waiters.add(CID);
  book.peerLost(ANN);
  assert.deepEqual(wakes(book), ['1: 1 again', '2: 1 again', '2: 2 again']);
  assert.equal(book.stats.abandoned, 2);
  assertEmpty(book);
});

test('LeaseBook keeps leases of the tenures that go on', () => {
  const book = new LeaseBook();
  const [a, b] = [keyOf('a', 1), keyOf('b', 2)];
  book.grant(at(0), a, ANN, token(1), ms(1_000)).waiters.add(BOB);
  book.grant(at(0), b, ANN, token(2), ms(1_000)).waiters.add(BOB);
  book.ringChanged((hash, granted) => granted === 1 && hash === b.hash);
  assert.deepEqual(wakes(book), ['1: 1 again']);
  assert.equal(book.find(at(1), a), null);
  assert.ok(book.find(at(1), b) instanceof Lease);
});

test('LeaseBook refuses more leases than its limit, void ones counted, and counts the refused', () => {
  const book = new LeaseBook({ leasesMax: 2 });
  const [a, b] = [keyOf('a'), keyOf('b')];
  assert.equal(book.admits(), true);
  book.grant(at(0), a, ANN, token(1), ms(1_000));
  book.written(a, false);
  book.grant(at(0), a, BOB, token(2), ms(1_000));
  assert.equal(book.admits(), false);
  book.fill(at(1), a, token(1), 'bytes', NOTHING);
  assert.equal(book.admits(), true);
  book.grant(at(2), b, ANN, token(3), ms(1_000));
  assert.equal(book.admits(), false);
  assert.equal(book.stats.refused, 2);
});

test('LeaseBook forgets the oldest outcome for a new one beyond its limit', () => {
  const book = new LeaseBook({ rememberedMax: 2 });
  for (const [i, name] of ['a', 'b', 'c'].entries()) {
    book.grant(at(i), keyOf(name), ANN, token(i + 1), ms(1_000));
    book.release(at(i), keyOf(name), order(token(i + 1), 'nothing', 1_000), NOTHING, HIGH);
  }
  const known = ['a', 'b', 'c'].map((name) => book.find(at(3), keyOf(name)) !== null);
  assert.deepEqual(known, [false, true, true]);
  assert.equal(book.stats.remembered, 2);
});

test('LeaseBook tells keys of one hash apart, whichever of them goes first', () => {
  const names = ['a', 'b', 'c'];
  for (const order of [names, [...names].reverse(), ['b', 'a', 'c']]) {
    const book = new LeaseBook();
    for (const [i, name] of names.entries()) {
      book.grant(at(0), keyOf(name, 7), ANN, token(i + 1), ms(1_000)).waiters.add(BOB);
    }
    for (const name of order) {
      const low = names.indexOf(name) + 1;
      assert.equal(book.fill(at(1), keyOf(name, 7), token(low), 'bytes', bytes(name)), true);
      assert.deepEqual(wakes(book), [`1: ${low} found "${name}"`]);
    }
    assertEmpty(book);
  }
});

const KEYS = ['a', 'b', 'c', 'd'];

/** Few keys, askers, and tokens, so that steps meet. */
const step = fc.record({
  verb: fc.constantFrom(
    ...([
      'ask',
      'ask',
      'ask',
      'ask',
      'fill',
      'fill',
      'release',
      'release',
      'set',
      'delete',
    ] as const),
    ...(['flush', 'lose', 'ring', 'tick', 'pass', 'pass'] as const),
  ),
  key: fc.constantFrom(...KEYS),
  who: fc.integer({ min: 0, max: 3 }),
  /** How many leases ago. */
  back: fc.integer({ min: 0, max: 5 }),
  ms: fc.constantFrom(1, 39, 300, 1_460, 1_500),
  reason: fc.constantFrom('error', 'nothing', 'returned'),
  limit: fc.constantFrom(0, 40, 300),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const LEASES_MAX = 5;
const REMEMBERED_MAX = 2;

/** A book and the dumb rules beside it, and what both say of a step. */
class Pair {
  readonly book: LeaseBook;
  readonly plain = new PlainLeases(LEASES_MAX, REMEMBERED_MAX);
  readonly clock = new VersionClock(epoch(1));
  now = 0;
  #epoch = 1;
  #granted: LeaseToken[] = [];

  constructor(book: LeaseBook) {
    this.book = book;
  }

  /** Does a step to both. @returns what each has said, and has to say afterwards */
  play(step: Step): { book: unknown; plain: unknown } {
    const said = this.#do(step);
    const { leases, remembered } = this.book.stats;
    const book = [said.book, wakes(this.book), leases, remembered, this.book.deadline];
    const { plain } = this;
    const expected = plain.takeWakes().map(asLine).sort();
    return { book, plain: [said.plain, expected, plain.leases, plain.remembered, plain.deadline] };
  }

  #do({ verb, key: name, who, back, ms: time, reason, limit }: Step): {
    book: unknown;
    plain: unknown;
  } {
    const { book, plain, now } = this;
    const key = this.#key(name);
    const of = this.#granted.at(-1 - back) ?? token(0);
    const number = numberOf(of);
    switch (verb) {
      case 'ask': {
        this.clock.advance();
        const { high, low } = this.clock;
        const next = { high, low };
        return {
          book: this.#ask(key, client(who), next),
          plain: plain.ask(now, name, 65 + who, numberOf(next), 1_000, this.#epoch),
        };
      }
      case 'fill':
        return {
          book: book.fill(at(now), key, of, 'bytes', NOTHING),
          plain: plain.fill(now, name, number),
        };
      case 'release':
        return {
          book: book.release(at(now), key, order(of, reason, limit), NOTHING, this.clock.high),
          plain: plain.release(now, name, number, reason, limit, this.#epoch),
        };
      case 'set':
      case 'delete':
        return {
          book: book.written(key, verb === 'set'),
          plain: plain.written(name, verb === 'set'),
        };
      case 'flush':
        return { book: book.flushed(), plain: plain.flushed() };
      case 'lose':
        return { book: book.peerLost(client(who)), plain: plain.peerLost(65 + who) };
      case 'ring':
        return this.#ring(KEYS.indexOf(name));
      case 'tick':
        return { book: book.tick(at(now)), plain: plain.tick(now) };
      case 'pass':
        this.now += time;
        return { book: null, plain: null };
    }
  }

  /** As an Executor does. */
  #ask(key: KeyBuffer, asker: Address, next: LeaseToken): string {
    const { book } = this;
    const now = at(this.now);
    const known = book.find(now, key);
    if (known instanceof Lease) {
      if (known.holder === asker) return `own ${numberOf(known)}`;
      known.waiters.add(asker);
      return `waiting ${numberOf(known)}`;
    }
    if (known !== null) return known.status;
    if (!book.admits()) return 'full';
    const lease = book.grant(now, key, asker, next, ms(1_000));
    assert.equal(book.find(now, key), lease, 'what is granted is known');
    this.#granted.push(next);
    return `granted ${numberOf(next)}`;
  }

  /** Another ring, in which the keys of one hash have another owner for a while. */
  #ring(lost: number): { book: unknown; plain: unknown } {
    this.#epoch++;
    this.clock.enter(epoch(this.#epoch));
    const hash = lost % 2;
    this.book.ringChanged((each: KeyHash, granted) => each !== hash || granted >= this.#epoch);
    this.plain.ringChanged((name) => KEYS.indexOf(name) % 2 !== hash);
    return { book: null, plain: null };
  }

  /** Two keys a hash. */
  #key(name: string): KeyBuffer {
    return keyOf(name, KEYS.indexOf(name) % 2);
  }
}

const numberOf = ({ high, low }: LeaseToken): number => versionEpoch(high) * 1_000 + low;

/** The wake of the dumb rules as the book's is written. */
function asLine(wake: string): string {
  const [, who, lease, told] = /^(\d+): (\d+) (.*)$/.exec(wake) ?? [];
  const value = told === 'found' || told?.startsWith('rejected') ? ' ""' : '';
  const [status, ...rest] = (told ?? '').replace(' for 0', '').split(' ');
  return [`${Number(who) - 65}: ${Number(lease) % 1_000} ${status}${value}`, ...rest].join(' ');
}

/** Whether a book keeps the rules in every order of steps that is tried. */
function agrees(make: () => LeaseBook): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const pair = new Pair(make());
      for (const each of steps) {
        const { book, plain } = pair.play(each);
        assert.deepEqual(book, plain);
      }
    }),
    { numRuns: 300 },
  );
}

const LIMITS = { leasesMax: LEASES_MAX, rememberedMax: REMEMBERED_MAX };

test('LeaseBook agrees with a list that is searched from end to end (NODE-7)', () => {
  agrees(() => new LeaseBook(LIMITS));
});

test('LeaseBook is found out by the list when it lets a lease be valid beside a write (planted fault)', () => {
  class Deaf extends LeaseBook {
    protected override voidLease(): void {}
  }
  assert.throws(() => agrees(() => new Deaf(LIMITS)));
});

test('LeaseBook is found out by the list when it forgets who has waited (planted fault)', () => {
  class Forgetful extends LeaseBook {
    protected override take(now: Instant, key: KeyBuffer, of: LeaseToken): Lease | null {
      const lease = super.take(now, key, of);
      lease?.waiters.clear();
      return lease;
    }
  }
  assert.throws(() => agrees(() => new Forgetful(LIMITS)));
});
