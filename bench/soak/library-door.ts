import { Buffer } from 'node:buffer';
import { ShoalError } from '#src/base/errors.js';
import type { Client } from '#src/index.js';
import type { Door, DoorOwner, Ending, Operation } from './operation.js';

/** The library's client as a door: the calls of a batch are made together, and answered in any order. */
export class LibraryDoor implements Door {
  readonly name = 'library';
  readonly isOpen = true;
  readonly #client: Client;
  readonly #nameOf: (key: number) => string;
  readonly #owner: DoorOwner;
  readonly #onTheirWay = new Set<Operation>();

  constructor(client: Client, nameOf: (key: number) => string, owner: DoorOwner) {
    this.#client = client;
    this.#nameOf = nameOf;
    this.#owner = owner;
  }

  get oldest(): Operation | null {
    for (const operation of this.#onTheirWay) return operation;
    return null;
  }

  get waitingSinceMs(): number | null {
    return this.oldest?.issuedAtMs ?? null;
  }

  get inFlight(): number {
    return this.#onTheirWay.size;
  }

  send(batch: readonly Operation[]): void {
    for (const operation of batch) this.#onTheirWay.add(operation);
    for (const operation of batch) void this.#call(operation);
  }

  abandon(): void {
    for (const operation of this.#onTheirWay) this.#end(operation, { status: 'cut' });
  }

  /** The client belongs to its cluster. */
  close(): void {}

  async #call(operation: Operation): Promise<void> {
    let ending: Ending = { status: 'answered' };
    try {
      await this.#perform(operation);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      ending = { status: 'failed', code: error.code };
    }
    this.#end(operation, ending);
  }

  #end(operation: Operation, ending: Ending): void {
    if (!this.#onTheirWay.delete(operation)) return; // It had been given up.
    this.#owner.ended(operation, ending);
    if (this.inFlight === 0) this.#owner.ready(this);
  }

  async #perform(operation: Operation): Promise<void> {
    const client = this.#client;
    const nameOf = this.#nameOf;
    switch (operation.kind) {
      case 'get':
        this.#found(operation, 0, await client.get(nameOf(operation.reads[0].key)));
        return;
      case 'mget': {
        const values = await client.getMany(operation.reads.map(({ key }) => nameOf(key)));
        for (const [i, value] of values.entries()) this.#found(operation, i, value);
        return;
      }
      case 'set': {
        const [{ write, value }] = operation.items;
        const options = operation.ttlMs === null ? {} : { ttl: operation.ttlMs };
        await client.set(nameOf(write.key), value, options);
        return;
      }
      case 'mset':
        await client.setMany(operation.items.map(({ write, value }) => [nameOf(write.key), value]));
        return;
      case 'delete':
        await client.delete(nameOf(operation.items[0].write.key));
    }
  }

  #found(operation: Operation, index: number, value: unknown): void {
    if (value === undefined) this.#owner.nothing(operation, index);
    else if (Buffer.isBuffer(value)) this.#owner.value(operation, index, value, 0, value.length);
    else this.#owner.nonsense(`a ${typeof value} where bytes had been stored`);
  }
}
