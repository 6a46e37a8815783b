/**
 * Removes expired entries that nobody asks for (NODE-6). Every second it looks at a random sample
 * of what has an expiry; while more than a quarter of a sample had expired there is more to be
 * found, and it goes on, but only so far in one turn: requests come first. So memory held by the
 * dead is bounded without a scan: about a quarter of what can expire.
 */
import type { Prng } from '../base/prng.js';
import { after, type Instant } from '../base/units.js';
import type { Slab } from '../slab/slab.js';
import { SWEEP_AGAIN_SHARE, SWEEP_INTERVAL, SWEEP_ROUNDS_MAX, SWEEP_SOON } from './limits.js';

export class Sweeper {
  readonly #slab: Pick<Slab, 'sweep'>;
  readonly #prng: Prng;
  #next: Instant;
  #swept = 0;

  constructor(slab: Pick<Slab, 'sweep'>, prng: Prng, now: Instant) {
    this.#slab = slab;
    this.#prng = prng;
    this.#next = after(now, SWEEP_INTERVAL);
  }

  get deadline(): Instant {
    return this.#next;
  }

  /** Entries removed so far. */
  get swept(): number {
    return this.#swept;
  }

  tick(now: Instant): void {
    if (now < this.#next) return;
    for (let round = 0; round < SWEEP_ROUNDS_MAX; round++) {
      const { sampled, expired } = this.#slab.sweep(now, this.#prng);
      this.#swept += expired;
      if (expired <= sampled * SWEEP_AGAIN_SHARE) {
        this.#next = after(now, SWEEP_INTERVAL);
        return;
      }
    }
    this.#next = after(now, SWEEP_SOON);
  }
}
