/**
 * `getOrLoad`: what the machine of a client's loads (`loading/loads.ts`) has of the world. A hit
 * is read in place and goes no further; everything else is the machine's to decide.
 *
 *     getOrLoad ─▶ in place: fresh ───────────▶ answered; and refreshed behind it, now and then, before it expires
 *                     │      stale, and may be ▶ answered; and refreshed behind it
 *                     ▼
 *                  Loads ◀──▶ asks, fills, wakes          the loader runs in this thread, or in a pool
 */
import { Buffer } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { loadTimeOf, packLoading } from '../base/brief.js';
import { ShoalError } from '../base/errors.js';
import { KeyBuffer } from '../base/key.js';
import { Prng } from '../base/prng.js';
import {
  after,
  type Duration,
  duration,
  type Epoch,
  elapsed,
  type Instant,
  type KeyHash,
  NEVER,
  type NodeIndex,
} from '../base/units.js';
import type { Ask, AskReply } from '../loading/ask.js';
import { isDueEarly } from '../loading/early-refresh.js';
import type { Failure } from '../loading/failure.js';
import type { Flight, Look } from '../loading/flight.js';
import { jittered } from '../loading/jitter.js';
import { type KeptValue, LoadCall, type LoadKey, type LoadOutcome } from '../loading/load-call.js';
import { Loads, type LoadsOptions } from '../loading/loads.js';
import type { LoadsOutbox } from '../loading/loads-outbox.js';
import type { LoadsStats } from '../loading/loads-stats.js';
import type { Command } from '../node/command.js';
import type { Reply } from '../node/reply.js';
import { decodeValue, type EncodedValue, encodeValue } from '../values/value.js';
import type { LeaseOrder, LeaseToken, ReleaseReason, WakeMessage } from '../wire/message.js';
import { type Key, loadKey } from './client-arguments.js';
import type { ClientReads, FindOutcome } from './client-reads.js';
import { errorOf, loaderFailure, ownFailure, packFailure } from './load-errors.js';
import {
  type CheckedLoad,
  checkLoad,
  type LoadContext,
  type Loader,
  type LoaderFile,
  type LoadOptions,
} from './load-options.js';
import { LoaderPool } from './loader-pool.js';
import type { MachineDriver } from './machine-driver.js';
import { decodeFound } from './near-reads.js';

/** What the loads ask of the client that they are part of. */
export interface LoadHost {
  readonly driver: MachineDriver;
  readonly reads: ClientReads;
  readonly valueBytesMax: number;
  /** @throws ShoalError if it is closed, or about to be */
  assertOpen(): void;
  /** Whether a read of this hash in place would overtake nothing. */
  isQuiet(hash: KeyHash): boolean;
  /** Sends a request that `prepare` makes of the command; the reply is lent. */
  request(
    now: Instant,
    prepare: (command: Command) => void,
    settle: (now: Instant, reply: Reply) => void,
  ): void;
  /** A call begins to wait, or is over. */
  loadsChanged(): void;
}

/** A user's call. */
class UserCall extends LoadCall {
  readonly userKey: Key;
  readonly loader: Loader | LoaderFile;
  readonly load: CheckedLoad;
  resolve: (value: unknown) => void = noop;
  reject: (reason: unknown) => void = noop;
  /** Takes its listener off the caller's signal. */
  unlisten: () => void = noop;

  constructor(
    key: LoadKey,
    userKey: Key,
    loader: Loader | LoaderFile,
    load: CheckedLoad,
    isRefresh: boolean,
  ) {
    super(key, load, isRefresh);
    // A Uint8Array is its caller's, who may write to it.
    this.userKey = typeof userKey === 'string' ? userKey : Buffer.from(userKey);
    this.loader = loader;
    this.load = load;
  }
}

/** What a loader is told. A signal takes longer to make than many a load does: it is made if it is wanted. */
class Context implements LoadContext {
  #abort: AbortController | null = null;
  #reason: ShoalError | null = null;

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#reason !== null) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  abort(reason: ShoalError): void {
    this.#reason = reason;
    this.#abort?.abort(reason);
  }
}

const NO_ORDER: LeaseOrder = {
  high: 0,
  low: 0,
  mode: 'load',
  reason: 'returned',
  limit: duration(0),
  loading: 0,
};
const NOTHING = new Uint8Array(0);

export class ClientLoads implements LoadsOutbox {
  readonly #host: LoadHost;
  readonly #loads: Loads;
  readonly #key = new KeyBuffer();
  readonly #prng = new Prng(randomInt(2 ** 32));
  readonly #running = new Map<Flight, Context>();
  #pool: LoaderPool | null = null;
  #isClosed = false;
  /** What the read that comes before a wait has found. */
  #outcome: FindOutcome = 'unread';

  constructor(host: LoadHost, options: LoadsOptions) {
    this.#host = host;
    this.#loads = new Loads(options);
  }

  get stats(): LoadsStats {
    return this.#loads.stats;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#loads.waiting;
  }

  getOrLoad(
    key: Key,
    loader: Loader | LoaderFile,
    options: LoadOptions | undefined,
  ): Promise<unknown> {
    try {
      this.#host.assertOpen();
      options?.signal?.throwIfAborted();
      const load = checkLoad(loader, options);
      const value = this.#read(key, loader, load);
      if (value !== undefined) return Promise.resolve(value);
      return this.#wait(key, loader, load, options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** This client is about to write the key. */
  wrote(key: KeyBuffer): void {
    if (this.#loads.isActive) this.#loads.wrote(key.byteText());
  }

  // What the client's machine is told beside its router.

  get deadline(): Instant {
    return this.#loads.deadline;
  }

  woken(now: Instant, from: NodeIndex, wake: WakeMessage): void {
    this.#loads.woken(now, from, wake, this);
  }

  peerLost(now: Instant, node: NodeIndex): void {
    this.#loads.peerLost(now, node, this);
  }

  tick(now: Instant): void {
    this.#loads.tick(now, this);
  }

  /** Ends all calls, and the threads that load. */
  close(): void {
    this.#isClosed = true;
    this.#loads.close(this);
    void this.#pool?.close();
  }

  // What the machine asks of the world.

  get epoch(): Epoch | null {
    return this.#host.driver.ring?.epoch ?? null;
  }

  look({ text, hash }: LoadKey): Look | null {
    if (!this.#host.isQuiet(hash)) return null;
    loadText(this.#key, text);
    return this.#lookOf(this.#host.reads.find(this.#key, false), true);
  }

  ask(ask: Ask): void {
    const { key, leader, mode, seen, wantsStale } = ask;
    this.#request(
      (command) => {
        command.prepare('lease');
        loadText(command.key, key.text);
        command.expiry = seen;
        command.wantOld = wantsStale;
        command.lease = { ...NO_ORDER, mode, limit: leader.terms.timeout };
      },
      (now, reply) => this.#loads.answered(now, ask, askReplyOf(reply), this),
    );
  }

  load(flight: Flight): void {
    const context = new Context();
    this.#running.set(flight, context);
    // The machine is not called from within, and users' code not at all.
    queueMicrotask(() => void this.#run(flight, flight.leader as UserCall, context));
  }

  cancel(flight: Flight): void {
    const { timeout } = flight.leader.terms;
    const reason = this.#isClosed
      ? new ShoalError('ERR_CLOSED', 'Cannot load key: the client was closed')
      : new ShoalError('ERR_LOAD_TIMEOUT', `Cannot load key: its time, ${timeout} ms, is over`);
    this.#running.get(flight)?.abort(reason);
    this.#running.delete(flight);
  }

  fill(flight: Flight): void {
    const { key, high, low, value } = flight;
    if (value === null) return;
    this.#request(
      (command) => {
        command.prepare('fill');
        loadText(command.key, key.text);
        command.value = value.bytes;
        command.valueEnd = value.bytes.length;
        command.kind = value.kind;
        command.expiry = value.expiry;
        command.lease = { ...NO_ORDER, high, low, loading: value.loading };
      },
      (now, reply) => this.#loads.filled(now, flight, reply.status === 'stored', this),
    );
  }

  release(
    key: LoadKey,
    { high, low }: LeaseToken,
    reason: ReleaseReason,
    limit: Duration,
    failure: Failure | null,
  ): void {
    const error = failure === null ? NOTHING : packFailure(failure);
    this.#request((command) => {
      command.prepare('release');
      loadText(command.key, key.text);
      command.value = error;
      command.valueEnd = error.length;
      command.lease = { ...NO_ORDER, high, low, reason, limit };
    }, noop);
  }

  settle(call: LoadCall, outcome: LoadOutcome): void {
    const { resolve, reject, unlisten } = call as UserCall;
    unlisten();
    this.#host.loadsChanged();
    switch (outcome.status) {
      case 'value':
        try {
          const { kind, bytes } = outcome.value;
          resolve(this.#host.reads.finish(decodeValue(kind, bytes)));
        } catch (error) {
          reject(error);
        }
        break;
      case 'nothing':
        resolve(undefined);
        break;
      case 'failed':
        reject(errorOf(outcome.failure));
        break;
    }
  }

  served(call: LoadCall, { expiry, loading }: KeptValue): void {
    const { key, userKey, loader, load } = call as UserCall;
    if (this.#isDue(this.#host.driver.turn, expiry, loading, load)) {
      this.#refresh(new UserCall(key, userKey, loader, load, true), expiry);
    }
  }

  /** The value, if it is there and will do, without a message; undefined: it has to be waited for. */
  #read(key: Key, loader: Loader | LoaderFile, load: CheckedLoad): unknown {
    const { reads } = this.#host;
    const near = reads.nearEntry(key, this.#host);
    if (near !== null) {
      const { expiry, loading } = near;
      const value = reads.handOut(near);
      if (loading !== 0 && this.#isDue(this.#host.driver.now(), expiry, loading, load))
        this.#refreshKey(key, loader, load, expiry);
      return value;
    }
    loadKey(this.#key, key);
    if (!this.#host.isQuiet(this.#key.hash)) {
      this.#outcome = 'unread';
      return undefined;
    }
    this.#outcome = reads.find(this.#key, true);
    switch (this.#outcome) {
      case 'hit': {
        const { expiry, loading } = reads.found;
        const value = reads.foundValue(key, this.#key);
        if (this.#isDue(reads.foundAt, expiry, loading, load))
          this.#refreshKey(key, loader, load, expiry);
        return value;
      }
      case 'stale': {
        const { expiry } = reads.found;
        if (reads.foundAt >= after(expiry, load.staleWhileRevalidate)) return undefined;
        const value = reads.finish(decodeFound(reads.found));
        this.#refreshKey(key, loader, load, expiry);
        return value;
      }
      case 'absent':
      case 'unread':
        return undefined;
    }
  }

  #wait(
    key: Key,
    loader: Loader | LoaderFile,
    load: CheckedLoad,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const look = this.#lookOf(this.#outcome, load.staleFor > 0);
    const call = new UserCall(this.#loadKeyOf(), key, loader, load, false);
    return new Promise((resolve, reject) => {
      call.resolve = resolve;
      call.reject = reject;
      if (signal !== undefined) this.#listen(call, signal);
      const now = this.#host.driver.enter();
      this.#host.assertOpen();
      this.#loads.begin(now, call, look, this);
      this.#host.loadsChanged();
    });
  }

  #listen(call: UserCall, signal: AbortSignal): void {
    const giveUp = (): void => {
      this.#loads.leave(call);
      this.#host.loadsChanged();
      call.reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    call.unlisten = () => signal.removeEventListener('abort', giveUp);
  }

  #isDue(now: Instant, expiry: Instant, loading: number, { beta }: CheckedLoad): boolean {
    if (loading === 0 || expiry === NEVER) return false;
    const left = elapsed(now, expiry);
    return isDueEarly(left, loadTimeOf(loading), beta, this.#prng);
  }

  #refreshKey(key: Key, loader: Loader | LoaderFile, load: CheckedLoad, seen: Instant): void {
    loadKey(this.#key, key);
    this.#refresh(new UserCall(this.#loadKeyOf(), key, loader, load, true), seen);
  }

  #refresh(call: UserCall, seen: Instant): void {
    this.#loads.refresh(this.#host.driver.enter(), call, seen, this);
  }

  #loadKeyOf(): LoadKey {
    return { text: this.#key.byteText(), hash: this.#key.hash };
  }

  /** What was found in place, with the value if it is wanted. */
  #lookOf(outcome: FindOutcome, wantsValue: boolean): Look | null {
    const { epoch } = this;
    if (outcome === 'unread' || epoch === null) return null;
    const {
      versionHigh: high,
      versionLow: low,
      kind,
      expiry,
      loading,
      length,
      scratch,
    } = this.#host.reads.found;
    const answer = { high, low, epoch };
    if (outcome === 'absent' || !wantsValue) return { answer, kept: null };
    const bytes = Buffer.allocUnsafe(length);
    scratch.copyTo(bytes, 0, length);
    return { answer, kept: { kind, bytes, expiry, loading } };
  }

  #request(
    prepare: (command: Command) => void,
    settle: (now: Instant, reply: Reply) => void,
  ): void {
    this.#host.request(this.#host.driver.turn, prepare, settle);
  }

  async #run(flight: Flight, call: UserCall, context: Context): Promise<void> {
    const began = performance.now();
    try {
      const value = await this.#loaded(call, context);
      const loadTime = duration(performance.now() - began);
      if (this.#isClosed) return;
      if (value === undefined) this.#loads.empty(this.#host.driver.enter(), flight, this);
      else this.#store(flight, call, value, loadTime);
    } catch (error) {
      // A pool's own refusals come as ours; what a loader throws is a loader's whatever its class.
      const isOurs = error instanceof ShoalError && typeof call.loader !== 'function';
      this.#fail(flight, isOurs ? ownFailure(error) : loaderFailure(error));
    } finally {
      this.#running.delete(flight);
    }
  }

  #fail(flight: Flight, failure: Failure): void {
    if (!this.#isClosed) this.#loads.failed(this.#host.driver.enter(), flight, failure, this);
  }

  #loaded({ loader, userKey }: UserCall, context: Context): unknown {
    if (typeof loader === 'function') return loader(userKey, context);
    this.#pool ??= new LoaderPool();
    return this.#pool.run(loader, userKey, context.signal);
  }

  #store(flight: Flight, { load }: UserCall, value: unknown, loadTime: Duration): void {
    const encoded = this.#encode(flight, value);
    if (encoded === null) return;
    const { kind, bytes } = encoded;
    // Of its own: the user's bytes may change, and those of a pool are written again.
    const own = Buffer.from(bytes);
    const now = this.#host.driver.enter();
    const { ttl, jitter, staleFor } = load;
    const expiry =
      ttl === Number.POSITIVE_INFINITY ? NEVER : after(now, jittered(ttl, jitter, this.#prng));
    const loading = packLoading(loadTime, staleFor);
    this.#loads.loaded(now, flight, { kind, bytes: own, expiry, loading }, this);
  }

  /** The value as bytes; null if it has none, and then the load has failed. */
  #encode(flight: Flight, value: unknown): EncodedValue | null {
    try {
      return encodeValue(value, this.#host.valueBytesMax);
    } catch (error) {
      // A getter of the value may throw what it likes.
      this.#fail(flight, error instanceof ShoalError ? ownFailure(error) : loaderFailure(error));
      return null;
    }
  }
}

function noop(): void {}

function loadText(key: KeyBuffer, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  key.loadBytes(bytes, 0, bytes.length);
}

/** An answer of its own: the reply is lent. */
function askReplyOf(reply: Reply): AskReply {
  const { status, kind, expiry, error, text, lease, hasValue, length } = reply;
  let value: Buffer | null = null;
  if (hasValue) {
    value = Buffer.allocUnsafe(length);
    reply.copyValue(value, 0);
  }
  return { status, kind, value, expiry, error, text, lease };
}
