/** KeyBuffer copies and hashes in one pass; TextEncoder and the plain murmur3 are the oracle. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { murmur3 } from '#src/base/hash.js';
import { KEY_BYTES_MAX, KeyBuffer } from '#src/base/key.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The buffer holds these bytes, their hash, and zeros up to the end of the last word. */
function holds(key: KeyBuffer, bytes: Uint8Array): void {
  assert.equal(key.length, bytes.length);
  assert.equal(key.hash, murmur3(bytes));
  assert.deepEqual(key.copy(), bytes);
  const padded = (bytes.length + 3) & ~3;
  for (let i = bytes.length; i < padded; i++) assert.equal(key.bytes[i], 0, `padding at ${i}`);
}

suite('KeyBuffer', () => {
  test('KeyBuffer.loadString() gives the UTF-8 of any well-formed string (RING-1)', () => {
    const key = new KeyBuffer();
    const texts = fc.oneof(
      fc.string({ minLength: 1, maxLength: 70 }),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 70 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(key.loadString(text), 'ok');
        holds(key, encode(text));
      }),
    );
  });

  test('KeyBuffer.loadBytes() gives any range of any bytes (RING-1)', () => {
    const key = new KeyBuffer();
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(bytes, fc.nat({ max: 9 }), fc.nat({ max: 9 }), (body, before, behind) => {
        const source = new Uint8Array(before + body.length + behind).fill(0xee);
        source.set(body, before);
        assert.equal(key.loadBytes(source, before, before + body.length), 'ok');
        holds(key, body);
      }),
    );
  });

  test('A string and its UTF-8 bytes from a socket are one key, non-ASCII included (RING-1)', () => {
    const key = new KeyBuffer();
    for (const text of [
      'a',
      'abcd',
      'user:1234567',
      'é',
      'schön',
      '日本語',
      '😀',
      'a😀b',
      '\0',
      '\x7f\x80',
    ]) {
      assert.equal(key.loadString(text), 'ok');
      const { hash } = key;
      const bytes = encode(text);
      assert.equal(key.loadBytes(bytes, 0, bytes.length), 'ok');
      assert.equal(key.hash, hash, text);
    }
  });

  test('KeyBuffer keeps nothing of the key that was there before (RING-1)', () => {
    const key = new KeyBuffer();
    for (const long of ['x'.repeat(64), 'é'.repeat(32)]) {
      for (let length = 1; length <= 9; length++) {
        key.loadString(long);
        key.loadString('k'.repeat(length));
        holds(key, encode('k'.repeat(length)));
        key.loadString(long);
        key.loadString(`${'k'.repeat(length)}é`);
        holds(key, encode(`${'k'.repeat(length)}é`));
      }
    }
  });

  test('KeyBuffer takes 65,535 bytes and refuses one more, counted as UTF-8 (RESP-4)', () => {
    const key = new KeyBuffer();
    const most = new Uint8Array(KEY_BYTES_MAX + 1).fill(0x6b);
    assert.equal(key.loadBytes(most, 0, KEY_BYTES_MAX), 'ok');
    assert.equal(key.loadBytes(most, 0, KEY_BYTES_MAX + 1), 'too-long');
    assert.equal(key.loadString('k'.repeat(KEY_BYTES_MAX)), 'ok');
    holds(key, most.subarray(0, KEY_BYTES_MAX));
    assert.equal(key.loadString('k'.repeat(KEY_BYTES_MAX + 1)), 'too-long');
    const accents = Math.floor(KEY_BYTES_MAX / 2);
    assert.equal(key.loadString(`k${'é'.repeat(accents)}`), 'ok');
    holds(key, encode(`k${'é'.repeat(accents)}`));
    assert.equal(key.loadString(`kk${'é'.repeat(accents)}`), 'too-long');
  });

  test('KeyBuffer refuses an empty key and a lone surrogate (RESP-4)', () => {
    const key = new KeyBuffer();
    assert.equal(key.loadString(''), 'empty');
    assert.equal(key.loadBytes(new Uint8Array(4), 2, 2), 'empty');
    for (const text of ['\ud800', 'a\udc00b', '\ude00\ud83d']) {
      assert.equal(key.loadString(text), 'ill-formed');
    }
    assert.equal(key.loadString('ok'), 'ok');
    holds(key, encode('ok'));
  });
});
