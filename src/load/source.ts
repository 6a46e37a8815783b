import { assert, unreachable } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import { type KeyChooser, keyChooser } from './key-chooser.js';
import type { Operation } from './operation.js';
import type { LoadPlan, OperationKind } from './plan.js';
import { sizeChooser, ttlChooser } from './value-sizes.js';
import { STAMP_BYTES } from './value-stamp.js';

/** Where operations come from. */
export interface Source {
  /** Fills in kind, step, key, size and time to live; false when there are no more. */
  next(operation: Operation): boolean;
  /** Fills in size and time to live of a write that follows a get. */
  follow(operation: Operation): void;
}

/** Which part of the work a thread does. */
export interface Part {
  readonly thread: number;
  readonly threads: number;
}

/** The values of a plan: stamped ones are never smaller than their stamp. */
class Values {
  readonly #size: () => number;
  readonly #ttl: () => number | null;
  readonly #sizeMin: number;

  constructor({ traffic, verify }: LoadPlan, prng: Prng) {
    this.#size = sizeChooser(traffic.valueSize, prng.fork());
    this.#ttl = ttlChooser(traffic.ttls, prng.fork());
    this.#sizeMin = verify ? STAMP_BYTES : 0;
  }

  fill(operation: Operation): void {
    operation.size = Math.max(this.#size(), this.#sizeMin);
    operation.ttlMs = this.#ttl();
  }
}

/** Endless traffic in the plan's proportions. */
export class MixSource implements Source {
  readonly #keys: KeyChooser;
  readonly #values: Values;
  readonly #prng: Prng;
  readonly #kinds: readonly (readonly [kind: OperationKind, upTo: number])[];

  constructor(plan: LoadPlan, part: Part, prng: Prng) {
    const { distribution, keys, mix } = plan.traffic;
    this.#keys = keyChooser(distribution, { keys, ...part }, prng.fork());
    this.#values = new Values(plan, prng);
    this.#prng = prng.fork();
    this.#kinds = cumulate(mix);
  }

  next(operation: Operation): boolean {
    operation.kind = this.#chooseKind();
    operation.key = operation.kind === 'insert' ? this.#keys.insert() : this.#keys.next();
    switch (operation.kind) {
      case 'get':
      case 'modify':
        operation.step = 'get';
        break;
      case 'delete':
        operation.step = 'delete';
        break;
      case 'set':
      case 'insert':
      case 'fill':
        operation.step = 'set';
        this.#values.fill(operation);
        break;
      default:
        unreachable(operation.kind);
    }
    return true;
  }

  follow(operation: Operation): void {
    this.#values.fill(operation);
  }

  #chooseKind(): OperationKind {
    const draw = this.#prng.unit();
    for (const [kind, upTo] of this.#kinds) if (draw < upTo) return kind;
    return (this.#kinds[this.#kinds.length - 1] as readonly [OperationKind, number])[0];
  }
}

/** Every key once, in order: what fills a cache before it is measured. */
export class PreloadSource implements Source {
  readonly #values: Values;
  readonly #keys: number;
  readonly #step: number;
  #next: number;

  constructor(plan: LoadPlan, { thread, threads }: Part, prng: Prng) {
    this.#values = new Values(plan, prng);
    this.#keys = plan.traffic.keys;
    this.#step = threads;
    this.#next = thread;
  }

  next(operation: Operation): boolean {
    if (this.#next >= this.#keys) return false;
    operation.kind = 'set';
    operation.step = 'set';
    operation.key = this.#next;
    this.#values.fill(operation);
    this.#next += this.#step;
    return true;
  }

  follow(operation: Operation): void {
    this.#values.fill(operation);
  }
}

function cumulate(mix: LoadPlan['traffic']['mix']): (readonly [OperationKind, number])[] {
  const shares = Object.entries(mix) as [OperationKind, number][];
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  assert(total > 0, 'a mix has at least one kind of operation');
  let sum = 0;
  return shares.map(([kind, share]) => {
    sum += share / total;
    return [kind, sum] as const;
  });
}
