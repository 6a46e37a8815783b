import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Duration, duration, epoch, instant, nodeIndex } from '#src/base/units.js';
import { CircuitBreaker } from '#src/loading/breaker.js';
import { ASKS_MAX, FILL_PATIENCE, LANDED_MAX, REFRESH_PAUSE } from '#src/loading/limits.js';
import { kept, LoadsDesk, START } from './support/loads-desk.js';

const ms = duration;
const LONG = ms(100_000);
/** An expired value, and for how long it has been so. */
const old = (ago: number) => kept('old', instant(START - ago));

test('Loads run the loader of the first call, and give its value to all who came (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.call('b');
  assert.deepEqual(desk.said(), ['ask k load'], 'one question for all');
  desk.answer('granted', 1);
  assert.deepEqual(desk.said(), ['load k by a']);
  desk.call('c');
  assert.deepEqual(desk.said(), [], 'a load under way is joined without a message');
  desk.end('loaded', 'v');
  assert.deepEqual(desk.said(), ['fill k v']);
  desk.call('d');
  desk.filled();
  assert.deepEqual(desk.said(), ['a: v', 'b: v', 'c: v', 'd: v']);
  const { loads, joined, notStored } = desk.loads.stats;
  assert.deepEqual({ loads, joined, notStored }, { loads: 1, joined: 2, notStored: 0 });
  desk.assertOver();
});

test('Loads give what is found, and ask again for those who came since the question (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a', {}, null);
  desk.call('b', {}, null);
  desk.look = () => null;
  desk.answer('found', 0, { value: kept('v') });
  assert.deepEqual(desk.said(), ['ask k load', 'a: v', 'ask k load', 'served a v']);
  desk.answer('found', 0, { value: kept('w') });
  assert.deepEqual(desk.said(), ['b: w', 'served b w']);
  desk.assertOver();
});

test('Loads look once more before they ask again', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.call('b');
  desk.values.set('k', kept('w'));
  desk.answer('found', 0, { value: kept('v') });
  assert.deepEqual(desk.said(), ['ask k load', 'a: v', 'b: w', 'served a v']);
  desk.assertOver();
});

test('Loads give an error to all who wait, the loader’s own where it was thrown here (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('granted', 1);
  desk.call('b');
  desk.said();
  desk.end('failed', 'oh');
  assert.deepEqual(desk.said(), [
    'release k 1 error (ERR_LOADER oh)',
    'a: ERR_LOADER oh',
    'b: ERR_LOADER oh',
  ]);
  desk.assertOver();
});

test('Loads say that there is nothing to all who wait (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('granted', 1);
  desk.call('b');
  desk.said();
  desk.end('empty');
  assert.deepEqual(desk.said(), ['release k 1 nothing', 'a: nothing', 'b: nothing']);
  assert.equal(desk.loads.stats.nothings, 1);
  desk.assertOver();
});

test('Loads wait for another thread’s load, and give all what it came to (NODE-7)', () => {
  const ends = [
    ['found', 'v', 'v'],
    ['miss', '', 'nothing'],
    ['rejected', 'oh', 'ERR_LOADER oh'],
  ] as const;
  for (const [status, text, outcome] of ends) {
    const desk = new LoadsDesk();
    desk.call('a');
    desk.answer('waiting', 1);
    desk.call('b');
    desk.said();
    desk.wake(1, status, text);
    assert.deepEqual(desk.said(), [`a: ${outcome}`, `b: ${outcome}`]);
    const { waited, joined } = desk.loads.stats;
    assert.deepEqual([waited, joined], [1, 1]);
    desk.assertOver();
  }
});

test('Loads ask again when another thread’s load comes to nothing, its holder or its time is over (NODE-7)', () => {
  const ends: ((desk: LoadsDesk) => void)[] = [
    (desk) => desk.wake(1, 'again'),
    (desk) => desk.loads.peerLost(desk.now, nodeIndex(0), desk),
    (desk) => desk.pass(2_000),
  ];
  for (const end of ends) {
    const desk = new LoadsDesk();
    desk.call('a', { timeout: LONG });
    desk.answer('waiting', 1);
    desk.said();
    end(desk);
    assert.deepEqual(desk.said(), ['ask k load']);
    desk.answer('granted', 2);
    desk.end('loaded', 'v');
    desk.filled();
    assert.deepEqual(desk.said(), ['load k by a', 'fill k v', 'a: v']);
    desk.assertOver();
  }
});

test('Loads are not led astray by wakes of other nodes, other leases, or that come twice', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('waiting', 1);
  desk.said();
  desk.wake(1, 'found', 'x', 0, 1);
  desk.wake(2, 'found', 'x');
  desk.loads.peerLost(desk.now, nodeIndex(1), desk);
  assert.deepEqual(desk.said(), []);
  desk.wake(1, 'found', 'v');
  desk.wake(1, 'found', 'w');
  desk.wake(1, 'again');
  assert.deepEqual(desk.said(), ['a: v']);
  desk.assertOver();
});

test('Loads take answers that come late, or twice, for none', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  const [ask] = desk.asks;
  assert.ok(ask !== undefined);
  desk.answer('granted', 1);
  desk.said();
  desk.reply(ask, 'granted', 1);
  const flight = desk.end('loaded', 'v');
  desk.loads.loaded(desk.now, flight, kept('w'), desk);
  desk.loads.empty(desk.now, flight, desk);
  assert.deepEqual(desk.said(), ['fill k v']);
  desk.filled();
  desk.loads.filled(desk.now, flight, 'stored', desk);
  desk.loads.loaded(desk.now, flight, kept('w'), desk);
  desk.reply(ask, 'found', 0, { value: kept('w') });
  assert.deepEqual(desk.said(), ['a: v']);
  desk.assertOver();
});

test('Loads give a load to nobody who has seen another answer of the key, or another ring (NODE-7)', () => {
  const finds: ((desk: LoadsDesk) => ReturnType<LoadsDesk['look']>)[] = [
    (desk) => desk.seen(1),
    () => null,
    (desk) => {
      desk.epoch = epoch(2);
      return desk.seen(0);
    },
    (desk) => {
      desk.epoch = null;
      return desk.seen(0);
    },
  ];
  for (const find of finds) {
    const desk = new LoadsDesk();
    desk.call('a');
    desk.answer('granted', 1);
    desk.said();
    desk.look = () => find(desk);
    desk.call('b');
    assert.deepEqual(desk.said(), ['ask k load']);
    desk.answer('granted', 2);
    desk.end('loaded', 'old');
    desk.filled('refused');
    assert.deepEqual(desk.said(), ['load k by b', 'fill k old', 'a: old']);
    desk.end('loaded', 'new');
    desk.filled();
    assert.deepEqual(desk.said(), ['fill k new', 'b: new']);
    assert.equal(desk.loads.stats.notStored, 1);
    desk.assertOver();
  }
});

test('Loads cannot compare the answer of a question that a change of the ring has crossed (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.epoch = epoch(2);
  desk.answer('granted', 1);
  desk.said();
  desk.call('b', {}, desk.seen(0));
  assert.deepEqual(desk.said(), ['ask k load']);
  desk.answer('waiting', 1, { isOwn: true });
  desk.call('c', {}, desk.seen(0));
  assert.deepEqual(desk.said(), [], 'by now it is known under which answer it runs');
  desk.end('loaded', 'v');
  desk.filled();
  assert.deepEqual(desk.said(), ['fill k v', 'a: v', 'b: v', 'c: v']);
  desk.assertOver();
});

test('Loads give nothing from before to who comes after a write of this thread (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('granted', 1);
  desk.loads.wrote('k');
  desk.said();
  desk.call('b');
  desk.call('c');
  assert.deepEqual(desk.said(), ['ask k load']);
  desk.answer('granted', 2);
  desk.end('loaded', 'old');
  desk.filled('refused');
  assert.deepEqual(desk.said(), ['load k by b', 'fill k old', 'a: old']);
  desk.end('loaded', 'new');
  desk.filled();
  assert.deepEqual(desk.said(), ['fill k new', 'b: new', 'c: new']);
  desk.assertOver();
});

test('Loads ask a question of their own for who comes after a write that the last has not seen (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.call('b');
  desk.loads.wrote('k');
  desk.call('c');
  desk.said();
  desk.answer('granted', 1);
  assert.deepEqual(desk.said(), ['load k by a', 'ask k load']);
  desk.end('loaded', 'old');
  desk.filled('refused');
  assert.deepEqual(desk.said(), ['fill k old', 'a: old', 'b: old']);
  desk.answer('granted', 2);
  desk.end('empty');
  assert.deepEqual(desk.said(), ['load k by c', 'release k 2 nothing', 'c: nothing']);
  desk.assertOver();
});

test('Loads let in again who learns from the primary that the write of this thread did nothing', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('waiting', 1);
  desk.loads.wrote('k');
  desk.call('b');
  desk.answer('waiting', 1);
  desk.said();
  desk.call('c');
  desk.wake(1, 'found', 'v');
  assert.deepEqual(desk.said(), ['a: v', 'b: v', 'c: v']);
  desk.assertOver();
});

test('Loads keep what a load came to for as long as it is told, for who sees the same answer (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a', { negativeTtl: ms(300) });
  desk.answer('granted', 1);
  desk.end('empty');
  desk.said();
  desk.pass(299);
  desk.call('b');
  assert.deepEqual(desk.said(), ['b: nothing']);
  desk.call('c', {}, desk.seen(1));
  assert.deepEqual(desk.said(), ['ask k load']);
  desk.answer('found', 0, { value: kept('v') });
  desk.pass(1);
  desk.assertOver();
});

test('Loads keep an error that another thread’s load has met for the rest of its time (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('waiting', 1);
  desk.wake(1, 'rejected', 'oh', 50);
  desk.pass(49);
  desk.said();
  desk.call('b');
  assert.deepEqual(desk.said(), ['b: ERR_LOADER oh']);
  desk.pass(1);
  desk.call('c');
  assert.deepEqual(desk.said(), ['ask k load']);
  desk.answer('miss', 0, { limit: ms(70) });
  desk.call('d');
  assert.deepEqual(desk.said(), ['c: nothing', 'd: nothing']);
  desk.pass(70);
  desk.call('e');
  desk.answer('rejected', 0, { limit: ms(70), value: kept('no') });
  assert.deepEqual(desk.said(), ['ask k load', 'e: ERR_LOADER no']);
  desk.loads.wrote('k');
  desk.call('f');
  assert.deepEqual(desk.said(), ['ask k load'], 'a write of this thread ends it');
  desk.answer('found', 0, { value: kept('v') });
  desk.pass(70);
  desk.assertOver();
});

test('Loads give an outcome that counts no more to nobody who looks again either', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('miss', 0, { limit: ms(50) });
  desk.call('b', {}, null);
  desk.answer('waiting', 1);
  desk.pass(50);
  desk.said();
  desk.wake(1, 'again');
  assert.deepEqual(desk.said(), ['ask k load']);
  desk.answer('found', 0, { value: kept('v') });
  desk.assertOver();
});

test('Loads remember no outcome of a load that was closed', () => {
  const desk = new LoadsDesk();
  desk.call('a', { errorTtl: ms(300) });
  desk.answer('granted', 1);
  desk.loads.wrote('k');
  desk.end('failed', 'oh');
  desk.assertOver();
});

test('Loads forget the oldest outcome beyond their limit', () => {
  const desk = new LoadsDesk();
  for (let i = 0; i <= LANDED_MAX; i++) {
    desk.call(`a${i}`, {}, undefined, `k${i}`);
    desk.answer('miss', 0, { limit: LONG });
  }
  desk.said();
  desk.call('first', {}, undefined, 'k0');
  desk.call('second', {}, undefined, 'k1');
  assert.deepEqual(desk.said(), ['ask k0 load', 'second: nothing']);
  desk.answer('miss', 0);
  desk.pass(LONG);
  desk.assertOver();
});

test('Loads return a lease that nobody waits for any more, or of which the answer was lost', () => {
  const desk = new LoadsDesk();
  const call = desk.call('a');
  desk.loads.leave(call);
  desk.answer('granted', 1);
  assert.deepEqual(desk.said(), ['ask k load', 'release k 1 returned']);
  desk.assertOver([call]);
  desk.call('b');
  desk.answer('waiting', 2, { isOwn: true });
  assert.deepEqual(desk.said(), ['ask k load', 'release k 2 returned', 'ask k load']);
  desk.answer('granted', 3);
  desk.end('empty');
  desk.assertOver([call]);
});

test('Loads go on for the others, and for the cache, when a call leaves', () => {
  const desk = new LoadsDesk();
  const a = desk.call('a');
  desk.answer('granted', 1);
  const b = desk.call('b');
  desk.call('c');
  desk.loads.leave(a);
  desk.loads.leave(b);
  desk.loads.leave(b);
  desk.said();
  desk.end('loaded', 'v');
  desk.filled();
  assert.deepEqual(desk.said(), ['fill k v', 'c: v']);
  desk.assertOver([a, b]);
});

test('Loads that take too long fail, are cancelled, and are not stored', () => {
  const desk = new LoadsDesk();
  desk.call('a', { timeout: ms(100) });
  desk.pass(50);
  desk.answer('granted', 1);
  desk.call('b', { timeout: LONG });
  desk.said();
  desk.pass(50);
  assert.deepEqual(desk.said(), ['a: ERR_LOAD_TIMEOUT'], 'its own time is over');
  desk.pass(50);
  const said = ['cancel k', 'release k 1 error (ERR_LOAD_TIMEOUT)', 'b: ERR_LOAD_TIMEOUT'];
  assert.deepEqual(desk.said(), said);
  const { failures, timeouts } = desk.loads.stats;
  assert.deepEqual({ failures, timeouts }, { failures: 1, timeouts: 1 });
  desk.end('loaded', 'late');
  assert.deepEqual(desk.said(), []);
  desk.assertOver();
});

test('Loads let a call go whose question has no answer in time', () => {
  const desk = new LoadsDesk();
  desk.call('a', { timeout: ms(100) });
  desk.pass(100);
  assert.deepEqual(desk.said(), ['ask k load', 'a: ERR_LOAD_TIMEOUT']);
  desk.answer('failed');
  assert.deepEqual(desk.said(), []);
  desk.assertOver();
});

test('Loads fail with the primary’s error where it cannot be asked', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.call('b');
  desk.answer('failed');
  assert.deepEqual(desk.said(), ['ask k load', 'a: ERR_CLUSTER_DOWN', 'ask k load']);
  desk.answer('failed');
  assert.deepEqual(desk.said(), ['b: ERR_CLUSTER_DOWN']);
  assert.equal(desk.loads.stats.refused, 2);
  desk.assertOver();
});

test('Loads give a value that was loaded though it is long in being stored', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('granted', 1);
  desk.end('loaded', 'v');
  desk.said();
  desk.pass(FILL_PATIENCE - 1);
  assert.deepEqual(desk.said(), []);
  desk.pass(1);
  assert.deepEqual(desk.said(), ['a: v']);
  desk.call('b');
  assert.deepEqual(desk.said(), ['b: v'], 'nothing was written since');
  desk.call('c', {}, null);
  assert.deepEqual(desk.said(), ['ask k load']);
  desk.answer('waiting', 1, { isOwn: true });
  assert.deepEqual(desk.said(), ['c: v'], 'the primary says that it is valid still');
  desk.filled('refused');
  assert.equal(desk.loads.stats.notStored, 1);
  desk.assertOver();
});

test('Loads give an outcome that is remembered here to whom the primary tells to wait for it', () => {
  // The lease was given back in a message that was lost.
  const desk = new LoadsDesk();
  desk.call('a', { errorTtl: ms(100) });
  desk.answer('granted', 1);
  desk.end('failed', 'oh');
  desk.call('b', { timeout: LONG }, null);
  desk.said();
  desk.answer('waiting', 1, { isOwn: true });
  assert.deepEqual(desk.said(), ['b: ERR_LOADER oh']);
  desk.pass(100);
  desk.assertOver();
});

test('Loads give a stale value at once within its window, and load behind it', () => {
  const desk = new LoadsDesk();
  const terms = { staleWhileRevalidate: ms(200) };
  desk.look = () => desk.seen(0, old(50));
  desk.call('a', terms);
  assert.deepEqual(desk.said(), ['ask k load']);
  desk.answer('granted', 1);
  assert.deepEqual(desk.said(), ['a: stale old', 'load k by a']);
  desk.call('b', terms);
  assert.deepEqual(desk.said(), ['b: stale old'], 'who joins does not wait either');
  desk.call('c');
  desk.end('loaded', 'new');
  desk.filled();
  assert.deepEqual(desk.said(), ['fill k new', 'c: new']);
  assert.equal(desk.loads.stats.stale, 2);
  desk.assertOver();
});

test('Loads give a stale value at once while another thread loads, whoever has found it', () => {
  const desk = new LoadsDesk();
  desk.call('a', { staleWhileRevalidate: ms(200) }, null);
  desk.call('b', {}, null);
  desk.look = () => null;
  assert.deepEqual(desk.said(), ['ask k load or stale']);
  desk.answer('waiting', 1, { value: old(50) });
  assert.deepEqual(desk.said(), ['a: stale old', 'ask k load']);
  desk.answer('waiting', 1);
  desk.wake(1, 'found', 'new');
  assert.deepEqual(desk.said(), ['b: new']);
  desk.assertOver();
});

test('Loads give a stale value for an error within its window, and not a moment longer', () => {
  for (const [ago, outcome] of [
    [199, 'stale old'],
    [200, 'ERR_LOADER oh'],
  ] as const) {
    const desk = new LoadsDesk();
    desk.look = () => desk.seen(0, old(ago));
    desk.call('a', { staleIfError: ms(200) });
    desk.answer('granted', 1);
    desk.end('failed', 'oh');
    assert.equal(desk.said().at(-1), `a: ${outcome}`);
    desk.assertOver();
  }
});

test('Loads give a stale value to who waits for another thread’s load that fails, or waits too long', () => {
  const ends: ((desk: LoadsDesk) => void)[] = [
    (desk) => desk.wake(1, 'rejected', 'oh'),
    (desk) => desk.pass(100),
  ];
  for (const end of ends) {
    const desk = new LoadsDesk();
    desk.call('a', { staleIfError: ms(500), timeout: ms(100) }, null);
    desk.answer('waiting', 1, { value: old(0) });
    desk.said();
    end(desk);
    assert.deepEqual(desk.said(), ['a: stale old']);
    desk.pass(5_000);
    desk.assertOver();
  }
});

test('Loads give no stale value where there is nothing any more', () => {
  const desk = new LoadsDesk();
  desk.look = () => desk.seen(0, old(0));
  const terms = { staleIfError: ms(500), staleWhileRevalidate: ms(500) };
  desk.call('a', { ...terms, staleWhileRevalidate: ms(0), negativeTtl: ms(50) });
  desk.answer('granted', 1);
  desk.end('empty');
  desk.said();
  desk.call('b', terms);
  assert.deepEqual(desk.said(), ['b: nothing']);
  desk.pass(50);
  desk.call('c', terms, { ...desk.seen(1), kept: old(0) });
  desk.answer('miss', 0, { limit: ms(50) });
  assert.deepEqual(desk.said(), ['ask k load', 'c: nothing'], 'wherever it is remembered');
  desk.pass(50);
  desk.assertOver();
});

test('Loads over the limit of loads are another thread’s, or refused', () => {
  const desk = new LoadsDesk({ concurrency: 1 });
  desk.call('a', {}, undefined, 'other');
  const [other] = desk.asks.splice(0);
  desk.said();
  desk.call('b');
  assert.deepEqual(desk.said(), ['ask k join']);
  desk.answer('waiting', 1);
  desk.wake(1, 'found', 'v');
  desk.call('c');
  desk.answer('refused');
  assert.deepEqual(desk.said(), ['b: v', 'ask k join', 'c: ERR_BUSY']);
  assert.ok(other !== undefined);
  desk.reply(other, 'failed');
  desk.assertOver();
});

test('Loads over the limit of loads give their place back, whatever comes of the question', () => {
  const answers: ((desk: LoadsDesk) => void)[] = [
    (desk) => desk.answer('found', 0, { value: kept('v') }),
    (desk) => desk.answer('miss', 0, { limit: ms(0) }),
    (desk) => desk.answer('failed'),
    (desk) => {
      desk.answer('waiting', 1);
      desk.wake(1, 'found', 'v');
    },
    (desk) => {
      desk.answer('granted', 1);
      desk.end('empty');
    },
    (desk) => {
      desk.answer('granted', 1);
      desk.end('failed');
    },
    (desk) => {
      desk.answer('granted', 1);
      desk.end('loaded', 'v');
      assert.equal(desk.loads.stats.loading, 0, 'to store it is no load');
      desk.filled();
    },
  ];
  for (const answer of answers) {
    const desk = new LoadsDesk({ concurrency: 1 });
    desk.call('a');
    assert.equal(desk.loads.stats.loading, 1);
    answer(desk);
    assert.equal(desk.loads.stats.loading, 0);
    desk.said();
    desk.call('b');
    assert.deepEqual(desk.said(), ['ask k load']);
    desk.answer('failed');
    desk.assertOver();
  }
});

test('Loads that are refused give what is kept within the longer of the two windows, else ERR_BUSY', () => {
  const desk = new LoadsDesk({ concurrency: 1 });
  desk.call('a', {}, undefined, 'other');
  const [other] = desk.asks.splice(0);
  for (const [terms, outcome] of [
    [{ staleIfError: ms(200) }, 'stale old'],
    [{ staleWhileRevalidate: ms(200) }, 'stale old'],
    [{}, 'ERR_BUSY'],
  ] as const) {
    desk.call('b', terms, desk.seen(0, old(199)));
    desk.answer('refused');
    assert.equal(desk.said().at(-1), `b: ${outcome}`);
    desk.call('c', terms, null);
    desk.answer('refused', 0, { value: old(199) });
    assert.equal(desk.said().at(-1), `c: ${outcome}`);
  }
  assert.ok(other !== undefined);
  desk.reply(other, 'failed');
  desk.assertOver();
});

test('Loads refuse more calls of a key than their limit, stale values aside', () => {
  const desk = new LoadsDesk({ waiters: 2 });
  desk.call('a');
  const left = desk.call('b');
  desk.call('c', { staleIfError: ms(200) }, desk.seen(0, old(0)));
  desk.call('d');
  desk.call('e', {}, undefined, 'other');
  desk.loads.leave(left);
  desk.call('f');
  assert.deepEqual(desk.said(), ['ask k load', 'c: stale old', 'd: ERR_BUSY', 'ask other load']);
  desk.answer('granted', 1);
  desk.answer('failed');
  desk.end('empty');
  desk.assertOver([left]);
});

test('Loads wait to ask while too many questions are out, and ask in order', () => {
  const desk = new LoadsDesk();
  for (let i = 0; i < ASKS_MAX; i++) desk.call(`x${i}`, { timeout: LONG }, undefined, `x${i}`);
  assert.equal(desk.asks.length, ASKS_MAX);
  desk.said();
  desk.call('a', { timeout: LONG });
  desk.call('b', { timeout: LONG }, undefined, 'j');
  desk.call('c', { timeout: LONG });
  desk.loads.wrote('k');
  desk.call('d', { timeout: LONG });
  desk.refresh({}, 'r');
  assert.deepEqual(desk.said(), []);
  desk.answer('failed');
  assert.deepEqual(desk.said(), ['x0: ERR_CLUSTER_DOWN', 'ask k load']);
  desk.answer('failed');
  assert.deepEqual(desk.said(), ['x1: ERR_CLUSTER_DOWN', 'ask j load']);
  while (desk.asks.length > 2) desk.answer('failed');
  desk.said();
  desk.answer('granted', 1);
  desk.answer('miss', 0, { limit: ms(0) });
  desk.end('empty');
  assert.deepEqual(desk.said().slice(0, 2), ['load k by a', 'b: nothing']);
  desk.assertOver();
});

test('Loads leave a source alone while its circuit breaker is open (NODE-7)', () => {
  const desk = new LoadsDesk();
  const breaker = new CircuitBreaker({ failures: 1, resetAfter: 1_000 });
  desk.call('a', { breaker });
  desk.answer('granted', 1);
  desk.end('failed', 'oh');
  assert.equal(breaker.state, 'open');
  desk.said();
  desk.call('b', { breaker });
  desk.answer('refused');
  assert.deepEqual(desk.said(), ['ask k join', 'b: ERR_CIRCUIT_OPEN']);
  desk.refresh({ breaker });
  assert.deepEqual(desk.said(), []);
  desk.pass(1_000);
  desk.call('c', { breaker });
  desk.call('d', { breaker }, undefined, 'j');
  assert.deepEqual(desk.said(), ['ask k load', 'ask j join'], 'one may try');
  assert.equal(breaker.state, 'half-open');
  desk.answer('found', 0, { value: kept('v') });
  desk.answer('refused');
  desk.call('e', { breaker });
  assert.equal(desk.said().at(-1), 'ask k load', 'its place was given back');
  desk.answer('granted', 2);
  desk.end('loaded', 'v');
  desk.filled();
  assert.equal(breaker.state, 'closed');
  desk.assertOver();
});

test('Loads that take too long, or are not begun, are told to the circuit breaker', () => {
  const desk = new LoadsDesk();
  const breaker = new CircuitBreaker({ failures: 1 });
  const left = desk.call('a', { breaker });
  desk.loads.leave(left);
  desk.answer('granted', 1);
  assert.equal(breaker.stats.loads, 0);
  desk.call('b', { breaker });
  desk.answer('granted', 2);
  desk.pass(1_000);
  assert.equal(breaker.state, 'open');
  desk.assertOver([left]);
});

test('Loads refresh a value for nobody, and give it to who comes meanwhile (NODE-9)', () => {
  const desk = new LoadsDesk();
  desk.refresh({ staleIfError: ms(500) });
  assert.deepEqual(desk.said(), ['ask k refresh'], 'what is there is not wanted');
  desk.refresh();
  desk.call('a');
  desk.answer('granted', 1);
  desk.call('b');
  assert.deepEqual(desk.said(), ['load k by refresh']);
  desk.end('loaded', 'v');
  desk.filled();
  assert.deepEqual(desk.said(), ['fill k v', 'a: v', 'b: v']);
  const { loads, refreshes } = desk.loads.stats;
  assert.deepEqual({ loads, refreshes }, { loads: 1, refreshes: 1 });
  desk.assertOver();
});

test('Loads keep nobody waiting for a refresh who came while it was asked for (NODE-9)', () => {
  const desk = new LoadsDesk();
  desk.refresh();
  desk.call('a', {}, null);
  desk.call('b', {}, null);
  desk.values.set('k', kept('fresh'));
  desk.answer('granted', 1);
  assert.deepEqual(desk.said(), ['ask k refresh', 'load k by refresh', 'a: fresh', 'b: fresh']);
  desk.end('loaded', 'v');
  desk.filled();
  desk.assertOver();
});

test('Loads pause before they refresh again what was refused, has failed, or was in vain (NODE-9)', () => {
  const ends: ((desk: LoadsDesk) => void)[] = [
    (desk) => desk.answer('refused'),
    (desk) => desk.answer('failed'),
    (desk) => {
      desk.answer('granted', 1);
      desk.end('failed');
    },
    (desk) => {
      desk.answer('granted', 1);
      desk.end('empty');
    },
  ];
  for (const end of ends) {
    const desk = new LoadsDesk();
    desk.refresh();
    end(desk);
    desk.pass(REFRESH_PAUSE - 1);
    desk.said();
    desk.refresh();
    assert.deepEqual(desk.said(), []);
    desk.pass(1);
    desk.refresh();
    assert.deepEqual(desk.said(), ['ask k refresh']);
    desk.answer('granted', 2);
    desk.end('loaded', 'v');
    desk.filled();
    desk.refresh();
    assert.equal(desk.said().at(-1), 'ask k refresh', 'what went well needs no pause');
    desk.answer('granted', 3);
    desk.end('loaded', 'v');
    desk.filled();
    desk.assertOver();
  }
});

test('Loads ask for themselves when a refresh that they followed is refused', () => {
  const desk = new LoadsDesk();
  desk.refresh();
  desk.call('a');
  desk.answer('refused');
  assert.deepEqual(desk.said(), ['ask k refresh', 'ask k load']);
  desk.answer('miss', 0, { limit: ms(0) });
  desk.pass(REFRESH_PAUSE);
  desk.assertOver();
});

test('Loads refresh nothing beyond the limit of loads (NODE-9)', () => {
  const desk = new LoadsDesk({ concurrency: 1 });
  desk.call('a', {}, undefined, 'other');
  desk.refresh();
  assert.deepEqual(desk.said(), ['ask other load']);
  desk.answer('failed');
  desk.assertOver();
});

/** Everything that a client can be in the midst of. */
const MIDST: readonly [string, (desk: LoadsDesk, breaker: CircuitBreaker) => void][] = [
  ['a question', (desk) => void desk.call('a')],
  [
    'a question that is closed',
    (desk) => {
      desk.call('a');
      desk.call('b');
      desk.loads.wrote('k');
      desk.call('c');
    },
  ],
  [
    'a load',
    (desk, breaker) => {
      desk.call('a', { breaker });
      desk.answer('granted', 1);
      desk.call('b');
    },
  ],
  [
    'a fill',
    (desk) => {
      desk.call('a');
      desk.answer('granted', 1);
      desk.end('loaded', 'v');
    },
  ],
  [
    'a wait',
    (desk) => {
      desk.call('a');
      desk.answer('waiting', 1);
    },
  ],
  ['a refresh that is asked for', (desk) => desk.refresh()],
  [
    'a refresh',
    (desk) => {
      desk.refresh();
      desk.answer('granted', 1);
    },
  ],
  [
    'a pause',
    (desk) => {
      desk.refresh();
      desk.answer('refused');
    },
  ],
  [
    'an outcome that is remembered',
    (desk) => {
      desk.call('a');
      desk.answer('miss', 0, { limit: LONG });
    },
  ],
];

for (const [what, begin] of MIDST) {
  test(`Loads that are closed in the midst of ${what} leave nothing, and bear what comes late`, () => {
    const desk = new LoadsDesk();
    const breaker = new CircuitBreaker({ failures: 1, resetAfter: 1 });
    breaker.failed(desk.now);
    desk.pass(1);
    begin(desk, breaker);
    desk.said();
    desk.loads.close(desk);
    for (const line of desk.said()) assert.match(line, /^(. ERR_CLOSED|.: ERR_CLOSED|cancel k)$/);
    desk.assertOver();
    if (breaker.state === 'half-open') assert.ok(breaker.enter(desk.now), 'a probe may begin');
    for (const ask of desk.asks) desk.reply(ask, 'granted', 9);
    if (desk.flights.length > 0) desk.end('loaded', 'late');
    if (desk.fills.length > 0) desk.filled();
    desk.wake(1, 'found', 'late');
    desk.loads.peerLost(desk.now, nodeIndex(0), desk);
    assert.deepEqual(desk.said(), []);
    desk.assertOver();
  });
}

test('Loads cancel what runs when they are closed', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('granted', 1);
  desk.said();
  desk.loads.close(desk);
  assert.deepEqual(desk.said(), ['cancel k', 'a: ERR_CLOSED']);
});

test('Loads begin with their limits, times and counts at nothing', () => {
  const desk = new LoadsDesk();
  const counts: number[] = Object.values(desk.loads.stats);
  assert.ok(counts.every((count) => count === 0));
  desk.loads.wrote('k');
  desk.loads.tick(desk.now, desk);
  desk.loads.close(desk);
  const longest: Duration = LONG;
  desk.pass(longest);
  desk.assertOver();
});

test('Loads give the lease of a fill back that may not have come to its primary (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a');
  desk.answer('granted', 1);
  desk.end('loaded', 'v');
  desk.said();
  desk.filled('failed');
  assert.deepEqual(desk.said(), ['release k 1 returned', 'a: v']);
  desk.assertOver();
});

test('Loads look once more before they fail a call that could see nothing when it came (NODE-7)', () => {
  const desk = new LoadsDesk();
  desk.call('a', { staleIfError: duration(1_000) }, null);
  desk.answer('granted', 1);
  desk.said();
  desk.values.set('k', kept('old', desk.now));
  desk.end('failed', 'down');
  assert.ok(desk.said().some((line) => line.startsWith('a: ') && line.includes('old')));
  desk.assertOver();
});
