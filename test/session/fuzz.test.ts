import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { instant } from '#src/base/units.js';
import { COMMANDS } from '#src/resp/commands.js';
import { Conversation } from './conversation.js';
import { type Answering, FakeHost } from './fake-host.js';
import { encodeCommand } from './transcript.js';

const NOW = instant(1_700_000_000_000);
const ROUNDS = 400;
const SEED = 20_240_601;

const WORDS = [
  'k',
  'key',
  '',
  '0',
  '1',
  '-1',
  '10',
  '9223372036854775807',
  'abc',
  'EX',
  'px',
  'exat',
  'pxat',
  'nx',
  'XX',
  'get',
  'keepttl',
  'filterby',
  'pattern',
  'aclcat',
  '*',
  '[',
  '\\',
  'async',
  'sync',
  'setname',
  'auth',
  'id',
  'type',
  '\r\n',
  '\0\xff',
  'v'.repeat(3000),
];

/** A command that exists, with arguments that may not fit it. */
function someCommand(prng: Prng): Buffer {
  const { name } = COMMANDS[prng.below(COMMANDS.length)] as { name: string };
  const words = name === 'quit' ? ['ping'] : name.split('|');
  const count = prng.below(7);
  for (let i = 0; i < count; i++) words.push(WORDS[prng.below(WORDS.length)] as string);
  return encodeCommand(words.map((word) => Buffer.from(word, 'latin1')));
}

/** Bytes that are a request in part. */
function someGarbage(prng: Prng): Buffer {
  const alphabet = '*$\r\n0123456789-+"\'\\x ab\0\xff';
  const size = prng.below(40);
  const text = Array.from({ length: size }, () => alphabet[prng.below(alphabet.length)]).join('');
  return Buffer.from(text, 'latin1');
}

/** Flips, drops or repeats a few bytes. */
function damaged(prng: Prng, bytes: Buffer): Buffer {
  const out = [...bytes];
  for (let i = 0; i < 3 && out.length > 0; i++) {
    const at = prng.below(out.length);
    if (prng.below(2) === 0) out[at] = prng.below(256);
    else out.splice(at, prng.below(3), prng.below(256));
  }
  return Buffer.from(out);
}

function someStream(prng: Prng): Buffer {
  const parts = Array.from({ length: 1 + prng.below(30) }, () => someCommand(prng));
  const kind = prng.below(3);
  if (kind === 1) parts.push(someGarbage(prng));
  const stream = Buffer.concat(parts);
  return kind === 2 ? damaged(prng, stream) : stream;
}

/** What the client receives, in the end, for a stream that is cut at random. */
function pour(stream: Buffer, answering: Answering, seed: number): string {
  const prng = new Prng(seed);
  const conversation = new Conversation(new FakeHost(answering, prng.fork(), 2000), NOW);
  for (let at = 0; at < stream.length; ) {
    const size = 1 + prng.below(prng.below(2) === 0 ? 20 : 5000);
    conversation.feed(NOW, stream.subarray(at, at + size), prng.below(4));
    at += size;
  }
  conversation.settle(NOW);
  const broken = conversation.session.client.closing ? '(closed)' : '';
  return conversation.received().toString('latin1') + broken;
}

test(`Session survives hostile streams, and answers the same however they come; seed ${SEED} (RESP-2, RESP-4)`, () => {
  const prng = new Prng(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const stream = someStream(prng);
    const wanted = pour(stream, 'at-once', round);
    for (const answering of ['later', 'shuffled'] as const) {
      assert.equal(pour(stream, answering, round + 1), wanted, `round ${round}, ${answering}`);
    }
  }
});

test('Session is fed noise without end and holds none of it (RESP-4)', () => {
  const prng = new Prng(SEED);
  for (let round = 0; round < 2000; round++) {
    const host = new FakeHost('at-once', null, 2000);
    const session = host.connect(NOW);
    for (let i = 0; i < 5 && !session.client.closing; i++) {
      session.feed(NOW, someGarbage(prng));
      session.takeOutput();
    }
    assert.equal(session.unanswered, 0);
  }
});
