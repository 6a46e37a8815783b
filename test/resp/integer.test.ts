import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { readInteger } from '#src/resp/integer.js';

const read = (text: string): number | null => {
  const data = Buffer.from(`x${text}x`, 'latin1');
  return readInteger(data, 1, data.length - 1);
};

/** The same by a regular expression and a BigInt. */
function oracle(text: string): number | null {
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return null;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? Number(value) : null;
}

test('readInteger() takes what Redis takes for a 64-bit integer (RESP-3)', () => {
  const edges = ['', '-', '0', '-0', '00', '01', '+1', ' 1', '1 ', '1.0', '1e3', '-1', '-01'];
  for (const n of [2n ** 53n, 2n ** 63n, 10n ** 15n, 10n ** 18n, 10n ** 19n]) {
    for (const by of [-1n, 0n, 1n]) edges.push(String(n + by), String(-n + by));
  }
  for (const text of edges) assert.equal(read(text), oracle(text), JSON.stringify(text));
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (n) => {
      assert.equal(read(String(n)), oracle(String(n)));
    }),
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'0123456789-+ .'), maxLength: 22 }),
      (text) => {
        assert.equal(read(text), oracle(text));
      },
    ),
  );
});
