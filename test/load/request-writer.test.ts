import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeySpace } from '#src/load/key-space.js';
import { Operation } from '#src/load/operation.js';
import { RequestWriter } from '#src/load/request-writer.js';

const KEYS = new KeySpace({ min: 6, max: 6 });
const VALUES = {
  write: ({ size }: Operation, target: Buffer, at: number): void => {
    target.fill('v', at, at + size);
  },
};

function operation(fields: Partial<Operation>): Operation {
  return Object.assign(new Operation(), fields);
}

test('RequestWriter writes GET, SET with and without PX, and DEL as RESP (BENCH-2)', () => {
  const writer = new RequestWriter(KEYS, VALUES);
  writer.write(operation({ step: 'get', key: 42 }));
  writer.write(operation({ step: 'set', key: 1234567, size: 3 }));
  writer.write(operation({ step: 'set', key: 0, size: 0, ttlMs: 15_000 }));
  writer.write(operation({ step: 'delete', key: 999_999 }));
  assert.equal(
    writer.take().toString('latin1'),
    [
      '*2\r\n$3\r\nGET\r\n$6\r\n000042\r\n',
      '*3\r\n$3\r\nSET\r\n$7\r\n1234567\r\n$3\r\nvvv\r\n',
      '*5\r\n$3\r\nSET\r\n$6\r\n000000\r\n$0\r\n\r\n$2\r\nPX\r\n$5\r\n15000\r\n',
      '*2\r\n$3\r\nDEL\r\n$6\r\n999999\r\n',
    ].join(''),
  );
});

test('RequestWriter grows, and leaves bytes that were taken alone after replace (BENCH-2)', () => {
  const writer = new RequestWriter(KEYS, VALUES);
  const set = operation({ step: 'set', key: 1, size: 100_000 });
  for (let i = 0; i < 5; i++) writer.write(set);
  const taken = writer.take();
  const before = taken.toString('latin1');
  writer.replace();
  writer.write(operation({ step: 'get', key: 2 }));
  assert.equal(taken.toString('latin1'), before);
  assert.equal(
    taken.length,
    5 * (100_000 + '*3\r\n$3\r\nSET\r\n$6\r\n000001\r\n$100000\r\n\r\n'.length),
  );
  assert.equal(writer.take().toString('latin1'), '*2\r\n$3\r\nGET\r\n$6\r\n000002\r\n');
});

test('KeySpace gives every number a key of its own, of a fixed size (BENCH-2)', () => {
  const keys = new KeySpace({ min: 4, max: 40 });
  const seen = new Set<string>();
  const sizes = new Set<number>();
  const bytes = Buffer.alloc(64);
  for (let key = 0; key < 20_000; key++) {
    const size = keys.size(key);
    keys.write(key, size, bytes, 3);
    const text = bytes.toString('latin1', 3, 3 + size);
    assert.equal(text, keys.text(key));
    assert.equal(Number(text), key);
    seen.add(text);
    sizes.add(size);
  }
  assert.equal(seen.size, 20_000);
  assert.ok(sizes.size >= 36, 'sizes are spread over the range');
});
