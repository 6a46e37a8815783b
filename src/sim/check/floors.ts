/**
 * The answer of a memory for a key never goes down (rule F): whatever readers find there, an entry's
 * version or, where there is none, the floor, is at least what was found before.
 */
export class FloorChecker {
  /** By memory, then two numbers a key: the words of the highest version seen. */
  readonly #seen = new Map<object, Float64Array>();
  readonly #keys: number;

  constructor(keys: number) {
    this.#keys = keys;
  }

  /** What is wrong with what a reader has found; null if nothing is. */
  next(memory: object, key: number, high: number, low: number): string | null {
    let seen = this.#seen.get(memory);
    if (seen === undefined) {
      seen = new Float64Array(2 * this.#keys);
      this.#seen.set(memory, seen);
    }
    const lastHigh = seen[2 * key] as number;
    const lastLow = seen[2 * key + 1] as number;
    seen[2 * key] = high;
    seen[2 * key + 1] = low;
    if (high > lastHigh || (high === lastHigh && low >= lastLow)) return null;
    return `the answer for key ${key} went down from version ${lastHigh}:${lastLow} to ${high}:${low}`;
  }
}
