import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { instant } from '#src/base/units.js';
import { OUTPUT_PAUSE_BYTES, PIPELINE_DEPTH_MAX } from '#src/session/limits.js';
import { Conversation } from './conversation.js';
import { type Answering, FakeHost, MEGABYTE } from './fake-host.js';
import { encodeCommand } from './transcript.js';

const NOW = instant(1_700_000_000_000);
const many = (count: number, command: readonly string[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => encodeCommand(command)));

const WAYS: readonly Answering[] = ['at-once', 'later', 'shuffled'];

test('Session stops reading when too many replies are owed, and goes on (RESP-4)', () => {
  const host = new FakeHost('later');
  const session = host.connect(NOW);
  session.feed(NOW, many(3000, ['GET', 'k']));
  assert.equal(session.paused, true);
  assert.equal(session.unanswered, PIPELINE_DEPTH_MAX);
  for (let answered = 0; answered < 3000; answered++) {
    assert.equal(host.answer(NOW), true);
    session.turn(NOW);
    assert.ok(session.unanswered <= PIPELINE_DEPTH_MAX);
  }
  assert.equal(session.paused, false);
  assert.equal(session.takeOutput()?.toString(), '$-1\r\n'.repeat(3000));
});

test('Session executes no more while its client does not read (RESP-4)', () => {
  const host = new FakeHost();
  const session = host.connect(NOW);
  const value = 'v'.repeat(100_000);
  session.feed(NOW, encodeCommand(['SET', 'k', value]));
  session.takeOutput();
  session.feed(NOW, many(1000, ['GET', 'k']));
  assert.equal(session.paused, true);
  assert.ok(session.sendable >= OUTPUT_PAUSE_BYTES);
  assert.ok(session.sendable < OUTPUT_PAUSE_BYTES + value.length + 100);
  let received = 0;
  for (let output = session.takeOutput(); output !== null; output = session.takeOutput()) {
    received += output.length;
    session.turn(NOW);
  }
  assert.equal(received, 1000 * (value.length + '$100000\r\n\r\n'.length));
  assert.equal(session.paused, false);
});

for (const answering of WAYS) {
  test(`Session spreads a command with many keys over what there is room for, ${answering} (RESP-4)`, () => {
    const host = new FakeHost(answering, new Prng(3));
    const conversation = new Conversation(host, NOW);
    const keys = Array.from({ length: 5000 }, (_, i) => `k${i}`);
    conversation.feed(NOW, encodeCommand(['MSET', ...keys.flatMap((key) => [key, key])]), 3);
    conversation.feed(NOW, encodeCommand(['MGET', ...keys]), 3);
    conversation.feed(NOW, encodeCommand(['DEL', ...keys, 'absent']), 3);
    conversation.feed(NOW, Buffer.from('dbsize\r\n'), 3);
    conversation.settle(NOW);
    const values = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('');
    assert.equal(conversation.received().toString(), `+OK\r\n*5000\r\n${values}:5000\r\n:0\r\n`);
    assert.ok(host.outstandingMax <= PIPELINE_DEPTH_MAX);
  });

  test(`Session answers one error for a command of which one part failed, ${answering} (RESP-3)`, () => {
    const host = new FakeHost(answering, new Prng(5));
    host.failingKey = 'bad';
    const conversation = new Conversation(host, NOW);
    const commands = [
      ['PING'],
      ['MGET', 'a', 'b', 'bad', 'c'],
      ['MSET', 'bad', '1', 'a', '2'],
      ['DEL', 'a', 'bad', 'bad'],
      ['GET', 'bad'],
      ['MGET', 'a'],
      ['EXISTS', 'a'],
    ];
    conversation.feed(NOW, Buffer.concat(commands.map((command) => encodeCommand(command))), 0);
    conversation.settle(NOW);
    const down = '-CLUSTERDOWN Cannot reach node: n1 is gone\r\n';
    assert.equal(
      conversation.received().toString(),
      `+PONG\r\n${down.repeat(4)}*1\r\n$-1\r\n:0\r\n`,
    );
  });

  test(`Session answers an error where its output would pass the limit, ${answering} (RESP-4)`, () => {
    const host = new FakeHost(answering, new Prng(9));
    const conversation = new Conversation(host, NOW);
    conversation.feed(NOW, encodeCommand(['SET', 'k', 'v'.repeat(4 * MEGABYTE)]), 1);
    const keys = new Array<string>(40).fill('k');
    conversation.feed(NOW, encodeCommand(['MGET', ...keys]), 100);
    conversation.feed(NOW, encodeCommand(['MGET', 'k', 'absent']), 100);
    conversation.settle(NOW);
    const [ok, error, count, header] = conversation.received().toString('latin1').split('\r\n');
    assert.equal(ok, '+OK');
    assert.match(error as string, /^-ERR Cannot keep reply: /);
    assert.equal(count, '*2');
    assert.equal(header, `$${4 * MEGABYTE}`);
  });
}

test('Session refuses values and requests over the limit and stays usable (RESP-4)', () => {
  const host = new FakeHost('at-once', null, 100_000);
  const conversation = new Conversation(host, NOW);
  const say = (...command: string[]): string => {
    conversation.feed(NOW, encodeCommand(command), 1);
    return conversation.received().toString();
  };
  assert.equal(say('SET', 'k', 'v'.repeat(100_000)), '+OK\r\n');
  assert.equal(
    say('SET', 'k', 'v'.repeat(100_001)),
    '-TOOLARGE Cannot take argument: 100001 bytes, the limit is 100000\r\n',
  );
  assert.equal(say('STRLEN', 'k'), ':100000\r\n');
  assert.equal(say('SET', 'x'.repeat(65_535), 'v'), '+OK\r\n');
  assert.equal(
    say('SET', 'x'.repeat(65_536), 'v'),
    '-ERR Cannot use key: it has 65536 bytes, a key has 1 to 65535\r\n',
  );
  assert.equal(say('DBSIZE'), ':2\r\n');
});

test('Session keeps the smallest limit of a value, below that of a key too (RESP-4)', () => {
  const conversation = new Conversation(new FakeHost('at-once', null, 10), NOW);
  conversation.feed(NOW, encodeCommand(['MSET', 'a', '1', 'b', 'v'.repeat(11)]), 1);
  conversation.feed(NOW, encodeCommand(['SET', 'a', 'v'.repeat(11)]), 1);
  conversation.feed(NOW, encodeCommand(['EXISTS', 'a', 'b']), 1);
  const refused = '-TOOLARGE Cannot store value: 11 bytes, the limit is 10\r\n';
  assert.equal(conversation.received().toString(), `${refused}${refused}:0\r\n`);
});

test('Session says that the cluster is down when there is no node to ask (CLUSTER-10)', () => {
  const host = new FakeHost();
  host.nodesUp = 0;
  const conversation = new Conversation(host, NOW);
  conversation.feed(NOW, Buffer.from('dbsize\r\nflushall\r\nping\r\n'), 1);
  const down = '-CLUSTERDOWN Cannot reach any node: none is on the ring\r\n';
  assert.equal(conversation.received().toString(), `${down}${down}+PONG\r\n`);
});

test('Session tells each command in the version that held when it came (RESP-6)', () => {
  const host = new FakeHost('later');
  const conversation = new Conversation(host, NOW);
  conversation.feed(NOW, Buffer.from('get a\r\nhello 3\r\nget a\r\nhello 2\r\nget a\r\n'), 0);
  conversation.settle(NOW);
  const nulls = conversation
    .received()
    .toString()
    .split('\r\n')
    .filter((line) => line === '_' || line === '$-1');
  assert.deepEqual(nulls, ['$-1', '_', '$-1']);
});

test('Session wakes its host once for replies that come later (RESP-1)', () => {
  const host = new FakeHost('later');
  const session = host.connect(NOW);
  session.feed(NOW, many(3, ['GET', 'k']));
  assert.equal(session.takeOutput(), null);
  assert.equal(host.woken.length, 0);
  host.answer(NOW, 3);
  assert.deepEqual(host.woken, [session]);
  session.turn(NOW);
  assert.equal(session.takeOutput()?.toString(), '$-1\r\n'.repeat(3));
});

test('Session answers everything that came before QUIT, then ends (RESP-1)', () => {
  const host = new FakeHost('later');
  const session = host.connect(NOW);
  session.feed(NOW, Buffer.from('get k\r\nquit\r\nget k\r\n'));
  assert.equal(session.finished, false);
  assert.equal(session.unanswered, 1);
  host.answer(NOW);
  assert.equal(session.takeOutput()?.toString(), '$-1\r\n+OK\r\n');
  assert.equal(session.finished, true);
});

test('Session drops what is answered after its client has gone (RESP-1)', () => {
  const host = new FakeHost('later');
  const session = host.connect(NOW);
  session.feed(NOW, many(5, ['GET', 'k']));
  host.answer(NOW, 2);
  session.close();
  assert.equal(session.unanswered, 3);
  host.answer(NOW, 3);
  assert.equal(session.unanswered, 0);
  assert.equal(session.takeOutput(), null);
});
