import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packLoading } from '#src/base/brief.js';
import { Prng } from '#src/base/prng.js';
import {
  after,
  bytes,
  duration,
  epoch,
  type Instant,
  instant,
  nodeIndex,
} from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { Heartbeat } from '#src/membership/heartbeat.js';
import { CacheNode } from '#src/node/cache-node.js';
import { DEFERRED_MAX, SWEEP_INTERVAL, SWEEP_ROUNDS_MAX, SWEEP_SOON } from '#src/node/limits.js';
import type { RingView } from '#src/node/ring-view.js';
import { Sweeper } from '#src/node/sweeper.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { NO_ENTRY, Slab } from '#src/slab/slab.js';
import { FIRST_CLIENT, SUPERVISOR } from '#src/wire/message.js';
import { versionNumber } from '../slab/support/view.js';
import {
  address,
  command,
  Desk,
  nodeCommand,
  requestId,
  requestMessage,
  START,
} from './support/desk.js';
import { toyRing } from './support/toy-ring.js';

const self = nodeIndex(0);
const ONE = epoch(1);
const MEMORY = bytes(64 * 1024);

function nodeOn(
  ring: RingView | null,
  valueBytesMax?: number,
): [CacheNode, Desk, Slab, SharedArrayBuffer] {
  const memory = Slab.allocate(MEMORY);
  const slab = new Slab(memory, MEMORY);
  const options = { self, slab, prng: new Prng(1), now: START, reads: null, watch: null };
  const node = new CacheNode(valueBytesMax === undefined ? options : { ...options, valueBytesMax });
  const desk = new Desk();
  if (ring !== null) node.ringChanged(START, ring, desk);
  return [node, desk, slab, memory];
}

/** Asks an own command and gives its answer, as `status value`. */
function ask(node: CacheNode, desk: Desk, ...asked: Parameters<typeof command>): string {
  return askAt(START, node, desk, ...asked);
}

function askAt(
  now: Instant,
  node: CacheNode,
  desk: Desk,
  ...asked: Parameters<typeof command>
): string {
  node.request(now, requestId(1), command(...asked), desk);
  const answer = desk.answers.pop();
  assert.ok(answer !== undefined, 'an own key is answered within the call');
  return answer.value === null ? answer.status : `${answer.status} ${answer.value}`;
}

test('CacheNode answers commands for its own keys within the call (CLUSTER-1)', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  assert.equal(ask(node, desk, 'get', 'k'), 'miss');
  assert.equal(ask(node, desk, 'set', 'k', 'v'), 'stored');
  assert.equal(ask(node, desk, 'get', 'k'), 'found v');
  assert.equal(ask(node, desk, 'stat', 'k'), 'found');
  assert.equal(ask(node, desk, 'touch', 'k'), 'found');
  assert.equal(ask(node, desk, 'delete', 'k'), 'deleted');
  assert.equal(ask(node, desk, 'delete', 'k'), 'miss');
  assert.equal(ask(node, desk, 'expire', 'k'), 'miss');
  assert.deepEqual(desk.sent, []);
});

test('CacheNode answers every delete with a higher answer of its key, also where nothing was (NODE-9)', () => {
  const [node, desk, , memory] = nodeOn(toyRing(1, [0]));
  const reader = new SlabReader(memory, MEMORY, new ReadScratch(), 0);
  const answer = (): number => {
    reader.look(command('get', 'k').key, 'header');
    return versionNumber(reader.versionHigh, reader.versionLow);
  };
  const expiry = after(START, duration(100));
  const lives: readonly (() => unknown)[] = [
    () => 'never there',
    () => ask(node, desk, 'set', 'k', 'v'),
    () => 'deleted already',
    () => ask(node, desk, 'set', 'k', 'v', { expiry }),
  ];
  let last = answer();
  for (const live of lives) {
    live();
    askAt(expiry, node, desk, 'delete', 'k');
    const now = answer();
    assert.ok(now > last, `${now} after ${last}`);
    last = now;
  }
});

test('CacheNode forgets a stale entry on a delete, and says that nothing was there (NODE-6, NODE-9)', () => {
  const [node, desk, slab] = nodeOn(toyRing(1, [0]));
  const { key } = command('get', 'k');
  const expiry = after(START, duration(100));
  // The node writes once, so that its versions go on above the one that is given here.
  ask(node, desk, 'set', 'other', 'v');
  const version = new VersionClock(ONE);
  version.advance();
  const loading = packLoading(duration(1), duration(1000));
  slab.install(key, START, Buffer.from('v'), 0, 1, 'text', expiry, version, loading);
  assert.equal(askAt(expiry, node, desk, 'get', 'k'), 'miss');
  assert.equal(slab.count, 2);
  assert.equal(askAt(expiry, node, desk, 'delete', 'k'), 'miss');
  assert.equal(slab.count, 1);
  assert.equal(slab.findStale(key, expiry), NO_ENTRY);
});

test('CacheNode sets under conditions, and gives the old value if asked', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  assert.equal(ask(node, desk, 'set', 'k', '1', { condition: 'if-present' }), 'refused');
  assert.equal(ask(node, desk, 'get', 'k'), 'miss');
  const isNew = { condition: 'if-absent', wantOld: true } as const;
  assert.equal(ask(node, desk, 'set', 'k', '1', isNew), 'stored');
  assert.equal(ask(node, desk, 'set', 'k', '2', isNew), 'refused 1');
  assert.equal(ask(node, desk, 'set', 'k', '3', { condition: 'if-absent' }), 'refused');
  assert.equal(ask(node, desk, 'set', 'k', '4', { condition: 'if-present' }), 'stored');
  assert.equal(ask(node, desk, 'set', 'k', 'longer than 4', { wantOld: true }), 'stored 4');
  assert.equal(ask(node, desk, 'get', 'k'), 'found longer than 4');
});

test('CacheNode never serves what has expired, and keeps an expiry if asked (NODE-6)', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  const expiry = after(START, duration(100));
  ask(node, desk, 'set', 'k', '1', { expiry });
  ask(node, desk, 'set', 'k', '2', { keepExpiry: true });
  assert.equal(askAt(instant(expiry - 1), node, desk, 'get', 'k'), 'found 2');
  assert.equal(askAt(expiry, node, desk, 'get', 'k'), 'miss');
  assert.equal(askAt(expiry, node, desk, 'set', 'k', '3', { keepExpiry: true }), 'stored');
  assert.equal(askAt(instant(expiry + 1e9), node, desk, 'get', 'k'), 'found 3', 'it never expires');
});

test('CacheNode gives the previous expiry when it sets another (NODE-6)', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  const first = after(START, duration(100));
  const second = after(START, duration(200));
  ask(node, desk, 'set', 'k', 'v', { expiry: first });
  node.request(START, requestId(2), command('expire', 'k', '', { expiry: second }), desk);
  assert.equal(desk.answers.pop()?.expiry, first);
  node.request(START, requestId(3), command('stat', 'k'), desk);
  assert.equal(desk.answers.pop()?.expiry, second);
});

test('CacheNode takes an expiry in the past for a deletion, as Redis does (NODE-6)', () => {
  const [node, desk, slab] = nodeOn(toyRing(1, [0]));
  ask(node, desk, 'set', 'k', 'v');
  assert.equal(ask(node, desk, 'set', 'k', 'w', { expiry: START }), 'stored');
  assert.equal(ask(node, desk, 'get', 'k'), 'miss');
  ask(node, desk, 'set', 'k', 'v');
  assert.equal(ask(node, desk, 'expire', 'k', '', { expiry: instant(1) }), 'found');
  assert.equal(ask(node, desk, 'get', 'k'), 'miss');
  assert.equal(slab.count, 0);
});

test('CacheNode refuses values over a limit, and keeps what was there', () => {
  const [node, desk, slab] = nodeOn(toyRing(1, [0]), MEMORY * 2);
  ask(node, desk, 'set', 'k', 'v');
  node.request(START, requestId(2), command('set', 'k', 'x'.repeat(MEMORY)), desk);
  assert.equal(desk.answers[0]?.status, 'ERR_VALUE_TOO_LARGE');
  assert.match(desk.answers[0]?.text ?? '', /the memory limit of the node is 65536/);
  desk.answers.length = 0;
  node.request(START, requestId(3), command('set', 'k', 'x'.repeat(MEMORY * 2 + 1)), desk);
  assert.match(desk.answers[0]?.text ?? '', /the value has 131073 bytes, the limit is 131072/);
  desk.answers.length = 0;
  assert.equal(ask(node, desk, 'get', 'k'), 'found v');
  assert.equal(slab.count, 1);
});

test('CacheNode empties itself and counts its entries on command', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  for (const key of ['a', 'b', 'c']) ask(node, desk, 'set', key, 'v');
  node.request(START, requestId(2), nodeCommand('count', self), desk);
  assert.equal(desk.answers.pop()?.count, 3);
  node.request(START, requestId(3), nodeCommand('flush', self), desk);
  assert.equal(desk.answers.pop()?.status, 'flushed');
  assert.equal(ask(node, desk, 'get', 'a'), 'miss');
  assert.equal(ask(node, desk, 'set', 'a', 'w'), 'stored');
  assert.equal(ask(node, desk, 'get', 'a'), 'found w');
});

test('CacheNode forwards a command for a key of another node (CLUSTER-2)', () => {
  const [node, desk] = nodeOn(toyRing(1, [1]));
  node.request(START, requestId(5), command('set', 'k', 'v'), desk);
  assert.deepEqual(desk.takeRequests(), ['1 set k v']);
  assert.deepEqual(desk.takeAnswers(), []);
});

test('CacheNode serves peers and clients that have its ring (CLUSTER-1, CLUSTER-2)', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  node.receive(START, address(3), ONE, requestMessage(1, 'set', 'k', 'v'), desk);
  node.receive(START, FIRST_CLIENT, ONE, requestMessage(1, 'get', 'k'), desk);
  const replies = desk
    .takeReplies()
    .map(({ to, status, value }) => [to, status, Buffer.from(value ?? []).toString()]);
  assert.deepEqual(replies, [
    [3, 'stored', ''],
    [65, 'found', 'v'],
  ]);
  assert.equal(node.stats.served, 2);
});

test('CacheNode refuses an older ring, and a key that is not its own, and does nothing (CLUSTER-9)', () => {
  const [node, desk, slab] = nodeOn(toyRing(1, [0]));
  node.ringChanged(START, toyRing(2, [1]), desk);
  node.receive(START, address(3), ONE, requestMessage(1, 'set', 'k', 'v'), desk);
  node.receive(START, address(3), epoch(2), requestMessage(2, 'set', 'k', 'v'), desk);
  node.receive(START, address(3), epoch(2), requestMessage(3, 'flush', ''), desk);
  assert.deepEqual(
    desk.sent.map(({ message }) => message),
    [1, 2, 3].map((id) => ({ type: 'stale', id, epoch: 2 })),
  );
  assert.equal(slab.count, 0);
});

test('CacheNode holds a request for a newer ring until it has that ring (CLUSTER-9)', () => {
  const [node, desk, slab] = nodeOn(null);
  node.receive(START, address(3), ONE, requestMessage(1, 'set', 'k', '1'), desk);
  node.receive(START, address(3), epoch(2), requestMessage(2, 'set', 'k', '2'), desk);
  node.receive(START, address(4), epoch(2), requestMessage(1, 'set', 'gone', '1'), desk);
  node.peerLost(START, address(4), desk);
  assert.deepEqual(desk.sent, []);
  node.ringChanged(START, toyRing(1, [0]), desk);
  assert.equal(desk.sent.length, 1);
  node.ringChanged(START, toyRing(2, [0]), desk);
  assert.equal(desk.sent.length, 2);
  assert.equal(ask(node, desk, 'get', 'k'), 'found 2');
  assert.equal(slab.count, 1, 'of who is gone, nothing is done');
});

test('CacheNode fails what it cannot hold, for good (CLUSTER-9)', () => {
  const [node, desk] = nodeOn(null);
  for (let id = 1; id <= DEFERRED_MAX + 1; id++) {
    node.receive(START, address(3), ONE, requestMessage(id, 'get', 'k'), desk);
  }
  const replies = desk.takeReplies().map(({ id, error }) => [id, error]);
  assert.deepEqual(replies, [[DEFERRED_MAX + 1, 'ERR_BUSY']]);
});

test('CacheNode executes a request that comes twice once; a new link begins anew (CLUSTER-1)', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  const first = requestMessage(1, 'set', 'k', '1');
  node.receive(START, address(3), ONE, first, desk);
  node.receive(START, address(3), ONE, requestMessage(2, 'set', 'k', '2'), desk);
  node.receive(START, address(3), ONE, first, desk);
  assert.equal(ask(node, desk, 'get', 'k'), 'found 2');
  assert.equal(node.stats.ignored, 1);
  node.peerLost(START, address(3), desk);
  node.peerLinked(START, address(3), desk);
  node.receive(START, address(3), ONE, first, desk);
  assert.equal(ask(node, desk, 'get', 'k'), 'found 1');
});

test('CacheNode answers a malformed key as a failure of that request', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  node.receive(START, address(3), ONE, requestMessage(1, 'get', ''), desk);
  assert.equal(desk.takeReplies()[0]?.error, 'ERR_KEY');
});

test('CacheNode answers pings, and has no use for pongs and news of epochs (SHAPE-4)', () => {
  const [node, desk] = nodeOn(toyRing(1, [0]));
  node.receive(START, SUPERVISOR, ONE, { type: 'ping', sequence: 9 }, desk);
  assert.deepEqual(desk.sent, [{ to: SUPERVISOR, message: { type: 'pong', sequence: 9 } }]);
  node.receive(START, SUPERVISOR, ONE, { type: 'pong', sequence: 9 }, desk);
  node.receive(START, SUPERVISOR, ONE, { type: 'epoch', epoch: ONE }, desk);
  assert.equal(node.stats.ignored, 2);
});

test('CacheNode forgets entries of a range that it lost meanwhile, and no others (CLUSTER-5, CLUSTER-6)', () => {
  const [node, desk, slab] = nodeOn(toyRing(1, [0]));
  const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`);
  for (const key of keys) ask(node, desk, 'set', key, 'old');
  const shared = toyRing(2, [0, 1], toyRing(1, [0]));
  node.ringChanged(START, shared, desk);
  node.ringChanged(START, toyRing(3, [0], shared), desk);
  const wasKept = (key: string) => shared.owner(command('get', key).key.hash) === self;
  for (const key of keys) {
    assert.equal(ask(node, desk, 'get', key), wasKept(key) ? 'found old' : 'miss', key);
  }
  assert.equal(node.stats.outdated, keys.length - slab.count);
  assert.ok(slab.count > 0 && slab.count < keys.length);
});

test('CacheNode removes expired entries that nobody asks for (NODE-6)', () => {
  const [node, desk, slab] = nodeOn(toyRing(1, [0]));
  const expiry = after(START, duration(500));
  for (let i = 0; i < 200; i++) ask(node, desk, 'set', `k${i}`, 'v', { expiry });
  for (let i = 0; i < 20; i++) ask(node, desk, 'set', `forever${i}`, 'v');
  assert.equal(node.deadline, START + SWEEP_INTERVAL);
  const soon = after(START, SWEEP_INTERVAL);
  node.tick(instant(soon - 1), desk);
  assert.equal(node.stats.swept, 0);
  node.tick(soon, desk);
  assert.ok(node.stats.swept > 100, `${node.stats.swept} swept at once`);
  assert.equal(slab.count, 220 - node.stats.swept);
});

test('Sweeper goes on while much has expired, but not for ever in one turn (NODE-6)', () => {
  let rounds = 0;
  let expired = 20;
  const slab = {
    sweep: () => {
      rounds++;
      return { sampled: 20, expired };
    },
  };
  const sweeper = new Sweeper(slab, new Prng(1), START);
  let now = sweeper.deadline;
  assert.equal(now, START + SWEEP_INTERVAL);
  sweeper.tick(now);
  assert.equal(rounds, SWEEP_ROUNDS_MAX);
  assert.equal(sweeper.deadline, now + SWEEP_SOON);
  now = sweeper.deadline;
  expired = 5;
  sweeper.tick(now);
  assert.equal(rounds, SWEEP_ROUNDS_MAX + 1, 'a quarter of the sample is not too many');
  assert.equal(sweeper.deadline, now + SWEEP_INTERVAL);
});

test('CacheNode agrees with a map over random commands (NODE-1, NODE-3, NODE-6)', () => {
  const seed = 20_240_601;
  const prng = new Prng(seed);
  const memory = bytes(1024 * 1024);
  const slab = new Slab(Slab.allocate(memory), memory);
  const node = new CacheNode({
    self,
    slab,
    prng: prng.fork(),
    now: START,
    reads: null,
    watch: null,
  });
  const desk = new Desk();
  node.ringChanged(START, toyRing(1, [0]), desk);
  const map = new Map<string, { value: string; expiry: number }>();
  for (let i = 0; i < 20_000; i++) {
    const now = instant(START + i);
    const key = `k${prng.below(100)}`;
    const held = map.get(key);
    if (held !== undefined && held.expiry <= now) map.delete(key);
    const present = map.get(key);
    let expected = present === undefined ? 'miss' : `found ${present.value}`;
    let asked: Parameters<typeof command> = ['get', key];
    const draw = prng.below(4);
    if (draw === 0) {
      const expiry = prng.below(2) === 0 ? undefined : instant(now + prng.below(500) - 20);
      const keepExpiry = prng.below(3) === 0;
      const value = 'x'.repeat(prng.below(200)) + i;
      asked = ['set', key, value, { keepExpiry, ...(expiry === undefined ? {} : { expiry }) }];
      const until =
        keepExpiry && present !== undefined ? present.expiry : (expiry ?? Number.POSITIVE_INFINITY);
      if (until > now) map.set(key, { value, expiry: until });
      else map.delete(key);
      expected = 'stored';
    } else if (draw === 1) {
      asked = ['delete', key];
      expected = map.delete(key) ? 'deleted' : 'miss';
    }
    assert.equal(askAt(now, node, desk, ...asked), expected, `seed ${seed}, step ${i}`);
  }
});

test('CacheNode speaks to no peer that is lost, also when it takes a suspicion back (CLUSTER-5)', () => {
  const slab = new Slab(Slab.allocate(MEMORY), MEMORY);
  const detector = new Heartbeat({ interval: duration(100), failures: 1 });
  const watch = { detector, turnsOf: () => 0 };
  const options = { self, slab, prng: new Prng(1), now: START, reads: null, watch };
  const node = new CacheNode(options);
  const desk = new Desk();
  node.ringChanged(START, toyRing(1, [0, 1]), desk);
  for (let ms = 0; ms <= 500; ms += 100) node.tick(after(START, duration(ms)), desk);
  assert.equal(node.stats.suspects, 1);
  const later = after(START, duration(500));
  for (let i = 0; i < 8; i++) node.request(later, requestId(i), command('set', `k${i}`, 'v'), desk);
  desk.takeRequests();
  node.peerLost(later, address(1), desk);
  assert.deepEqual(desk.takeRequests(), []);
});
