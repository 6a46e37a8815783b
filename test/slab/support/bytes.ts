import { Prng } from '#src/base/prng.js';

/** Largest value that `valueAt` can give. */
export const VALUE_BYTES_MAX = 8 * 2 ** 20;
/** How many different values of one length there are. */
const STAMPS = 4093;

/** Random bytes of which every test value is a part: a value is told by where it starts. */
export const PATTERN = makePattern(VALUE_BYTES_MAX + STAMPS);

/** Where in PATTERN the value with a stamp starts. Neighbouring stamps give different bytes. */
export const startOf = (stamp: number): number => stamp % STAMPS;

/** The bytes of the value with this length and stamp. */
export const valueAt = (length: number, stamp: number): Uint8Array =>
  PATTERN.subarray(startOf(stamp), startOf(stamp) + length);

function makePattern(length: number): Buffer {
  const prng = new Prng(7);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = prng.uint32();
  return Buffer.from(words.buffer, 0, length);
}
