/** Plays the transcripts of this folder; UPDATE=1 writes them anew. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isUpdating, parseTranscript, writeTranscript } from '../support/transcript.js';
import { Stage } from './stage.js';

/** The sources: the compiled tests lie in dist/test/loading. */
const FOLDER = new URL('../../../test/loading/', import.meta.url);

function plays(name: string): void {
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
}

test('Three clients that miss a key load it once, as collapse.txt says (NODE-7)', () => {
  plays('collapse.txt');
});

test('A load from before a delete is not stored, and is nobody’s who comes later, as voided-lease.txt says (NODE-7)', () => {
  plays('voided-lease.txt');
});

test('Whoever waits for a thread that dies takes over, as dead-loader.txt says (NODE-7)', () => {
  plays('dead-loader.txt');
});

test('A hit loads anew what is about to expire, and nobody waits, as early-refresh.txt says (NODE-9)', () => {
  plays('early-refresh.txt');
});
