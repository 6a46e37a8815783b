import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { ShoalError } from '#src/base/errors.js';
import { DEPTH_MAX } from '#src/values/format.js';
import { decodeValue, encodeValue } from '#src/values/value.js';
import { value as anyValue } from './arbitrary.js';

const packed = (value: unknown): Buffer => Buffer.from(encodeValue(value).bytes);
const hex = (value: unknown): string => packed(value).toString('hex');
const unpack = (bytes: Uint8Array): unknown => decodeValue('packed', bytes);
const fromHex = (text: string): unknown => unpack(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** A value, or the one error that hostile bytes may cause. */
const attempt = (bytes: Uint8Array): unknown => {
  try {
    return unpack(bytes);
  } catch (error) {
    assert.ok(error instanceof ShoalError, String(error));
    assert.equal(error.code, 'ERR_PROTOCOL');
    return error;
  }
};

describe('packed bytes', () => {
  const table: readonly (readonly [unknown, string])[] = [
    [null, 'c0'],
    [[false, true], '92c2c3'],
    [[0, 127, 128, 255, 256, 65536], '96 00 7f cc80 ccff cd0100 ce00010000'],
    [[-1, -32, -33, -129, -32769], '95 ff e0 d0df d1ff7f d2ffff7fff'],
    [[-0, 0.5, 0.1], '93 ca80000000 ca3f000000 cb3fb999999999999a'],
    [2 ** 32, 'ca4f800000'],
    [[1n, -1n], '92 cf0000000000000001 d3ffffffffffffffff'],
    [2n ** 64n, 'c7 09 42 010000000000000000'],
    [-(2n ** 64n), 'c7 09 42 ff0000000000000000'],
    [{ a: 'é' }, '81 a161 a2c3a9'],
    [[undefined], '91 d40000'],
    [new Date(1000), 'd6ff 00000001'],
    [new Date(1), 'd7ff 003d0900 00000000'],
    [new Date(-1000), 'c70cff 00000000 ffffffffffffffff'],
    [new Date(Number.NaN), 'c700ff'],
    [new Map([[1, 2]]), 'c9 00000003 4d 81 01 02'],
    [new Set([1]), 'c9 00000002 53 91 01'],
    [Object.assign(Object.create(null) as object, { a: 1 }), 'c9 00000004 4e 81 a161 01'],
    [new Uint16Array([1]), 'c7 03 74 04 0100'],
    [[Buffer.from([7])], '91 c401 07'],
    ['\ud800', 'd5 55 00d8'],
  ];
  for (const [value, bytes] of table) {
    it(`are as documented: ${bytes} (LIB-2)`, () => {
      assert.equal(hex(value), bytes.replaceAll(' ', ''));
    });
  }

  it('are read by another reader of msgpack (LIB-3)', () => {
    const other = new Packr({ useRecords: false, int64AsType: 'bigint' });
    const plain = fc.jsonValue();
    fc.assert(
      fc.property(plain, (value) => {
        fc.pre(typeof value !== 'string' && !JSON.stringify(value).includes('__proto__'));
        // That reader knows no -0 among its integers, but reads ours, which is a float.
        assert.deepStrictEqual(other.unpack(packed(value)), value);
      }),
    );
    const words = [1n, -5n, 2n ** 100n, undefined, new Float64Array([1, 2]), new Date(1234567)];
    assert.deepStrictEqual(other.unpack(packed(words)), words);
  });

  it('may have been packed by another writer of msgpack (LIB-3)', () => {
    const other = new Packr({ useRecords: false, variableMapSize: false });
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__') && !hasMinusZero(value));
        assert.deepStrictEqual(unpack(other.pack(value)), value);
      }),
    );
  });
});

describe('hostile packed bytes', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['a byte that begins nothing', 'c1'],
    ['a value cut short', 'cd01'],
    ['a value and a byte more', 'c0c0'],
    ['an array of four billion', 'dd ffffffff'],
    ['an object of four billion', 'df ffffffff'],
    ['a string of four billion', 'db ffffffff'],
    ['a key that is a number', '81 01 01'],
    ['a key that is an array', '81 90 01'],
    ['an unknown extension', 'd4 01 00'],
    ['a regular expression of another library', 'd4 78 00'],
    ['a record of another library', 'd4 72 40'],
    ['an extension that holds more than it says', 'c9 00000001 4d 81 01 02'],
    ['an extension that holds less than it says', 'c9 00000005 4d 81 01 02 c0'],
    ['a set of no array', 'c9 00000001 53 c0'],
    ['a set of a set', 'c9 00000008 53 c9 00000002 53 91 01'],
    ['a map of no map', 'c9 00000001 4d c0'],
    ['a typed array of no type', 'c7 00 74'],
    ['a typed array of an unknown type', 'd4 74 63'],
    ['half an element', 'd5 74 03 00'],
    ['half a code unit', 'd4 55 00'],
    ['a bigint without bytes', 'c7 00 42'],
    ['a timestamp of three bytes', 'c7 03 ff 000000'],
  ];
  for (const [what, bytes] of cases) {
    it(`are refused: ${what} (LIB-4)`, () => {
      assert.throws(() => fromHex(bytes), { code: 'ERR_PROTOCOL', message: /^Cannot read packed/ });
    });
  }

  it('are refused when nested too deep, by every container (LIB-4)', () => {
    const opens = ['91', '81a161', 'c9000fffff4d81c0', 'c9000fffff5391', 'c9000fffff4e81a161'];
    for (const open of opens) {
      const bytes = Buffer.from(`${open.repeat(200_000)}c0`, 'hex');
      assert.throws(() => unpack(bytes), { code: 'ERR_PROTOCOL' });
    }
    const deepest = Buffer.from(`${'91'.repeat(DEPTH_MAX)}c0`, 'hex');
    assert.ok(Array.isArray(unpack(deepest)));
  });

  it('end in a value or in ERR_PROTOCOL, whatever they are (LIB-4)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        attempt(bytes);
      }),
      { numRuns: 20_000 },
    );
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  it('end in a value or in ERR_PROTOCOL when a good value is damaged (LIB-4)', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), fc.nat(255), fc.nat(), (value, at, byte, cut) => {
        fc.pre(value !== undefined);
        const bytes = packed([value]);
        bytes[at % bytes.length] = byte;
        attempt(bytes);
        attempt(bytes.subarray(0, cut % bytes.length));
      }),
      { numRuns: 5000 },
    );
  });
});

function hasMinusZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0);
  return Object.values(value).some(hasMinusZero);
}
