import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { ShoalError } from '#src/base/errors.js';
import { DEPTH_MAX } from '#src/values/format.js';
import { adoptValue, decodeValue, encodeValue } from '#src/values/value.js';
import { value as anyValue } from './arbitrary.js';
import { assertSame } from './same.js';

const through = (value: unknown): unknown => {
  const { kind, bytes } = encodeValue(value);
  return decodeValue(kind, bytes);
};

const refusal = (value: unknown): string => {
  try {
    encodeValue(value);
  } catch (error) {
    assert.ok(error instanceof ShoalError);
    assert.equal(error.code, 'ERR_VALUE_TYPE');
    assert.equal(error.message.includes('\n'), false);
    return error.message;
  }
  return assert.fail('the value was accepted');
};

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
};

describe('values that can be stored', () => {
  it('come back equal, with the same types and prototypes (LIB-2)', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        fc.pre(value !== undefined);
        const expected = value instanceof Uint8Array ? Buffer.from(value) : value;
        assertSame(through(value), expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('have one encoding: packing what came back gives the same bytes (LIB-2)', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        fc.pre(value !== undefined);
        const first = encodeValue(value);
        const again = encodeValue(decodeValue(first.kind, first.bytes));
        assert.equal(again.kind, first.kind);
        assert.deepEqual(Buffer.from(again.bytes), Buffer.from(first.bytes));
      }),
    );
  });

  it('go by their kind: bytes, text or packed (LIB-3)', () => {
    const kinds = (value: unknown): string => encodeValue(value).kind;
    assert.equal(kinds('plain'), 'text');
    assert.equal(kinds(''), 'text');
    assert.equal(kinds(Buffer.from('x')), 'bytes');
    assert.equal(kinds(new Uint8Array(0)), 'bytes');
    for (const value of [null, true, 1, 1n, [], {}, new Map(), new Set(), new Date(0)]) {
      assert.equal(kinds(value), 'packed');
    }
    assert.equal(kinds(new Uint16Array(2)), 'packed');
  });

  it('keep what is easily lost: -0, NaN, undefined members, invalid dates (LIB-2)', () => {
    const value = { zero: -0, nan: Number.NaN, gone: undefined, when: new Date(Number.NaN) };
    const back = through(value);
    assertSame(back, value);
    assert.ok(Object.hasOwn(back as object, 'gone'));
    assert.ok(Object.is((back as typeof value).zero, -0));
  });

  it('keep a string that UTF-8 cannot hold, as packed (LIB-2)', () => {
    const lone = 'a\ud800b';
    assert.equal(encodeValue(lone).kind, 'packed');
    assert.equal(through(lone), lone);
    assertSame(through({ [lone]: [lone] }), { [lone]: [lone] });
  });

  it('keep Date to the millisecond over its whole range (LIB-2)', () => {
    const edges = [
      0,
      1,
      -1,
      999,
      2 ** 32 * 1000 - 1,
      2 ** 32 * 1000,
      2 ** 34 * 1000,
      864e13,
      -864e13,
    ];
    for (const ms of edges.flatMap((edge) => [edge, -edge])) {
      assert.equal((through(new Date(ms)) as Date).getTime(), ms === 0 ? 0 : ms);
    }
  });

  it('keep the key __proto__ as a key, and touch no prototype (LIB-2)', () => {
    const value: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{}}}',
    );
    const back = through(value) as object;
    assertSame(back, value);
    assert.equal(Object.getPrototypeOf(back), Object.prototype);
    assert.ok(Object.hasOwn(back, '__proto__'));
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  it('come from other realms as what they are there (LIB-2)', () => {
    const foreign: unknown = runInNewContext(
      '({ list: [1], map: new Map([[1, 2]]), set: new Set([3]), when: new Date(4), i: new Int8Array(2) })',
    );
    assertSame(through(foreign), {
      list: [1],
      map: new Map([[1, 2]]),
      set: new Set([3]),
      when: new Date(4),
      i: new Int8Array(2),
    });
  });

  it('may pack other values while they are read by a getter (LIB-2)', () => {
    const value = {
      before: 'b',
      get inner(): unknown {
        return through({ deep: ['x'] });
      },
      after: 'a',
    };
    assertSame(through(value), { before: 'b', inner: { deep: ['x'] }, after: 'a' });
  });

  it('come back in memory of their own (LIB-2)', () => {
    for (const value of [Buffer.from('abc'), { part: Buffer.from('abc') }, new Uint16Array(3)]) {
      const encoded = encodeValue(value);
      const bytes = Buffer.from(encoded.bytes);
      const back = decodeValue(encoded.kind, bytes);
      bytes.fill(0xff);
      assertSame(back, value);
    }
    const own = Buffer.from('abc');
    assert.equal((adoptValue('bytes', own) as Buffer).buffer, own.buffer);
  });
});

describe('values that cannot be stored', () => {
  class Point {
    x = 1;
  }
  class Tags extends Set<string> {}
  class Names extends Array<string> {}
  const cycle: { list: unknown[] } = { list: [] };
  cycle.list.push({ back: cycle });
  const sparse: unknown[] = [1, 2];
  sparse[3] = 4;

  const cases: readonly (readonly [string, unknown, string])[] = [
    ['a function', { user: { callback: () => 1 } }, '.user.callback is a function'],
    ['a symbol', [1, Symbol('s')], '[1] is a symbol'],
    ['undefined itself', undefined, 'it is undefined; delete the key instead'],
    ['a class instance', { p: [new Point()] }, '.p[0] is an instance of Point'],
    ['a subclass of Set', { t: new Tags() }, '.t is an instance of Tags'],
    ['a subclass of Array', { n: new Names() }, '.n is an instance of Names'],
    ['a boxed number', Object(1), 'it is an instance of Number'],
    ['an error', { e: new Error('no') }, '.e is an instance of Error'],
    ['a regular expression', /x/, 'it is an instance of RegExp'],
    ['an ArrayBuffer', { m: new ArrayBuffer(1) }, '.m is an instance of ArrayBuffer'],
    ['a promise', { 'a b': Promise.resolve() }, '["a b"] is an instance of Promise'],
    ['a cycle', cycle, '.list[0].back is a cycle back to the value itself'],
    ['a hole', { s: sparse }, '.s[2] is a hole in an array'],
    ['a property of an array', { m: 'ab'.match(/b/) }, '.m has a property "groups" beside'],
    ['a property of a map', Object.assign(new Map(), { x: 1 }), 'it has a property "x" beside'],
    ['a symbol key', { o: { [Symbol('k')]: 1 } }, '.o has symbol keys'],
    ['a part of a map', new Map([['k', () => 1]]), '.get("k") is a function'],
    ['a key of a map', { m: new Map([[() => 1, 1]]) }, '.m.keys()[0] is a function'],
    ['an element of a set', new Set([1, () => 1]), '.values()[1] is a function'],
    ['a fake of a built-in', Object.create(Map.prototype) as object, 'it is an instance of Map'],
  ];

  for (const [what, value, text] of cases) {
    it(`are refused with their path: ${what} (LIB-2, LIB-4)`, () => {
      const message = refusal(value);
      assert.ok(message.startsWith(`Cannot store value: ${text}`), message);
    });
  }

  it(`are refused when nested deeper than the limit, not at it (LIB-2)`, () => {
    assertSame(through(nested(DEPTH_MAX)), nested(DEPTH_MAX));
    assert.match(refusal(nested(DEPTH_MAX + 1)), /is nested deeper than 512 levels$/);
    assert.match(refusal(nested(200_000)), / … /);
  });

  it('leave the packer ready for the next value (LIB-2)', () => {
    refusal({ deep: [[() => 1]] });
    assertSame(through({ a: [1] }), { a: [1] });
  });

  it('are refused over the limit for one value, whatever their kind (LIB-4)', () => {
    const list: unknown[] = ['x'.repeat(1000)];
    // Thirty doublings would be a terabyte: the limit stops the packer, not the memory.
    let doubled: unknown = list;
    for (let i = 0; i < 30; i++) doubled = [doubled, doubled];
    const cases: readonly unknown[] = [
      'é'.repeat(5001),
      Buffer.alloc(10_001),
      doubled,
      'x'.repeat(10_001),
    ];
    for (const value of cases) {
      assert.throws(() => encodeValue(value, 10_000), { code: 'ERR_VALUE_TOO_LARGE' });
    }
    assert.equal(encodeValue('é'.repeat(5000), 10_000).bytes.length, 10_000);
    const packed = encodeValue(list).bytes.length;
    assert.equal(encodeValue(list, packed).bytes.length, packed);
    assert.throws(() => encodeValue(list, packed - 1), { code: 'ERR_VALUE_TOO_LARGE' });
  });
});
