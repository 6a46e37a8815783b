/**
 * Whole numbers as Redis reads them from arguments: 64 bits with a sign, no plus sign, no leading
 * zero, no white space. Beyond 2^53 the value is the nearest double; whether it fits in 64 bits is
 * still decided exactly.
 */

/** The first number that does not fit. */
export const INT64_END = 2 ** 63;

const LARGEST = '9223372036854775807';
const LEAST = '9223372036854775808';
/** Digits that a double adds up exactly. */
const DIGITS_EXACT = 15;
const MINUS = 45;
const ZERO = 48;

/** The number in `data[start, end)`, or null if it is none. */
export function readInteger(data: Uint8Array, start: number, end: number): number | null {
  const negative = start < end && data[start] === MINUS;
  const from = negative ? start + 1 : start;
  const digits = end - from;
  if (digits < 1 || digits > LARGEST.length) return null;
  if (data[from] === ZERO) return digits === 1 && !negative ? 0 : null;
  if (digits > DIGITS_EXACT) return readLong(data, start, end, negative ? LEAST : LARGEST);
  let value = 0;
  for (let i = from; i < end; i++) {
    const digit = (data[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** The same for so many digits that adding them up would round. */
function readLong(data: Uint8Array, start: number, end: number, limit: string): number | null {
  const text = String.fromCharCode(...data.subarray(start, end));
  const digits = text.startsWith('-') ? text.slice(1) : text;
  if (!/^\d+$/.test(digits)) return null;
  // Of the same length, so the order of the strings is that of the numbers.
  if (digits.length === limit.length && digits > limit) return null;
  return Number(text);
}
