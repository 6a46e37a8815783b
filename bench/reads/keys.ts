/** Keys of 30 ASCII characters, spread over their number so that neighbours do not lie together. */
const DIGITS = 18;
const PREFIX = 'session:user';

export const KEY_BYTES = PREFIX.length + DIGITS;
export const keyOf = (number: number): string => PREFIX + String(number).padStart(DIGITS, '0');

/**
 * A key as a service comes by it: text of its own, just decoded, that no cache has seen as an object,
 * flat, its hash not yet computed.
 */
export const freshKeyOf = (number: number): string =>
  Buffer.from(keyOf(number), 'latin1').toString('latin1');
