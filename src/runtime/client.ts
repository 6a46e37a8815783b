/**
 * A client of the cluster in one thread: keys and values in, promises out.
 *
 * It knows the ring, so every request goes straight to the owner of its key: one message there,
 * one back, together with whatever else this turn of the event loop says to that node.
 */
import { randomInt } from 'node:crypto';
import { ShoalError } from '../base/errors.js';
import { Prng } from '../base/prng.js';
import { after, duration, type Instant, NEVER } from '../base/units.js';
import { jittered } from '../loading/jitter.js';
import type { LoadsStats } from '../loading/loads-stats.js';
import { Command } from '../node/command.js';
import { isRead } from '../node/conversion.js';
import type { Reply } from '../node/reply.js';
import { encodeValue } from '../values/value.js';
import type { RequestId } from '../wire/message.js';
import type { BusyFlag } from './busy-flag.js';
import { checkJitter, checkTtl, type Key, loadKey } from './client-arguments.js';
import { ClientLoads, type LoadHost } from './client-loads.js';
import { ClientMachine } from './client-machine.js';
import { ClientReads, type ReadStats } from './client-reads.js';
import type { ConnectOptions } from './connect-options.js';
import type { Control } from './control.js';
import { EpochBoard } from './epoch-board.js';
import { checkLoading, type Loader, type LoaderFile, type LoadOptions } from './load-options.js';
import { type DriverOptions, MachineDriver } from './machine-driver.js';
import { type NearOptions, NearReads } from './near-reads.js';
import type { Link } from './node-task.js';
import { SharedSlabs, type SlabShare } from './shared-slabs.js';

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
  /**
   * Share of `ttl`, from 0 to 1, by which each entry's life is shortened at random: so that what is
   * stored together does not expire together. @default 0
   */
  readonly jitter?: number;
}

/** What a client has done so far. */
export interface ClientStats extends ReadStats {
  /** What `getOrLoad` has done. */
  readonly loads: LoadsStats;
}

export interface ClientOptions extends Omit<DriverOptions, 'self' | 'slabs'> {
  /** The nodes' memories, as far as they are known. */
  readonly slabs: readonly SlabShare[];
  readonly reads: 'shared' | 'proxy';
  /** Channels to the supervisor and to all nodes; of a client that is to be introduced, the first only. */
  readonly links: readonly Link[];
  /** Null for a client that the supervisor has made itself. */
  readonly introduction: ClientIntroduction | null;
  readonly valueBytesMax: number;
}

/** How a client has itself taken up by a supervisor that does not know of it yet. */
export interface ClientIntroduction {
  /** Brings the supervisor its end of the channel; resolves when it has seen to it. */
  send(): Promise<void>;
  /** What is wrong if it has, and the client was neither taken up nor refused. */
  readonly failure: ShoalError;
  readonly busy: BusyFlag;
}

/** Calls that `getMany` and `setMany` have out at a time: far below what a router takes. */
const BATCH_CALLS = 1024;

const CLOSED = 'Cannot reach cluster: it is closed';
const NOT_WELCOME_YET =
  'the thread of the cluster has not answered this client yet; nothing was done, try again';

/** What becomes of a reply that is no failure. */
type Convert<T> = (reply: Reply) => T;

interface Pending {
  settle(now: Instant, reply: Reply): void;
}

/**
 * Reads and writes the cluster's entries. Made by `cluster.client()`, or by `connect(handle)` in
 * any other thread.
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
  readonly #near: NearReads | null;
  readonly #reads: ClientReads;
  readonly #loads: ClientLoads;
  readonly #prng = new Prng(randomInt(2 ** 32));
  readonly #valueBytesMax: number;
  readonly #command = new Command();
  readonly #pending = new Map<RequestId, Pending>();
  /** Rises and is never used again: a late answer finds nobody. */
  #lastId = 0;
  #closed = false;
  /** Why it is over, if not by its user: it ends with the present turn. */
  #end: ShoalError | null = null;
  readonly #busy: BusyFlag | null;
  /** Whether somebody waits for an answer, as the flag has it. */
  #isBusy = false;
  #onIdle: (() => void) | null = null;

  /** Not for users: `cluster.client()` and `connect(handle)` make clients. */
  constructor(options: ClientOptions, { near, loading }: ConnectOptions = {}) {
    const { introduction, valueBytesMax } = options;
    this.#valueBytesMax = valueBytesMax;
    this.#busy = introduction?.busy ?? null;
    this.#loads = new ClientLoads(this.#loadHost(), checkLoading(loading));
    this.#machine = new ClientMachine(valueBytesMax, introduction === null, this.#loads, () =>
      this.#endWith(new ShoalError('ERR_CLOSED', CLOSED)),
    );
    const board = new EpochBoard(options.board);
    const slabs = new SharedSlabs(board, options.slabs, () => this.#near?.ringChanged());
    this.#driver = new MachineDriver({ ...options, slabs, self: null }, this.#machine, {
      reply: (now, id, reply) => this.#settle(now, id, reply),
      control: (control) => this.#onControl(control),
      turnEnds: () => this.#turnEnds(),
    });
    this.#near = nearReads(near, options.reads, board, this.#driver);
    this.#reads = new ClientReads(
      this.#driver,
      options.reads === 'shared' ? slabs : null,
      this.#near,
    );
    this.#driver.start(options.links);
    if (introduction !== null && !this.#closed) this.#introduce(introduction);
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
      const expiry = this.#expiryOf(now, options);
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
   * The value of a key: of the type that was stored, bytes as a Buffer that is the caller's. It is
   * read in the memory of the key's owner, and asked of the owner by message where that cannot be:
   * while this client has other calls for the key outstanding, for one. With a near cache
   * (`ConnectOptions.near`) objects are shared by all who read them in this thread: leave them as they are.
   *
   * @returns undefined if there is none
   * @throws ShoalError `ERR_KEY`
   */
  get<T = unknown>(key: Key, options: CallOptions = {}): Promise<T | undefined> {
    const near = this.#getNear(key, options);
    if (near !== undefined) return Promise.resolve(near as T);
    return this.#call(options, (_now, command) => {
      loadKey(command.key, key);
      command.prepare('get');
      return (reply) => this.#reads.valueIn(reply, key) as T | undefined;
    });
  }

  /**
   * The value of a key, now and without a message, from the memory of the key's owner: of the type
   * that was stored, bytes as a Buffer that is the caller's. It sees every write that was
   * acknowledged before the call, by whichever thread. With a near cache, objects are shared as by `get`.
   *
   * @returns undefined if there is none; also, and rarely, if the entry changes again and again while it
   *   is read, or its owner is being replaced (`stats().unread` counts these: `get` would ask the
   *   owner); and always with `reads: 'proxy'`, where nothing is read in place
   * @throws ShoalError `ERR_KEY`, `ERR_CLOSED`
   */
  getSync<T = unknown>(key: Key): T | undefined {
    this.#assertOpen();
    const value = this.#reads.get(key) as T | undefined;
    if (value === undefined) this.#assertOpen();
    return value;
  }

  /**
   * As `getSync`, but copies the bytes of the value to `target` from `at` on, and makes no garbage:
   * of text its UTF-8, of data its msgpack.
   *
   * @returns the value's length, also where it did not fit and nothing was copied; -1 for a miss
   * @throws ShoalError `ERR_KEY`, `ERR_CLOSED`
   */
  getInto(key: Key, target: Uint8Array, at = 0): number {
    this.#assertOpen();
    const length = this.#reads.getInto(key, target, at);
    if (length < 0) this.#assertOpen();
    return length;
  }

  /** What this client has done so far. */
  stats(): ClientStats {
    return { ...this.#reads.stats, loads: this.#loads.stats };
  }

  /** Removes a key. @returns whether it was there */
  delete(key: Key, options: CallOptions = {}): Promise<boolean> {
    return this.#call(options, (_now, command) => {
      loadKey(command.key, key);
      command.prepare('delete');
      return wasThere;
    });
  }

  /**
   * The value of a key; where there is none, what `loader` brings, which is stored: **one load for all
   * who miss the key at the time**, in whichever thread of the cluster they ask. The others wait for it,
   * and get a copy of the value, or the error. A key that is deleted or set while it is loaded is not
   * overwritten: who asked before gets what was loaded all the same, who asks after that does not.
   *
   * A value that is there is returned as `getSync` returns it, without a message. Shortly before it
   * expires it is loaded anew behind such a read (`beta`), so that nobody has to wait. The value is
   * there for all when the promise resolves, unless it was deleted, or has expired, by then; where its node does
   * not answer for 100 ms, the call does not wait for that.
   *
   * @param loader what finds the value: a function, called in the thread of one of those who miss; or a
   *   file, for what computes for long. It returns undefined if there is none, and that is then the result
   * @throws ShoalError `ERR_LOADER` if the loader failed (`cause` is its error, or a copy of it from
   *   another thread), `ERR_LOAD_TIMEOUT`, `ERR_BUSY` over a limit of `ConnectOptions.loading`,
   *   `ERR_CIRCUIT_OPEN`, `ERR_VALUE_TYPE` and `ERR_VALUE_TOO_LARGE` for what it brought, `ERR_KEY`, `ERR_TTL`
   * @throws TypeError, RangeError for an option that is wrong
   *
   * @example A user, from the database once a minute at the most
   * ```ts
   * import { startCluster } from 'shoal';
   *
   * const cluster = await startCluster({ nodes: 3, memory: '16mb' });
   * const cache = cluster.client();
   * const loadUser = async (id: unknown) => ({ id, name: 'Ada' }); // from the database
   * await cache.getOrLoad('user:1000', loadUser, { ttl: 60_000, staleIfError: 600_000 });
   * await cluster.close();
   * ```
   */
  getOrLoad<T = unknown>(
    key: Key,
    loader: Loader<T> | LoaderFile,
    options?: LoadOptions,
  ): Promise<T | undefined> {
    return this.#loads.getOrLoad(key, loader, options) as Promise<T | undefined>;
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
      const expiry = ttl === Number.POSITIVE_INFINITY ? NEVER : this.#expiryOf(now, { ttl });
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
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** What `get` need not call anybody for. */
  #getNear(key: Key, { signal }: CallOptions): unknown {
    if (this.#near === null || this.#closed || signal?.aborted === true) return undefined;
    return this.#reads.getNear(key, this.#machine);
  }

  /** Sends what `prepare` makes of the command; rejects with what it throws. */
  #call<T>(
    options: CallOptions,
    prepare: (now: Instant, command: Command) => Convert<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      const { signal } = options;
      signal?.throwIfAborted();
      const now = this.#driver.enter();
      this.#assertOpen();
      const convert = prepare(now, this.#command);
      if (this.#machine.isQuiet(this.#command.key.hash)) {
        const read = this.#reads.answer(this.#command);
        if (read !== null) {
          resolve(convert(read));
          return;
        }
      }
      if (!isRead(this.#command.op)) this.#loads.wrote(this.#command.key);
      const id = this.#nextId();
      const giveUp = (): void => {
        this.#forget(id);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#send(now, id, (_at, reply) => {
        signal?.removeEventListener('abort', giveUp);
        if (reply.status === 'failed') reject(this.#errorOf(reply));
        else settleWith(resolve, reject, convert, reply);
      });
    });
  }

  /** Sends the command. The answer may come within this call. */
  #send(now: Instant, id: RequestId, settle: Pending['settle']): void {
    this.#pending.set(id, { settle });
    this.#noteWork();
    this.#machine.request(now, id, this.#command, this.#driver);
  }

  #loadHost(): LoadHost {
    const client = this;
    return {
      valueBytesMax: this.#valueBytesMax,
      get driver() {
        return client.#driver;
      },
      get reads() {
        return client.#reads;
      },
      assertOpen: () => this.#assertOpen(),
      isQuiet: (hash) => this.#machine.isQuiet(hash),
      request: (now, prepare, settle) => {
        prepare(this.#command);
        this.#send(now, this.#nextId(), settle);
      },
      loadsChanged: () => this.#noteWork(),
    };
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#closedError();
  }

  #closedError(): ShoalError {
    return this.#end === null
      ? new ShoalError('ERR_CLOSED', CLOSED)
      : new ShoalError(this.#end.code, this.#end.message, { cause: this.#end.cause });
  }

  #errorOf({ error, text }: Reply): ShoalError {
    if (error === 'ERR_CLOSED' && this.#end !== null) return this.#closedError();
    const isEarly = error === 'ERR_CLUSTER_DOWN' && !this.#machine.isWelcome;
    return new ShoalError(error ?? 'ERR_PROTOCOL', isEarly ? `${text}: ${NOT_WELCOME_YET}` : text);
  }

  #introduce({ send, failure }: ClientIntroduction): void {
    const answered = (error: unknown): void => {
      if (this.#closed) return;
      // The answer is in the channel by now, and may not have been taken from it yet.
      this.#driver.hear();
      if (!this.#machine.isWelcome) this.#endWith(error instanceof ShoalError ? error : failure);
    };
    void send().then(answered, answered);
  }

  #onControl(control: Control): void {
    switch (control.control) {
      case 'welcome':
        this.#machine.welcome(this.#driver.enter(), this.#driver);
        break;
      case 'refused':
        this.#endWith(new ShoalError(control.code, control.text));
        break;
      case 'drain':
        void this.drain().then(() => this.#driver.tell({ control: 'drained' }));
        break;
      // What the driver has seen to, and what is not for clients.
      case 'link':
      case 'slab':
      case 'stop':
      case 'serving':
      case 'drained':
      case 'fault':
      case 'pause':
      case 'in-force':
        break;
    }
  }

  /** It is over, and not by its user: no more calls from now on. The first reason counts. */
  #endWith(reason: ShoalError): void {
    if (this.#end !== null) return;
    this.#closed = true;
    this.#end = reason;
    this.#driver.enter();
  }

  #turnEnds(): void {
    if (this.#end === null) return;
    // Answers that have come count, whatever else has come before them.
    this.#driver.hearAll();
    this.close();
  }

  #settle(now: Instant, id: RequestId, reply: Reply): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.settle(now, reply);
    this.#forget(id);
  }

  #forget(id: RequestId): void {
    this.#pending.delete(id);
    this.#noteWork();
  }

  /** Nobody waits for an answer. */
  get #isIdle(): boolean {
    return this.#pending.size === 0 && this.#loads.waiting === 0;
  }

  /** What is out has become more, or less. */
  #noteWork(): void {
    const isIdle = this.#isIdle;
    if (isIdle && this.#onIdle !== null) this.#onIdle();
    if (isIdle !== this.#isBusy) return;
    this.#isBusy = !isIdle;
    if (isIdle) this.#busy?.lower();
    else this.#busy?.raise();
  }

  #nextId(): RequestId {
    this.#lastId += 1;
    return this.#lastId as RequestId;
  }

  /** Rounded up: an entry may live a fraction of a millisecond too long, never too short. */
  #expiryOf(now: Instant, { ttl, jitter }: SetOptions): Instant {
    if (jitter !== undefined) checkJitter(jitter);
    if (ttl === undefined) return NEVER;
    const life = duration(Math.ceil(checkTtl(ttl)));
    return after(now, jitter === undefined ? life : jittered(life, jitter, this.#prng));
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

function nearReads(
  near: NearOptions | undefined,
  reads: ClientOptions['reads'],
  board: EpochBoard,
  clock: MachineDriver,
): NearReads | null {
  if (near === undefined || reads === 'proxy') return null;
  const isFrozen = process.env['NODE_ENV'] !== 'production';
  return new NearReads({ near, board, clock, isFrozen });
}
