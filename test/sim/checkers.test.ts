/** Each checker on what is right, and on what it is there to find. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  duration,
  type Epoch,
  epoch,
  instant,
  type KeyHash,
  NEVER,
  nodeIndex,
} from '#src/base/units.js';
import { REQUEST_TIMEOUT } from '#src/node/limits.js';
import type { NodeState, RingMember } from '#src/ring/member.js';
import { RingTable } from '#src/ring/table.js';
import type { PublishedRing } from '#src/ring/table-codec.js';
import { Tenures } from '#src/ring/tenures.js';
import { isOverdue, judgeAnswer, MARGIN_MS } from '#src/sim/check/answers.js';
import { isHung, isMissed, STOOD_MS_MIN } from '#src/sim/check/downs.js';
import { FloorChecker } from '#src/sim/check/floors.js';
import { type Write, WriteChecker } from '#src/sim/check/owners.js';
import { RingChecker } from '#src/sim/check/rings.js';
import { judgeSessions } from '#src/sim/check/session.js';
import { type LoadWish, NONSENSE, NOTHING, type Operation } from '#src/sim/history.js';

const HASHES = [5, 150, 250, 350].map((hash) => hash as KeyHash);
const member = (index: number, state: NodeState, positions = [100 * (index + 1)]): RingMember => ({
  index: nodeIndex(index),
  state,
  weight: 1,
  positions: PLACES.get(positions.join()) ?? placed(positions),
});
/** A member keeps its positions: the same array in every ring. */
const PLACES = new Map<string, Uint32Array>();
function placed(positions: readonly number[]): Uint32Array {
  const array = Uint32Array.from(positions);
  PLACES.set(positions.join(), array);
  return array;
}

/** Rings as the authority publishes them. */
function rings(...states: readonly (readonly RingMember[])[]): PublishedRing[] {
  let tenures = Tenures.begin(epoch(1));
  return states.map((members, i) => {
    const before = states[i - 1];
    if (before !== undefined) {
      tenures = tenures.next(epoch(i + 1), RingTable.build(before), RingTable.build(members));
    }
    return { epoch: epoch(i + 1), vnodes: 1, members, tenures };
  });
}

function firstFault(list: readonly PublishedRing[]): string | null {
  const checker = new RingChecker(HASHES);
  for (const ring of list) {
    const fault = checker.next(ring);
    if (fault !== null) return fault.text;
  }
  return null;
}

const UP = [member(0, 'up'), member(1, 'up'), member(2, 'up')];
const ONE_DOWN = [member(0, 'up'), member(1, 'down'), member(2, 'up')];

test('Ring checker finds owners as the ring does', () => {
  const hashes = Array.from({ length: 400 }, (_, hash) => hash as KeyHash);
  const crowded = [...UP, member(3, 'up', [100, 250]), member(4, 'down', [50])];
  const checker = new RingChecker(hashes);
  const [ring] = rings(crowded) as [PublishedRing];
  assert.equal(checker.next(ring), null);
  const table = RingTable.build(crowded);
  for (const [i, hash] of hashes.entries()) {
    assert.equal(checker.ownerIn(epoch(1), i), table.owner(hash), `hash ${hash}`);
  }
});

test('Ring checker accepts nodes that leave and come back (CLUSTER-5, CLUSTER-6)', () => {
  const none = UP.map(({ index }) => member(index, 'down'));
  assert.equal(firstFault(rings(UP, ONE_DOWN, UP, none, UP)), null);
});

test('Ring checker finds an epoch that goes back, or leaps (CLUSTER-8)', () => {
  const [first, second, third] = rings(UP, ONE_DOWN, UP) as [
    PublishedRing,
    PublishedRing,
    PublishedRing,
  ];
  assert.match(firstFault([first, second, first]) ?? '', /epoch 1 follows epoch 2/);
  assert.match(firstFault([first, third]) ?? '', /epoch 3 follows epoch 1/);
});

test('Ring checker finds a range that moves though nobody has changed (CLUSTER-5)', () => {
  const places = Uint32Array.of(200);
  const wanders = [member(0, 'up'), { ...member(1, 'up'), positions: places }, member(2, 'up')];
  const checker = new RingChecker(HASHES);
  const [first, second] = rings(wanders, wanders) as [PublishedRing, PublishedRing];
  assert.equal(checker.next(first), null);
  places[0] = 120;
  assert.match(checker.next(second)?.text ?? '', /neither has changed/);
});

test('Ring checker finds tenures that do not begin where the owner changes (CLUSTER-6)', () => {
  const [first, second, third] = rings(UP, ONE_DOWN, UP) as [
    PublishedRing,
    PublishedRing,
    PublishedRing,
  ];
  const forgetful = { ...third, tenures: Tenures.begin(epoch(1)) };
  assert.match(firstFault([first, second, forgetful]) ?? '', /has had a range since epoch 3/);
});

const OWNER = (of: Epoch, key: number): ReturnType<typeof nodeIndex> => nodeIndex((of + key) % 2);
const WRITE: Write = {
  node: nodeIndex(0),
  key: 0,
  epoch: epoch(2),
  high: 2_048,
  low: 1,
  turnEpoch: epoch(2),
  askedEpoch: epoch(2),
  isWriter: true,
};

function faultOf(...writes: readonly Partial<Write>[]): string | null {
  const checker = new WriteChecker(OWNER);
  for (const write of writes) {
    const fault = checker.next({ ...WRITE, ...write });
    if (fault !== null) return fault;
  }
  return null;
}

test('Write checker accepts an owner that writes version after version (CLUSTER-2)', () => {
  const next = { epoch: epoch(4), high: 4_096, turnEpoch: epoch(4), askedEpoch: null };
  assert.equal(faultOf({}, { low: 2 }, { ...next, low: 1 }), null);
});

test('Write checker finds who writes without a right to (CLUSTER-2, CLUSTER-8, CLUSTER-9)', () => {
  assert.match(faultOf({ key: 1 }) ?? '', /when node 1 owned it/);
  assert.match(faultOf({ turnEpoch: epoch(3) }) ?? '', /in a turn that began in 3/);
  assert.match(faultOf({ askedEpoch: epoch(1) }) ?? '', /asked in epoch 1/);
  assert.match(faultOf({ isWriter: false }) ?? '', /another life/);
  assert.match(faultOf({ low: 2 }, { low: 2 }) ?? '', /issues version/);
  assert.match(faultOf({ low: 2 }, { low: 1 }) ?? '', /issues version/);
});

test('Floor checker finds an answer that goes down, in one memory (NODE-3)', () => {
  const checker = new FloorChecker(2);
  const memory = {};
  assert.equal(checker.next(memory, 0, 1, 5), null);
  assert.equal(checker.next(memory, 0, 1, 5), null);
  assert.equal(checker.next(memory, 0, 2, 1), null);
  assert.equal(checker.next(memory, 1, 0, 0), null, 'another key');
  assert.equal(checker.next({}, 0, 0, 0), null, 'another memory');
  assert.match(checker.next(memory, 0, 1, 9) ?? '', /went down/);
});

const OPERATION: Operation = {
  id: 1,
  key: 0,
  kind: 'get',
  seat: 9,
  member: 1,
  begin: 10,
  end: 11,
  beganAt: instant(1_000),
  endedAt: instant(1_010),
  stoodMs: 0,
  outcome: 'found',
  seen: 0,
  size: 4,
  expiry: NEVER,
  answers: 1,
  wish: null,
  origin: NOTHING,
  isStale: false,
};
const WRITER: Operation = { ...OPERATION, id: 0, kind: 'set', outcome: 'stored', seen: NOTHING };

test('Answer checker accepts one answer in time (CLUSTER-9)', () => {
  assert.equal(judgeAnswer(OPERATION, WRITER, null, 0, 0), null);
  const late = { ...OPERATION, endedAt: instant(1_000 + REQUEST_TIMEOUT + MARGIN_MS + 300) };
  assert.equal(judgeAnswer(late, WRITER, null, 300, 0), null, 'its thread stood still');
  const expiring = { ...WRITER, expiry: instant(1_001) };
  assert.equal(judgeAnswer(OPERATION, expiring, null, 0, 0), null);
});

test('Answer checker finds doubles, delays, nonsense and the expired (CLUSTER-9, NODE-6)', () => {
  assert.match(judgeAnswer({ ...OPERATION, answers: 2 }, WRITER, null, 0, 0) ?? '', /twice/);
  const late = { ...OPERATION, endedAt: instant(1_000 + REQUEST_TIMEOUT + MARGIN_MS + 1) };
  assert.match(judgeAnswer(late, WRITER, null, 0, 0) ?? '', /after 5021 ms/);
  assert.match(
    judgeAnswer({ ...OPERATION, seen: NONSENSE }, null, null, 0, 0) ?? '',
    /nobody wrote/,
  );
  assert.match(
    judgeAnswer(OPERATION, { ...WRITER, key: 3, expiry: instant(1) }, null, 0, 0) ?? '',
    /key 3/,
  );
  const expired = { ...WRITER, expiry: instant(1_000) };
  assert.match(judgeAnswer(OPERATION, expired, null, 0, 0) ?? '', /expired/);
  assert.equal(judgeAnswer(OPERATION, expired, null, 0, 1_500), null, 'it may have been prolonged');
  const open = { ...OPERATION, outcome: 'open' as const };
  assert.equal(isOverdue(open, 9_000, 0), true);
  assert.equal(isOverdue(open, 2_000, 0), false);
  assert.equal(isOverdue(OPERATION, 9_000, 0), false);
});

const operations = (...list: readonly Partial<Operation>[]): Operation[] =>
  list.map((one, i) => ({
    ...OPERATION,
    seen: NOTHING,
    ...one,
    id: i,
    begin: 10 * i,
    end: 10 * i + 5,
  }));

function sessionFault(list: readonly Operation[]): string | null {
  return judgeSessions(list, (seen) => list[seen] ?? null)?.text ?? null;
}

test('Session checker accepts who sees its own latest write, or a later one (CLUSTER-9)', () => {
  const own = operations(
    { kind: 'set', outcome: 'stored' },
    { kind: 'set', outcome: 'stored' },
    { seen: 1 },
    { kind: 'set', outcome: 'stored', member: 2 },
    { seen: 3 },
    { outcome: 'miss' },
  );
  assert.equal(sessionFault(own), null);
  const unknown = operations(
    { kind: 'set', outcome: 'stored' },
    { kind: 'set', outcome: 'ERR_OUTCOME_UNKNOWN' },
    { seen: 0 },
  );
  assert.equal(sessionFault(unknown), null, 'it need not have been done');
});

test('Session checker finds writes that change places, and reads that overtake (CLUSTER-9)', () => {
  const places = operations(
    { kind: 'set', outcome: 'stored' },
    { kind: 'set', outcome: 'stored' },
    { seen: 0 },
  );
  assert.match(sessionFault(places) ?? '', /own write/);
  const overtakes = operations(
    { kind: 'set', outcome: 'stored', member: 2 },
    { kind: 'set', outcome: 'stored' },
    { seen: 0 },
  );
  assert.match(sessionFault(overtakes) ?? '', /own write/);
});

test('Down checker lets those be ended that stood, or did not answer, and no others (CLUSTER-4)', () => {
  const pings = (...answers: readonly (number | null)[]) =>
    answers.map((answeredAt, i) => ({ sequence: i, sentRanMs: 100 * i, answeredAt }));
  const well = {
    stoodMs: 0,
    pings: pings(10, 110, 210, null),
    ranMs: 400,
    readUntil: 400,
    intervalMs: 100,
  };
  assert.equal(isHung(well, 2), false);
  assert.equal(isHung({ ...well, stoodMs: STOOD_MS_MIN }, 2), true);
  assert.equal(isMissed(well, 1), true);
  assert.equal(isMissed(well, 2), false);
  assert.equal(isMissed({ ...well, pings: pings(10, 110, null, null) }, 2), true);
  assert.equal(isMissed({ ...well, readUntil: 200 }, 2), true, 'the answer could not be read');
  assert.equal(isMissed({ ...well, pings: pings(null) }, 2), false, 'nobody asked often enough');
  const hasty = { ...well, pings: pings(10, 110, null, null), ranMs: 230 };
  assert.equal(isHung(hasty, 2), false, 'both were sent just now');
});

const WISH: LoadWish = {
  timeout: duration(300),
  staleWhileRevalidate: duration(50),
  staleIfError: duration(500),
  negativeTtl: duration(0),
  errorTtl: duration(0),
  ttl: duration(100),
  beta: 1,
  patience: null,
};
const RUN: Operation = { ...WRITER, kind: 'run', beganAt: instant(900), endedAt: instant(1_005) };
const LOAD: Operation = { ...OPERATION, kind: 'load', wish: WISH };

test('Answer checker knows what a getOrLoad may be given', () => {
  assert.equal(judgeAnswer(LOAD, RUN, null, 0, 0), null);
  const brief = { ...RUN, expiry: instant(950) };
  assert.equal(judgeAnswer(LOAD, brief, null, 0, 0), null, 'it was under way still');
  assert.match(judgeAnswer(OPERATION, brief, null, 0, 0) ?? '', /expired/, 'a get has no share');
  const over = { ...RUN, expiry: instant(990), endedAt: instant(980) };
  assert.match(judgeAnswer(LOAD, over, null, 0, 0) ?? '', /expired/);
  assert.equal(judgeAnswer({ ...LOAD, isStale: true }, over, null, 0, 0), null);
  const old = { ...WRITER, expiry: instant(500) };
  assert.match(judgeAnswer({ ...LOAD, isStale: true }, old, null, 0, 0) ?? '', /expired/);
  const late = { ...LOAD, endedAt: instant(1_321) };
  assert.match(judgeAnswer(late, RUN, null, 0, 0) ?? '', /after 321 ms/);
});

test('Answer checker finds errors and lies that are taken for values, and misses of nobody', () => {
  assert.match(judgeAnswer(LOAD, { ...RUN, answers: 0 }, null, 0, 0) ?? '', /loader failed/);
  assert.match(judgeAnswer(LOAD, { ...RUN, outcome: 'lie' }, null, 0, 0) ?? '', /had ended/);
  const miss: Operation = { ...LOAD, outcome: 'miss', seen: NOTHING, origin: 0 };
  assert.equal(judgeAnswer(miss, null, { ...RUN, outcome: 'miss' }, 0, 0), null);
  assert.match(judgeAnswer(miss, null, null, 0, 0) ?? '', /no loader came to that/);
  assert.match(judgeAnswer(miss, null, RUN, 0, 0) ?? '', /ended as stored/);
  const failed: Operation = { ...miss, outcome: 'ERR_LOADER' };
  assert.equal(judgeAnswer(failed, null, { ...RUN, outcome: 'ERR_LOAD_TIMEOUT' }, 0, 0), null);
  assert.match(judgeAnswer(failed, null, { ...RUN, key: 2 }, 0, 0) ?? '', /of key 2/);
  const refused: Operation = { ...miss, outcome: 'ERR_BUSY', origin: NOTHING };
  assert.equal(judgeAnswer(refused, null, null, 0, 0), null);
});
