import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { murmur3 } from '#src/base/hash.js';
import { KEY_BYTES_MAX, KeyBuffer } from '#src/base/key.js';
import { BYTE_VECTORS, SMHASHER_VERIFICATION, TEXT_VECTORS } from './murmur-vectors.js';

/** The hash as its definition reads, in whole numbers of any size. */
function plainMurmur(data: Uint8Array): number {
  const word = 0xffff_ffffn;
  const turn = (x: bigint, bits: bigint) => ((x << bits) | (x >> (32n - bits))) & word;
  const scramble = (k: bigint) => (turn((k * 0xcc9e2d51n) & word, 15n) * 0x1b873593n) & word;
  let hash = 0n;
  for (let at = 0; at < data.length; at += 4) {
    const part = data.subarray(at, at + 4);
    const k = part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    hash ^= scramble(k);
    if (part.length === 4) hash = (turn(hash, 13n) * 5n + 0xe6546b64n) & word;
  }
  hash ^= BigInt(data.length);
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & word;
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & word;
  return Number(hash ^ (hash >> 16n));
}

const loaded = (key: string | Uint8Array, buffer = new KeyBuffer()): KeyBuffer => {
  const check =
    typeof key === 'string' ? buffer.loadString(key) : buffer.loadBytes(key, 0, key.length);
  assert.equal(check, 'ok');
  return buffer;
};

describe('murmur3', () => {
  test('gives the published hashes of bytes (RING-1)', () => {
    for (const [hex, seed, hash] of BYTE_VECTORS) {
      assert.equal(murmur3(Buffer.from(hex, 'hex'), seed), hash, `'${hex}', seed ${seed}`);
    }
  });

  test('gives the published hashes of texts as UTF-8 (RING-1)', () => {
    for (const [text, seed, hash] of TEXT_VECTORS) {
      assert.equal(murmur3(Buffer.from(text), seed), hash, `'${text}', seed ${seed}`);
    }
  });

  test('passes the verification of SMHasher (RING-1)', () => {
    // Hash {}, {0}, {0, 1} … under seeds 256, 255, 254 …, then hash the 256 hashes.
    const hashes = Buffer.alloc(256 * 4);
    const key = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (let i = 0; i < 256; i++) hashes.writeUInt32LE(murmur3(key.subarray(0, i), 256 - i), i * 4);
    assert.equal(murmur3(hashes), SMHASHER_VERIFICATION);
  });
});

describe('KeyBuffer', () => {
  test('gives the published hashes, seed 0, of bytes and of texts (RING-1)', () => {
    for (const [hex, seed, hash] of BYTE_VECTORS) {
      if (seed === 0 && hex !== '') assert.equal(loaded(Buffer.from(hex, 'hex')).hash, hash);
    }
    for (const [text, seed, hash] of TEXT_VECTORS) {
      if (seed === 0) assert.equal(loaded(text).hash, hash);
    }
  });

  test('hashes texts and bytes of every length from 1 to 70 as murmur3 does (RING-1)', () => {
    const buffer = new KeyBuffer(); // One for all, so that what an earlier key left behind shows.
    for (let length = 70; length >= 1; length--) {
      const text = Array.from({ length }, (_, i) => String.fromCharCode(33 + i)).join('');
      const bytes = Uint8Array.from({ length }, (_, i) => 255 - i * 3);
      assert.equal(loaded(text, buffer).hash, murmur3(Buffer.from(text)), `text of ${length}`);
      assert.equal(loaded(bytes, buffer).hash, murmur3(bytes), `bytes of ${length}`);
      assert.equal(buffer.hash, plainMurmur(bytes), `bytes of ${length}, plainly`);
    }
  });

  test('loads any text just as it loads its UTF-8 bytes (RING-1)', () => {
    const fromText = new KeyBuffer();
    const fromBytes = new KeyBuffer();
    const text = fc.string({ minLength: 1, maxLength: 80, unit: 'binary' });
    fc.assert(
      fc.property(text, (key) => {
        const bytes = Buffer.from(key);
        loaded(key, fromText);
        loaded(bytes, fromBytes);
        const words = (bytes.length + 3) >> 2;
        assert.equal(fromText.hash, plainMurmur(bytes));
        assert.equal(fromText.hash, fromBytes.hash);
        assert.equal(fromText.length, bytes.length);
        assert.deepEqual(fromText.copy(), new Uint8Array(bytes));
        // Padding included: a slab compares whole words.
        assert.deepEqual(fromText.words.slice(0, words), fromBytes.words.slice(0, words));
      }),
    );
  });

  test('loads the part of a buffer that it is told', () => {
    const frame = Buffer.from('GET user:1000 now');
    const buffer = new KeyBuffer();
    assert.equal(buffer.loadBytes(frame, 4, 13), 'ok');
    assert.equal(buffer.hash, loaded('user:1000').hash);
  });

  test('takes keys up to its limit in bytes of UTF-8 and refuses longer ones', () => {
    const buffer = new KeyBuffer();
    const most = 'π'.repeat((KEY_BYTES_MAX - 1) / 2);
    assert.equal(buffer.loadString(`${most}a`), 'ok');
    assert.equal(buffer.loadString(`${most}aa`), 'too-long');
    assert.equal(buffer.loadString('a'.repeat(KEY_BYTES_MAX)), 'ok');
    assert.equal(buffer.loadString('a'.repeat(KEY_BYTES_MAX + 1)), 'too-long');
    assert.equal(buffer.loadBytes(Buffer.alloc(KEY_BYTES_MAX + 1), 0, KEY_BYTES_MAX), 'ok');
    assert.equal(
      buffer.loadBytes(Buffer.alloc(KEY_BYTES_MAX + 1), 0, KEY_BYTES_MAX + 1),
      'too-long',
    );
  });

  test('refuses empty keys and lone surrogates', () => {
    const buffer = new KeyBuffer();
    assert.equal(buffer.loadString(''), 'empty');
    assert.equal(buffer.loadBytes(Buffer.from('key'), 1, 1), 'empty');
    assert.equal(buffer.loadString('\ud800'), 'ill-formed');
    assert.equal(buffer.loadString('key\udc00'), 'ill-formed');
    assert.equal(buffer.loadString('\udc00\ud800'), 'ill-formed');
    assert.equal(buffer.loadString('\ud83d\ude00'), 'ok');
  });
});
