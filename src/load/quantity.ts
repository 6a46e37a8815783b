import { ShoalError } from '../base/errors.js';
import { parseSize as readSize } from '../base/size.js';

/**
 * Quantities as people type them: sizes (`64mb`, powers of 1024), lengths of time (`10s`), counts
 * (`100k`, powers of 1000) and shares (`0.95`). Each parser refuses what it does not fully
 * understand, and says what it would have taken.
 */

const TIME_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const COUNT_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1_000],
  ['m', 1_000_000],
  ['g', 1_000_000_000],
]);

/** Which numbers are taken, both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A number of bytes. @throws ShoalError ERR_USAGE */
export function parseSize(name: string, text: string, range: Range): number {
  const value = readSize(text);
  if (value === null) throw refused(name, text, 'a size such as 100, 4kb or 64mb');
  if (!(value >= range.min && value <= range.max)) throw outOfRange(name, text, range);
  return value;
}

/** A length of time in milliseconds. @throws ShoalError ERR_USAGE */
export function parseTime(name: string, text: string, range: Range): number {
  const wanted = 'a length of time such as 500ms, 10s or 5m';
  return parseWhole(name, text, TIME_UNITS, range, wanted);
}

/** A count. @throws ShoalError ERR_USAGE */
export function parseCount(name: string, text: string, range: Range): number {
  return parseWhole(name, text, COUNT_UNITS, range, 'a count such as 50, 100k or 2m');
}

/** Any number of a range. @throws ShoalError ERR_USAGE */
export function parseNumber(name: string, text: string, range: Range): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw refused(name, text, 'a number such as 0.95');
  const value = Number(text);
  if (!(value >= range.min && value <= range.max)) throw outOfRange(name, text, range);
  return value;
}

/** An error that ends the command line with exit code 2. */
export function usage(message: string): ShoalError {
  return new ShoalError('ERR_USAGE', message);
}

function parseWhole(
  name: string,
  text: string,
  units: ReadonlyMap<string, number>,
  range: Range,
  wanted: string,
): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
  const factor = units.get((match?.[2] ?? '').toLowerCase());
  if (match === null || factor === undefined) throw refused(name, text, wanted);
  const value = Math.round(Number(match[1]) * factor);
  if (!(value >= range.min && value <= range.max)) throw outOfRange(name, text, range);
  return value;
}

const refused = (name: string, text: string, wanted: string): ShoalError =>
  usage(`Cannot read ${name} '${text}': give ${wanted}`);

const outOfRange = (name: string, text: string, range: Range): ShoalError =>
  usage(`Cannot use ${name} '${text}': give something from ${range.min} to ${range.max}`);
