/**
 * Tells a stale value from a fresh one, for this thread's own writes: once a write was
 * acknowledged, a get that starts afterwards must not find an earlier one (a miss is always
 * lawful, another thread's value is not judged).
 *
 * Several writes of one key may be in flight on several connections, and the server may take them
 * in any order. So they are judged as a group: from the moment when none was in flight to the next
 * such moment. When a group has been acknowledged, whatever lies before its first write is
 * overwritten for good. A write whose outcome is unknown may come into force at any time: its key
 * is not judged any more.
 */
import { assert } from '../base/assert.js';

/** Keys that are watched; 10 bytes each. */
export const WATCHED_KEYS_MAX = 20_000_000;

/** As a floor: nothing is known that must not be read. */
const NO_FLOOR = 0;
/** As a count in flight: the key is not judged any more. */
const UNKNOWN = 0xffff;

export class WriteOrder {
  readonly #inFlight: Uint16Array;
  readonly #groupFirst: Uint32Array;
  readonly #floors: Uint32Array;

  /** @param keys keys from this number on (inserted ones) are not watched */
  constructor(keys: number) {
    const watched = Math.min(keys, WATCHED_KEYS_MAX);
    this.#inFlight = new Uint16Array(watched);
    this.#groupFirst = new Uint32Array(watched);
    this.#floors = new Uint32Array(watched);
  }

  /** The lowest sequence that a get issued now may lawfully find. */
  floor(key: number): number {
    return this.#floors[key] ?? NO_FLOOR;
  }

  /** A write or delete is issued. */
  issued(key: number, sequence: number): void {
    const others = this.#inFlight[key];
    if (others === undefined || others === UNKNOWN) return;
    if (others === 0) this.#groupFirst[key] = sequence;
    assert(others + 1 < UNKNOWN, 'fewer writes of one key in flight than can be counted');
    this.#inFlight[key] = others + 1;
  }

  /** A write or delete has its answer. */
  settled(key: number, outcome: 'acknowledged' | 'unknown'): void {
    const count = this.#inFlight[key];
    if (count === undefined || count === UNKNOWN) return;
    if (outcome === 'unknown') {
      this.#inFlight[key] = UNKNOWN;
      this.#floors[key] = NO_FLOOR;
      return;
    }
    assert(count > 0, 'what is acknowledged was issued');
    this.#inFlight[key] = count - 1;
    if (count === 1) this.#floors[key] = this.#groupFirst[key] as number;
  }
}
