import type { RawOptions } from './command-line.js';
import { parseCount, parseTime, type Range, usage } from './quantity.js';

/** A count if it was given, else the default. @throws ShoalError ERR_USAGE */
export function count(
  text: string | undefined,
  name: string,
  range: Range,
  fallback: number,
): number {
  return text === undefined ? fallback : parseCount(name, text, range);
}

/** A length of time in ms if it was given, else the default. @throws ShoalError ERR_USAGE */
export function time(
  text: string | undefined,
  name: string,
  range: Range,
  fallback: number,
): number {
  return text === undefined ? fallback : parseTime(name, text, range);
}

/** Refuses the first of these options that was given. @throws ShoalError ERR_USAGE */
export function refuseGiven(
  raw: RawOptions,
  names: readonly (keyof RawOptions)[],
  why: string,
): void {
  const given = names.find((name) => raw[name] !== undefined);
  if (given === undefined) return;
  const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw usage(`Cannot use --${flag} here: it ${why}`);
}
