/**
 * A client of the cluster in one thread: keys and values in, promises out.
 *
 * It knows the ring, so every request goes straight to the owner of its key: one message there,
 * one back, together with whatever else this turn of the event loop says to that node.
 */
import { Buffer } from 'node:buffer';
import { ShoalError } from '../base/errors.js';
import { after, duration, type Instant, NEVER } from '../base/units.js';
import { Command } from '../node/command.js';
import type { Reply } from '../node/reply.js';
import { adoptValue, encodeValue } from '../values/value.js';
import type { RequestId } from '../wire/message.js';
import { checkTtl, loadKey } from './client-arguments.js';
import { ClientMachine } from './client-machine.js';
import { type DriverOptions, MachineDriver } from './machine-driver.js';
import type { Link } from './node-task.js';

/** A key: 1 to 65,535 bytes. A string stands for its UTF-8. */
export type Key = string | Uint8Array;

/** What every call takes. */
export interface CallOptions {
  /**
   * Gives up waiting: the call rejects with the signal's reason. A write that is on its way may
   * still happen.
   */
  readonly signal?: AbortSignal;
}

export interface SetOptions extends CallOptions {
  /** Milliseconds after which the entry expires, above 0. @default it does not expire */
  readonly ttl?: number;
}

export interface ClientOptions extends Omit<DriverOptions, 'self'> {
  readonly links: readonly Link[];
  readonly valueBytesMax: number;
}

/** Calls that `getMany` and `setMany` have out at a time: far below what a router takes. */
const BATCH_CALLS = 1024;

/** What becomes of a reply that is no failure. */
type Convert<T> = (reply: Reply) => T;

interface Pending {
  settle(reply: Reply): void;
}

/**
 * Reads and writes the cluster's entries. Made by `cluster.client()`.
 *
 * All calls reject with a `ShoalError` whose code says what happened to the data:
 * `ERR_CLUSTER_DOWN`, `ERR_BUSY` (nothing was changed, try again), `ERR_TIMEOUT` (a read that got no
 * answer), `ERR_OUTCOME_UNKNOWN` (a write that may or may not have happened), `ERR_CLOSED`.
 *
 * @example A value that lives for a minute
 * ```ts
 * import { startCluster } from 'shoal';
 *
 * const cluster = await startCluster({ nodes: 3, memory: '16mb' });
 * const cache = cluster.client();
 * await cache.set('user:1000', { name: 'Ada' }, { ttl: 60_000 });
 * await cache.get('user:1000'); // { name: 'Ada' }
 * await cluster.close();
 * ```
 */
export class Client {
  readonly #machine: ClientMachine;
  readonly #driver: MachineDriver;
  readonly #valueBytesMax: number;
  readonly #command = new Command();
  readonly #pending = new Map<RequestId, Pending>();
  /** Rises and is never used again: a late answer finds nobody. */
  #lastId = 0;
  #closed = false;
  #onIdle: (() => void) | null = null;

  /** Not for users: `cluster.client()` makes clients. */
  constructor(options: ClientOptions) {
    this.#valueBytesMax = options.valueBytesMax;
    this.#machine = new ClientMachine(options.valueBytesMax);
    this.#driver = new MachineDriver({ ...options, self: null }, this.#machine, {
      reply: (_now, id, reply) => this.#settle(id, reply),
      control: () => {},
      turnEnds: () => {},
    });
    this.#driver.start(options.links);
  }

  /**
   * Stores a value under a key, over whatever is there.
   *
   * @param value bytes, a string, or data: null, boolean, number, bigint, Date, plain objects and
   *   arrays of these, Map, Set, typed arrays
   * @returns true
   * @throws ShoalError `ERR_KEY`, `ERR_TTL`, `ERR_VALUE_TYPE` or `ERR_VALUE_TOO_LARGE`: nothing was stored
   */
  set(key: Key, value: unknown, options: SetOptions = {}): Promise<true> {
    return this.#call(options, (now, command) => {
      const expiry = expiryOf(now, options.ttl);
      // Before the key: a getter of the value may call this client, whose one command this is.
      const { kind, bytes } = encodeValue(value, this.#valueBytesMax);
      loadKey(command.key, key);
      command.prepare('set');
      command.kind = kind;
      command.value = bytes;
      command.valueEnd = bytes.length;
      command.expiry = expiry;
      return alwaysTrue;
    });
  }

  /**
   * The value of a key: of the type that was stored, bytes as a Buffer of its own.
   *
   * @returns undefined if there is none
   * @throws ShoalError `ERR_KEY`
   */
  get<T = unknown>(key: Key, options: CallOptions = {}): Promise<T | undefined> {
    return this.#call(options, (_now, command) => {
      loadKey(command.key, key);
      command.prepare('get');
      return valueIn as Convert<T | undefined>;
    });
  }

  /** Removes a key. @returns whether it was there */
  delete(key: Key, options: CallOptions = {}): Promise<boolean> {
    return this.#call(options, (_now, command) => {
      loadKey(command.key, key);
      command.prepare('delete');
      return wasThere;
    });
  }

  /** Whether a key is there. It does not count as a use of the key. */
  has(key: Key, options: CallOptions = {}): Promise<boolean> {
    return this.#call(options, (_now, command) => {
      loadKey(command.key, key);
      command.prepare('stat');
      return wasThere;
    });
  }

  /**
   * How long a key will still live, in milliseconds. It does not count as a use of the key.
   *
   * @returns Infinity if it does not expire, undefined if it is not there
   */
  ttl(key: Key, options: CallOptions = {}): Promise<number | undefined> {
    return this.#call(options, (_now, command) => {
      loadKey(command.key, key);
      command.prepare('stat');
      return (reply) => this.#ttlOf(reply);
    });
  }

  /**
   * Gives a key another time to live.
   *
   * @param ttl milliseconds from now, above 0; Infinity: it does not expire any more
   * @returns whether the key is there
   * @throws ShoalError `ERR_TTL`: nothing was changed
   */
  expire(key: Key, ttl: number, options: CallOptions = {}): Promise<boolean> {
    return this.#call(options, (now, command) => {
      loadKey(command.key, key);
      const expiry = ttl === Number.POSITIVE_INFINITY ? NEVER : expiryOf(now, ttl);
      command.prepare('expire');
      command.expiry = expiry;
      return wasThere;
    });
  }

  /** The values of many keys, in the order of the keys; undefined where there is none. */
  getMany<T = unknown>(keys: Iterable<Key>, options: CallOptions = {}): Promise<(T | undefined)[]> {
    return inBatches(keys, (key) => this.get<T>(key, options));
  }

  /**
   * Stores many pairs, each as `set` does. They are independent: if one fails, the call rejects
   * with its error, and others may have been stored.
   *
   * @param pairs any iterable of key and value: an array of pairs, a Map, a generator
   */
  async setMany(pairs: Iterable<readonly [Key, unknown]>, options: SetOptions = {}): Promise<true> {
    await inBatches(pairs, ([key, value]) => this.set(key, value, options));
    return true;
  }

  /** Ends the client: what is outstanding and every later call rejects with `ERR_CLOSED`. */
  close(): void {
    if (this.#onIdle !== null) this.#onIdle();
    this.#closed = true;
    this.#machine.close(this.#driver);
    this.#driver.close();
  }

  /** Takes no further calls; resolves when all that are outstanding have their answers. */
  drain(): Promise<void> {
    this.#closed = true;
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Sends what `prepare` makes of the command; rejects with what it throws. */
  #call<T>(
    options: CallOptions,
    prepare: (now: Instant, command: Command) => Convert<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new ShoalError('ERR_CLOSED', 'Cannot reach cluster: it is closed');
      const { signal } = options;
      signal?.throwIfAborted();
      const now = this.#driver.enter();
      const convert = prepare(now, this.#command);
      const id = this.#nextId();
      const giveUp = (): void => {
        this.#forget(id);
        reject(signal?.reason);
      };
      this.#pending.set(id, {
        settle: (reply) => {
          signal?.removeEventListener('abort', giveUp);
          if (reply.status === 'failed') reject(errorOf(reply));
          else settleWith(resolve, reject, convert, reply);
        },
      });
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#machine.request(now, id, this.#command, this.#driver);
    });
  }

  #settle(id: RequestId, reply: Reply): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.settle(reply);
    this.#forget(id);
  }

  #forget(id: RequestId): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0 && this.#onIdle !== null) this.#onIdle();
  }

  #nextId(): RequestId {
    this.#lastId += 1;
    return this.#lastId as RequestId;
  }

  #ttlOf(reply: Reply): number | undefined {
    if (reply.status === 'miss') return undefined;
    return reply.expiry === NEVER
      ? Number.POSITIVE_INFINITY
      : Math.max(0, reply.expiry - this.#driver.enter());
  }
}

/**
 * Calls for every item, so many at a time, and gives the results in order. When one fails, its
 * batch is settled first: after the rejection nothing more of it happens.
 */
async function inBatches<I, R>(items: Iterable<I>, call: (item: I) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let batch: Promise<R>[] = [];
  const settle = async (): Promise<void> => {
    for (const outcome of await Promise.allSettled(batch)) {
      if (outcome.status === 'rejected') throw outcome.reason;
      results.push(outcome.value);
    }
    batch = [];
  };
  try {
    for (const item of items) {
      batch.push(call(item));
      if (batch.length === BATCH_CALLS) await settle();
    }
  } catch (error) {
    // The iterable's own error, say: what it has led to is waited for all the same.
    await Promise.allSettled(batch);
    throw error;
  }
  await settle();
  return results;
}

const alwaysTrue: Convert<true> = () => true;
const wasThere: Convert<boolean> = (reply) => reply.status !== 'miss';

const valueIn: Convert<unknown> = (reply) => {
  if (reply.status === 'miss') return undefined;
  const bytes = Buffer.allocUnsafeSlow(reply.length);
  reply.copyValue(bytes, 0);
  return adoptValue(reply.kind, bytes);
};

/** What cannot be decoded is its caller's trouble, not the thread's. */
function settleWith<T>(
  resolve: (value: T) => void,
  reject: (reason: unknown) => void,
  convert: Convert<T>,
  reply: Reply,
): void {
  try {
    resolve(convert(reply));
  } catch (error) {
    reject(error);
  }
}

const errorOf = (reply: Reply): ShoalError =>
  new ShoalError(reply.error ?? 'ERR_PROTOCOL', reply.text);

/** Rounded up: an entry may live a fraction of a millisecond too long, never too short. */
function expiryOf(now: Instant, ttl: number | undefined): Instant {
  if (ttl === undefined) return NEVER;
  return after(now, duration(Math.ceil(checkTtl(ttl))));
}
