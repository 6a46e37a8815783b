/** The checker itself, on a puzzle whose answer is known: two jugs, of 3 and 5, and 4 to be measured. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Model, search } from './search.js';

type Pour = 'fill' | 'empty' | 'pour';

const SIZES = [3, 5];

function jugs(wanted: number, isSymmetric = false): Model<Pour> {
  const sizes = isSymmetric ? [5, 5] : SIZES;
  return {
    width: 4,
    initial: () => new Uint8Array(4),
    successors(state, emit) {
      for (const jug of [0, 1]) {
        const [has = 0, other = 0] = [state[jug], state[1 - jug]];
        const next = state.slice();
        next[jug] = sizes[jug] ?? 0;
        emit(next, 'fill', jug, 0);
        next[jug] = 0;
        emit(next, 'empty', jug, 0);
        const poured = Math.min(has, (sizes[1 - jug] ?? 0) - other);
        next[jug] = has - poured;
        next[1 - jug] = other + poured;
        emit(next, 'pour', jug, 0);
      }
    },
    canonicalise(state) {
      if (isSymmetric) state.subarray(0, 2).sort();
    },
    fault: (state) => (state.includes(wanted) ? `${wanted} is measured` : null),
    describe: (_before, after, kind, jug) => `${kind} ${jug}: ${after[0]} ${after[1]}`,
  };
}

test('search() finds a shortest schedule', () => {
  const { verdict, found, depth } = search(jugs(4));
  assert.equal(verdict, 'violated');
  assert.equal(depth, 6);
  assert.equal(found?.fault, '4 is measured');
  assert.deepEqual(found?.schedule, [
    'fill 1: 0 5',
    'pour 1: 3 2',
    'empty 0: 0 2',
    'pour 1: 2 0',
    'fill 1: 2 5',
    'pour 1: 3 4',
  ]);
});

test('search() reaches every state when nothing is wrong, and says so', () => {
  const outcome = search(jugs(6));
  assert.equal(outcome.verdict, 'clean');
  assert.equal(outcome.states, 16);
  assert.equal(outcome.found, null);
});

test('search() takes states that are alike for one, and its schedules keep their names', () => {
  const outcome = search(jugs(6, true));
  assert.equal(outcome.states, 3, 'both empty, one full, both full');
  const { found } = search(jugs(5, true));
  assert.equal(found?.schedule.length, 1);
});

test('search() that is stopped at its limit claims nothing', () => {
  assert.equal(search(jugs(6), 5).verdict, 'limit');
});
