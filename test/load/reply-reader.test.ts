import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReplyError, ReplyReader } from '#src/load/reply-reader.js';

/** Writes down what a reader hands over. */
function recorder(): { seen: string[]; reader: ReplyReader } {
  const seen: string[] = [];
  const reader = new ReplyReader({
    value: (bytes, start, end) => seen.push(`value ${bytes.toString('latin1', start, end)}`),
    nothing: () => seen.push('nothing'),
    acknowledged: () => seen.push('acknowledged'),
    refused: (text) => seen.push(`refused ${text}`),
  });
  return { seen, reader };
}

/** Feeds a stream cut into pieces through one buffer that is used again, as sockets do. */
function feed(reader: ReplyReader, stream: Buffer, cuts: readonly number[]): void {
  const shared = Buffer.alloc(stream.length);
  let from = 0;
  for (const to of [...cuts, stream.length]) {
    stream.copy(shared, 0, from, to);
    reader.feed(shared, to - from);
    shared.fill(0x21);
    from = to;
  }
}

const STREAM = Buffer.from(
  '+OK\r\n$5\r\nhello\r\n$-1\r\n:1\r\n-NOQUORUM two of three are down\r\n$0\r\n\r\n_\r\n$4\r\n\r\n\r\n\r\n',
);
const SEEN = [
  'acknowledged',
  'value hello',
  'nothing',
  'acknowledged',
  'refused NOQUORUM two of three are down',
  'value ',
  'nothing',
  'value \r\n\r\n',
];

test('ReplyReader reads replies cut at every two places (BENCH-2)', () => {
  for (let a = 0; a <= STREAM.length; a++) {
    for (let b = a; b <= STREAM.length; b++) {
      const { seen, reader } = recorder();
      feed(reader, STREAM, [a, b]);
      assert.deepEqual(seen, SEEN, `cut at ${a} and ${b}`);
    }
  }
});

test('ReplyReader reads long values cut anywhere (BENCH-2)', () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 5 });
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(lengths, places, (sizes, shares) => {
      const { seen, reader } = recorder();
      const values = sizes.map((size, i) => String.fromCharCode(97 + i).repeat(size));
      const stream = Buffer.from(values.map((v) => `$${v.length}\r\n${v}\r\n`).join(''));
      const cuts = shares.map((share) => Math.floor(share * stream.length)).sort((a, b) => a - b);
      feed(reader, stream, cuts);
      assert.deepEqual(
        seen,
        values.map((value) => `value ${value}`),
      );
    }),
    { numRuns: 50 },
  );
});

test('ReplyReader refuses what answers no GET, SET or DEL (BENCH-2)', () => {
  const strange = ['*1\r\n', 'HTTP/1.1 400 Bad Request\r\n', '$x\r\n', '$\r\n', '$99999999999\r\n'];
  for (const bytes of [...strange, 'x'.repeat(5_000), `-${'x'.repeat(5_000)}`]) {
    const { reader } = recorder();
    const chunk = Buffer.from(bytes);
    assert.throws(() => reader.feed(chunk, chunk.length), ReplyError, bytes.slice(0, 20));
  }
});
