/** Keys as applications name them. All strings are built, and flat, before any clock starts. */
import { Buffer } from 'node:buffer';
import { Prng } from '#src/base/prng.js';

/** Kinds of keys by what they look like. */
export const KEY_KINDS: Record<string, (i: number) => string> = {
  'user:17': (i) => `user:${i}`,
  'session:0000000017': (i) => `session:${String(i).padStart(10, '0')}`,
  '17:profile': (i) => `${i}:profile`,
  '/img/17/17.jpg': (i) => `/img/${i % 100}/${i}.jpg`,
  'a000011 (base 36)': (i) => `a${i.toString(36).padStart(6, '0')}`,
};

/** `count` keys of a kind, numbered from 0. */
export function sequentialKeys(kind: (i: number) => string, count: number): string[] {
  return flat(Array.from({ length: count }, (_, i) => kind(i)));
}

/** `count` keys in random order of 10 to 15 bytes. */
export function randomKeys(seed: number, count: number): string[] {
  const random = new Prng(seed);
  return flat(Array.from({ length: count }, () => `user:${random.uint32()}`));
}

/** A concatenated string is a tree until it is first read; a key off the wire is not. */
const flat = (keys: string[]): string[] => keys.map((key) => Buffer.from(key).toString('latin1'));
