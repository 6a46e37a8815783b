/**
 * One client's loads on a desk: what the machine asks of the world is written down, a line each, and
 * what the world says back is made in one line.
 */
import assert from 'node:assert/strict';
import {
  type Duration,
  duration,
  type Epoch,
  epoch,
  type Instant,
  instant,
  NEVER,
  nodeIndex,
} from '#src/base/units.js';
import type { Ask, AskReply } from '#src/loading/ask.js';
import { type Failure, failure } from '#src/loading/failure.js';
import type { Flight, Look } from '#src/loading/flight.js';
import {
  type KeptValue,
  LoadCall,
  type LoadKey,
  type LoadOutcome,
  type LoadTerms,
} from '#src/loading/load-call.js';
import { Loads, type LoadsOptions } from '#src/loading/loads.js';
import type { LoadsOutbox } from '#src/loading/loads-outbox.js';
import type {
  LeaseTerms,
  LeaseToken,
  ReleaseReason,
  ReplyStatus,
  WakeMessage,
  WakeStatus,
} from '#src/wire/message.js';
import { keyOf } from './keys.js';

export const START: Instant = instant(1_000_000);
const TERMS: LoadTerms = {
  timeout: duration(1_000),
  staleWhileRevalidate: duration(0),
  staleIfError: duration(0),
  negativeTtl: duration(0),
  errorTtl: duration(0),
  breaker: null,
};

/** A call with a name for the record. */
export class NamedCall extends LoadCall {
  readonly name: string;

  constructor(name: string, key: LoadKey, terms: LoadTerms, isRefresh = false) {
    super(key, terms, isRefresh);
    this.name = name;
  }
}

export const loadKey = (text: string): LoadKey => ({ text, hash: keyOf(text).hash });
export const termsOf = (terms: Partial<LoadTerms>): LoadTerms => ({ ...TERMS, ...terms });

export const kept = (text: string, expiry: Instant = NEVER): KeptValue => ({
  kind: 'text',
  bytes: Buffer.from(text),
  expiry,
  loading: 0,
});

/** What comes of a load, as a few words. */
export function inWords(outcome: LoadOutcome): string {
  switch (outcome.status) {
    case 'value': {
      const text = Buffer.from(outcome.value.bytes).toString();
      return outcome.isStale ? `stale ${text}` : text;
    }
    case 'nothing':
      return 'nothing';
    case 'failed': {
      const { code, packed, cause } = outcome.failure;
      const why = packed === null ? (cause ?? '') : Buffer.from(packed).toString();
      return `${code} ${why}`.trim();
    }
  }
}

type Answer = Partial<Omit<LeaseTerms, 'loading'>> & { readonly value?: KeptValue | null };

export class LoadsDesk implements LoadsOutbox {
  readonly loads: Loads;
  now = START;
  epoch: Epoch | null = epoch(1);
  /** What is seen in place of keys that are not in `looks`. */
  look: (key: LoadKey) => Look | null = ({ text }) => this.seen(0, this.values.get(text) ?? null);
  readonly values = new Map<string, KeptValue>();
  readonly asks: Ask[] = [];
  readonly flights: Flight[] = [];
  readonly fills: Flight[] = [];
  readonly #said: string[] = [];
  readonly #made: NamedCall[] = [];
  readonly #ended = new Set<LoadCall>();

  constructor(options?: LoadsOptions) {
    this.loads = new Loads(options);
  }

  /** Everything said since the last time. */
  said(): string[] {
    return this.#said.splice(0);
  }

  seen(low: number, value: KeptValue | null = null): Look {
    return { answer: { high: 1, low, epoch: this.epoch }, kept: value };
  }

  /** A call begins; it has seen the key with the answer `look`, or by `look()`. */
  call(
    name: string,
    terms: Partial<LoadTerms> = {},
    look: Look | null | undefined = undefined,
    key = 'k',
  ): NamedCall {
    const call = new NamedCall(name, loadKey(key), termsOf(terms));
    this.#made.push(call);
    this.loads.begin(this.now, call, look === undefined ? this.look(call.key) : look, this);
    return call;
  }

  refresh(terms: Partial<LoadTerms> = {}, key = 'k', seen: Instant = NEVER): void {
    this.loads.refresh(
      this.now,
      new NamedCall('refresh', loadKey(key), termsOf(terms), true),
      seen,
      this,
    );
  }

  /** The oldest question that is out is answered. */
  answer(status: ReplyStatus, low = 0, { value = null, ...rest }: Answer = {}): void {
    const ask = this.asks.shift();
    assert.ok(ask !== undefined, 'nothing was asked');
    this.reply(ask, status, low, { value, ...rest });
  }

  reply(ask: Ask, status: ReplyStatus, low = 0, { value = null, ...rest }: Answer = {}): void {
    const lease = {
      primary: nodeIndex(0),
      high: 1,
      low,
      answerHigh: 1,
      answerLow: 0,
      limit: duration(1_500),
      isOwn: status === 'granted',
      loading: 0,
      ...rest,
    };
    const reply: AskReply = {
      status,
      kind: value?.kind ?? 'bytes',
      value: value?.bytes ?? null,
      expiry: value?.expiry ?? NEVER,
      error: status === 'failed' ? 'ERR_CLUSTER_DOWN' : null,
      text: status === 'failed' ? 'oh' : '',
      lease: status === 'failed' || status === 'refused' ? null : lease,
    };
    this.loads.answered(this.now, ask, reply, this);
  }

  /** The oldest load ends. */
  end(how: 'loaded' | 'empty' | 'failed', text = ''): Flight {
    const flight = this.flights.shift();
    assert.ok(flight !== undefined, 'nothing is loaded');
    if (how === 'loaded') this.loads.loaded(this.now, flight, kept(text), this);
    else if (how === 'empty') this.loads.empty(this.now, flight, this);
    else {
      const why = {
        ...failure('ERR_LOADER', 'Cannot load key: its loader has failed'),
        cause: text,
      };
      this.loads.failed(this.now, flight, why, this);
    }
    return flight;
  }

  filled(isStored = true): void {
    const flight = this.fills.shift();
    assert.ok(flight !== undefined, 'nothing is to be stored');
    this.loads.filled(this.now, flight, isStored, this);
  }

  wake(low: number, status: WakeStatus, text = '', limit = 0, from = 0): void {
    const value = status === 'found' || status === 'rejected' ? Buffer.from(text) : null;
    const wake: WakeMessage = {
      type: 'wake',
      high: 1,
      low,
      status,
      value,
      kind: 'text',
      limit: duration(limit),
    };
    this.loads.woken(this.now, nodeIndex(from), wake, this);
  }

  /** Time passes; the machine ticks where it has said that it has work. */
  pass(ms: number): void {
    const end = instant(this.now + ms);
    for (;;) {
      const { deadline } = this.loads;
      if (deadline > end) break;
      this.now = deadline > this.now ? deadline : this.now;
      this.loads.tick(this.now, this);
      assert.ok(this.loads.deadline > this.now, 'what is over is done with');
    }
    this.now = end;
  }

  /** Nothing is left of what has been, and every call but those that left was settled. */
  assertOver(left: readonly LoadCall[] = []): void {
    // Outcomes and pauses that are over are tidied away in passing: nobody wakes up for them.
    this.loads.tick(this.now, this);
    const { loading, waiting } = this.loads.stats;
    const { isActive, deadline } = this.loads;
    assert.deepEqual({ loading, waiting, isActive }, { loading: 0, waiting: 0, isActive: false });
    assert.equal(deadline, NEVER);
    for (const call of this.#made) {
      assert.equal(this.#ended.has(call), !left.includes(call), `call ${call.name} is settled`);
      assert.equal(call.flight, null);
    }
  }

  // What the machine asks of the world.

  ask(ask: Ask): void {
    this.asks.push(ask);
    this.#say('ask', ask.key.text, ask.mode, ask.wantsStale ? 'or stale' : '');
  }

  load(flight: Flight): void {
    this.flights.push(flight);
    this.#say('load', flight.key.text, 'by', (flight.leader as NamedCall).name);
  }

  cancel(flight: Flight): void {
    this.#say('cancel', flight.key.text);
  }

  fill(flight: Flight): void {
    this.fills.push(flight);
    this.#say('fill', flight.key.text, Buffer.from(flight.value?.bytes ?? []).toString());
  }

  release(
    key: LoadKey,
    token: LeaseToken,
    reason: ReleaseReason,
    limit: Duration,
    why: Failure | null,
  ): void {
    const text = why === null ? '' : `(${inWords({ status: 'failed', failure: why })})`;
    this.#say(
      'release',
      key.text,
      String(token.low),
      reason,
      text,
      limit > 0 ? `for ${limit}` : '',
    );
  }

  settle(call: LoadCall, outcome: LoadOutcome): void {
    assert.ok(!this.#ended.has(call), 'a call is settled once');
    this.#ended.add(call);
    this.#say(`${(call as NamedCall).name}:`, inWords(outcome));
  }

  served(call: LoadCall, value: KeptValue): void {
    this.#say('served', (call as NamedCall).name, Buffer.from(value.bytes).toString());
  }

  #say(...words: string[]): void {
    this.#said.push(words.filter((word) => word !== '').join(' '));
  }
}
