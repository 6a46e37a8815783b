import { KEY_BYTES_MAX } from '#src/base/key.js';
import type { Prng } from '#src/base/prng.js';

/** Distinct keys like those of a service: `user:42:name`, some not in ASCII. */
export function plainKeys(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(i % 8 === 0 ? `größe:${i}:名前` : `user:${i}:name`),
  );
}

/** Distinct keys of random bytes and lengths up to `lengthMax`, short ones likelier. */
export function randomKeys(count: number, lengthMax: number, prng: Prng): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const longest = prng.below(4) === 0 ? lengthMax : Math.min(40, lengthMax);
    const key = Buffer.alloc(4 + prng.below(longest - 3));
    for (let at = 4; at < key.length; at++) key[at] = prng.below(256);
    key.writeUInt32LE(i);
    return key;
  });
}

/** Keys at both ends of what is allowed, distinct by their first bytes. */
export function extremeKeys(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const length = [1, 2, 3, 4, 5, 463, 464, 465, 4096, KEY_BYTES_MAX - 1, KEY_BYTES_MAX][i % 11];
    const key = Buffer.alloc(length as number, i & 0xff);
    if (key.length >= 4) key.writeUInt32LE(i);
    else key[0] = i & 0xff;
    return key;
  });
}
