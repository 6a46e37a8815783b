const DIGITS = 12;

/** Key number i: 20 bytes. */
export const keyOf = (number: number): string => `product:${String(number).padStart(DIGITS, '0')}`;
