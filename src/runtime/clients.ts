/**
 * The clients of a cluster: those of the supervisor's own thread, which it makes, and those of all
 * threads that have come by a handle, which it knows by their channel only.
 */
import type { MessagePort } from 'node:worker_threads';
import { ShoalError } from '../base/errors.js';
import type { Bytes } from '../base/units.js';
import { type Address, FIRST_CLIENT } from '../wire/message.js';
import { BusyFlag } from './busy-flag.js';
import { Client } from './client.js';
import type { WallOffset } from './clock.js';
import { type ConnectOptions, checkConnect } from './connect-options.js';
import type { Control } from './control.js';
import { settledWithin } from './deadline.js';
import type { Introduction } from './reception.js';
import type { SlabShare } from './shared-slabs.js';
import type { Wiring } from './wiring.js';

/** Clients that one cluster can have at a time. */
export const CLUSTER_CLIENTS_MAX = 1024;
/** How long the end of the cluster waits for a thread that does not answer and waits for nothing. */
const IDLE_PATIENCE_MS = 100;

/** What clients have in common. */
export interface ClientBasis {
  readonly wall: WallOffset;
  readonly board: SharedArrayBuffer;
  readonly reads: 'shared' | 'proxy';
  readonly valueBytesMax: Bytes;
}

export interface ClientsOptions {
  readonly basis: ClientBasis;
  /** The nodes' memories now. */
  readonly slabs: () => SlabShare[];
  readonly wiring: Wiring;
}

/** A client that came by a handle. */
class Guest {
  readonly #busy: BusyFlag;
  /** Resolves when it has had all its answers, or has gone. */
  readonly drained: Promise<void>;
  readonly noteDrained: () => void;

  constructor(busy: SharedArrayBuffer) {
    this.#busy = new BusyFlag(busy);
    let noteDrained = (): void => {};
    this.drained = new Promise((resolve) => {
      noteDrained = resolve;
    });
    this.noteDrained = noteDrained;
  }

  /** Resolves when there is nothing to wait for. */
  async untilDrained(): Promise<void> {
    await settledWithin(this.drained, IDLE_PATIENCE_MS);
    if (this.#busy.isUp) await this.drained;
  }
}

export class Clients {
  readonly #options: ClientsOptions;
  readonly #own = new Map<Address, Client>();
  readonly #guests = new Map<Address, Guest>();

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#own.size + this.#guests.size;
  }

  /**
   * A client for this thread.
   *
   * @throws ShoalError `ERR_BUSY` when there are too many, `ERR_USAGE`
   */
  create(connect: ConnectOptions | undefined): Client {
    checkConnect(connect);
    const { basis, slabs, wiring } = this.#options;
    const address = this.#freeAddress();
    const links = wiring.join(address);
    const client = new Client({ ...basis, slabs: slabs(), links, introduction: null }, connect);
    this.#own.set(address, client);
    return client;
  }

  /** Takes up a client of any thread. @throws ShoalError `ERR_BUSY` when there are too many */
  admit({ port, busy }: Introduction): void {
    const { slabs, wiring } = this.#options;
    const address = this.#freeAddress();
    this.#guests.set(address, new Guest(busy));
    wiring.admit(address, port);
    // Its handle may have been made long ago.
    for (const share of slabs()) wiring.tell(address, { control: 'slab', share });
    wiring.tell(address, { control: 'welcome' });
  }

  /** A client of another thread says something. */
  onControl(address: Address, control: Control): void {
    if (control.control === 'drained') this.#guests.get(address)?.noteDrained();
  }

  /** A client has closed its channels. */
  onGone(address: Address): void {
    this.#own.delete(address);
    this.#guests.get(address)?.noteDrained();
    this.#guests.delete(address);
  }

  /** Has all clients take no further calls; resolves when those outstanding have their answers. */
  async drain(): Promise<void> {
    const own = [...this.#own.values()].map((client) => client.drain());
    const guests = [...this.#guests].map(([address, guest]) => {
      this.#options.wiring.tell(address, { control: 'drain' });
      return guest.untilDrained();
    });
    await Promise.all([...own, ...guests]);
  }

  /** Ends the clients of this thread. The others end when their channel does. */
  close(): void {
    for (const client of this.#own.values()) client.close();
  }

  #freeAddress(): Address {
    for (let i = 0; i < CLUSTER_CLIENTS_MAX; i++) {
      const address = (FIRST_CLIENT + i) as Address;
      if (!this.#options.wiring.has(address)) return address;
    }
    const state = `there are ${CLUSTER_CLIENTS_MAX}; make one and keep it, or close those not needed`;
    throw new ShoalError('ERR_BUSY', `Cannot make client: ${state}`);
  }
}

/** Tells a client that it is not taken up. */
export function refuse(port: MessagePort, { code, message }: ShoalError): void {
  port.postMessage({ control: 'refused', code, text: message } satisfies Control);
  port.close();
}
