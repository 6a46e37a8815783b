import type { Prng } from '#src/base/prng.js';
import type { KeyPlan } from './key-plan.js';
import type { Kind } from './operation.js';

/** Operations of each kind in a hundred. */
const MIX: readonly (readonly [Kind, number])[] = [
  ['get', 50],
  ['mget', 12],
  ['set', 26],
  ['mset', 5],
  ['delete', 7],
];
/** Sets in a hundred that have a time to live. */
const TTL_SHARE = 15;
const TTL_MS_MIN = 100;
const TTL_MS_MAX = 8_000;
const KEYS_OF_MGET_MAX = 12;
const KEYS_OF_MSET_MAX = 6;
/** Half of the batches are one operation, the others up to this many. */
const BATCH_MAX = 16;
/** Reads in a hundred that go for the driver's own keys: of these it knows the most. */
const OWN_READ_SHARE = 50;

/** Chooses what to do next. */
export class Mix {
  readonly #plan: KeyPlan;
  readonly #writer: number;
  readonly #prng: Prng;

  constructor(plan: KeyPlan, writer: number, prng: Prng) {
    this.#plan = plan;
    this.#writer = writer;
    this.#prng = prng;
  }

  kind(): Kind {
    let left = this.#prng.below(100);
    for (const [kind, share] of MIX) {
      if (left < share) return kind;
      left -= share;
    }
    return 'get';
  }

  batchSize(): number {
    return this.#prng.below(2) === 0 ? 1 : 1 + this.#prng.below(BATCH_MAX);
  }

  keyToRead(): number {
    const isOwn = this.#prng.below(100) < OWN_READ_SHARE;
    const writer = isOwn ? this.#writer : this.#prng.below(this.#plan.writers);
    return this.#plan.draw(writer, this.#prng);
  }

  keyToWrite(): number {
    return this.#plan.draw(this.#writer, this.#prng);
  }

  /** How many keys a command of this kind is about. */
  keyCount(kind: Kind): number {
    if (kind === 'mget') return 2 + this.#prng.below(KEYS_OF_MGET_MAX - 1);
    if (kind === 'mset') return 2 + this.#prng.below(KEYS_OF_MSET_MAX - 1);
    return 1;
  }

  ttlMs(): number | null {
    if (this.#prng.below(100) >= TTL_SHARE) return null;
    return TTL_MS_MIN + this.#prng.below(TTL_MS_MAX - TTL_MS_MIN + 1);
  }

  valueSize(key: number): number {
    return this.#plan.drawSize(key, this.#prng);
  }
}
