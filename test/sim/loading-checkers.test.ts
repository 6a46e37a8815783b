/** The checkers of loading, on what is right, and on what they are there to find. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Epoch, epoch, instant, nodeIndex } from '#src/base/units.js';
import { judgeFreshness, type KnownWrite, type LoadedRead } from '#src/sim/check/freshness.js';
import { LeaseChecker, type LeaseKeeper } from '#src/sim/check/leases.js';
import { type Address, FIRST_CLIENT, type LeaseToken } from '#src/wire/message.js';

const FOREVER = Number.POSITIVE_INFINITY;
const write = (begin: number, seenBy: number): KnownWrite<string> => ({
  begin,
  seenBy,
  what: `write ${begin}`,
});
const read = (since: number, begin: number): LoadedRead<string> => ({
  since,
  begin,
  what: `read ${begin}`,
});

test('Freshness checker accepts a load that nothing known came between', () => {
  const lawful: [KnownWrite<string>[], LoadedRead<string>[]][] = [
    [[], [read(1, 2)]],
    [[write(1, 2)], [read(3, 4)]],
    [[write(1, 9)], [read(3, 12)]],
    [[write(4, 8)], [read(3, 7)]],
    [[write(4, FOREVER)], [read(3, 100)]],
  ];
  for (const [writes, reads] of lawful) assert.equal(judgeFreshness(writes, reads), null);
});

test('Freshness checker finds who was given a load from before a write that was done', () => {
  assert.deepEqual(judgeFreshness([write(4, 6)], [read(3, 7)]), {
    write: 'write 4',
    read: 'read 7',
  });
  const writes = [write(1, 2), write(4, FOREVER), write(5, 30), write(8, 9)];
  assert.equal(judgeFreshness(writes, [read(3, 7)]), null);
  assert.deepEqual(judgeFreshness(writes, [read(3, 7), read(3, 10)]), {
    write: 'write 8',
    read: 'read 10',
  });
});

test('Freshness checker agrees with a comparison of each with each', () => {
  const time = fc.nat(30);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(time, time), { maxLength: 8 }),
      fc.array(fc.tuple(time, time), { maxLength: 8 }),
      (writes, reads) => {
        const known = writes.map(([begin, ms]) => write(begin, begin + ms));
        const loaded = reads.map(([since, ms]) => read(since, since + ms));
        const isLie = loaded.some(({ since, begin }) =>
          known.some((one) => one.begin > since && one.seenBy < begin),
        );
        assert.equal(judgeFreshness(known, loaded) !== null, isLie);
      },
    ),
  );
});

const A: LeaseKeeper = { node: nodeIndex(0), ownEpoch: epoch(1) };
const B: LeaseKeeper = { node: nodeIndex(1), ownEpoch: epoch(2) };
const ONE = FIRST_CLIENT;
const TWO = (FIRST_CLIENT + 1) as Address;
const NOW = instant(1_000);
const LATER = instant(2_000);
/** A version of an epoch. */
const token = (of: number, low: number): LeaseToken => ({ high: of << 10, low });

/** Node 0 has all keys in epoch 1; from epoch 2 on node 1 has key 1. */
function checkerIn(latest: number): LeaseChecker {
  const ownerIn = (of: number, key: number): number => (of >= 2 && key === 1 ? 1 : 0);
  return new LeaseChecker(
    2,
    (node, key, first, last) => {
      for (let of: number = first; of <= last; of++) if (ownerIn(of, key) !== node) return false;
      return true;
    },
    () => latest as Epoch,
  );
}

test('Lease checker accepts a lease after one that is over, for whatever reason', () => {
  const ends: Record<string, (checker: LeaseChecker) => unknown> = {
    written: (checker) => checker.wrote(A, 0),
    filled: (checker) => checker.filled(NOW, A, 0, token(1, 1), true),
    released: (checker) => checker.released(A, 0, token(1, 1)),
    'holder lost': (checker) => checker.holderLost(A, ONE),
    'life over': (checker) => checker.died(A),
  };
  for (const [name, end] of Object.entries(ends)) {
    const checker = checkerIn(1);
    assert.equal(checker.granted(NOW, A, 0, token(1, 1), ONE, LATER), null);
    end(checker);
    assert.equal(checker.granted(NOW, A, 0, token(1, 2), TWO, LATER), null, name);
  }
  const checker = checkerIn(1);
  assert.equal(checker.granted(NOW, A, 0, token(1, 1), ONE, LATER), null);
  assert.equal(checker.granted(NOW, A, 1, token(1, 2), TWO, LATER), null, 'another key');
  assert.equal(checker.granted(LATER, A, 0, token(1, 3), TWO, instant(3_000)), null, 'in time');
});

test('Lease checker finds two that are valid, and one that is granted again', () => {
  const checker = checkerIn(1);
  assert.equal(checker.granted(NOW, A, 0, token(1, 1), ONE, LATER), null);
  checker.wrote(A, 1);
  checker.wrote(B, 0);
  checker.holderLost(A, TWO);
  checker.holderLost(B, ONE);
  assert.match(checker.granted(NOW, A, 0, token(1, 2), TWO, LATER) ?? '', /is valid/);
  assert.match(checker.granted(NOW, A, 0, token(1, 2), TWO, LATER) ?? '', /second time/);
});

test('Lease checker holds a lease of a range that was lost for over', () => {
  const checker = checkerIn(2);
  assert.equal(checker.granted(NOW, A, 1, token(1, 1), ONE, LATER), null);
  assert.equal(checker.granted(NOW, B, 1, token(2, 1), TWO, LATER), null);
  assert.equal(checker.granted(NOW, A, 1, token(1, 2), ONE, LATER), null, 'by who does not know');
  assert.match(checker.granted(NOW, B, 1, token(2, 2), ONE, LATER) ?? '', /1:2048:1 is valid/);
});

test('Lease checker finds what is stored under a lease that is not valid', () => {
  const fill = (spoil: (checker: LeaseChecker) => unknown, name = token(1, 1), at = NOW) => {
    const checker = checkerIn(1);
    checker.granted(NOW, A, 0, token(1, 1), ONE, LATER);
    spoil(checker);
    return checker.filled(at, A, 0, name, true);
  };
  assert.equal(
    fill(() => {}),
    null,
  );
  assert.match(fill((checker) => checker.wrote(A, 0)) ?? '', /not valid/);
  assert.match(fill((checker) => checker.released(A, 0, token(1, 1))) ?? '', /not valid/);
  assert.match(fill(() => {}, token(1, 7)) ?? '', /not valid/);
  assert.match(fill(() => {}, token(1, 1), LATER) ?? '', /not valid/);
  const checker = checkerIn(1);
  assert.equal(checker.filled(NOW, A, 0, token(1, 1), false), null, 'nothing is stored');
});

test('Lease checker finds a loader without a lease, or with one of another, and a second one', () => {
  const checker = checkerIn(1);
  checker.granted(NOW, A, 0, token(1, 1), ONE, LATER);
  assert.match(checker.runs(ONE, 0, A.node, token(1, 2)) ?? '', /nobody has granted/);
  assert.match(checker.runs(TWO, 0, A.node, token(1, 1)) ?? '', /granted to/);
  assert.match(checker.runs(ONE, 1, A.node, token(1, 1)) ?? '', /for key 0/);
  assert.equal(checker.runs(ONE, 0, A.node, token(1, 1)), null);
  assert.match(checker.runs(ONE, 0, A.node, token(1, 1)) ?? '', /second loader/);
});
