import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, instant, NEVER } from '#src/base/units.js';
import { CircuitBreaker } from '#src/loading/breaker.js';
import {
  checkLoad,
  checkLoading,
  type LoaderFile,
  type LoadOptions,
} from '#src/runtime/load-options.js';

const loader = (): string => 'value';
const DEFAULTS = {
  ttl: Number.POSITIVE_INFINITY,
  jitter: 0,
  timeout: 10_000,
  beta: 1,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  staleFor: 0,
  negativeTtl: 0,
  errorTtl: 0,
  breaker: null,
};

/** Options as somebody without type checks might give them. */
const check = (options: unknown, given: unknown = loader) =>
  checkLoad(given as typeof loader, options as LoadOptions | undefined);

test('checkLoad() fills in the defaults', () => {
  assert.deepEqual(check(undefined), DEFAULTS);
  assert.deepEqual(check({}), DEFAULTS);
  assert.deepEqual(check({ ttl: undefined, beta: undefined, breaker: undefined }), DEFAULTS);
  assert.equal(after(instant(5), check(undefined).ttl), NEVER);
});

test('checkLoad() takes every option to the ends of its range', () => {
  const breaker = new CircuitBreaker();
  const least = { ttl: 0.1, jitter: 0, timeout: 1, beta: 0, breaker };
  assert.deepEqual(check(least), { ...DEFAULTS, ...least, ttl: 1 });
  const most = {
    ttl: Number.MAX_VALUE,
    jitter: 1,
    timeout: 2_147_483_647,
    beta: Number.MAX_VALUE,
    staleWhileRevalidate: Number.MAX_VALUE,
    staleIfError: 1,
    negativeTtl: 3_600_000,
    errorTtl: 60_000,
  };
  assert.deepEqual(check(most), { ...DEFAULTS, ...most, staleFor: Number.MAX_VALUE });
});

test('checkLoad() keeps what is stale for the longer of the two windows, in whole milliseconds', () => {
  assert.equal(check({ staleWhileRevalidate: 10.5, staleIfError: 3 }).staleFor, 11);
  assert.equal(check({ staleWhileRevalidate: 10, staleIfError: 30.1 }).staleFor, 31);
});

test('checkLoad() makes no new record for the options of the call before', () => {
  const first = check({ ttl: 60_000, staleIfError: 5 });
  assert.equal(
    check({ ttl: 60_000, staleIfError: 5, signal: new AbortController().signal }),
    first,
  );
  assert.notEqual(check({ ttl: 60_000 }), first);
  assert.equal(check(undefined), check(undefined));
});

test('checkLoad() sees what was changed in the object of the call before', () => {
  const options = { ttl: 1_000 };
  assert.equal(check(options).ttl, 1_000);
  options.ttl = 2_000;
  assert.equal(check(options).ttl, 2_000);
  options.ttl = -1;
  for (let i = 0; i < 2; i++) assert.throws(() => check(options), { code: 'ERR_TTL' });
  options.ttl = 2_000;
  assert.equal(check(options).ttl, 2_000);
});

test('checkLoad() does not take inherited options for absent ones', () => {
  assert.equal(check(Object.create({ ttl: 500 })).ttl, 500);
  assert.equal(check({}).ttl, Number.POSITIVE_INFINITY);
});

const wrong: readonly (readonly [unknown, typeof TypeError | typeof RangeError, string])[] = [
  [null, TypeError, 'options must be an object: received null'],
  [5, TypeError, 'options must be an object: received 5'],
  [{ jitter: -0.1 }, RangeError, 'jitter must be a number from 0 to 1: received -0.1'],
  [{ jitter: 1.01 }, RangeError, 'jitter must be a number from 0 to 1: received 1.01'],
  [{ jitter: '0.5' }, TypeError, 'jitter must be a number from 0 to 1: received string'],
  [
    { timeout: 0 },
    RangeError,
    'timeout must be a number of milliseconds from 1 to 2147483647: received 0',
  ],
  [
    { timeout: 2 ** 31 },
    RangeError,
    'timeout must be a number of milliseconds from 1 to 2147483647: received 2147483648',
  ],
  [
    { timeout: Number.NaN },
    RangeError,
    'timeout must be a number of milliseconds from 1 to 2147483647: received NaN',
  ],
  [
    { timeout: null },
    TypeError,
    'timeout must be a number of milliseconds from 1 to 2147483647: received null',
  ],
  [{ beta: -1 }, RangeError, 'beta must be a number, at least 0 and finite: received -1'],
  [
    { beta: Number.POSITIVE_INFINITY },
    RangeError,
    'beta must be a number, at least 0 and finite: received Infinity',
  ],
  [{ beta: true }, TypeError, 'beta must be a number, at least 0 and finite: received boolean'],
  [
    { staleWhileRevalidate: -1 },
    RangeError,
    'staleWhileRevalidate must be a number of milliseconds, at least 0 and finite: received -1',
  ],
  [
    { staleIfError: Number.POSITIVE_INFINITY },
    RangeError,
    'staleIfError must be a number of milliseconds, at least 0 and finite: received Infinity',
  ],
  [
    { negativeTtl: 3_600_001 },
    RangeError,
    'negativeTtl must be a number of milliseconds from 0 to 3600000: received 3600001',
  ],
  [
    { errorTtl: 60_001 },
    RangeError,
    'errorTtl must be a number of milliseconds from 0 to 60000: received 60001',
  ],
  [
    { errorTtl: {} },
    TypeError,
    'errorTtl must be a number of milliseconds from 0 to 60000: received object',
  ],
  [{ breaker: {} }, TypeError, 'breaker must be a CircuitBreaker: received object'],
  [{ breaker: null }, TypeError, 'breaker must be a CircuitBreaker: received null'],
];

/** A jitter is not for loads alone. */
const messageOf = (text: string): string =>
  text.startsWith('jitter') ? `Cannot shorten time to live: ${text}` : `Cannot load: ${text}`;

for (const [options, error, text] of wrong) {
  test(`checkLoad() refuses: ${text}`, () => {
    const expected = { name: error.name, message: messageOf(text) };
    // Twice: what was refused is not taken the second time.
    for (let i = 0; i < 2; i++) assert.throws(() => check(options), expected);
  });
}

for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '60', null]) {
  test(`checkLoad() refuses ttl ${typeof ttl} ${String(ttl)} as set() does`, () => {
    assert.throws(() => check({ ttl }), { name: 'ShoalError', code: 'ERR_TTL' });
  });
}

test('checkLoad() takes a function, or a file with what goes with it', () => {
  const files: LoaderFile[] = [
    { file: './loader.js' },
    { file: 'file:///loader.js', name: 'load', threads: 1 },
    { file: new URL('file:///loader.js'), threads: 64 },
  ];
  for (const file of files) assert.deepEqual(check(undefined, file), DEFAULTS);
  assert.deepEqual(
    check(undefined, async () => 'value'),
    DEFAULTS,
  );
});

const wrongLoaders: readonly (readonly [unknown, typeof TypeError | typeof RangeError, string])[] =
  [
    [undefined, TypeError, 'the loader must be a function or { file }: received undefined'],
    [null, TypeError, 'the loader must be a function or { file }: received null'],
    ['./loader.js', TypeError, 'the loader must be a function or { file }: received string'],
    [{}, TypeError, "the loader's file must be a path or a file: URL: received undefined"],
    [{ file: '' }, TypeError, "the loader's file must be a path or a file: URL: received ''"],
    [
      { file: new URL('https://x.test/a.js') },
      TypeError,
      "the loader's file must be a path or a file: URL: received https://x.test/a.js",
    ],
    [
      { file: 'a.js', name: '' },
      TypeError,
      "the loader's name must be that of an export of its file: received ''",
    ],
    [
      { file: 'a.js', name: 7 },
      TypeError,
      "the loader's name must be that of an export of its file: received 7",
    ],
    [
      { file: 'a.js', threads: 0 },
      RangeError,
      "the loader's threads must be a whole number from 1 to 64: received 0",
    ],
    [
      { file: 'a.js', threads: 65 },
      RangeError,
      "the loader's threads must be a whole number from 1 to 64: received 65",
    ],
    [
      { file: 'a.js', threads: 1.5 },
      RangeError,
      "the loader's threads must be a whole number from 1 to 64: received 1.5",
    ],
    [
      { file: 'a.js', threads: '2' },
      TypeError,
      "the loader's threads must be a whole number from 1 to 64: received string",
    ],
  ];

for (const [given, error, text] of wrongLoaders) {
  test(`checkLoad() refuses: ${text}`, () => {
    const expected = { name: error.name, message: `Cannot load: ${text}` };
    assert.throws(() => checkLoad(given as typeof loader, undefined), expected);
  });
}

test('checkLoading() fills in the defaults and takes the ends of the ranges', () => {
  assert.deepEqual(checkLoading(), { concurrency: 131_072, waiters: 16_384 });
  assert.deepEqual(checkLoading({ concurrency: 1 }), { concurrency: 1, waiters: 16_384 });
  assert.deepEqual(checkLoading({ waiters: 1_048_576 }), {
    concurrency: 131_072,
    waiters: 1_048_576,
  });
});

for (const [loading, text] of [
  [{ concurrency: 0 }, 'loading.concurrency must be a whole number from 1 to 1048576: received 0'],
  [
    { waiters: 1_048_577 },
    'loading.waiters must be a whole number from 1 to 1048576: received 1048577',
  ],
  [{ waiters: 1.5 }, 'loading.waiters must be a whole number from 1 to 1048576: received 1.5'],
  [{ waiters: '7' }, 'loading.waiters must be a whole number from 1 to 1048576: received string'],
  [null, 'loading must be an object: received null'],
  ['many', 'loading must be an object: received string'],
] as const) {
  test(`checkLoading() refuses: ${text}`, () => {
    assert.throws(() => checkLoading(loading as unknown as object), {
      name: 'ShoalError',
      code: 'ERR_USAGE',
      message: `Cannot make client: ${text}`,
    });
  });
}
