import { ShoalError } from '../base/errors.js';
import type { Bytes } from '../base/units.js';
import { type Address, FIRST_CLIENT } from '../wire/message.js';
import { Client } from './client.js';
import type { WallOffset } from './clock.js';
import type { Wiring } from './wiring.js';

/** Clients that one cluster can have at a time. */
export const CLUSTER_CLIENTS_MAX = 1024;

export interface ClientsOptions {
  readonly wall: WallOffset;
  readonly board: SharedArrayBuffer;
  readonly wiring: Wiring;
  readonly valueBytesMax: Bytes;
}

/** The clients of the supervisor's own thread. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #clients = new Map<Address, Client>();

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** @throws ShoalError `ERR_BUSY` when there are too many */
  create(): Client {
    const { wiring, ...shared } = this.#options;
    const address = this.#freeAddress();
    const client = new Client({ ...shared, links: wiring.join(address) });
    this.#clients.set(address, client);
    return client;
  }

  /** A client has closed its channels. */
  onGone(address: Address): void {
    this.#clients.delete(address);
  }

  /** Takes no further calls; resolves when all that are outstanding have their answers. */
  async drain(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.drain()));
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
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
