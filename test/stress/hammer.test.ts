/** The judges of a stress find nothing in a cache that is right, and each fault in one that is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { KeyPlan } from '../../bench/soak/key-plan.js';
import { Ledger } from '../../bench/soak/ledger.js';
import { WriterBook } from '../../bench/soak/writer-book.js';
import { Hammer } from '../../bench/stress/hammer.js';
import { Judge, settleSuspects } from '../../bench/stress/judge.js';
import { type Fault, Tally } from '../../bench/stress/tally.js';
import { Values } from '../../bench/stress/values.js';
import {
  ConfusesKeys,
  FailsOddly,
  FakeCache,
  LosesWrites,
  Misses,
  RefusesAndStores,
  ServesTheDeleted,
  ServesTheFormer,
  Tears,
} from './fake-cache.js';

const THREADS = 4;
const ROUNDS = 60;

/** What several hammers on one cache find. Each has a client of its own, made by `clientOf`. */
async function hammer(clientOf: (other?: FakeCache) => FakeCache, evicts = false): Promise<Tally> {
  const plan = new KeyPlan({ nodes: 2, writers: THREADS, keysPerWriter: 20 });
  const ledger = new Ledger(Ledger.memoryFor(plan.keys));
  const values = new Values(1);
  const tally = new Tally();
  const first = clientOf();
  const hammers = Array.from({ length: THREADS }, (_, thread) => {
    const book = new WriterBook(ledger);
    const judge = new Judge({ plan, ledger, book, values, tally, evicts });
    const cache = thread === 0 ? first : clientOf(first);
    const prng = new Prng(thread);
    const common = {
      burstMs: 0,
      thread,
      plan,
      ledger,
      book,
      judge,
      values,
      tally,
      prng,
      floors: null,
    };
    return new Hammer({ ...common, cache });
  });
  const rounds = async (own: Hammer): Promise<void> => {
    for (let i = 0; i < ROUNDS; i++) await own.round();
  };
  await Promise.all(hammers.map(rounds));
  settleSuspects(tally, []);
  return tally;
}

const seen = ({ faults }: Tally): string[] =>
  Object.entries(faults).flatMap(([fault, times]) => (times > 0 ? fault : []));

test('a stress finds nothing wrong with a cache that is right (NODE-8)', async () => {
  const tally = await hammer((other) => new FakeCache(other));
  assert.deepEqual([seen(tally), tally.examples], [[], []]);
  const { hits, misses, gets, sets, deletes, expires } = tally.counts;
  for (const count of [hits, misses, gets, sets, deletes, expires]) assert.ok(count > 20);
});

const FAULTY: readonly (readonly [new (other?: FakeCache) => FakeCache, Fault])[] = [
  [ServesTheFormer, 'stale'],
  [ServesTheDeleted, 'stale'],
  [LosesWrites, 'lost'],
  [Misses, 'lost'],
  [Tears, 'torn'],
  [ConfusesKeys, 'foreign'],
  [RefusesAndStores, 'not-done'],
  [FailsOddly, 'undocumented-error'],
];

for (const [Faulty, fault] of FAULTY) {
  test(`a stress finds a cache with a fault: ${Faulty.name} (NODE-8)`, async () => {
    const tally = await hammer((other) => new Faulty(other));
    assert.ok(tally.faults[fault] > 0, `${fault}, not ${seen(tally).join(', ') || 'nothing'}`);
  });
}

test('a stress takes no miss amiss where entries may be evicted (NODE-8)', async () => {
  const tally = await hammer((other) => new Misses(other), true);
  assert.deepEqual(seen(tally), []);
});

test('a miss is explained by the loss of the memory of its own node, then (NODE-8)', () => {
  const suspect = { what: 'miss', node: 1, sinceMs: 100, untilMs: 200, text: 'gone' } as const;
  const explained = (node: number, fromMs: number, toMs: number): number => {
    const tally = new Tally();
    tally.suspect(suspect);
    const times = settleSuspects(tally, [{ node, fromMs, toMs }]);
    assert.equal(times + tally.faults.lost, 1);
    return times;
  };
  assert.equal(explained(1, 150, 160), 1);
  assert.equal(explained(1, 50, 120), 1);
  assert.equal(explained(0, 150, 160), 0);
  assert.equal(explained(1, 10, 90), 0);
  assert.equal(explained(1, 210, 220), 0);
});
