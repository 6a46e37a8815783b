/** Values that say where they come from, and errors that do. */

/** What is stored under a key. */
export interface TrialValue {
  readonly key: number;
  readonly by: 'load' | 'set';
  /** The number of the event with which the load, or the set, began. */
  readonly begun: number;
  /** The set's own number; 0 of a load. */
  readonly set: number;
  /** Follows from the others. */
  readonly body: string;
}

const BODY_CHARACTERS_MAX = 600;

export function madeValue(key: number, by: 'load' | 'set', begun: number, set: number): TrialValue {
  return { key, by, begun, set, body: bodyOf(key, begun) };
}

/** The value, if it is one of this key, and whole; null if it is anything else. */
export function readValue(key: number, value: unknown): TrialValue | null {
  if (typeof value !== 'object' || value === null) return null;
  const { key: named, by, begun, set, body } = value as Partial<TrialValue>;
  if (named !== key || (by !== 'load' && by !== 'set')) return null;
  if (typeof begun !== 'number' || typeof set !== 'number') return null;
  return body === bodyOf(key, begun) ? { key, by, begun, set, body } : null;
}

/** What a loader fails with. */
export const failureText = (key: number, begun: number): string =>
  `load ${begun} of key ${key} has failed`;

/** When the load began that has failed with this; null if that is no such error of this key. */
export function readFailure(key: number, cause: unknown): number | null {
  if (!(cause instanceof Error)) return null;
  const [, begun, named] = /^load (\d+) of key (\d+) has failed$/.exec(cause.message) ?? [];
  return begun === undefined || named !== String(key) ? null : Number(begun);
}

function bodyOf(key: number, begun: number): string {
  const seed = `${key}.${begun};`;
  return seed.repeat(1 + ((begun * 31) % Math.floor(BODY_CHARACTERS_MAX / seed.length)));
}
