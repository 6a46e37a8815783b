/** Each clause that is removed is missed: schedules.txt has the shortest way. UPDATE=1 writes it anew. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isUpdating, parseTranscript, writeTranscript } from '../support/transcript.js';
import { REMOVALS } from './clauses.js';
import { keyModel } from './model.js';
import { search } from './search.js';

/** The source: the compiled test lies in dist/test/replication. */
const FILE = new URL('../../../test/replication/schedules.txt', import.meta.url);
const PREFIX = 'without: ';

const cases = parseTranscript(readFileSync(FILE, 'utf8'));
const outcomes: string[][] = [];

describe('A rule without one of its clauses', { concurrency: false }, () => {
  for (const { step, lead, expected } of cases) {
    test(`is broken in the model by a shortest schedule: ${step}`, () => {
      const schedule = play(step);
      outcomes.push(schedule);
      if (!isUpdating()) assert.deepEqual(schedule, expected, lead.join('\n'));
    });
  }

  test('stands in schedules.txt, whichever it is', () => {
    assert.deepEqual(
      cases.map(({ step }) => step),
      REMOVALS.map(({ clause }) => PREFIX + clause),
    );
    if (isUpdating()) writeFileSync(FILE, writeTranscript(cases, outcomes));
  });
});

function play(step: string): string[] {
  const removal = REMOVALS.find(({ clause }) => PREFIX + clause === step);
  assert.ok(removal, `clauses.ts has no clause of this name: ${step}`);
  const { verdict, found } = search(keyModel(removal.scope, removal.change));
  assert.equal(verdict, 'violated', 'the search must find the harm, or it proves nothing');
  const lines = found?.schedule.map((line, i) => `${String(i + 1).padStart(2)}  ${line}`) ?? [];
  return [...lines, `so  ${found?.fault}`];
}
