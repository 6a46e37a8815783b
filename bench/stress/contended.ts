/**
 * The few keys on which a stress concentrates. Of thousands of keys each is written now and then and
 * hardly ever while somebody reads it; here it happens all the time. Half of them are short, and
 * come and go; the other half are large, so that copying them takes long enough to be disturbed.
 * A writer's keys are in this order: short ones, large ones, and those that are like any other.
 */
import type { Prng } from '#src/base/prng.js';
import type { KeyPlan } from '../soak/key-plan.js';

/** Writers that own such keys. */
const OWNERS = 8;
const SHORT_EACH = 2;
const LARGE_EACH = 2;
const EACH = SHORT_EACH + LARGE_EACH;
/** Bytes of a large one: tens of microseconds to copy, in tens of chunks. */
const LARGE_BYTES = { min: 48 * 1_024, max: 192 * 1_024 } as const;
/** What all of them together can take. */
export const CONTENDED_BYTES_MAX = OWNERS * LARGE_EACH * LARGE_BYTES.max;
export const CONTENDED_VALUE_MAX = LARGE_BYTES.max;
/** One read in so many is of a contended key. */
const READS_EVERY = 3;

export class ContendedKeys {
  readonly #plan: KeyPlan;
  readonly #owners: number;
  readonly #thread: number;

  constructor(plan: KeyPlan, thread: number) {
    this.#plan = plan;
    this.#owners = Math.min(OWNERS, plan.writers);
    this.#thread = thread;
  }

  /** A key to read: anybody's. */
  drawAny(prng: Prng): number {
    const plan = this.#plan;
    return prng.below(READS_EVERY) === 0
      ? this.drawContended(prng)
      : plan.draw(prng.below(plan.writers), prng);
  }

  drawContended(prng: Prng): number {
    return this.#first(prng.below(this.#owners)) + prng.below(EACH);
  }

  drawLarge(prng: Prng): number {
    return this.#first(prng.below(this.#owners)) + SHORT_EACH + prng.below(LARGE_EACH);
  }

  drawShort(prng: Prng): number {
    return this.#first(prng.below(this.#owners)) + prng.below(SHORT_EACH);
  }

  /** Those that this thread writes, round after round. */
  get own(): readonly number[] {
    if (this.#thread >= this.#owners) return [];
    return Array.from({ length: EACH }, (_, i) => this.#first(this.#thread) + i);
  }

  isLarge(key: number): boolean {
    const own = key % this.#plan.keysPerWriter;
    return this.#plan.writerOf(key) < this.#owners && own >= SHORT_EACH && own < EACH;
  }

  drawSize(prng: Prng): number {
    return LARGE_BYTES.min + prng.below(LARGE_BYTES.max - LARGE_BYTES.min + 1);
  }

  #first(writer: number): number {
    return writer * this.#plan.keysPerWriter;
  }
}
