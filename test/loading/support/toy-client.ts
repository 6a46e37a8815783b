/**
 * A client that loads, without threads: real `Loads` over a real `Router`, and the node's memory read in
 * place. It does what a driver of the runtime has to do, in as few lines as can be: look first, ask if
 * need be, and hand the router's answers back to the loads after the call in which they came.
 */
import { loadTimeOf, packLoading } from '#src/base/brief.js';
import type { Prng } from '#src/base/prng.js';
import {
  after,
  type Duration,
  duration,
  type Epoch,
  elapsed,
  type Instant,
  instant,
  nodeIndex,
} from '#src/base/units.js';
import type { Ask, AskReply } from '#src/loading/ask.js';
import { isDueEarly } from '#src/loading/early-refresh.js';
import type { Failure } from '#src/loading/failure.js';
import type { Flight, Look } from '#src/loading/flight.js';
import {
  type KeptValue,
  LoadCall,
  type LoadKey,
  type LoadOutcome,
  type LoadTerms,
  staleWindow,
} from '#src/loading/load-call.js';
import type { Loads } from '#src/loading/loads.js';
import type { LoadsOutbox } from '#src/loading/loads-outbox.js';
import { Command } from '#src/node/command.js';
import type { Reply } from '#src/node/reply.js';
import type { RingView } from '#src/node/ring-view.js';
import { Router } from '#src/node/router.js';
import { type Peek, SharedReads } from '#src/node/shared-reads.js';
import type {
  Address,
  LeaseOrder,
  LeaseToken,
  Message,
  Op,
  ReleaseReason,
  RequestId,
} from '#src/wire/message.js';
import { keyOf } from './keys.js';

export interface ToyTerms extends LoadTerms {
  /** After so long a loaded value expires. */
  readonly ttl: Duration;
  readonly beta: number;
}

/** A call and what it came to; `null`: nothing yet. */
export class ToyCall extends LoadCall {
  override readonly terms: ToyTerms;
  outcome: LoadOutcome | null = null;

  constructor(key: LoadKey, terms: ToyTerms, isRefresh = false) {
    super(key, terms, isRefresh);
    this.terms = terms;
  }
}

/** What a client asks of its world. */
export interface ToyWorld {
  readonly now: Instant;
  post(from: ToyClient, to: Address, message: Message): void;
  load(client: ToyClient, flight: Flight): void;
  cancel(client: ToyClient, flight: Flight): void;
  settle(client: ToyClient, call: ToyCall, outcome: LoadOutcome): void;
}

export const loadKey = (text: string): LoadKey => ({ text, hash: keyOf(text).hash });

const NO_LEASE: LeaseToken = { high: 0, low: 0 };

export class ToyClient implements LoadsOutbox {
  readonly name: string;
  readonly address: Address;
  readonly loads: Loads;
  readonly router = new Router({ local: null });
  isAlive = true;
  readonly #world: ToyWorld;
  readonly #prng: Prng;
  readonly #reads: SharedReads;
  /** What the loads' machine is handed: itself, or something that spoils what passes. */
  readonly #outbox: LoadsOutbox;
  readonly #open = new Map<RequestId, (reply: Reply) => void>();
  /** Answers that came within a call of a machine, and are handed on after it. */
  readonly #later: (() => void)[] = [];
  #ring: RingView | null = null;
  #lastId = 0;

  constructor(
    name: string,
    address: Address,
    loads: Loads,
    world: ToyWorld,
    peek: Peek,
    prng: Prng,
    spoil: (outbox: LoadsOutbox) => LoadsOutbox = (outbox) => outbox,
  ) {
    this.name = name;
    this.address = address;
    this.loads = loads;
    this.#world = world;
    this.#prng = prng;
    this.#reads = new SharedReads(peek);
    this.#outbox = spoil(this);
  }

  /** When `tick` next has work. */
  get deadline(): Instant {
    const { deadline } = this.router;
    return this.loads.deadline < deadline ? this.loads.deadline : deadline;
  }

  get(key: LoadKey, terms: ToyTerms): ToyCall {
    const call = new ToyCall(key, terms);
    const look = this.look(key);
    const value = look?.kept ?? null;
    if (value === null || value.expiry <= this.#now) {
      this.#run(() => this.loads.begin(this.#now, call, look, this.#outbox));
    } else {
      this.#settle(call, { status: 'value', value, isStale: false });
      this.served(call, value);
    }
    return call;
  }

  leave(call: ToyCall): void {
    this.#run(() => this.loads.leave(call));
  }

  write(op: 'set' | 'delete', key: LoadKey, value: string, done: (status: string) => void): void {
    this.loads.wrote(key.text);
    const command = this.#command(op, key, Buffer.from(value), null);
    this.#run(() => this.#request(command, ({ status, error }) => done(error ?? status)));
  }

  /** A load has ended. */
  end(flight: Flight, how: 'loaded' | 'empty' | 'failed', text: string, took: Duration): void {
    this.#run(() => {
      const { ttl, ...terms } = flight.leader.terms as ToyTerms;
      if (how === 'empty') this.loads.empty(this.#now, flight, this.#outbox);
      else if (how === 'failed') {
        const why: Failure = { code: 'ERR_LOADER', text: '', cause: text, packed: null };
        this.loads.failed(this.#now, flight, why, this.#outbox);
      } else {
        const value: KeptValue = {
          kind: 'text',
          bytes: Buffer.from(text),
          expiry: after(this.#now, ttl),
          loading: packLoading(took, staleWindow(terms)),
        };
        this.loads.loaded(this.#now, flight, value, this.#outbox);
      }
    });
  }

  receive(from: Address, message: Message): void {
    const node = nodeIndex(from);
    this.#run(() => {
      if (message.type === 'wake') this.loads.woken(this.#now, node, message, this.#outbox);
      else this.router.receive(this.#now, from, message, this.#asRouters);
    });
  }

  ringChanged(ring: RingView): void {
    this.#ring = ring;
    this.#run(() => this.router.ringChanged(this.#now, ring, this.#asRouters));
  }

  tick(): void {
    this.#run(() => {
      this.router.tick(this.#now, this.#asRouters);
      this.loads.tick(this.#now, this.#outbox);
    });
  }

  // What the loads' machine asks of the world.

  get epoch(): Epoch | null {
    return this.router.epoch;
  }

  look(key: LoadKey): Look | null {
    const ring = this.#ring;
    if (ring === null || !this.router.isQuiet(key.hash)) return null;
    const outcome = this.#reads.read(ring, keyOf(key.text), 'value');
    if (outcome === 'unread') return null;
    const { slab } = this.#reads;
    const answer = { high: slab.versionHigh, low: slab.versionLow, epoch: ring.epoch };
    if (outcome === 'absent') return { answer, kept: null };
    const bytes = new Uint8Array(slab.length);
    slab.scratch.copyTo(bytes, 0, slab.length);
    const { kind, expiry, loading } = slab;
    return { answer, kept: { kind, bytes, expiry, loading } };
  }

  ask(ask: Ask): void {
    const order = { mode: ask.mode, limit: ask.leader.terms.timeout };
    const command = this.#command('lease', ask.key, null, order);
    command.expiry = ask.seen;
    command.wantOld = ask.wantsStale;
    this.#request(command, (reply) => {
      const answer = copyOf(reply);
      this.#later.push(() => this.loads.answered(this.#now, ask, answer, this.#outbox));
    });
  }

  load(flight: Flight): void {
    this.#world.load(this, flight);
  }

  cancel(flight: Flight): void {
    this.#world.cancel(this, flight);
  }

  fill(flight: Flight): void {
    const value = flight.value as KeptValue;
    const { high, low } = flight;
    const order = { high, low, loading: value.loading };
    const command = this.#command('fill', flight.key, value.bytes, order);
    command.kind = value.kind;
    command.expiry = value.expiry;
    this.#request(command, ({ status }) => {
      this.#later.push(() => this.loads.filled(this.#now, flight, status, this.#outbox));
    });
  }

  release(
    key: LoadKey,
    { high, low }: LeaseToken,
    reason: ReleaseReason,
    limit: Duration,
    why: Failure | null,
  ): void {
    const text = Buffer.from(String(why?.cause ?? why?.code ?? ''));
    const command = this.#command('release', key, text, { high, low, reason, limit });
    this.#request(command, () => {});
  }

  settle(call: LoadCall, outcome: LoadOutcome): void {
    this.#settle(call as ToyCall, outcome);
  }

  served(call: LoadCall, value: KeptValue): void {
    const { key, terms } = call as ToyCall;
    const left = elapsed(this.#now, value.expiry);
    if (!isDueEarly(left, loadTimeOf(value.loading), terms.beta, this.#prng)) return;
    const refresh = new ToyCall(key, terms, true);
    this.#run(() => this.loads.refresh(this.#now, refresh, value.expiry, this.#outbox));
  }

  get #now(): Instant {
    return this.#world.now;
  }

  #settle(call: ToyCall, outcome: LoadOutcome): void {
    call.outcome = outcome;
    this.#world.settle(this, call, outcome);
  }

  readonly #asRouters = {
    send: (to: Address, message: Message): void => this.#world.post(this, to, message),
    reply: (id: RequestId, reply: Reply): void => {
      const take = this.#open.get(id);
      this.#open.delete(id);
      take?.(reply);
    },
  };

  #isRunning = false;

  /** Calls a machine, then hands on the answers that came meanwhile. */
  #run(step: () => void): void {
    if (this.#isRunning) {
      this.#later.push(step);
      return;
    }
    this.#isRunning = true;
    step();
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next();
    this.#isRunning = false;
  }

  #request(command: Command, take: (reply: Reply) => void): void {
    const id = ++this.#lastId as RequestId;
    this.#open.set(id, take);
    this.router.request(this.#now, id, command, this.#asRouters);
  }

  #command(
    op: Op,
    key: LoadKey,
    value: Uint8Array | null,
    order: Partial<LeaseOrder> | null,
  ): Command {
    const command = new Command(keyOf(key.text)).prepare(op);
    command.value = value ?? new Uint8Array(0);
    command.valueEnd = command.value.length;
    if (order !== null) {
      const rest = { mode: 'load', reason: 'returned', limit: duration(0), loading: 0 } as const;
      command.lease = { ...NO_LEASE, ...rest, ...order };
    }
    return command;
  }
}

function copyOf(reply: Reply): AskReply {
  const value = reply.hasValue ? new Uint8Array(reply.length) : null;
  if (value !== null) reply.copyValue(value, 0);
  const { status, kind, expiry, error, text, lease } = reply;
  return { status, kind, value, expiry, error, text, lease };
}

/** Later than all that a world does. */
export const END: Instant = instant(1e9);
