import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { ARGUMENTS_MAX, INLINE_BYTES_MAX } from '#src/resp/limits.js';
import { RequestParser } from '#src/resp/parser.js';

const LIMITS = { argumentBytes: 1000, requestBytes: 4000 };

/** Everything that a parser says about a stream that comes in these chunks. */
function parse(chunks: readonly Buffer[], limits = LIMITS): string[] {
  const parser = new RequestParser(limits);
  const found: string[] = [];
  for (const original of chunks) {
    const chunk = Buffer.from(original);
    parser.feed(chunk);
    for (let outcome = parser.next(); outcome !== 'more'; outcome = parser.next()) {
      if (outcome === 'broken') return [...found, parser.error];
      found.push(outcome === 'command' ? words(parser) : `${outcome} ${parser.excess}`);
    }
    chunk.fill(0x21);
  }
  return found;
}

function words(parser: RequestParser): string {
  const all: string[] = [];
  for (let i = 0; i < parser.count; i++) {
    all.push(parser.data.toString('latin1', parser.starts[i], parser.ends[i]));
  }
  return JSON.stringify(all);
}

const encode = (words: readonly Uint8Array[]): Buffer =>
  Buffer.concat([
    Buffer.from(`*${words.length}\r\n`),
    ...words.flatMap((word) => [
      Buffer.from(`$${word.length}\r\n`),
      Buffer.from(word),
      Buffer.from('\r\n'),
    ]),
  ]);

/** Cuts a stream into chunks of the given sizes, again and again. */
function cut(stream: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length] as number;
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const command = fc.array(fc.uint8Array({ maxLength: 1500 }), { minLength: 1, maxLength: 8 });
const piece = fc.oneof(
  command.map(encode),
  fc
    .constantFrom('ping\r\n', 'set "a b" \'c\'\n', '\r\n', '*0\r\n', '*-1\r\n')
    .map((text) => Buffer.from(text)),
);
const garbage = fc.oneof(
  { weight: 4, arbitrary: fc.constant(Buffer.alloc(0)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('*1\r\n:', '*x\r\n', '*2\r\n$01\r\n', '"\n')
      .map((t) => Buffer.from(t)),
  },
);

test('RequestParser reads a stream the same however it is cut and joined (RESP-2)', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      garbage,
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 20 }),
      (pieces, tail, sizes) => {
        const stream = Buffer.concat([...pieces, tail]);
        const whole = parse([stream]);
        assert.deepEqual(parse(cut(stream, sizes)), whole);
        assert.deepEqual(parse(cut(stream, [1])), whole);
      },
    ),
    { numRuns: 150 },
  );
});

test('RequestParser gives back the arguments that were sent (RESP-1)', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 5 }), (commands) => {
      const unlimited = { argumentBytes: 100_000, requestBytes: 100_000 };
      const expected = commands.map((words) =>
        JSON.stringify(words.map((word) => Buffer.from(word).toString('latin1'))),
      );
      assert.deepEqual(parse([Buffer.concat(commands.map(encode))], unlimited), expected);
    }),
    { numRuns: 100 },
  );
});

test('RequestParser reads past a request over its limits and goes on behind it (RESP-4)', () => {
  const long = Buffer.alloc(1001, 'x');
  const big = [...Array(5)].map(() => Buffer.alloc(900, 'y'));
  const ping = encode([Buffer.from('PING')]);
  const stream = Buffer.concat([encode([Buffer.from('SET'), long, long]), ping, encode(big), ping]);
  const found = parse([stream]);
  assert.equal(found[0], 'argument-too-large 1001');
  assert.equal(found[1], '["PING"]');
  assert.match(found[2] as string, /^request-too-large 4\d\d\d$/);
  assert.equal(found[3], '["PING"]');
  assert.deepEqual(parse(cut(stream, [7])), found);
});

test('RequestParser keeps nothing of a request that it reads past (RESP-4)', () => {
  const parser = new RequestParser(LIMITS);
  parser.feed(Buffer.from('*2\r\n$3\r\nSET\r\n$1000000\r\n'));
  assert.equal(parser.next(), 'more');
  for (let left = 1_000_000; left > 0; left -= 1000) {
    parser.feed(Buffer.alloc(1000, 'x'));
    assert.equal(parser.next(), 'more');
    assert.equal(parser.held, 0);
  }
  parser.feed(Buffer.from('\r\n'));
  assert.equal(parser.next(), 'argument-too-large');
});

test('RequestParser puts an 8 MB value together from 64 KB pieces, holding no more than it (RESP-2)', () => {
  const size = 8 * 1024 * 1024;
  const parser = new RequestParser({ argumentBytes: size, requestBytes: size * 2 });
  const value = Buffer.alloc(size, 'v');
  const chunks = cut(
    Buffer.concat([encode([Buffer.from('SET'), Buffer.from('k'), value]), Buffer.from('PING\r\n')]),
    [65_536],
  );
  let commands = 0;
  for (const chunk of chunks) {
    parser.feed(chunk);
    let outcome = parser.next();
    for (; outcome === 'command'; outcome = parser.next()) {
      commands++;
      if (parser.count === 3) {
        const start = parser.starts[2] as number;
        assert.equal(parser.data.compare(value, 0, size, start, parser.ends[2]), 0);
      }
    }
    assert.equal(outcome, 'more');
    assert.ok(parser.held <= size + 65_536, 'what is held is one command');
  }
  assert.equal(commands, 2);
  assert.equal(parser.held, 0, 'a large carry is not kept');
});

test('RequestParser does not look again at what it has passed, even fed byte by byte (RESP-2)', () => {
  // A line at its limit, one byte at a time: looking at it anew each time would be 2^31 steps.
  const parser = new RequestParser(LIMITS);
  for (let i = 0; i < INLINE_BYTES_MAX; i++) {
    parser.feed(Buffer.from('a'));
    assert.equal(parser.next(), 'more');
  }
  parser.feed(Buffer.from('\n'));
  assert.equal(parser.next(), 'command');
  assert.equal(parser.ends[0], INLINE_BYTES_MAX);
});

const BROKEN: readonly [stream: string, error: string][] = [
  ['*x\r\n', 'invalid multibulk length'],
  ['*\r\n', 'invalid multibulk length'],
  ['*-0\r\n', 'invalid multibulk length'],
  ['*01\r\n', 'invalid multibulk length'],
  ['*+1\r\n', 'invalid multibulk length'],
  [`*${ARGUMENTS_MAX + 1}\r\n`, 'invalid multibulk length'],
  ['*1\r\n$\r\n', 'invalid bulk length'],
  ['*1\r\n$-1\r\n', 'invalid bulk length'],
  ['*1\r\n$536870913\r\n', 'invalid bulk length'],
  ['*1\r\n$99999999999999999999999\r\n', 'invalid bulk length'],
  ['*1\r\n+OK\r\n', "expected '$', got '+'"],
  ['"a\n', 'unbalanced quotes in request'],
  ["'a\n", 'unbalanced quotes in request'],
  ['"a"b\n', 'unbalanced quotes in request'],
  [`${'a'.repeat(INLINE_BYTES_MAX + 1)}`, 'too big inline request'],
  [`${'a'.repeat(INLINE_BYTES_MAX + 1)}\n`, 'too big inline request'],
];

for (const [stream, error] of BROKEN) {
  test(`RequestParser breaks off at ${JSON.stringify(stream.slice(0, 30))} (RESP-3, RESP-4)`, () => {
    assert.deepEqual(parse([Buffer.from(stream, 'latin1')]), [error]);
    assert.deepEqual(parse(cut(Buffer.from(stream, 'latin1'), [3])), [error]);
  });
}

const INLINE: readonly [line: string, words: readonly string[]][] = [
  ['a b', ['a', 'b']],
  [' \t a  b\v', ['a', 'b']],
  ['"a b" c', ['a b', 'c']],
  ['""', ['']],
  ["''  x", ['', 'x']],
  ['a"b"', ['ab']],
  ['"\\x41\\x4g\\n\\r\\t\\b\\a\\\\\\""', ['A' + 'x4g\n\r\t\b\x07\\"']],
  ["'\\x41\\'\\n'", ["\\x41'\\n"]],
];

for (const [line, expected] of INLINE) {
  test(`RequestParser splits the line ${line} as Redis does (RESP-1)`, () => {
    assert.deepEqual(parse([Buffer.from(`${line}\r\n`, 'latin1')]), [JSON.stringify(expected)]);
  });
}

test('RequestParser.hold() keeps the last command and what follows it (RESP-2)', () => {
  const parser = new RequestParser(LIMITS);
  const chunk = Buffer.concat([
    encode([Buffer.from('A'), Buffer.from('1')]),
    encode([Buffer.from('B')]),
  ]);
  parser.feed(chunk);
  assert.equal(parser.next(), 'command');
  parser.hold();
  chunk.fill(0);
  assert.equal(words(parser), '["A","1"]');
  parser.feed(encode([Buffer.from('C')]));
  parser.hold();
  assert.equal(words(parser), '["A","1"]');
  assert.equal(parser.next(), 'command');
  assert.equal(words(parser), '["B"]');
  assert.equal(parser.next(), 'command');
  assert.equal(words(parser), '["C"]');
  assert.equal(parser.next(), 'more');
});
