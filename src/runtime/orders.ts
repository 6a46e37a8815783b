/**
 * What nodes are told to do for fault injection, and whether they have.
 *
 *     give ── tell ──▶ node ── in-force ──▶ answered     the promise resolves
 *       │      ▲         ╳ dies before it answers
 *       │      └─ again ─┤ a pause: when its next life serves
 *       │                └ a fault of a link: done; a dead node sends nothing, and its next life begins with it
 *       └─ no answer within ORDER_PATIENCE_MS: ERR_TIMEOUT
 */
import { ShoalError } from '../base/errors.js';
import type { Address } from '../wire/message.js';
import type { FaultControl, InForceControl, PauseControl } from './control.js';
import type { Wiring } from './wiring.js';

/** A node that stands still answers nothing; whoever has ordered something learns that after this long. */
export const ORDER_PATIENCE_MS = 5_000;
/** Orders without an answer, of all nodes together. */
export const ORDERS_MAX = 1_024;
/** In an order that nobody waits for. */
export const NO_ORDER = 0;

/** An order that has not got its number yet. */
type Draft<T> = T extends unknown ? Omit<T, 'order'> : never;
export type NodeOrder = Draft<FaultControl | PauseControl>;

interface Pending {
  readonly address: Address;
  readonly order: NodeOrder;
  isSent: boolean;
  /** @param lost frames, see InForceControl */
  resolve(lost: number): void;
  reject(error: ShoalError): void;
}

export class Orders {
  readonly #wiring: Pick<Wiring, 'tell'>;
  readonly #pending = new Map<number, Pending>();
  #last = NO_ORDER;

  constructor(wiring: Pick<Wiring, 'tell'>) {
    this.#wiring = wiring;
  }

  /**
   * Before orders that belong together: there must be room for all of them.
   *
   * @param what begins the error: `Cannot cut link n0 to n1`
   * @throws ShoalError `ERR_BUSY`
   */
  requireRoom(count: number, what: string): void {
    if (this.#pending.size + count <= ORDERS_MAX) return;
    const text = `${what}: ${this.#pending.size} orders wait for an answer already`;
    throw new ShoalError('ERR_BUSY', text);
  }

  /**
   * Tells a node what to do; resolves when it says that it is so.
   *
   * @param what begins the error, as in `requireRoom`
   * @param sendNow false: only when the node serves
   * @throws ShoalError `ERR_TIMEOUT`, `ERR_CLOSED`
   */
  give(address: Address, order: NodeOrder, what: string, sendNow: boolean): Promise<number> {
    const number = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#tooLate(number, what), ORDER_PATIENCE_MS).unref();
      this.#pending.set(number, {
        address,
        order,
        isSent: sendNow,
        resolve: (lost) => {
          clearTimeout(timer);
          resolve(lost);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      if (sendNow) this.#wiring.tell(address, { ...order, order: number });
    });
  }

  answered({ order, lost }: InForceControl): void {
    this.#take(order)?.resolve(lost);
  }

  /** A life of a node serves: what waits for that is sent. */
  serves(address: Address): void {
    for (const [number, pending] of this.#pending) {
      if (pending.address !== address || pending.order.control !== 'pause') continue;
      pending.isSent = true;
      this.#wiring.tell(address, { ...pending.order, order: number });
    }
  }

  /** A life of a node has ended. */
  gone(address: Address): void {
    for (const [number, pending] of this.#pending) {
      if (pending.address !== address || pending.order.control !== 'fault') continue;
      this.#take(number)?.resolve(0);
    }
  }

  close(error: ShoalError): void {
    for (const number of [...this.#pending.keys()]) this.#take(number)?.reject(error);
  }

  #tooLate(number: number, what: string): void {
    const pending = this.#take(number);
    const text = pending?.isSent
      ? `it has not come into force within ${ORDER_PATIENCE_MS} ms, and may yet`
      : `the node did not serve within ${ORDER_PATIENCE_MS} ms`;
    pending?.reject(new ShoalError('ERR_TIMEOUT', `${what}: ${text}`));
  }

  #take(number: number): Pending | undefined {
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    return pending;
  }
}
