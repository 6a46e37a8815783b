/**
 * Which keys there are, who writes each, how large its values are, and which node owns it while
 * all nodes serve. A number stands for a key; all processes make the same plan from the same settings.
 */
import { assert } from '#src/base/assert.js';
import type { Prng } from '#src/base/prng.js';
import { STAMP_BYTES } from '#src/load/value-stamp.js';
import { HashRing } from '#src/ring/hash-ring.js';

/** Of a writer's keys, so many are wanted far more often than the others. */
const HOT_KEYS = 16;
/** One key in so many is a long one. */
const LONG_KEY_EVERY = 16;
const LONG_KEY_BYTES = 400;

/** Value sizes, by key: one key in `every` (the first that fits) has values of these sizes. */
const SIZES = [
  { every: 500, min: 200_000, max: 1_000_000 },
  { every: 33, min: 4_000, max: 40_000 },
  { every: 1, min: STAMP_BYTES, max: 1_200 },
] as const;

export interface KeyPlanSettings {
  readonly nodes: number;
  readonly writers: number;
  readonly keysPerWriter: number;
  /** What another plan of these settings has as `homes`: building a ring takes tens of milliseconds. */
  readonly homes?: Uint8Array;
}

export class KeyPlan {
  readonly keys: number;
  readonly writers: number;
  readonly keysPerWriter: number;
  readonly #names: readonly string[];
  /** By key: the node that owns it while all serve. In shared memory, for the plans of other threads. */
  readonly homes: Uint8Array;

  constructor({ nodes, writers, keysPerWriter, homes }: KeyPlanSettings) {
    assert(keysPerWriter >= HOT_KEYS, 'a writer has at least its hot keys');
    this.keys = writers * keysPerWriter;
    this.writers = writers;
    this.keysPerWriter = keysPerWriter;
    this.#names = Array.from({ length: this.keys }, (_, key) => nameOf(key));
    this.homes = homes ?? homesOf(this.#names, nodes);
  }

  name(key: number): string {
    return this.#names[key] as string;
  }

  /** The node that owns the key while all serve. */
  home(key: number): number {
    return this.homes[key] as number;
  }

  writerOf(key: number): number {
    return Math.floor(key / this.keysPerWriter);
  }

  /** Any of a writer's keys; a third of the draws is one of its few hot ones. */
  draw(writer: number, prng: Prng): number {
    const among = prng.below(3) === 0 ? HOT_KEYS : this.keysPerWriter;
    return writer * this.keysPerWriter + prng.below(among);
  }

  /** Bytes of a new value of the key. */
  drawSize(key: number, prng: Prng): number {
    for (const { every, min, max } of SIZES) {
      if (key % every === every - 1) return min + prng.below(max - min + 1);
    }
    return STAMP_BYTES;
  }

  /** The most that all values together can take. */
  get bytesMax(): number {
    let sum = 0;
    for (let key = 0; key < this.keys; key++) {
      sum += SIZES.find(({ every }) => key % every === every - 1)?.max ?? 0;
    }
    return sum;
  }
}

function homesOf(names: readonly string[], nodes: number): Uint8Array {
  const ids = Array.from({ length: nodes }, (_, i) => `n${i}`);
  const ring = new HashRing({ nodes: ids });
  const homes = new Uint8Array(new SharedArrayBuffer(names.length));
  for (const [key, name] of names.entries()) homes[key] = ids.indexOf(ring.lookup(name) ?? '');
  return homes;
}

const nameOf = (key: number): string =>
  key % LONG_KEY_EVERY === 0 ? `soak:${key}:${'k'.repeat(key % LONG_KEY_BYTES)}` : `soak:${key}`;
