/**
 * What threads and memory a node has, and who waits for it, over all its lives. What is decided about
 * it is in its record (membership/node-record.ts), which the supervisor's machine keeps.
 */
import type { NodeIndex } from '../base/units.js';
import type { NodeOptions } from '../config/options.js';
import type { NodeRecord } from '../membership/node-record.js';
import type { Address } from '../wire/message.js';
import type { NodeThread } from './pool.js';

export class NodeLife {
  readonly index: NodeIndex;
  readonly address: Address;
  readonly options: NodeOptions;
  readonly #recordOf: () => NodeRecord | null;
  #record: NodeRecord | null = null;
  /** Null when there is none, or when its end is known. */
  thread: NodeThread | null = null;
  /** Memory of the latest slab, outliving the life that wrote it; null before the first. */
  slab: SharedArrayBuffer | null = null;
  /** How many slabs it has had: more than one life may have gone on with the same. */
  memories: number;
  /** Where its RESP server listens, in all lives; null without one, or before the first. */
  port: number | null = null;
  #waiters: Waiter[] = [];
  readonly #left: Waiter[] = [];

  /**
   * @param recordOf finds its record once the machine has made it
   * @param memories slabs that nodes of this index have had before
   */
  constructor(
    index: NodeIndex,
    options: NodeOptions,
    recordOf: () => NodeRecord | null,
    memories = 0,
  ) {
    this.index = index;
    this.address = index as number as Address;
    this.options = options;
    this.#recordOf = recordOf;
    this.memories = memories;
  }

  get id(): string {
    return this.options.id;
  }

  /** Stays what it was when the machine has forgotten the node. */
  get record(): NodeRecord {
    this.#record ??= this.#recordOf();
    return this.#record as NodeRecord;
  }

  get state(): NodeRecord['state'] {
    return this.record.state;
  }

  /** Takes up memory for its next life. */
  takeUp(slab: SharedArrayBuffer): void {
    if (slab !== this.slab) this.memories++;
    this.slab = slab;
  }

  /** Resolves when the node serves. */
  served(): Promise<void> {
    if (this.#recordOf()?.state === 'serving') return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  noteServing(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  /** Nobody need wait any longer for it to serve. */
  disappoint(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** Resolves when the node has left for good; rejects if the cluster is closed before. */
  gone(): Promise<void> {
    return new Promise((resolve, reject) => this.#left.push({ resolve, reject }));
  }

  noteLeft(): void {
    for (const waiter of this.#left.splice(0)) waiter.resolve();
  }

  /** The cluster is closed: nothing of the kind will happen any more. */
  giveUp(error: unknown): void {
    this.disappoint(error);
    for (const waiter of this.#left.splice(0)) waiter.reject(error);
  }
}

/** Somebody who waits. */
interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}
