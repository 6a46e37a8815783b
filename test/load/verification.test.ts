import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { STAMP_BYTES, ValueStamp } from '#src/load/value-stamp.js';
import { WriteOrder } from '#src/load/write-order.js';

const RUN = 77;

function stamped(key: number, sequence: number, size: number, writer = 3): Buffer {
  const bytes = Buffer.alloc(size + 7);
  new ValueStamp(RUN, writer).write(key, sequence, size, bytes, 7);
  return bytes.subarray(7);
}

test('ValueStamp accepts every value as it was written, and knows its own (BENCH-2)', () => {
  const sizes = fc.integer({ min: STAMP_BYTES, max: 200_000 });
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat({ max: 0xffffffff }), sizes, (key, sequence, size) => {
      const value = stamped(key, sequence, size);
      const writer = new ValueStamp(RUN, 3);
      assert.equal(writer.check(key, value, 0, size), 'right');
      assert.equal(writer.ownSequence, sequence);
      for (const other of [new ValueStamp(RUN, 4), new ValueStamp(RUN + 1, 3)]) {
        assert.equal(other.check(key, value, 0, size), 'right');
        assert.equal(other.ownSequence, null);
      }
    }),
    { numRuns: 100 },
  );
});

test('ValueStamp notices one changed byte anywhere (BENCH-2)', () => {
  const size = 300;
  const reader = new ValueStamp(RUN, 3);
  for (let at = 0; at < size; at++) {
    const value = stamped(5, 9, size);
    value[at] = (value[at] as number) ^ 0x10;
    assert.equal(reader.check(5, value, 0, size), 'wrong', `byte ${at}`);
  }
});

test('ValueStamp refuses another key’s, a cut, a torn and an empty value (BENCH-2)', () => {
  const reader = new ValueStamp(RUN, 3);
  const value = stamped(5, 9, 300);
  assert.equal(reader.check(6, value, 0, 300), 'wrong');
  assert.equal(reader.check(5, value, 0, 299), 'wrong');
  assert.equal(reader.check(5, value, 1, 300), 'wrong');
  assert.equal(reader.check(5, value, 0, 0), 'wrong');
  const torn = Buffer.concat([value.subarray(0, 150), stamped(5, 10, 300).subarray(150)]);
  assert.equal(reader.check(5, torn, 0, 300), 'wrong');
});

test('WriteOrder asks for the last acknowledged write when writes come alone (BENCH-2)', () => {
  const order = new WriteOrder(10);
  assert.equal(order.floor(1), 0);
  order.issued(1, 4);
  assert.equal(order.floor(1), 0, 'not acknowledged yet');
  order.settled(1, 'acknowledged');
  assert.equal(order.floor(1), 4);
  order.issued(1, 8);
  assert.equal(order.floor(1), 4);
  order.settled(1, 'acknowledged');
  assert.equal(order.floor(1), 8);
  assert.equal(order.floor(2), 0, 'another key');
});

test('WriteOrder lets any of several writes in flight together be the last (BENCH-2)', () => {
  const order = new WriteOrder(10);
  order.issued(1, 4);
  order.issued(1, 5);
  order.settled(1, 'acknowledged');
  order.issued(1, 6);
  order.settled(1, 'acknowledged');
  assert.equal(order.floor(1), 0, 'one is still in flight');
  order.settled(1, 'acknowledged');
  assert.equal(order.floor(1), 4, '4, 5 and 6 may each have been taken last');
});

test('WriteOrder judges a key no more after a write of unknown outcome (BENCH-2)', () => {
  const order = new WriteOrder(10);
  order.issued(1, 4);
  order.settled(1, 'acknowledged');
  order.issued(1, 5);
  order.settled(1, 'unknown');
  order.issued(1, 6);
  order.settled(1, 'acknowledged');
  assert.equal(order.floor(1), 0);
});

test('WriteOrder leaves inserted keys unwatched (BENCH-2)', () => {
  const order = new WriteOrder(10);
  order.issued(10, 1);
  order.settled(10, 'acknowledged');
  assert.equal(order.floor(10), 0);
});
