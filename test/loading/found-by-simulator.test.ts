/** What the simulator has found in the machines of loading, each in the few steps that show it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import {
  after,
  duration,
  type Epoch,
  epoch,
  type Instant,
  instant,
  NEVER,
  nodeIndex,
} from '#src/base/units.js';
import type { Ask, AskReply } from '#src/loading/ask.js';
import { failure } from '#src/loading/failure.js';
import type { Flight, Look } from '#src/loading/flight.js';
import { LeaseBook } from '#src/loading/lease-book.js';
import { LEASE_SLACK } from '#src/loading/limits.js';
import {
  LoadCall,
  type LoadKey,
  type LoadOutcome,
  type LoadTerms,
} from '#src/loading/load-call.js';
import { Loads } from '#src/loading/loads.js';
import type { LoadsOutbox } from '#src/loading/loads-outbox.js';
import { FIRST_CLIENT, type LeaseToken } from '#src/wire/message.js';

const START = instant(1_000);
const LIMIT = duration(300);
const KEY: LoadKey = { text: 'k', hash: keyOf('k').hash };

function keyOf(text: string): KeyBuffer {
  const key = new KeyBuffer();
  key.loadString(text);
  return key;
}

const token = (low: number): LeaseToken => ({ high: 1024, low });

test('LeaseBook knows a lease that it has granted in place of one that was over', () => {
  const book = new LeaseBook();
  const key = keyOf('k');
  book.grant(START, key, FIRST_CLIENT, token(1), LIMIT);
  const later = after(after(START, LIMIT), LEASE_SLACK);
  assert.equal(book.find(later, key), null, 'its time is over, and nobody has tidied it away');
  const lease = book.grant(later, key, FIRST_CLIENT, token(2), LIMIT);
  assert.equal(book.find(later, key), lease);
  assert.equal(book.fill(later, key, token(2), 'bytes', new Uint8Array(1)), true);
  assert.equal(book.stats.leases, 0);
});

/** The world of a client whose questions are answered by hand. */
class World implements LoadsOutbox {
  readonly epoch: Epoch = epoch(1);
  readonly asks: Ask[] = [];
  readonly flights: Flight[] = [];
  readonly settled: [LoadCall, LoadOutcome][] = [];

  look(): Look | null {
    return null;
  }
  ask(ask: Ask): void {
    this.asks.push(ask);
  }
  load(flight: Flight): void {
    this.flights.push(flight);
  }
  cancel(): void {}
  fill(): void {}
  release(): void {}
  settle(call: LoadCall, outcome: LoadOutcome): void {
    this.settled.push([call, outcome]);
  }
  served(): void {}
}

const TERMS: LoadTerms = {
  timeout: LIMIT,
  staleWhileRevalidate: duration(10_000),
  staleIfError: duration(0),
  negativeTtl: duration(0),
  errorTtl: duration(0),
  breaker: null,
};

const call = (terms: Partial<LoadTerms> = {}, isRefresh = false): LoadCall =>
  new LoadCall(KEY, { ...TERMS, ...terms }, isRefresh);

const granted = (low: number): AskReply => ({
  status: 'granted',
  kind: 'bytes',
  value: null,
  expiry: NEVER,
  error: null,
  text: '',
  lease: {
    ...token(low),
    primary: nodeIndex(0),
    answerHigh: 1024,
    answerLow: low,
    limit: LIMIT,
    isOwn: true,
    loading: 0,
  },
});

const expired = (at: Instant, low: number): Look => ({
  answer: { ...token(low), epoch: epoch(1) },
  kept: { kind: 'bytes', bytes: new Uint8Array(1), expiry: at, loading: 0 },
});

test('Loads give an expired value to nobody who came after it may have been overwritten', () => {
  const loads = new Loads();
  const world = new World();
  const first = call();
  const second = call();
  loads.begin(START, first, expired(START, 1), world);
  // Now the key is written, and that value expires, too; who comes then finds nothing.
  loads.begin(START, second, { answer: { ...token(7), epoch: epoch(1) }, kept: null }, world);
  const [ask] = world.asks;
  assert.ok(ask !== undefined);
  loads.answered(START, ask, granted(8), world);
  assert.deepEqual(
    world.settled.map(([settled]) => settled),
    [first],
    'the other waits for the load',
  );
  assert.equal(loads.waiting, 1);
});

test('Loads give what a load came to also to whom the primary still sends to wait for it', () => {
  const loads = new Loads();
  const world = new World();
  const first = call({ errorTtl: LIMIT });
  const second = call();
  loads.begin(START, first, null, world);
  loads.answered(START, world.asks[0] as Ask, granted(1), world);
  loads.begin(START, second, null, world);
  loads.failed(START, world.flights[0] as Flight, failure('ERR_LOADER', 'it has failed'), world);
  // The primary has answered before it was told.
  const lease = granted(1).lease;
  loads.answered(START, world.asks[1] as Ask, { ...granted(1), status: 'waiting', lease }, world);
  assert.deepEqual(
    world.settled.map(([settled, { status }]) => [settled, status]),
    [
      [first, 'failed'],
      [second, 'failed'],
    ],
  );
  assert.equal(loads.waiting, 0);
});

test('Loads do not fail a call for a refresh that fails: what is there may be good', () => {
  const loads = new Loads();
  const world = new World();
  const one = call();
  loads.refresh(START, call({}, true), after(START, LIMIT), world);
  loads.begin(START, one, null, world);
  loads.answered(START, world.asks[0] as Ask, granted(1), world);
  loads.failed(START, world.flights[0] as Flight, failure('ERR_LOADER', 'it has failed'), world);
  assert.deepEqual(world.settled, []);
  assert.deepEqual(world.asks[1]?.calls, [one], 'it asks what is there');
});
