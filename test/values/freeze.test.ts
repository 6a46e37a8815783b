import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { deepFreeze } from '#src/values/freeze.js';
import { decodeValue, encodeValue } from '#src/values/value.js';
import { value as storable } from './arbitrary.js';

test('deepFreeze() freezes plain objects and arrays at every depth', () => {
  const value = deepFreeze({
    list: [{ deep: [1] }],
    map: new Map<unknown, unknown>([[{ key: 1 }, { value: 2 }]]),
    set: new Set([{ member: 3 }]),
    bare: Object.assign(Object.create(null), { part: {} }),
    bytes: new Uint8Array(3),
    date: new Date(0),
    none: null,
  });
  const parts = [
    value,
    value.list,
    value.list[0],
    value.list[0]?.deep,
    ...value.map.keys(),
    ...value.map.values(),
    ...value.set,
    value.bare,
    value.bare.part,
  ];
  for (const part of parts) assert.ok(Object.isFrozen(part));
  // These cannot be, and reading them must go on working.
  for (const part of [value.map, value.set, value.bytes, value.date]) {
    assert.ok(!Object.isFrozen(part));
  }
});

test('deepFreeze() changes no value', () => {
  fc.assert(
    fc.property(
      storable.filter((value) => value !== undefined),
      (value) => {
        const { kind, bytes } = encodeValue(value);
        assert.deepEqual(deepFreeze(decodeValue(kind, bytes)), decodeValue(kind, bytes));
      },
    ),
  );
});
