import { Buffer } from 'node:buffer';
import fc from 'fast-check';

/** Every value that can be stored, for property tests. */

type Bytes = Uint8Array<ArrayBuffer>;

const bytes = fc.uint8Array({ maxLength: 40 }) as fc.Arbitrary<Bytes>;

/** The memory of a typed array, cut to whole elements. */
const memory = (size: number): fc.Arbitrary<ArrayBuffer> =>
  bytes.map((b) => b.slice(0, b.length - (b.length % size)).buffer);

const typedArray = fc.oneof(
  memory(1).map((b) => new Int8Array(b)),
  memory(1).map((b) => new Uint8Array(b)),
  memory(1).map((b) => new Uint8ClampedArray(b)),
  memory(2).map((b) => new Int16Array(b)),
  memory(2).map((b) => new Uint16Array(b)),
  memory(4).map((b) => new Int32Array(b)),
  memory(4).map((b) => new Uint32Array(b)),
  memory(4).map((b) => new Float32Array(b)),
  memory(8).map((b) => new Float64Array(b)),
  memory(8).map((b) => new BigInt64Array(b)),
  memory(8).map((b) => new BigUint64Array(b)),
);

const number = fc.oneof(
  fc.double(),
  fc.float(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc
    .tuple(fc.constantFrom(5, 7, 8, 15, 16, 31, 32, 33, 53), fc.integer({ min: -2, max: 2 }))
    .chain(([bits, off]) => fc.constantFrom(2 ** bits + off, -(2 ** bits) + off)),
);

const bigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
  fc
    .tuple(fc.integer({ min: 0, max: 130 }), fc.bigInt({ min: -2n, max: 2n }))
    .chain(([bits, off]) =>
      fc.constantFrom((1n << BigInt(bits)) + off, -(1n << BigInt(bits)) + off),
    ),
);

/** Any sequence of UTF-16 code units, lone surrogates included. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'length', '0', '', '\u0000'),
);

const date = fc.date({ noInvalidDate: false });

export const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(null, undefined, true, false),
      number,
      bigint,
      text,
      date,
      typedArray,
      bytes.map((b) => Buffer.from(b)),
    ),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 6 }).map((pairs) => object({}, pairs)),
    fc
      .array(fc.tuple(text, tie('value')), { maxLength: 4 })
      .map((pairs) => object(Object.create(null) as object, pairs)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 5 }).map((parts) => new Set(parts)),
  ),
}));

/** Own properties, whatever they are called. */
function object(target: object, pairs: readonly (readonly [string, unknown])[]): object {
  for (const [name, part] of pairs) {
    Object.defineProperty(target, name, {
      value: part,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return target;
}
