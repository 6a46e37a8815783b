/** Plays the transcripts of this folder; UPDATE=1 writes them anew. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isUpdating, parseTranscript, writeTranscript } from '../support/transcript.js';
import { Stage } from './stage.js';

/** The sources: the compiled tests lie in dist/test/scenarios. */
const FOLDER = new URL('../../../test/scenarios/', import.meta.url);

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.txt'))) {
  test(`The cluster does what ${name} says (CLUSTER-4, CLUSTER-5, CLUSTER-6, CLUSTER-8, CLUSTER-10)`, () => {
    const cases = parseTranscript(readFileSync(new URL(name, FOLDER), 'utf8'));
    const stage = new Stage();
    const outcomes = cases.map(({ step }) => stage.play(step));
    if (isUpdating()) {
      writeFileSync(new URL(name, FOLDER), writeTranscript(cases, outcomes));
      return;
    }
    for (const [i, { lead, expected }] of cases.entries()) {
      assert.deepEqual(outcomes[i], expected, lead.join('\n'));
    }
  });
}
