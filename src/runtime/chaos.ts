/**
 * Fault injection, for those who want to see how their program fares when threads hang and links fail.
 *
 *     cut(a, b) ─ remembered ─┬─ fault ─▶ a ─ in-force ─┬─▶ resolves, and the event `fault`
 *                             └─ fault ─▶ b ─ in-force ─┘
 *     a life of a joins ── all faults of its links, before any link ──▶ a
 *
 * Faults are remembered here by pair of nodes, so that they outlast the lives of both. That is also why a
 * node which is dead, or dies meanwhile, has not to be waited for. What is told before a time-out stays
 * remembered, and comes into force when the node gets to it.
 *
 * What nodes do with them: link-faults.ts.
 */
import type { EventEmitter } from 'node:events';
import { ShoalError } from '../base/errors.js';
import type { Address } from '../wire/message.js';
import type { InForceControl } from './control.js';
import type { ClusterEvents, FaultEvent } from './events.js';
import { isWhole, type LinkFault, WHOLE } from './link-faults.js';
import { NO_ORDER, Orders } from './orders.js';
import type { Wiring } from './wiring.js';

/** The longest pause, and the longest delay of a frame, in milliseconds. */
export const PAUSE_MS_MAX = 60_000;
export const DELAY_MS_MAX = 60_000;

/** A node, as far as faults are concerned. */
export interface FaultyNode {
  readonly id: string;
  readonly address: Address;
  readonly state: string;
}

export interface ChaosOptions {
  /** Whether faults may be injected at all. */
  readonly isOn: boolean;
  readonly nodes: () => readonly FaultyNode[];
  readonly wiring: Pick<Wiring, 'tell' | 'has'>;
  readonly events: EventEmitter<ClusterEvents>;
  /** What calls end with when the cluster is closed. */
  readonly closedError: () => ShoalError;
}

/** Two nodes, the one of the lower address first, and what is wrong between them. */
interface PairFault {
  readonly a: Address;
  readonly b: Address;
  readonly fault: LinkFault;
}

export class Chaos {
  readonly #with: ChaosOptions;
  readonly #orders: Orders;
  /** Links that are not whole, by both their ends. At most one a pair of nodes. */
  readonly #faults = new Map<string, PairFault>();
  #isClosed = false;

  constructor(options: ChaosOptions) {
    this.#with = options;
    this.#orders = new Orders(options.wiring);
  }

  /** Blocks a node's event loop for `ms`; resolves when that has begun. */
  async pause(id: string, ms: number): Promise<void> {
    const what = 'pause node';
    this.#check(what);
    const { address, state } = this.#named(id, what);
    requireRange(ms, 'ms', 1, PAUSE_MS_MAX, what);
    const text = `Cannot ${what} ${id}`;
    this.#orders.requireRoom(1, text);
    await this.#orders.give(address, { control: 'pause', ms }, text, state === 'serving');
    this.#report({ what: 'pause', id, ms });
  }

  /** Has no frame pass between two nodes. */
  async cut(a: string, b: string): Promise<void> {
    await this.#change(a, b, 'cut link', (fault) => ({ ...fault, isCut: true }));
    this.#report({ what: 'cut', link: [a, b] });
  }

  /** Takes all faults off a link. */
  async heal(a: string, b: string): Promise<void> {
    const lost = await this.#change(a, b, 'heal link', () => WHOLE);
    this.#report({ what: 'heal', link: [a, b], lost });
  }

  /** Has every frame of a link take `ms` longer. */
  async delay(a: string, b: string, ms: number): Promise<void> {
    await this.#change(a, b, 'delay link', (fault) => {
      requireRange(ms, 'ms', 0, DELAY_MS_MAX, 'delay link');
      return { ...fault, delayMs: ms };
    });
    this.#report({ what: 'delay', link: [a, b], ms });
  }

  /** Has each frame of a link be lost with a probability. */
  async drop(a: string, b: string, rate: number): Promise<void> {
    await this.#change(a, b, 'drop on link', (fault) => {
      requireRange(rate, 'rate', 0, 1, 'drop on link');
      return { ...fault, dropRate: rate };
    });
    this.#report({ what: 'drop', link: [a, b], rate });
  }

  // What the supervisor hears.

  /** A node's next life has its channel, and no links yet. */
  joining(address: Address): void {
    for (const { a, b, fault } of this.#faults.values()) {
      if (a !== address && b !== address) continue;
      const peer = a === address ? b : a;
      this.#with.wiring.tell(address, { control: 'fault', order: NO_ORDER, peer, fault });
    }
  }

  /** A node has left for good: whoever has its address next is another one. */
  left(address: Address): void {
    for (const [key, { a, b }] of this.#faults) {
      if (a === address || b === address) this.#faults.delete(key);
    }
  }

  serves(address: Address): void {
    this.#orders.serves(address);
  }

  inForce(control: InForceControl): void {
    this.#orders.answered(control);
  }

  gone(address: Address): void {
    this.#orders.gone(address);
  }

  close(): void {
    this.#isClosed = true;
    this.#orders.close(this.#with.closedError());
  }

  /** Changes what is wrong with a link, at both ends. @returns frames lost since it was whole */
  async #change(
    from: string,
    to: string,
    what: string,
    change: (fault: LinkFault) => LinkFault,
  ): Promise<number> {
    this.#check(what);
    const ends = [this.#named(from, what).address, this.#named(to, what).address].sort(byNumber);
    const [a, b] = ends as [Address, Address];
    if (a === b)
      throw new RangeError(`Cannot ${what}: a link has two ends, received ${from} twice`);
    const key = `${a}-${b}`;
    const fault = change(this.#faults.get(key)?.fault ?? WHOLE);
    const text = `Cannot ${what} ${from} to ${to}`;
    this.#orders.requireRoom(ends.length, text);
    if (isWhole(fault)) this.#faults.delete(key);
    else this.#faults.set(key, { a, b, fault });
    const lost = await Promise.all([
      this.#impose(a, b, fault, text),
      this.#impose(b, a, fault, text),
    ]);
    return lost[0] + lost[1];
  }

  async #impose(on: Address, peer: Address, fault: LinkFault, text: string): Promise<number> {
    // Dead: it sends nothing, and is told when it joins.
    if (!this.#with.wiring.has(on)) return 0;
    return await this.#orders.give(on, { control: 'fault', peer, fault }, text, true);
  }

  #check(what: string): void {
    if (this.#isClosed) throw this.#with.closedError();
    if (this.#with.isOn) return;
    const how = 'start the cluster with chaos: true (--chaos, SHOAL_CHAOS=1)';
    throw new ShoalError('ERR_CHAOS_OFF', `Cannot ${what}: fault injection is off; ${how}`);
  }

  #named(id: string, what: string): FaultyNode {
    const nodes = this.#with.nodes();
    const node = nodes.find((candidate) => candidate.id === id);
    if (node !== undefined) return node;
    const ids = nodes.map((candidate) => candidate.id).join(', ');
    throw new RangeError(`Cannot ${what}: there is no node ${String(id)}, only ${ids}`);
  }

  /** In a turn of its own, so that a listener that throws does not end what it is told of. */
  #report(event: FaultEvent): void {
    queueMicrotask(() => this.#with.events.emit('fault', event));
  }
}

const byNumber = (x: number, y: number): number => x - y;

function requireRange(value: number, name: string, min: number, max: number, what: string): void {
  if (typeof value === 'number' && value >= min && value <= max) return;
  const wanted = `must be a number from ${min} to ${max}`;
  throw new RangeError(`Cannot ${what}: ${name} ${wanted}, received ${String(value)}`);
}
