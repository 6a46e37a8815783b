/**
 * Owners that die after every one of their stores, plain ones too, in every kind of operation that a
 * life of thousands has; and what their successors find.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Prng } from '#src/base/prng.js';
import { checkEpisode } from './support/crash.js';
import { firstOfEachKind } from './support/episodes.js';
import { plainKeys } from './support/keys.js';
import { Owner } from './support/owner.js';
import { MOVES_AT_ANY_SIZE, variantOf } from './support/variant.js';

const LIFE = {
  operations: 2000,
  wave: 90,
  valueLength: (prng: Prng) => (prng.below(5) === 0 ? prng.below(2000) : prng.below(120)),
};

const Moving = await variantOf(MOVES_AT_ANY_SIZE);
const KINDS = firstOfEachKind(Owner.start(16_000, plainKeys(110), Moving), LIFE, 1);

for (const [name, episode] of KINDS) {
  test(`an owner that dies in the middle leaves a whole slab: ${name} (NODE-8)`, () => {
    assert.ok(checkEpisode(episode) > 0);
  });
}

test('the lives that owners die in have every kind of operation (NODE-8)', () => {
  const sets = ['plain', 'chained'].flatMap((size) =>
    ['nothing', 'plain', 'chained'].map((over) => `set ${size} over ${over}`),
  );
  const others = [
    'get plain over plain',
    'setExpiry plain over plain',
    'delete nothing over plain',
    'get plain over plain, stale',
    'set plain over plain, stale',
    'delete nothing over plain, stale',
    'findStale nothing over plain, expired +',
  ];
  const happenings = [
    'evicted +',
    'expired +',
    'buckets +',
    'buckets -',
    'overflow +',
    'overflow -',
    'entries moved',
    'chunks moved',
  ];
  const names = [...KINDS.keys()];
  for (const wanted of [...sets, ...others, 'sweep, expired +', 'flush']) {
    assert.ok(
      names.some((name) => name.startsWith(wanted)),
      wanted,
    );
  }
  for (const wanted of happenings)
    assert.ok(
      names.some((name) => name.includes(wanted)),
      wanted,
    );
});
