import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Access, judgeRegister } from '#src/sim/check/linearizable.js';

const FOREVER = Number.POSITIVE_INFINITY;
const write = (begin: number, end: number, value: number): Access => ({
  begin,
  end,
  value,
  isWrite: true,
});
const read = (begin: number, end: number, value: number): Access => ({
  begin,
  end,
  value,
  isWrite: false,
});
const verdictOf = (accesses: readonly Access[]): string => judgeRegister(accesses).verdict;

test('Register checker accepts what a register can answer (CLUSTER-9)', () => {
  const lawful: Record<string, Access[]> = {
    'one after the other': [write(1, 2, 7), read(3, 4, 7), write(5, 6, 8), read(7, 8, 8)],
    'a read beside a write sees either': [
      write(1, 2, 7),
      write(3, 6, 8),
      read(4, 5, 7),
      read(7, 8, 8),
    ],
    'two writes at a time, in either order': [write(1, 4, 7), write(2, 3, 8), read(5, 6, 7)],
    'a write of unknown outcome that is seen later': [
      write(1, FOREVER, 7),
      write(2, 3, 8),
      read(4, 5, 8),
      read(6, 7, 7),
    ],
    'a write of unknown outcome that is never seen': [write(1, FOREVER, 7), write(2, 3, 8)],
    'a delete that nobody reads from': [write(1, 2, 7), read(3, 4, 7), write(5, 6, 9)],
  };
  for (const [name, accesses] of Object.entries(lawful)) {
    assert.equal(verdictOf(accesses), 'ok', name);
  }
});

test('Register checker finds a lie, and shows the operations that prove it (CLUSTER-9)', () => {
  const lies: Record<string, Access[]> = {
    'a value that was overwritten': [write(1, 2, 7), write(3, 4, 8), read(5, 6, 7)],
    'a value that was deleted': [write(1, 2, 7), write(3, 4, 9), read(5, 6, 7)],
    'a value that comes back': [
      write(1, 9, 7),
      write(2, 10, 8),
      read(3, 4, 7),
      read(5, 6, 8),
      read(7, 8, 7),
    ],
    'a value from the future': [read(1, 2, 7), write(3, 4, 7)],
    'a value of nobody': [write(1, 2, 7), read(3, 4, 8)],
    'an unknown write that is seen, and gone, and seen': [
      write(1, FOREVER, 7),
      read(2, 3, 7),
      write(4, 5, 8),
      read(6, 7, 8),
      read(8, 9, 7),
    ],
  };
  for (const [name, accesses] of Object.entries(lies)) {
    const verdict = judgeRegister(accesses);
    assert.ok(verdict.verdict === 'illegal', name);
    assert.ok(verdict.shown.length > 0 && verdict.reason !== '', name);
    assert.equal(verdictOf(verdict.shown), 'illegal', `${name}: what is shown is enough`);
  }
});

test('Register checker says so when two writes have one value', () => {
  assert.equal(verdictOf([write(1, 2, 7), write(3, 4, 7)]), 'unknown');
});

/** Whether some order explains all answers: every one is tried. */
function hasOrder(accesses: readonly Access[]): boolean {
  const seen = new Set<string>();
  const search = (left: readonly Access[], held: number | null): boolean => {
    if (left.every(({ end, isWrite }) => isWrite && end === FOREVER)) return true;
    const state = `${left.map((access) => accesses.indexOf(access)).join()} ${held}`;
    if (seen.has(state)) return false;
    seen.add(state);
    return left.some((next) => {
      // Whoever had ended before it began must have come first.
      if (left.some((other) => other !== next && other.end < next.begin)) return false;
      const rest = left.filter((other) => other !== next);
      if (next.isWrite) return search(rest, next.value);
      return next.value === held && search(rest, held);
    });
  };
  return search(accesses, null);
}

test('Register checker agrees with a search over every order (CLUSTER-9)', () => {
  const draft = fc.record({
    isWrite: fc.boolean(),
    begin: fc.nat(40),
    length: fc.nat(12),
    isUnknown: fc.integer({ min: 0, max: 9 }),
    value: fc.nat(3),
  });
  let lies = 0;
  fc.assert(
    fc.property(fc.array(draft, { maxLength: 8 }), (drafts) => {
      // Stamps are unique: each operation has two of its own.
      const accesses = drafts.map(({ isWrite, begin, length, isUnknown, value }, i): Access => {
        const from = begin * 100 + 2 * i;
        const isOpen = isWrite && isUnknown === 0;
        const end = isOpen ? FOREVER : (begin + length) * 100 + 2 * i + 1;
        return { begin: from, end, value: isWrite ? i : value, isWrite };
      });
      const expected = hasOrder(accesses) ? 'ok' : 'illegal';
      if (expected === 'illegal') lies++;
      assert.equal(verdictOf(accesses), expected);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(lies > 100, `${lies} of the histories were lies`);
});
