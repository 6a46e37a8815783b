import assert from 'node:assert/strict';
import test from 'node:test';
import { KEY_BYTES_MAX } from '#src/base/key.js';
import { SlabCache } from '#src/slab-cache.js';

const bytesOf = (text: string): Buffer => Buffer.from(text);

/** A cache whose clock stands still until the test moves it. */
function cacheAt(start: number, memoryLimit: number | string = '1mb') {
  const time = { now: start };
  return { time, cache: new SlabCache({ memoryLimit, clock: () => time.now }) };
}

test('SlabCache gives back what was put in, as bytes of its own (NODE-1, NODE-2)', () => {
  const { cache } = cacheAt(0);
  const value = bytesOf('hello');
  cache.set('key', value);
  value.fill(0);
  const got = cache.get('key') as Buffer;
  assert.equal(got.toString(), 'hello');
  got.fill(0);
  assert.equal(cache.get('key')?.toString(), 'hello');
  assert.equal(cache.get('other'), undefined);
});

test('SlabCache stores values of no bytes, and parts of larger arrays (NODE-2)', () => {
  const { cache } = cacheAt(0);
  cache.set('empty', new Uint8Array(0));
  assert.equal(cache.get('empty')?.length, 0);
  cache.set('part', bytesOf('abcdefgh').subarray(2, 5));
  assert.equal(cache.get('part')?.toString(), 'cde');
});

test('SlabCache takes a string and its UTF-8 bytes as the same key (NODE-1)', () => {
  const { cache } = cacheAt(0);
  for (const key of ['k', 'user:42', 'größe', '名前', '😀', 'a\0b', 'x'.repeat(KEY_BYTES_MAX)]) {
    cache.set(key, bytesOf('one'));
    assert.equal(cache.get(bytesOf(key))?.toString(), 'one');
    cache.set(bytesOf(key), bytesOf('two'));
    assert.equal(cache.get(key)?.toString(), 'two');
    assert.equal(cache.delete(bytesOf(key)), true);
    assert.equal(cache.has(key), false);
  }
  assert.equal(cache.stats().trackedBytes, 0);
});

test('SlabCache.getInto() copies to a place, and says so where it has no room (NODE-1)', () => {
  const { cache } = cacheAt(0);
  cache.set('key', bytesOf('hello'));
  const target = Buffer.alloc(8, '.');
  assert.equal(cache.getInto('key', target, 3), 5);
  assert.equal(target.toString(), '...hello');
  target.fill('.');
  assert.equal(cache.getInto('key', target, 4), 5);
  assert.equal(cache.getInto('key', Buffer.alloc(4)), 5);
  assert.equal(cache.getInto('other', target), -1);
  assert.equal(target.toString(), '........');
});

test('SlabCache.has() does not make a key recently used, get() does (NODE-1, NODE-2)', () => {
  const charge = 1 + 135 + 64;
  const { cache } = cacheAt(0, 5 * charge + 24);
  const fill = (keys: string): void => {
    for (const key of keys) cache.set(key, Buffer.alloc(135));
  };
  fill('abcde');
  assert.equal(cache.stats().entries, 5);
  assert.equal(cache.has('a'), true);
  assert.notEqual(cache.get('b'), undefined);
  fill('fg');
  assert.deepEqual(
    [...'abcdefg'].filter((key) => cache.has(key)),
    [...'bdefg'],
  );
  assert.equal(cache.stats().evicted, 2);
  assert.equal(cache.stats().trackedBytes, 5 * charge);
});

test('SlabCache serves an entry until its time to live is over, and not then (NODE-6)', () => {
  const { cache, time } = cacheAt(1000);
  cache.set('key', bytesOf('value'), { ttl: 50 });
  cache.set('forever', bytesOf('value'));
  time.now = 1049.999;
  assert.equal(cache.get('key')?.toString(), 'value');
  time.now = 1050;
  assert.equal(cache.get('key'), undefined);
  assert.equal(cache.has('key'), false);
  assert.equal(cache.getInto('key', Buffer.alloc(10)), -1);
  assert.equal(cache.delete('key'), false);
  time.now = Number.MAX_SAFE_INTEGER;
  assert.equal(cache.get('forever')?.toString(), 'value');
  assert.equal(cache.stats().expired, 1);
});

test('SlabCache counts time from 0, which is an instant like any other (NODE-6)', () => {
  const { cache, time } = cacheAt(0);
  cache.set('key', bytesOf('value'), { ttl: 1 });
  assert.equal(cache.has('key'), true);
  time.now = 1;
  assert.equal(cache.has('key'), false);
  time.now = -5;
  cache.set('early', bytesOf('value'), { ttl: 5 });
  assert.equal(cache.has('early'), true);
  time.now = 0;
  assert.equal(cache.has('early'), false);
});

test('SlabCache.set() without a time to live takes the old one away (NODE-6)', () => {
  const { cache, time } = cacheAt(0);
  cache.set('key', bytesOf('old'), { ttl: 10 });
  cache.set('key', bytesOf('new'));
  time.now = 11;
  assert.equal(cache.get('key')?.toString(), 'new');
});

test('SlabCache.sweep() removes expired entries and goes on while there are many (NODE-6)', () => {
  const { cache, time } = cacheAt(0);
  for (let i = 0; i < 1000; i++) cache.set(`key${i}`, bytesOf('value'), i % 2 ? { ttl: 10 } : {});
  assert.equal(cache.sweep(), 0);
  time.now = 10;
  let removed = 0;
  for (let i = 0; i < 100; i++) removed += cache.sweep();
  assert.equal(removed, 500);
  assert.equal(cache.stats().entries, 500);
});

test('SlabCache.clear() removes everything, and what follows is stored (NODE-5)', () => {
  const { cache } = cacheAt(0);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 3000; i++) cache.set(`key${i}`, bytesOf('value'));
    cache.clear();
    assert.equal(cache.stats().entries, 0);
    assert.equal(cache.stats().trackedBytes, 0);
    assert.equal(cache.get('key7'), undefined);
  }
  cache.set('key7', bytesOf('again'));
  assert.equal(cache.get('key7')?.toString(), 'again');
});

const LONE_SURROGATE = 'a\ud800b';
const TOO_LONG = 'x'.repeat(KEY_BYTES_MAX + 1);
/** As many characters as are allowed in bytes, one of them of two bytes. */
const TOO_LONG_IN_UTF8 = `${'x'.repeat(KEY_BYTES_MAX - 1)}é`;

test('SlabCache refuses keys that are empty, too long or no text, and changes nothing', () => {
  const { cache } = cacheAt(0);
  cache.set('key', bytesOf('value'));
  const before = cache.stats();
  const keys = [
    '',
    new Uint8Array(0),
    TOO_LONG,
    bytesOf(TOO_LONG),
    TOO_LONG_IN_UTF8,
    LONE_SURROGATE,
  ];
  for (const key of keys) {
    const refused = {
      name: 'ShoalError',
      code: 'ERR_KEY',
      message: /^Cannot (set|get|look up|delete): the key /,
    };
    assert.throws(() => cache.set(key, bytesOf('x')), refused);
    assert.throws(() => cache.get(key), refused);
    assert.throws(() => cache.getInto(key, Buffer.alloc(9)), refused);
    assert.throws(() => cache.has(key), refused);
    assert.throws(() => cache.delete(key), refused);
  }
  for (const key of [null, undefined, 7, ['a'], new Uint16Array(2)]) {
    assert.throws(() => cache.get(key as unknown as string), TypeError);
  }
  assert.deepEqual(cache.stats(), before);
  assert.equal(cache.get('key')?.toString(), 'value');
});

test('SlabCache.set() refuses a bad ttl and leaves the old entry (NODE-6)', () => {
  const { cache } = cacheAt(0);
  cache.set('key', bytesOf('old'), { ttl: 10 });
  for (const ttl of [
    0,
    -1,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    '5' as unknown as number,
  ]) {
    assert.throws(() => cache.set('key', bytesOf('new'), { ttl }), {
      code: 'ERR_TTL',
      message: /^Cannot set: ttl must be /,
    });
  }
  assert.equal(cache.get('key')?.toString(), 'old');
  assert.equal(cache.stats().entries, 1);
});

test('SlabCache.set() refuses what is no Uint8Array and leaves the old entry', () => {
  const { cache } = cacheAt(0);
  cache.set('key', bytesOf('old'));
  for (const value of ['new', 7, null, undefined, [1, 2], new Uint16Array(2), new ArrayBuffer(3)]) {
    assert.throws(() => cache.set('key', value as unknown as Uint8Array), {
      code: 'ERR_VALUE_TYPE',
    });
  }
  assert.equal(cache.get('key')?.toString(), 'old');
});

test('SlabCache.set() takes what just fits, and refuses one byte more (NODE-2)', () => {
  const { cache } = cacheAt(0, 10_000);
  cache.set('other', bytesOf('value'));
  cache.set('key', bytesOf('old'));
  const before = cache.stats();
  const tooLarge = Buffer.alloc(10_000 - 64 - 3 + 1);
  assert.throws(() => cache.set('key', tooLarge), {
    code: 'ERR_VALUE_TOO_LARGE',
    message: 'Cannot set: key and value are 3 + 9934 bytes, the memory limit is 10000',
  });
  assert.deepEqual(cache.stats(), before);
  assert.equal(cache.get('key')?.toString(), 'old');
  cache.set('key', tooLarge.subarray(1));
  assert.equal(cache.stats().trackedBytes, 10_000);
  assert.equal(cache.stats().entries, 1);
  assert.equal(cache.get('key')?.length, 9933);
});

test('SlabCache takes its memory limit in bytes or as a text from 1 KB to 4 GB', () => {
  const limits = [
    [1024, 1024],
    ['1kb', 1024],
    ['1KB', 1024],
    ['64mb', 64 * 2 ** 20],
    ['1.5m', 1.5 * 2 ** 20],
    ['4gb', 4 * 2 ** 30],
    [4 * 2 ** 30, 4 * 2 ** 30],
  ] as const;
  for (const [memoryLimit, expected] of limits) {
    assert.equal(new SlabCache({ memoryLimit }).stats().memoryLimit, expected);
  }
  const bad = [
    0,
    1023,
    1024.5,
    -1,
    Number.NaN,
    4 * 2 ** 30 + 1,
    '1023',
    '5gb',
    '',
    '64 mib',
    'lots',
    null,
  ];
  for (const memoryLimit of bad) {
    const message = `Cannot create cache: memoryLimit must be 1kb to 4gb: received ${memoryLimit}`;
    const make = () => new SlabCache({ memoryLimit: memoryLimit as string });
    assert.throws(make, { name: 'RangeError', message });
  }
});

test('SlabCache of 4 GB works where its pages lie, beyond the first gigabyte (NODE-2)', () => {
  const { cache } = cacheAt(0, '4gb');
  const large = Buffer.alloc(100_000, 'ab');
  for (let i = 0; i < 300; i++) cache.set(`key${i}`, i % 10 ? bytesOf(`value${i}`) : large);
  for (let i = 0; i < 300; i++) {
    const expected = i % 10 ? bytesOf(`value${i}`) : large;
    assert.ok(cache.get(`key${i}`)?.equals(expected));
  }
  assert.ok(
    cache.stats().residentBytes < 10 * 2 ** 20,
    'what is reserved and not used costs nothing',
  );
});

test('SlabCache uses the clock of the machine unless it is given one (NODE-6)', () => {
  const cache = new SlabCache({ memoryLimit: '64kb' });
  cache.set('key', bytesOf('value'), { ttl: 60_000 });
  assert.equal(cache.get('key')?.toString(), 'value');
  assert.deepEqual(
    Object.entries(cache.stats()).filter(([, n]) => n < 0 || !Number.isFinite(n)),
    [],
  );
});
