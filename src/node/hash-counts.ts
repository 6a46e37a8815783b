/**
 * Which hashes may be among the requests outstanding: a count for each of 4,096 groups of hashes.
 * It never misses one; with 64 outstanding it takes one hash in 64 for one of them by mistake.
 */
import type { KeyHash } from '../base/units.js';

const GROUPS = 4096;

export class HashCounts {
  readonly #counts = new Uint32Array(GROUPS);

  add(hash: KeyHash): void {
    this.#counts[hash % GROUPS] = (this.#counts[hash % GROUPS] as number) + 1;
  }

  remove(hash: KeyHash): void {
    this.#counts[hash % GROUPS] = (this.#counts[hash % GROUPS] as number) - 1;
  }

  mayHold(hash: KeyHash): boolean {
    return this.#counts[hash % GROUPS] !== 0;
  }
}
