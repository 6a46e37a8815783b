import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { type Instant, instant } from '#src/base/units.js';
import { isUpdating, writeTranscript } from '../support/transcript.js';
import { Conversation } from './conversation.js';
import { type Answering, FakeHost } from './fake-host.js';
import { type Exchange, parseConversation, showReply } from './transcript.js';

/** The sources: the compiled tests lie in dist/test/session. */
const FOLDER = new URL('../../../test/session/', import.meta.url);
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
const START = instant(1_700_000_000_000);

const load = (name: string): Exchange[] =>
  parseConversation(readFileSync(new URL(name, FOLDER), 'utf8'));

/** Plays the cases one by one. */
function play(cases: readonly Exchange[], answering: Answering): string[][] {
  const host = new FakeHost(answering, new Prng(7));
  let now: Instant = START;
  let conversation = new Conversation(host, now);
  return cases.map(({ step }) => {
    if (step.type === 'connect') conversation = new Conversation(host, now);
    if (step.type === 'clock') now = instant(now + step.ms);
    if (step.type !== 'bytes') return [];
    conversation.feed(now, step.bytes, 1);
    conversation.settle(now);
    return showReply(conversation.received(), conversation.session.finished);
  });
}

for (const name of NAMES) {
  const cases = load(name);
  test(`Session answers ${name} as written (RESP-1, RESP-3, RESP-6)`, () => {
    const replies = play(cases, 'at-once');
    if (isUpdating()) {
      writeFileSync(new URL(name, FOLDER), writeTranscript(cases, replies));
      return;
    }
    for (const [i, { lead, expected }] of cases.entries()) {
      assert.deepEqual(replies[i], expected, lead.join('\n'));
    }
  });

  for (const answering of ['later', 'shuffled'] as const) {
    test(`Session answers ${name} the same when nodes answer ${answering} (RESP-1)`, () => {
      assert.deepEqual(play(cases, answering), play(cases, 'at-once'));
    });
  }
}

/** Runs of bytes without a step between them: what a client may send as one pipeline. */
function pipelines(cases: readonly Exchange[]): { now: Instant; fresh: boolean; bytes: Buffer }[] {
  const found: { now: Instant; fresh: boolean; bytes: Buffer }[] = [];
  let now: Instant = START;
  let fresh = true;
  let parts: Buffer[] = [];
  const end = () => {
    found.push({ now, fresh, bytes: Buffer.concat(parts) });
    parts = [];
    fresh = false;
  };
  for (const { step } of cases) {
    if (step.type === 'bytes') parts.push(step.bytes);
    else end();
    if (step.type === 'clock') now = instant(now + step.ms);
    if (step.type === 'connect') fresh = true;
  }
  end();
  return found;
}

/** Plays the cases as pipelines, each cut by `cut`. */
function pour(
  cases: readonly Exchange[],
  answering: Answering,
  cut: (bytes: Buffer, index: number) => Buffer[],
): string {
  const host = new FakeHost(answering, new Prng(11));
  let conversation = new Conversation(host, START);
  const received: Buffer[] = [];
  for (const [index, { now, fresh, bytes }] of pipelines(cases).entries()) {
    if (fresh && index > 0) conversation = new Conversation(host, now);
    for (const chunk of cut(bytes, index)) conversation.feed(now, chunk, 1);
    conversation.settle(now);
    received.push(conversation.received());
  }
  return Buffer.concat(received).toString('latin1');
}

const whole = (bytes: Buffer): Buffer[] => [bytes];
const bytewise = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));

for (const name of NAMES) {
  const cases = load(name);
  const expected = () => pour(cases, 'at-once', whole);

  test(`Session gives the same bytes for ${name} fed byte by byte (RESP-2)`, () => {
    for (const answering of ['at-once', 'later', 'shuffled'] as const) {
      assert.equal(pour(cases, answering, bytewise), expected(), answering);
      assert.equal(pour(cases, answering, whole), expected(), answering);
    }
  });

  test(`Session gives the same bytes for ${name} cut anywhere (RESP-2)`, () => {
    const wanted = expected();
    for (const [index, { bytes }] of pipelines(cases).entries()) {
      for (let at = 1; at < bytes.length; at++) {
        const cut = (all: Buffer, i: number) =>
          i === index ? [all.subarray(0, at), all.subarray(at)] : [all];
        assert.equal(pour(cases, 'at-once', cut), wanted, `cut at ${at} of pipeline ${index}`);
      }
    }
  });
}
