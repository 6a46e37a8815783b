/** One replica of the key: what it answers, installs, forgets (rules F and N). */
import type { Rules } from './rules.js';
import {
  BLANKET,
  ENTRY,
  FLOOR,
  get,
  head,
  JOINED,
  OP_VERSION,
  OPS,
  OWED,
  put,
  type State,
  UNASKED,
} from './state.js';

/** An answer in a byte: the version, and whether there is a record or just a floor. */
export type Answer = number;
export const answerOf = (version: number, isRecord: boolean): Answer =>
  version * 2 + (isRecord ? 1 : 0);
export const versionOf = (answer: Answer): number => answer >> 1;
export const isRecord = (answer: Answer): boolean => (answer & 1) === 1;
/** No answer: a newcomer's, for versions older than its joining. */
export const UNKNOWN: Answer = UNASKED;

/** What stands in the memory, whoever may count on it: the record's version, or the floor. */
export const held = (s: State, n: number): number => get(s, n, ENTRY) || get(s, n, FLOOR);

export const isUnknown = (s: State, n: number): boolean =>
  get(s, n, JOINED) !== 0 && held(s, n) < get(s, n, BLANKET);

export const answer = (s: State, n: number): Answer =>
  isUnknown(s, n) ? UNKNOWN : answerOf(held(s, n), get(s, n, ENTRY) !== 0);

/** Puts a version into the memory, if it is above the present answer. @returns whether it is in. */
export function install(s: State, n: number, version: number, rules: Rules): boolean {
  if (rules.refusesOlder && isUnknown(s, n) && version <= get(s, n, BLANKET)) return false;
  if (version <= held(s, n)) return false;
  put(s, n, ENTRY, version);
  return true;
}

/** What hints and repairs would do through a door of their own: compare with the record alone. */
export function installBesideFloor(s: State, n: number, version: number): boolean {
  if (isUnknown(s, n) && version <= get(s, n, BLANKET)) return false;
  if (version <= get(s, n, ENTRY)) return false;
  put(s, n, ENTRY, version);
  return true;
}

/** Takes the record away, for room or because its time is over. */
export function forget(s: State, n: number, rules: Rules, isTombstone: boolean): void {
  const version = get(s, n, ENTRY);
  const floor = Math.max(get(s, n, FLOOR), version);
  put(s, n, ENTRY, 0);
  if (!rules.floors || (isTombstone && !rules.tombstoneFloors)) return;
  put(s, n, rules.floorFirst ? FLOOR : OWED, floor);
}

/** The operation that issued a version, or -1. */
export function operationOf(s: State, version: number): number {
  for (let op = 0; op < head(s, OPS); op++) if (s[OP_VERSION + op] === version) return op;
  return -1;
}
