/** The judge of a trial finds each lie, and nothing in what is lawful. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { TrialBoard } from '../../bench/herd/trial-board.js';
import { Judge, PATIENCE_MS } from '../../bench/herd/trial-judge.js';
import type { Fault } from '../../bench/herd/trial-tally.js';
import { failureText, madeValue } from '../../bench/herd/trial-values.js';

const KEY = 1;
const THREAD = 0;

/** A board, its judge, and what the judge has found since the last look. */
function court(kills = false) {
  const board = new TrialBoard(TrialBoard.memoryFor({ threads: 2, keys: 3 }));
  let faults: Fault[] = [];
  const judge = new Judge({ board, kills, found: (fault) => faults.push(fault) });
  const found = (): Fault[] => {
    const list = faults;
    faults = [];
    return list;
  };
  const write = (isAcknowledged = true): number => {
    const begun = board.writeBegins(THREAD, KEY);
    board.writeEnds(THREAD, KEY, begun, isAcknowledged);
    return begun;
  };
  return { board, judge, found, write };
}

test('Judge calls a load old if a write that began after it was acknowledged before the call', () => {
  const { board, judge, found, write } = court();
  const begun = board.tick();
  const value = madeValue(KEY, 'load', begun, 0);
  judge.loaded(KEY, board.floorOf(KEY), value);
  write(false);
  judge.loaded(KEY, board.floorOf(KEY), value);
  assert.deepEqual(found(), []);
  const before = board.floorOf(KEY);
  write();
  judge.loaded(KEY, before, value);
  assert.deepEqual(found(), []);
  judge.loaded(KEY, board.floorOf(KEY), value);
  judge.read(KEY, board.floorOf(KEY), value);
  assert.deepEqual(found(), ['old-load', 'old-load']);
});

test('Judge holds absences and errors to the same rule', () => {
  const { board, judge, found, write } = court();
  const begun = board.tick();
  board.loadIsEmpty(KEY, begun);
  const cause = new Error(failureText(KEY, begun));
  const error = new ShoalError('ERR_LOADER', 'Cannot load key', { cause });
  judge.loaded(KEY, board.floorOf(KEY), undefined);
  judge.failed('getOrLoad', KEY, board.floorOf(KEY), error);
  assert.deepEqual(found(), []);
  write();
  judge.loaded(KEY, board.floorOf(KEY), undefined);
  judge.failed('getOrLoad', KEY, board.floorOf(KEY), error);
  assert.deepEqual(found(), ['old-load', 'old-load']);
  judge.read(KEY, board.floorOf(KEY), undefined);
  assert.deepEqual(found(), [], 'a read may always find nothing');
});

test('Judge calls a set old only if it was over before the write that came after it', () => {
  const { board, judge, found, write } = court();
  const begun = board.writeBegins(THREAD, KEY);
  const set = board.setBegins();
  const value = madeValue(KEY, 'set', begun, set);
  write();
  judge.read(KEY, board.floorOf(KEY), value);
  board.setAcknowledged(set);
  board.writeEnds(THREAD, KEY, begun, true);
  judge.read(KEY, board.floorOf(KEY), value);
  assert.deepEqual(found(), [], 'two at once may be done in either order');
  write();
  judge.read(KEY, board.floorOf(KEY), value);
  assert.deepEqual(found(), ['old-set']);
});

test('Judge knows values of other keys, damaged ones, markers and foreign errors', () => {
  const { board, judge, found } = court();
  const value = madeValue(KEY, 'load', board.tick(), 0);
  for (const lie of [null, 0, 'absent', {}, new Error('x'), { ...value, body: 'x' }]) {
    judge.loaded(KEY, 0, lie);
    assert.deepEqual(found(), ['not-a-value']);
  }
  judge.loaded(KEY + 1, 0, value);
  assert.deepEqual(found(), ['not-a-value']);
  const cause = new Error(failureText(KEY, 1));
  judge.failed('getOrLoad', KEY + 1, 0, new ShoalError('ERR_LOADER', 'x', { cause }));
  assert.deepEqual(found(), ['not-a-value']);
});

test('Judge calls late what outlives its limit by more than its patience, and lists no error twice', () => {
  const { judge, found } = court();
  judge.took('getOrLoad', KEY, 100 + PATIENCE_MS - 1, 100);
  assert.deepEqual(found(), []);
  judge.took('getOrLoad', KEY, 100 + PATIENCE_MS, 100);
  assert.deepEqual(found(), ['late']);
  const down = new ShoalError('ERR_CLUSTER_DOWN', 'x');
  judge.failed('getOrLoad', KEY, 0, down);
  judge.failed('get', KEY, 0, new TypeError('x'));
  assert.deepEqual(found(), ['undocumented-error', 'undocumented-error']);
  const withKills = court(true);
  withKills.judge.failed('getOrLoad', KEY, 0, down);
  assert.deepEqual(withKills.found(), []);
});

test('Board explains two loads at once by a write, a death, a lost node or an hour that is over, and by nothing else', () => {
  const { board, write } = court();
  const older = board.loadBegins(0, KEY, board.tick(), 60_000);
  const called = board.tick();
  const own = board.loadBegins(1, KEY, called, 60_000);
  assert.ok(older !== null && own !== null);
  assert.deepEqual(board.overlaps(KEY, own, called), [null]);
  assert.deepEqual(board.overlaps(KEY + 1, null, called), []);
  board.upsetBegins();
  assert.deepEqual(board.overlaps(KEY, own, called), ['upset']);
  board.upsetEnds();
  assert.deepEqual(board.overlaps(KEY, own, called), ['upset']);
  write();
  assert.deepEqual(board.overlaps(KEY, own, called), ['written']);
  board.dies(0);
  assert.deepEqual(board.overlaps(KEY, own, called), ['death']);
  board.isDead(0);
  assert.deepEqual(board.overlaps(KEY, own, called), []);
  const short = board.loadBegins(0, KEY, board.tick(), 0);
  const last = board.tick();
  assert.ok(short !== null);
  assert.deepEqual(board.overlaps(KEY, own, last), ['overdue']);
  board.loadEnds(short);
  const long = board.loadBegins(0, KEY, board.tick(), 60_000);
  assert.ok(long !== null);
  assert.deepEqual(board.overlaps(KEY, own, last), [null]);
  board.loadIsOver(long);
  assert.deepEqual(board.overlaps(KEY, own, last), ['overdue']);
  board.loadEnds(long);
  assert.deepEqual(board.overlaps(KEY, own, last), []);
});
