/** Keys for tests of loading, those included that have one hash. */
import { KeyBuffer } from '#src/base/key.js';
import type { KeyHash } from '#src/base/units.js';

/** @param hash instead of its own, so that keys collide */
export function keyOf(text: string, hash?: number): KeyBuffer {
  const key = new KeyBuffer();
  key.loadString(text);
  if (hash !== undefined) key.hash = hash as KeyHash;
  return key;
}
