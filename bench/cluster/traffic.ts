/** What the benchmarks of this folder send, as operations for the load generator. */
import { performance } from 'node:perf_hooks';
import { Prng } from '#src/base/prng.js';
import type { Operation } from '#src/load/operation.js';
import type { Source } from '#src/load/source.js';
import { Zipf } from '#src/load/zipf.js';

export type Traffic =
  /** Writes keys 0 to `keys` − 1, once. */
  | { readonly kind: 'fill'; readonly keys: number }
  /** Reads keys of this list, at random, without end. */
  | { readonly kind: 'read'; readonly list: readonly number[] }
  /** Reads `reads` times one of `keys` keys, the first being the most popular. */
  | {
      readonly kind: 'zipf';
      readonly keys: number;
      readonly theta: number;
      readonly reads: number;
      readonly seed: number;
    };

export class TrafficSource implements Source {
  readonly #step: 'get' | 'set';
  readonly #limit: number;
  readonly #draw: (count: number) => number;
  readonly #valueBytes: number;
  #count = 0;
  #firstMs = 0;
  #lastMs = 0;

  constructor(traffic: Traffic, valueBytes: number) {
    this.#step = traffic.kind === 'fill' ? 'set' : 'get';
    this.#limit = limitOf(traffic);
    this.#draw = drawOf(traffic);
    this.#valueBytes = valueBytes;
  }

  next(operation: Operation): boolean {
    if (this.#count === this.#limit) {
      this.#lastMs = performance.now();
      return false;
    }
    if (this.#count === 0) this.#firstMs = performance.now();
    operation.kind = this.#step;
    operation.step = this.#step;
    operation.key = this.#draw(this.#count++);
    this.follow(operation);
    return true;
  }

  follow(operation: Operation): void {
    operation.size = this.#valueBytes;
    operation.ttlMs = null;
  }

  /** From the first operation to the last answer, which asks in vain for one more. */
  elapsedMs(): number {
    return this.#lastMs - this.#firstMs;
  }
}

function limitOf(traffic: Traffic): number {
  switch (traffic.kind) {
    case 'fill':
      return traffic.keys;
    case 'read':
      return Number.POSITIVE_INFINITY;
    case 'zipf':
      return traffic.reads;
  }
}

function drawOf(traffic: Traffic): (count: number) => number {
  switch (traffic.kind) {
    case 'fill':
      return (count) => count;
    case 'read': {
      const { list } = traffic;
      const prng = new Prng(1);
      return () => list[prng.below(list.length)] as number;
    }
    case 'zipf': {
      const zipf = new Zipf(traffic.keys, traffic.theta);
      const prng = new Prng(traffic.seed);
      return () => zipf.draw(prng) - 1;
    }
  }
}
