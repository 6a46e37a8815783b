/** The leases of a node, as its clients see them: `lease`, `fill`, `release`, and all that ends a lease. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packLoading } from '#src/base/brief.js';
import { Prng } from '#src/base/prng.js';
import {
  bytes,
  duration,
  epoch,
  type Instant,
  instant,
  NEVER,
  nodeIndex,
} from '#src/base/units.js';
import { LeaseBook } from '#src/loading/lease-book.js';
import { LEASE_SLACK } from '#src/loading/limits.js';
import { CacheNode } from '#src/node/cache-node.js';
import { Slab } from '#src/slab/slab.js';
import {
  FIRST_CLIENT,
  type LeaseMode,
  type LeaseOrder,
  type LeaseTerms,
  type LeaseToken,
  type Op,
  type ReleaseReason,
  type ReplyMessage,
  type RequestMessage,
} from '#src/wire/message.js';
import { address, command, Desk, requestId, requestMessage, START } from './support/desk.js';
import { toyRing } from './support/toy-ring.js';

const self = nodeIndex(0);
const MEMORY = bytes(64 * 1024);
const LIMIT = duration(1_000);
const NO_TOKEN = { high: 0, low: 0 };
const [ANN, BOB, CID] = [0, 1, 2];

const at = (ms: number): Instant => instant(START + ms);

/** One node and its clients, who are numbered from 0. */
class Scene {
  readonly desk = new Desk();
  readonly node: CacheNode;
  now = START;
  ring = toyRing(1, [0]);
  #lastId = 0;

  constructor(leases = new LeaseBook(), valueBytesMax = 1_000) {
    const slab = new Slab(Slab.allocate(MEMORY), MEMORY);
    const prng = new Prng(1);
    const options = { self, slab, prng, now: START, reads: null, watch: null };
    this.node = new CacheNode({ ...options, leases, valueBytesMax });
    this.node.ringChanged(START, this.ring, this.desk);
  }

  ask(who: number, key: string, options: Partial<LeaseOrder & RequestMessage> = {}): ReplyMessage {
    return this.#send(who, 'lease', key, '', options);
  }

  /** Asks, and is granted. */
  granted(who: number, key: string, options: Partial<LeaseOrder> = {}): LeaseTerms {
    const { status, lease } = this.ask(who, key, options);
    assert.equal(status, 'granted');
    return lease as LeaseTerms;
  }

  fill(
    who: number,
    key: string,
    value: string,
    token: LeaseToken,
    rest: Partial<RequestMessage & LeaseOrder> = {},
  ): string {
    return this.#send(who, 'fill', key, value, { ...token, ...rest }).status;
  }

  release(
    who: number,
    key: string,
    token: LeaseToken,
    reason: ReleaseReason,
    limit = 0,
    text = '',
  ): string {
    const rest = { ...token, reason, limit: duration(limit) };
    return this.#send(who, 'release', key, text, rest).status;
  }

  do(who: number, op: Op, key: string, value = '', rest: Partial<RequestMessage> = {}): string {
    return this.#send(who, op, key, value, rest).status;
  }

  /** The wakes so far, as `who status value`; each is of the lease with this token. */
  wakes({ high, low }: LeaseToken): string[] {
    return this.desk.sent.splice(0).flatMap(({ to, message }) => {
      if (message.type !== 'wake') return [];
      assert.deepEqual([message.high, message.low], [high, low]);
      const value = message.value === null ? [] : [Buffer.from(message.value).toString()];
      return [[to - FIRST_CLIENT, message.status, ...value].join(' ')];
    });
  }

  pass(ms: number): void {
    this.now = instant(this.now + ms);
  }

  next(ring = toyRing(this.ring.epoch + 1, [0], this.ring)): void {
    this.ring = ring;
    this.node.ringChanged(this.now, ring, this.desk);
  }

  /** Does a request. The wakes it causes stay on the desk. */
  #send(
    who: number,
    op: Op,
    key: string,
    value: string,
    {
      mode = 'load',
      reason = 'returned',
      limit = LIMIT,
      loading = 0,
      high = 0,
      low = 0,
      ...rest
    }: Partial<LeaseOrder & RequestMessage>,
  ): ReplyMessage {
    const isOfLease = op === 'lease' || op === 'fill' || op === 'release';
    const lease = isOfLease ? { mode, reason, limit, loading, high, low } : null;
    const message = { ...requestMessage(++this.#lastId, op, key, value), ...rest, lease };
    const { sent } = this.desk;
    const from = sent.length;
    this.node.receive(this.now, address(FIRST_CLIENT + who), this.ring.epoch, message, this.desk);
    const index = sent.findIndex(({ message }, i) => i >= from && message.type === 'reply');
    return sent.splice(index, 1)[0]?.message as ReplyMessage;
  }
}

const text = ({ value }: ReplyMessage): string | null =>
  value === null ? null : Buffer.from(value).toString();

const answerIn = ({ lease }: ReplyMessage): number[] => [
  lease?.answerHigh ?? -1,
  lease?.answerLow ?? -1,
];

test('CacheNode grants a missing key to the first who asks, and has the others wait for it (NODE-7)', () => {
  const scene = new Scene();
  const lease = scene.granted(ANN, 'k');
  assert.deepEqual([lease.primary, lease.isOwn, lease.limit], [self, true, LIMIT + LEASE_SLACK]);
  scene.pass(100);
  const waiting = scene.ask(BOB, 'k');
  assert.equal(waiting.status, 'waiting');
  const limit = LIMIT + LEASE_SLACK - 100;
  assert.deepEqual(waiting.lease, { ...lease, isOwn: false, limit });
  assert.equal(scene.ask(CID, 'k', { mode: 'join' }).status, 'waiting');
  assert.equal(scene.ask(BOB, 'k').status, 'waiting', 'who asks twice waits once');
  assert.equal(scene.fill(ANN, 'k', 'v', lease), 'stored');
  assert.deepEqual(scene.wakes(lease), ['1 found v', '2 found v']);
  const found = scene.ask(BOB, 'k');
  assert.deepEqual([found.status, text(found)], ['found', 'v']);
  assert.notDeepEqual(answerIn(found), answerIn(waiting), 'a write is seen in the answer');
});

test('CacheNode tells who asks again for its own lease that it has it', () => {
  const scene = new Scene();
  const lease = scene.granted(ANN, 'k');
  const again = scene.ask(ANN, 'k');
  assert.equal(again.status, 'waiting');
  assert.deepEqual(again.lease, lease);
  scene.release(ANN, 'k', lease, 'returned');
  assert.deepEqual(scene.wakes(lease), [], 'nobody waits for himself');
});

test('CacheNode grants nothing to who only wants to wait', () => {
  const scene = new Scene();
  assert.equal(scene.ask(ANN, 'k', { mode: 'join' }).status, 'refused');
  assert.equal(scene.node.stats.leases.granted, 0);
});

/** All that makes the lease of an absent key void, and what is answered to it. */
const VOIDING: readonly [string, (scene: Scene) => void][] = [
  ['a set', (scene) => assert.equal(scene.do(BOB, 'set', 'k', 'set'), 'stored')],
  [
    'a delete, though there is nothing yet',
    (scene) => assert.equal(scene.do(BOB, 'delete', 'k'), 'miss'),
  ],
  [
    'a set that has expired',
    (scene) => assert.equal(scene.do(BOB, 'set', 'k', 'set', { expiry: START }), 'stored'),
  ],
  [
    'a flush',
    (scene) => {
      const flush = command('flush', '', '', { target: self });
      scene.node.request(scene.now, requestId(1), flush, scene.desk);
    },
  ],
];

for (const [what, write] of VOIDING) {
  test(`CacheNode stores no load that began before ${what}, and shows it in the answer (NODE-7)`, () => {
    const scene = new Scene();
    const lease = scene.granted(ANN, 'k');
    write(scene);
    scene.desk.sent.splice(0);
    const after = scene.ask(CID, 'k');
    assert.equal(after.status, what === 'a set' ? 'found' : 'granted');
    assert.notDeepEqual(answerIn(after), [lease.answerHigh, lease.answerLow]);
    assert.equal(scene.fill(ANN, 'k', 'old', lease), 'refused');
    assert.equal(scene.node.stats.leases.voided, 1);
  });
}

test('CacheNode closes those in who wait when the key is deleted, and gives them what was loaded (NODE-7)', () => {
  const scene = new Scene();
  const lease = scene.granted(ANN, 'k');
  scene.ask(BOB, 'k');
  scene.do(CID, 'delete', 'k');
  assert.deepEqual(scene.wakes(lease), []);
  scene.granted(CID, 'k');
  scene.fill(ANN, 'k', 'old', lease);
  assert.deepEqual(scene.wakes(lease), ['1 found old']);
});

test('CacheNode makes the lease of a refresh void when its key is set, deleted or given an expiry (NODE-9)', () => {
  for (const op of ['set', 'delete', 'expire'] as const) {
    const scene = new Scene();
    scene.do(BOB, 'set', 'k', 'v');
    const lease = scene.granted(ANN, 'k', { mode: 'refresh' });
    scene.do(BOB, op, 'k', 'w', { expiry: at(500) });
    assert.equal(scene.fill(ANN, 'k', 'old', lease), 'refused', op);
  }
});

test('CacheNode voids no lease for what writes nothing', () => {
  const scene = new Scene();
  const lease = scene.granted(ANN, 'k');
  assert.equal(scene.do(BOB, 'set', 'k', 'v', { condition: 'if-present' }), 'refused');
  assert.equal(scene.do(BOB, 'expire', 'k', '', { expiry: at(9) }), 'miss');
  assert.equal(scene.do(BOB, 'set', 'k', 'v'.repeat(1_001)), 'failed');
  assert.equal(scene.do(BOB, 'touch', 'k'), 'miss');
  assert.equal(scene.fill(ANN, 'k', 'v', lease), 'stored');
});

test('CacheNode remembers that there is nothing until the key is written, be it deleted again (NODE-7)', () => {
  for (const op of ['set', 'delete'] as const) {
    const scene = new Scene();
    scene.release(ANN, 'k', scene.granted(ANN, 'k'), 'nothing', 500);
    scene.pass(100);
    const known = scene.ask(BOB, 'k');
    assert.deepEqual([known.status, known.lease?.limit], ['miss', 400]);
    scene.do(CID, op, 'k', 'v');
    const after = scene.ask(BOB, 'k');
    assert.equal(after.status, op === 'set' ? 'found' : 'granted');
    assert.notDeepEqual(answerIn(after), answerIn(known), 'who remembers it elsewhere sees so');
  }
});

test('CacheNode remembers an error with its text for as long as it is told (NODE-7)', () => {
  const scene = new Scene();
  const lease = scene.granted(ANN, 'k');
  scene.ask(BOB, 'k');
  assert.equal(scene.release(ANN, 'k', lease, 'error', 500, 'oh'), 'freed');
  assert.deepEqual(scene.wakes(lease), ['1 rejected oh']);
  const known = scene.ask(CID, 'k');
  assert.deepEqual([known.status, text(known)], ['rejected', 'oh']);
  scene.pass(500);
  scene.granted(CID, 'k');
});

test('CacheNode gives the expired value to who wants it, whatever else it answers', () => {
  const answers = ['granted', 'waiting', 'refused', 'failed'];
  for (const wanted of answers) {
    const scene = new Scene(new LeaseBook({ leasesMax: 1 }));
    const loading = packLoading(duration(7), duration(1_000));
    scene.fill(ANN, 'k', 'old', scene.granted(ANN, 'k'), { expiry: at(100), loading });
    scene.pass(100);
    if (wanted === 'waiting') scene.ask(ANN, 'k');
    if (wanted === 'failed') scene.ask(ANN, 'j');
    const reply = scene.ask(BOB, 'k', {
      wantOld: true,
      mode: wanted === 'refused' ? 'join' : 'load',
    });
    assert.equal(reply.status, wanted);
    assert.deepEqual([text(reply), reply.expiry], ['old', at(100)]);
    assert.equal(text(scene.ask(CID, 'k', { mode: 'join' })), null, 'it is not wanted');
    if (reply.lease !== null) assert.equal(reply.lease.loading, loading);
  }
});

test('CacheNode hands out nothing expired that was deleted since', () => {
  const scene = new Scene();
  const loading = packLoading(duration(0), duration(1_000));
  scene.fill(ANN, 'k', 'old', scene.granted(ANN, 'k'), { expiry: at(100), loading });
  scene.pass(200);
  assert.equal(text(scene.ask(BOB, 'k', { wantOld: true, mode: 'join' })), 'old');
  assert.equal(scene.do(CID, 'delete', 'k'), 'miss');
  assert.equal(text(scene.ask(BOB, 'k', { wantOld: true })), null);
});

test('CacheNode grants the refresh of what was seen to one, and waits of its readers for none (NODE-9)', () => {
  const scene = new Scene();
  scene.do(ANN, 'set', 'k', 'v', { expiry: at(500) });
  assert.equal(scene.ask(ANN, 'k', { mode: 'refresh', expiry: at(499) }).status, 'refused');
  assert.equal(scene.ask(ANN, 'j', { mode: 'refresh', expiry: at(500) }).status, 'refused');
  const { status, lease } = scene.ask(ANN, 'k', { mode: 'refresh', expiry: at(500) });
  assert.equal(status, 'granted');
  assert.equal(scene.ask(BOB, 'k', { mode: 'refresh', expiry: at(500) }).status, 'refused');
  assert.equal(scene.ask(BOB, 'k').status, 'found');
  scene.pass(500);
  assert.equal(scene.ask(BOB, 'k').status, 'waiting', 'it has expired, and is under way');
  assert.equal(scene.fill(ANN, 'k', 'w', lease as LeaseTerms, { expiry: at(900) }), 'stored');
  assert.deepEqual(scene.wakes(lease as LeaseTerms), ['1 found w']);
});

test('CacheNode refuses no refresh of what never expires', () => {
  const scene = new Scene();
  scene.do(ANN, 'set', 'k', 'v');
  assert.equal(scene.ask(ANN, 'k', { mode: 'refresh', expiry: NEVER }).status, 'granted');
});

test('CacheNode has the waiters ask again when the holder is lost, or its time over (NODE-7)', () => {
  const ends: ((scene: Scene) => void)[] = [
    (scene) => scene.node.peerLost(scene.now, address(FIRST_CLIENT + ANN), scene.desk),
    (scene) => {
      assert.ok(scene.node.deadline <= at(LIMIT + LEASE_SLACK));
      scene.pass(LIMIT + LEASE_SLACK);
      scene.node.tick(scene.now, scene.desk);
    },
  ];
  for (const end of ends) {
    const scene = new Scene();
    const lease = scene.granted(ANN, 'k');
    scene.ask(BOB, 'k');
    end(scene);
    assert.deepEqual(scene.wakes(lease), ['1 again']);
    const next = scene.granted(BOB, 'k');
    assert.equal(scene.fill(ANN, 'k', 'old', lease), 'refused');
    assert.equal(scene.fill(BOB, 'k', 'new', next), 'stored');
  }
});

test('CacheNode ends its leases with the tenure of their range, and only then (NODE-7)', () => {
  const scene = new Scene();
  const lease = scene.granted(ANN, 'k');
  scene.ask(BOB, 'k');
  scene.next();
  assert.deepEqual(scene.wakes(lease), []);
  assert.equal(scene.ask(CID, 'k').status, 'waiting');
  scene.next(toyRing(3, [1], scene.ring));
  assert.deepEqual(scene.wakes(lease), ['1 again', '2 again']);
  scene.next(toyRing(4, [0], scene.ring));
  assert.equal(scene.fill(ANN, 'k', 'old', lease), 'refused');
  const next = scene.granted(BOB, 'k');
  assert.ok(next.high > lease.high, 'no two leases are named alike');
});

test('CacheNode wakes the waiters of a value that is not stored, too: too long, or expired already (NODE-7)', () => {
  const long = 'v'.repeat(1_001);
  const fills: [string, Partial<RequestMessage>, string][] = [
    [long, {}, 'failed'],
    ['v', { expiry: START }, 'stored'],
  ];
  for (const [value, rest, status] of fills) {
    const scene = new Scene();
    const lease = scene.granted(ANN, 'k');
    scene.ask(BOB, 'k');
    assert.equal(scene.fill(ANN, 'k', value, lease, rest), status);
    assert.deepEqual(scene.wakes(lease), [`1 found ${value}`]);
    scene.granted(BOB, 'k');
  }
});

test('CacheNode keeps of a load how long it took, and hands it out with the value (NODE-9)', () => {
  const scene = new Scene();
  const loading = packLoading(duration(30), duration(0));
  scene.fill(ANN, 'k', 'v', scene.granted(ANN, 'k'), { loading });
  assert.equal(scene.ask(BOB, 'k').lease?.loading, loading);
});

test('CacheNode fills and releases by the part of a buffer that a command names, and keeps none of it', () => {
  const scene = new Scene();
  for (const op of ['fill', 'release'] as const) {
    const lease = scene.granted(ANN, op);
    scene.ask(BOB, op);
    const own = command(op, op, '-text-');
    own.valueStart = 1;
    own.valueEnd = 5;
    own.lease = { ...NO_TOKEN, ...lease, mode: 'load', reason: 'error', limit: LIMIT, loading: 0 };
    scene.node.request(scene.now, requestId(1), own, scene.desk);
    own.value.fill(0);
    assert.deepEqual(scene.wakes(lease), [`1 ${op === 'fill' ? 'found' : 'rejected'} text`]);
    assert.equal(text(scene.ask(CID, op)), 'text');
  }
});

test('CacheNode lends no more than its limit of leases, and says so', () => {
  const scene = new Scene(new LeaseBook({ leasesMax: 1 }));
  const lease = scene.granted(ANN, 'k');
  const reply = scene.ask(BOB, 'j');
  assert.deepEqual(
    [reply.status, reply.error, reply.text],
    ['failed', 'ERR_BUSY', 'Cannot load key: node 0 has granted 1 leases, the limit'],
  );
  assert.equal(scene.ask(BOB, 'k').status, 'waiting');
  scene.release(ANN, 'k', lease, 'returned');
  scene.granted(BOB, 'j');
});

test('CacheNode knows its leases by their epoch, and gives none of an earlier tenure (NODE-7)', () => {
  const scene = new Scene();
  assert.equal(scene.ring.epoch, epoch(1));
  const modes: LeaseMode[] = ['load', 'join', 'refresh'];
  scene.do(ANN, 'set', 'k', 'v');
  scene.next(toyRing(2, [1], scene.ring));
  scene.next(toyRing(3, [0], scene.ring));
  const told = modes.map((mode) => scene.ask(ANN, 'k', { mode, expiry: NEVER }).status);
  assert.deepEqual(told, ['granted', 'waiting', 'refused'], 'the value is of the earlier one');
});
