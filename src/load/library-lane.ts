import { Buffer } from 'node:buffer';
import type { KeySpace } from './key-space.js';
import { Answer, type Lane, type LaneOwner, Operation } from './operation.js';
import type { ValueWriter } from './value-writer.js';

/** What is needed of the library's client. */
export interface LibraryClient {
  get(key: string): Promise<unknown>;
  set(key: string, value: Uint8Array, options?: { ttl: number }): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}

export interface LibraryLaneSettings {
  readonly client: LibraryClient;
  readonly depth: number;
  readonly keys: KeySpace;
  readonly values: ValueWriter;
}

/**
 * Answers that lead to the next calls within one turn of the event loop. Reads in place are answered
 * without one: without a limit a lane that only reads would never let a timer run.
 */
const ANSWERS_A_TURN = 256;

/** A caller of the library with at most `depth` calls in flight, answered in any order. */
export class LibraryLane implements Lane {
  readonly #settings: LibraryLaneSettings;
  readonly #owner: LaneOwner;
  readonly #free: Operation[];
  readonly #answer = new Answer();
  #inFlight = 0;
  /** In this turn. */
  #answers = 0;
  #closed = false;

  constructor(settings: LibraryLaneSettings, owner: LaneOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.#free = Array.from({ length: settings.depth + 1 }, () => new Operation());
  }

  room(): number {
    return this.#closed ? 0 : this.#settings.depth - this.#inFlight;
  }

  inFlight(): number {
    return this.#inFlight;
  }

  blank(): Operation {
    return this.#free[this.#free.length - 1] ?? new Operation();
  }

  issue(operation: Operation): void {
    this.#free.pop();
    this.#inFlight++;
    this.#call(operation).then(
      (value) => this.#inTurn(() => this.#settle(operation, value)),
      (error: unknown) => this.#inTurn(() => this.#fail(operation, error)),
    );
  }

  /** The library sends by itself. */
  flush(): void {}

  /** The library has a time limit of its own. */
  checkStalled(): void {}

  close(): void {
    this.#closed = true;
  }

  #call(operation: Operation): Promise<unknown> {
    const { client, keys, values } = this.#settings;
    const key = keys.text(operation.key);
    if (operation.step === 'get') return client.get(key);
    if (operation.step === 'delete') return client.delete(key);
    const value = Buffer.allocUnsafe(operation.size);
    values.write(operation, value, 0);
    return operation.ttlMs === null
      ? client.set(key, value)
      : client.set(key, value, { ttl: operation.ttlMs });
  }

  /** Deals with an answer now, or in the next turn if there have been too many in this one. */
  #inTurn(deal: () => void): void {
    if (this.#answers === 0) {
      setImmediate(() => {
        this.#answers = 0;
      });
    }
    if (++this.#answers > ANSWERS_A_TURN) setImmediate(deal);
    else deal();
  }

  #settle(operation: Operation, value: unknown): void {
    if (operation.step !== 'get') this.#done(operation, this.#answer.set('done'));
    else if (!(value instanceof Uint8Array)) this.#done(operation, this.#answer.set('miss'));
    else {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
      this.#done(operation, this.#answer.hit(bytes, 0, bytes.length));
    }
  }

  #fail(operation: Operation, error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    this.#done(operation, this.#answer.fail('refused', code));
  }

  #done(operation: Operation, answer: Answer): void {
    this.#inFlight--;
    if (this.#closed) return;
    this.#owner.arrived();
    this.#owner.answered(this, operation, answer);
    this.#free.push(operation);
    this.#owner.ready(this);
  }
}
