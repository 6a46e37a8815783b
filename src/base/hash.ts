import type { KeyHash } from './units.js';

/**
 * MurmurHash3 x86 32-bit (Austin Appleby, public domain), seed 0 unless said otherwise: the hash
 * that places a key on the ring and in a slab's index. `KeyBuffer` computes the same while it
 * copies a key; this is the plain form, for everything that is not on the hot path.
 */
export function murmur3(data: Uint8Array, seed = 0): KeyHash {
  const length = data.length;
  const blocksEnd = length & ~3;
  let hash = seed | 0;
  for (let i = 0; i < blocksEnd; i += 4) {
    const word =
      byteAt(data, i) |
      (byteAt(data, i + 1) << 8) |
      (byteAt(data, i + 2) << 16) |
      (byteAt(data, i + 3) << 24);
    hash = murmurMix(hash, word);
  }
  let tail = 0;
  for (let i = length - 1; i >= blocksEnd; i--) tail = (tail << 8) | byteAt(data, i);
  return murmurFinish(hash, tail, length);
}

const byteAt = (data: Uint8Array, i: number): number => data[i] as number;

/** Folds one whole little-endian word into the hash. */
export function murmurMix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Folds in the last 0 to 3 bytes (zero-padded word) and the length, and finalises. */
export const murmurFinish = (hash: number, tail: number, length: number): KeyHash =>
  (murmurFinishSigned(hash, tail, length) >>> 0) as KeyHash;

/** The same as a signed word: a number that functions hand on without an object on the heap. */
export function murmurFinishSigned(hash: number, tail: number, length: number): number {
  let k = Math.imul(tail, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  let h = hash ^ k ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
