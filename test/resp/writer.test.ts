import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { BLOCK_BYTES, BlockPool } from '#src/resp/block-pool.js';
import { ReplyWriter } from '#src/resp/writer.js';

/** What some calls write, as one character a byte. */
function written(resp3: boolean, write: (out: ReplyWriter) => void): string {
  const out = new ReplyWriter(new BlockPool());
  out.resp3 = resp3;
  write(out);
  return out.bytes.toString('latin1', 0, out.length);
}

const TYPES: readonly [
  name: string,
  write: (out: ReplyWriter) => void,
  two: string,
  three: string,
][] = [
  ['OK', (out) => out.ok(), '+OK\r\n', '+OK\r\n'],
  ['a status', (out) => out.status('PONG'), '+PONG\r\n', '+PONG\r\n'],
  ['an error', (out) => out.error('ERR a\r\nb'), '-ERR a  b\r\n', '-ERR a  b\r\n'],
  ['an error with line ends', (out) => out.error('ERR a\r\n\n'), '-ERR a\r\n', '-ERR a\r\n'],
  ['null', (out) => out.null(), '$-1\r\n', '_\r\n'],
  ['a map', (out) => out.map(7), '*14\r\n', '%7\r\n'],
  ['an array', (out) => out.array(12), '*12\r\n', '*12\r\n'],
  ['a set', (out) => out.set(3), '*3\r\n', '~3\r\n'],
  ['true', (out) => out.boolean(true), ':1\r\n', '#t\r\n'],
  ['false', (out) => out.boolean(false), ':0\r\n', '#f\r\n'],
  ['a double', (out) => out.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
  ['infinity', (out) => out.double(Number.NEGATIVE_INFINITY), '$4\r\n-inf\r\n', ',-inf\r\n'],
  ['no number', (out) => out.double(Number.NaN), '$3\r\nnan\r\n', ',nan\r\n'],
  ['text', (out) => out.bulkText('é'), '$2\r\n\xc3\xa9\r\n', '$2\r\n\xc3\xa9\r\n'],
  ['verbatim text', (out) => out.verbatim('ab'), '$2\r\nab\r\n', '=6\r\ntxt:ab\r\n'],
];

for (const [name, write, two, three] of TYPES) {
  test(`ReplyWriter writes ${name} in both versions (RESP-6)`, () => {
    assert.equal(written(false, write), two);
    assert.equal(written(true, write), three);
  });
}

test('ReplyWriter.integer() writes every whole number that a double holds exactly (RESP-1)', () => {
  const edges = [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 999_999_999, 1e9, 1e15];
  for (const n of edges.flatMap((edge) => [edge, -edge])) {
    assert.equal(
      written(false, (out) => out.integer(n)),
      `:${n + 0}\r\n`,
    );
  }
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) => {
      assert.equal(
        written(false, (out) => out.integer(n)),
        `:${n}\r\n`,
      );
    }),
  );
});

test('ReplyWriter grows with what is written and keeps all of it (RESP-1)', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 30 }), (values) => {
      const expected = values.map((value) =>
        Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]),
      );
      const actual = written(false, (out) => {
        for (const value of values) out.bulk(Buffer.from(value), 0, value.length);
      });
      assert.equal(actual, Buffer.concat(expected).toString('latin1'));
    }),
    { numRuns: 50 },
  );
});

test('ReplyWriter.take() gives away the front and goes on behind it (RESP-1)', () => {
  const out = new ReplyWriter(new BlockPool());
  out.status('one');
  const size = out.length;
  out.status('two');
  assert.equal(out.take(size).toString(), '+one\r\n');
  out.status('three');
  assert.equal(out.take(out.length).toString(), '+two\r\n+three\r\n');
  assert.equal(out.length, 0);
});

test('ReplyWriter.cut() takes back what was written in the middle (RESP-1)', () => {
  const out = new ReplyWriter(new BlockPool());
  out.status('a');
  const from = out.length;
  out.status('gone');
  const to = out.length;
  out.status('b');
  out.cut(from, to);
  assert.equal(out.take(out.length).toString(), '+a\r\n+b\r\n');
});

test('BlockPool lends a returned block again and drops larger ones (RESP-4)', () => {
  const pool = new BlockPool();
  const block = pool.take(1);
  assert.equal(block.length, BLOCK_BYTES);
  pool.give(block.subarray(0, 3));
  assert.equal(pool.take(1).buffer, block.buffer);
  const large = pool.take(BLOCK_BYTES + 1);
  assert.ok(large.length > BLOCK_BYTES);
  pool.give(large);
  assert.notEqual(pool.take(1).buffer, large.buffer);
});
