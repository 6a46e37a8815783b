import { ShoalError } from '../base/errors.js';

/**
 * The one kind of error that options cause: a line that says which option, as its user wrote it
 * (`--nodes`, `SHOAL_NODES`, `nodes`), what it has to be, and what it was.
 */

/** Where a value was given, for errors. @param below the part of it: '' or `[2].weight` */
export type Label = (below: string) => string;

/** Longer values are cut in errors. */
const RECEIVED_CHARS_MAX = 60;

/** `Cannot start cluster: …` */
export const usage = (text: string, cause?: unknown): ShoalError =>
  new ShoalError(
    'ERR_USAGE',
    `Cannot start cluster: ${text}`,
    cause === undefined ? {} : { cause },
  );

/** The value does not fit. @param wanted completes `must be …` */
export const misfit = (label: string, wanted: string, received: unknown): ShoalError =>
  usage(`${label} must be ${wanted}: received ${show(received)}`);

/** The value is legal, but nothing would come of it yet; accepting it would be a lie. */
export const notAvailable = (what: string): ShoalError =>
  usage(`${what} is not available in this version: leave it out`);

/** One line, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  const text = isPlainData(value) ? JSON.stringify(value) : String(value);
  return text.length <= RECEIVED_CHARS_MAX ? text : `${text.slice(0, RECEIVED_CHARS_MAX)}…`;
}

function isPlainData(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value) || isObject(value);
}

/** An object with names, as JSON has it. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An unknown name, with the known one that was probably meant. */
export function unknownName(what: string, name: string, known: readonly string[]): ShoalError {
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint =
    nearest !== undefined && nearest.distance <= DISTANCE_MAX
      ? `did you mean ${show(nearest.candidate)}?`
      : `known are ${known.join(', ')}`;
  return usage(`unknown ${what} ${show(name)}: ${hint}`);
}

/** More changes than this are another word. */
const DISTANCE_MAX = 3;

/** Letters to add, drop or replace between two words (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= Math.min(from.length, RECEIVED_CHARS_MAX); i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
