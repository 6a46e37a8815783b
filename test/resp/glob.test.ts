import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesGlob } from '#src/resp/glob.js';

const CASES: readonly [pattern: string, text: string, matches: boolean][] = [
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'anything', true],
  ['max*', 'maxmemory', true],
  ['MAX*', 'maxmemory', true],
  ['*memory', 'maxmemory', true],
  ['m*m*y', 'maxmemory', true],
  ['m*x', 'maxmemory', false],
  ['s?ve', 'save', true],
  ['s?ve', 'sve', false],
  ['[rs]ave', 'save', true],
  ['[a-r]ave', 'save', false],
  ['[z-a]ave', 'save', true],
  ['[^s]ave', 'save', false],
  ['[^a]ave', 'save', true],
  ['[\\]]x', ']x', true],
  ['[abc', 'a', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a\\', 'a\\', true],
];

for (const [pattern, text, matches] of CASES) {
  test(`matchesGlob() says that ${pattern} ${matches ? 'matches' : 'does not match'} "${text}" (RESP-1)`, () => {
    assert.equal(matchesGlob(pattern, text), matches);
  });
}

/** The textbook recursion, for * and ? alone. */
const slow = (p: string, t: string): boolean => {
  if (p === '') return t === '';
  if (p[0] === '*') return slow(p.slice(1), t) || (t !== '' && slow(p, t.slice(1)));
  return t !== '' && (p[0] === '?' || p[0] === t[0]) && slow(p.slice(1), t.slice(1));
};

test('matchesGlob() agrees with the textbook recursion (RESP-1)', () => {
  const pattern = fc.string({ unit: fc.constantFrom(...'ab*?'), maxLength: 7 });
  const text = fc.string({ unit: fc.constantFrom(...'ab'), maxLength: 9 });
  fc.assert(
    fc.property(pattern, text, (p, t) => assert.equal(matchesGlob(p, t), slow(p, t))),
    {
      numRuns: 1000,
    },
  );
});

test('matchesGlob() ends soon for a pattern made to be slow (RESP-4)', () => {
  assert.equal(matchesGlob(`${'a*'.repeat(200)}b`, 'a'.repeat(2000)), false);
});
