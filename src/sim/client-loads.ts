/**
 * A client's loads: the machine (`Loads`), and all that it asks of the world. What
 * runtime/client-loads.ts is in production, with simulated loaders.
 *
 *     getOrLoad ─▶ Loads ── ask, fill, release ──▶ Router ──▶ the key's primary
 *                   │ ▲ └── look: in the owner's memory        │
 *                   │ └─────────────── answers ◀──────────────┘
 *                   └─ load ─▶ loader ─▶ comes back in a turn of its own
 *
 * A run of a loader, and its value, has a number (runs.ts). "Nothing" and errors carry none over the
 * wire, or not in every case: where they come from is kept here, beside the machine.
 */
import { unreachable } from '../base/assert.js';
import { loadTimeOf, packLoading, staleForOf } from '../base/brief.js';
import {
  after,
  type Duration,
  duration,
  type Epoch,
  elapsed,
  type Instant,
  NEVER,
  type NodeIndex,
} from '../base/units.js';
import type { Ask, AskReply } from '../loading/ask.js';
import type { CircuitBreaker } from '../loading/breaker.js';
import { isDueEarly } from '../loading/early-refresh.js';
import type { Failure } from '../loading/failure.js';
import { Flight, type Look } from '../loading/flight.js';
import {
  type KeptValue,
  LoadCall,
  type LoadKey,
  type LoadOutcome,
  type LoadTerms,
  staleWindow,
} from '../loading/load-call.js';
import type { Loads } from '../loading/loads.js';
import type { LoadsOutbox } from '../loading/loads-outbox.js';
import { Command } from '../node/command.js';
import type { Outbox } from '../node/outbox.js';
import type { Reply } from '../node/reply.js';
import type { RingView } from '../node/ring-view.js';
import type { Router } from '../node/router.js';
import type { SharedReads } from '../node/shared-reads.js';
import type { SlabReader } from '../slab/reader.js';
import type {
  Address,
  LeaseOrder,
  LeaseToken,
  Message,
  ReleaseReason,
  RequestId,
  WakeMessage,
} from '../wire/message.js';
import type { Input } from './channel.js';
import { type LoadWish, NOTHING, type Operation } from './history.js';
import { type LoaderPlan, planLoader } from './loader.js';
import type { Member } from './member.js';

/** Looks that come to nothing for no reason that the machine could know. */
const BLIND_SHARE = 0.05;

/** The thread that it is part of. */
export interface LoadsHost extends Member {
  readonly router: Router;
  readonly reads: SharedReads | null;
  readonly outbox: Outbox;
  /** Tells of a look into memory that `command`'s key was looked for in. */
  looked(ring: RingView, command: Command): void;
  die(): void;
}

/** A call, and which operation it is; a refresh is none. */
class WishedCall extends LoadCall {
  readonly operation: Operation | null;
  readonly wish: LoadWish;

  constructor(
    key: LoadKey,
    terms: LoadTerms,
    { operation, wish }: { operation: Operation | null; wish: LoadWish },
  ) {
    super(key, terms, operation === null);
    this.operation = operation;
    this.wish = wish;
  }
}

/** Something in a thread of its own that the client comes to. */
class Event implements Input {
  readonly #host: Member;
  readonly #happen: () => void;

  constructor(host: Member, happen: () => void) {
    this.#host = host;
    this.#happen = happen;
  }

  run(): void {
    this.#host.admit(this);
  }

  happen(): void {
    this.#host.enter();
    this.#happen();
    this.#host.leave();
  }
}

const NO_ORDER: LeaseOrder = {
  high: 0,
  low: 0,
  mode: 'join',
  reason: 'returned',
  limit: duration(0),
  loading: 0,
};

export class ClientLoads implements LoadsOutbox {
  readonly machine: Loads;
  readonly breaker: CircuitBreaker | null;
  readonly #host: LoadsHost;
  readonly #command = new Command();
  /** Who waits for the answer to a request; ids count down from -1. */
  readonly #waits = new Map<RequestId, (reply: AskReply, origin: number) => void>();
  #lastId = 0;
  readonly #runs = new WeakMap<Flight, Operation>();
  /** Of failures, and of outcomes without a value: the run that they are from. */
  readonly #origins = new WeakMap<object, number>();
  /** The run that "nothing" is from, if it is told now. */
  #origin = NOTHING;
  /** By key, the latest that was told here: what is remembered of a key was told to nobody at the time. */
  readonly #nothings = new Map<number, number>();
  /** The run that a node remembers, if it says so in the message that is read now. */
  recalled = NOTHING;

  constructor(host: LoadsHost, machine: Loads, breaker: CircuitBreaker | null) {
    this.#host = host;
    this.machine = machine;
    this.breaker = breaker;
  }

  get epoch(): Epoch | null {
    return this.#host.router.epoch;
  }

  /** What is left over when nothing is to be done; null if nothing is. */
  get leftovers(): string | null {
    // What is only remembered is forgotten in passing, when its time is over: nobody wakes up for it.
    this.machine.tick(this.#host.now, this);
    const { waiting, loading, asking, keys } = this.machine.stats;
    if (waiting > 0) return `${waiting} calls that wait`;
    if (loading > 0) return `${loading} loads`;
    if (asking > 0) return `${asking} questions`;
    if (keys > 0) return `${keys} keys to load`;
    if (this.#waits.size > 0) return `${this.#waits.size} requests for loads`;
    const { breaker } = this;
    if (breaker === null) return null;
    const { now } = this.#host;
    if (!breaker.enter(now)) return 'a circuit breaker that lets nobody in';
    breaker.leave(now);
    return null;
  }

  /** Begins a call of which nothing, or this, was seen in place. */
  begin(operation: Operation, look: Look | null): void {
    const { wish } = operation;
    if (wish === null) return;
    const call = new WishedCall(this.#keyOf(operation), this.#termsOf(wish), { operation, wish });
    const { now } = this.#host;
    const value = look?.kept ?? null;
    if (value !== null && value.expiry > now) {
      this.settle(call, { status: 'value', value, isStale: false });
      this.#refreshEarly(call, value);
    } else if (value !== null && now < after(value.expiry, wish.staleWhileRevalidate)) {
      this.settle(call, { status: 'value', value, isStale: true });
      this.#refresh(call, value);
    } else {
      this.machine.begin(now, call, look, this);
      if (wish.patience !== null) this.#leaveAfter(call, operation, wish.patience);
    }
  }

  /** This client is about to write the key that a command is about. */
  wrote({ key }: Command): void {
    if (this.machine.isActive) this.machine.wrote(key.byteText());
  }

  woken(now: Instant, from: NodeIndex, wake: WakeMessage): void {
    const origin = this.#host.world.runs.of(from, wake)?.id ?? NOTHING;
    this.#from(origin, () => this.machine.woken(now, from, wake, this));
  }

  /** An answer is going to be read. */
  hears(self: Address, message: Message): void {
    if (message.type !== 'reply' || message.status !== 'miss') return;
    this.recalled = this.#host.world.runs.recalled(self, message.id)?.id ?? NOTHING;
  }

  /** The router has answered one of its requests. */
  replied(id: RequestId, reply: Reply): void {
    const wait = this.#waits.get(id);
    if (wait === undefined) return;
    this.#waits.delete(id);
    wait(copyOf(reply), this.recalled);
  }

  /** What the reads' last look has found, if it was confirmed. */
  lookOf(isFound: boolean, slab: SlabReader, { epoch }: RingView): Look {
    const answer = { high: slab.versionHigh, low: slab.versionLow, epoch };
    if (!isFound) return { answer, kept: null };
    const { kind, expiry, loading, length } = slab;
    const isOfUse = this.#host.now < after(expiry, staleForOf(loading));
    if (!isOfUse) return { answer, kept: null };
    const bytes = new Uint8Array(length);
    slab.scratch.copyTo(bytes, 0, length);
    return { answer, kept: { kind, bytes, expiry, loading } };
  }

  look({ text, hash }: LoadKey): Look | null {
    const { reads, ring, router } = this.#host;
    if (reads === null || ring === null || !router.isQuiet(hash)) return null;
    if (this.isBlind()) return null;
    const command = this.#prepare('get', text);
    if (!reads.look(ring, command.key, 'value')) return null;
    this.#host.looked(ring, command);
    const outcome = reads.confirm(ring, command.key);
    return outcome === 'unread' ? null : this.lookOf(outcome === 'found', reads.slab, ring);
  }

  /** Whether a look comes to nothing. */
  isBlind(): boolean {
    const { isCalm, chances } = this.#host.stage;
    return !isCalm && chances.loads.unit() < BLIND_SHARE;
  }

  ask(ask: Ask): void {
    const { mode, key, leader, seen, wantsStale } = ask;
    const command = this.#prepare('lease', key.text);
    command.lease = { ...NO_ORDER, mode, limit: leader.terms.timeout };
    command.wantOld = wantsStale;
    command.expiry = seen;
    this.#request(command, (reply, origin) => {
      this.#from(origin, () => this.machine.answered(this.#host.now, ask, reply, this));
    });
  }

  load(flight: Flight): void {
    const host = this.#host;
    const key = host.world.keyOf(flight.key.hash);
    const run = host.world.runs.begin(host, key, flight);
    this.#runs.set(flight, run);
    const plan = planLoader(host.stage);
    if (plan.diesMs !== null) host.stage.plan(plan.diesMs, { run: () => host.die() });
    if (plan.end !== 'hang') this.#plan(plan.ms, () => this.#comesBack(flight, run, plan));
    if (plan.lieMs === null) return;
    const from = plan.end === 'hang' ? flight.leader.terms.timeout : plan.ms;
    this.#plan(from + plan.lieMs, () => this.#lies(flight, run));
  }

  cancel(_flight: Flight): void {}

  fill(flight: Flight): void {
    const { value, high, low, key } = flight;
    const run = this.#runs.get(flight);
    if (value === null || run === undefined) return;
    const command = this.#prepare('fill', key.text);
    command.value = value.bytes;
    command.valueEnd = value.bytes.length;
    command.kind = value.kind;
    command.expiry = value.expiry;
    command.lease = { ...NO_ORDER, high, low, loading: value.loading };
    this.#request(command, ({ status, error }) => {
      const host = this.#host;
      host.world.runs.end(host, run, error ?? (status === 'failed' ? 'ERR_TIMEOUT' : status));
      this.machine.filled(host.now, flight, status, this);
    });
  }

  release(
    key: LoadKey,
    token: LeaseToken,
    reason: ReleaseReason,
    limit: Duration,
    failure: Failure | null,
  ): void {
    const host = this.#host;
    const run = token instanceof Flight ? this.#runs.get(token) : undefined;
    const command = this.#prepare('release', key.text);
    if (run !== undefined && failure !== null) {
      this.#origins.set(failure, run.id);
      command.value = host.world.history.valueOf(run);
      command.valueEnd = run.size;
    }
    if (run !== undefined) host.world.runs.end(host, run, failure === null ? 'miss' : failure.code);
    const { high, low } = token;
    command.lease = { ...NO_ORDER, high, low, reason, limit };
    this.#request(command, () => {});
  }

  settle(call: LoadCall, outcome: LoadOutcome): void {
    if (!(call instanceof WishedCall) || call.operation === null) return;
    const { operation } = call;
    this.#host.world.loaded(this.#host, operation, outcome, this.#originOf(operation, outcome));
  }

  served(call: LoadCall, value: KeptValue): void {
    if (call instanceof WishedCall) this.#refreshEarly(call, value);
  }

  #comesBack(flight: Flight, run: Operation, { end }: LoaderPlan): void {
    const { now, stage } = this.#host;
    switch (end) {
      case 'value':
        // Its signal was aborted, and it has rejected long ago: the machine needs no protection from that.
        if (flight.state === 'loading') this.#brings(flight, run, elapsed(run.beganAt, stage.now));
        break;
      case 'nothing':
        this.#from(run.id, () => this.machine.empty(now, flight, this));
        break;
      case 'error':
        this.machine.failed(now, flight, this.#failureOf(run), this);
        break;
      case 'hang':
        break;
      default:
        unreachable(end);
    }
  }

  #brings(flight: Flight, run: Operation, loadTime: Duration): void {
    const { now, world } = this.#host;
    const { leader } = flight;
    const ttl = leader instanceof WishedCall ? leader.wish.ttl : null;
    const expiry = ttl === null ? NEVER : after(now, ttl);
    world.runs.brings(run, expiry);
    const bytes = world.history.valueOf(run).slice(0, run.size);
    const loading = packLoading(loadTime, staleWindow(leader.terms));
    this.machine.loaded(now, flight, { kind: 'bytes', bytes, expiry, loading }, this);
  }

  /** What a loader throws: its bytes are the run's, as its value would have been. */
  #failureOf(run: Operation): Failure {
    const packed = this.#host.world.history.valueOf(run).slice(0, run.size);
    return {
      code: 'ERR_LOADER',
      text: 'Cannot load key: its loader has failed',
      cause: undefined,
      packed,
    };
  }

  /** The loader comes back, and has ended. */
  #lies(flight: Flight, run: Operation): void {
    const host = this.#host;
    if (flight.state === 'loading') return;
    const lie = host.world.runs.lie(host, run);
    const bytes = host.world.history.valueOf(lie).slice(0, lie.size);
    const unit = host.stage.chances.loads.unit();
    if (unit < 0.6) {
      this.machine.loaded(
        host.now,
        flight,
        { kind: 'bytes', bytes, expiry: NEVER, loading: 0 },
        this,
      );
    } else if (unit < 0.8) this.machine.empty(host.now, flight, this);
    else this.machine.failed(host.now, flight, this.#failureOf(lie), this);
  }

  /** Loads a value anew that was seen, if it is about time. */
  #refreshEarly(call: WishedCall, value: KeptValue): void {
    const { now, stage } = this.#host;
    const left = elapsed(now, value.expiry);
    const { loads } = stage.chances;
    if (isDueEarly(left, loadTimeOf(value.loading), call.wish.beta, loads))
      this.#refresh(call, value);
  }

  #refresh({ key, wish }: WishedCall, value: KeptValue): void {
    const call = new WishedCall(key, this.#termsOf(wish), { operation: null, wish });
    this.machine.refresh(this.#host.now, call, value.expiry, this);
  }

  /** Does something with an outcome that says nothing, of which the run is known. */
  #from(origin: number, what: () => void): void {
    const before = this.#origin;
    this.#origin = origin;
    what();
    this.#origin = before;
    const run = this.#host.world.history.operations[origin];
    if (run?.outcome === 'miss') this.#nothings.set(run.key, origin);
  }

  #leaveAfter(call: LoadCall, operation: Operation, patience: Duration): void {
    this.#plan(patience, () => {
      if (call.isSettled) return;
      this.machine.leave(call);
      this.#host.world.left(this.#host, operation);
    });
  }

  #originOf({ key }: Operation, outcome: LoadOutcome): number {
    const { history } = this.#host.world;
    switch (outcome.status) {
      case 'value':
        return NOTHING;
      case 'nothing': {
        const known = this.#origins.get(outcome);
        if (known !== undefined) return known;
        const { operations } = history;
        const isTold = operations[this.#origin]?.outcome === 'miss';
        const origin = isTold ? this.#origin : (this.#nothings.get(key) ?? NOTHING);
        this.#origins.set(outcome, origin);
        return origin;
      }
      case 'failed': {
        const { packed } = outcome.failure;
        if (packed !== null) return history.numberIn(packed, packed.length);
        return this.#origins.get(outcome.failure) ?? NOTHING;
      }
      default:
        return unreachable(outcome);
    }
  }

  #keyOf({ key }: Operation): LoadKey {
    const { key: buffer } = this.#command;
    buffer.loadString(this.#host.world.keyText(key));
    return { text: buffer.byteText(), hash: buffer.hash };
  }

  /** Without faults its source has recovered, and nobody is kept from it. */
  #termsOf(wish: LoadWish): LoadTerms {
    return { ...wish, breaker: this.#host.stage.isCalm ? null : this.breaker };
  }

  #prepare(op: 'get' | 'lease' | 'fill' | 'release', text: string): Command {
    const command = this.#command.prepare(op);
    command.key.loadString(text);
    return command;
  }

  #request(command: Command, wait: (reply: AskReply, origin: number) => void): void {
    const { now, router, outbox } = this.#host;
    const id = --this.#lastId as RequestId;
    this.#waits.set(id, wait);
    router.request(now, id, command, outbox);
  }

  #plan(ms: number, happen: () => void): void {
    this.#host.stage.plan(ms, new Event(this.#host, happen));
  }
}

/** A reply that outlives the router's. */
function copyOf(reply: Reply): AskReply {
  const { status, kind, expiry, error, text, lease, length } = reply;
  const value = reply.hasValue ? new Uint8Array(length) : null;
  if (value !== null) reply.copyValue(value, 0);
  return { status, kind, value, expiry, error, text, lease };
}
