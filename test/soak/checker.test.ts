/** A checker is worth what it can find: each lie that a server might tell is told to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { Driver } from '../../bench/soak/driver.js';
import { KeyPlan } from '../../bench/soak/key-plan.js';
import { Ledger } from '../../bench/soak/ledger.js';
import { Outages } from '../../bench/soak/outages.js';
import { RespDoor } from '../../bench/soak/resp-door.js';
import type { Fault } from '../../bench/soak/tally.js';
import { type Lie, LyingServer } from './lying-server.js';

const RUN = 5;
/** Lies after which one must have been noticed: not each can be, while the key is being written. */
const LIES = 20;
/** Of the kinds for which there are few chances. */
const RARE_LIES = 5;
/** Operations of an honest server after which nothing may have been found. */
const HONEST_OPERATIONS = 2_000;
const PATIENCE_MS = 60_000;

interface Found {
  readonly faults: Partial<Record<Fault, number>>;
  readonly explainedMisses: number;
  readonly hits: number;
}

/** What the driver finds in a server that lies in this way. */
async function drive(lie: Lie, outages = new Outages()): Promise<Found> {
  const server = await LyingServer.start(lie);
  const plan = new KeyPlan({ nodes: 2, writers: 1, keysPerWriter: 100 });
  const driver = new Driver({
    run: RUN,
    writer: 0,
    plan,
    ledger: new Ledger(Ledger.memoryFor(plan.keys)),
    localWriters: { from: 0, to: 1 },
    prng: new Prng(RUN),
    answerMsMax: lie === 'silence' ? 300 : PATIENCE_MS,
  });
  const { port } = server;
  const nameOf = (key: number): string => plan.name(key);
  driver.run([0, 1, 1].map((node) => new RespDoor({ node, port, nameOf }, driver)));
  const isRare = lie === 'expired value' || lie === 'deleted value';
  const liesWanted = isRare ? RARE_LIES : LIES;
  const isDone = (): boolean =>
    lie === 'none'
      ? sum(driver.tally.operations) >= HONEST_OPERATIONS
      : server.lies >= liesWanted || driver.tally.count('hang') > 0;
  const deadline = performance.now() + PATIENCE_MS;
  while (!isDone() && performance.now() < deadline) {
    driver.review(outages);
    await new Promise(setImmediate);
  }
  driver.pause();
  while (!driver.isIdle && lie !== 'silence') await new Promise(setImmediate);
  driver.conclude(outages);
  driver.close();
  await server.close();
  const { faults, explainedMisses, hits } = driver.tally.data();
  const found = Object.entries(faults).filter(([, times]) => times > 0);
  return { faults: Object.fromEntries(found), explainedMisses, hits };
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, n) => total + n, 0);

const LIES_TOLD: readonly (readonly [Lie, Fault])[] = [
  ['old value', 'stale'],
  ['deleted value', 'stale'],
  ['expired value', 'stale'],
  ["another key's value", 'not-its-value'],
  ['torn value', 'not-its-value'],
  ['refused and done', 'not-done'],
  ['lost value', 'unexplained-miss'],
  ['cut', 'unexplained-cut'],
  ['silence', 'hang'],
  ['odd error', 'undocumented-error'],
  ['nonsense', 'nonsense'],
];

test('The soak finds nothing in an honest server (BENCH-2)', async () => {
  const { faults, hits } = await drive('none');
  assert.deepEqual(faults, {});
  assert.ok(hits > 0);
});

for (const [lie, fault] of LIES_TOLD) {
  test(`The soak finds a server’s lie: ${lie} (BENCH-2)`, async () => {
    const { faults } = await drive(lie);
    assert.deepEqual(Object.keys(faults), [fault]);
  });
}

test('The soak lets an outage of its own node explain a miss, and only that (CLUSTER-5)', async () => {
  const outages = new Outages();
  outages.add({ node: 0, warm: false, fromMs: 0, toMs: Number.POSITIVE_INFINITY });
  const one = await drive('lost value', outages);
  assert.ok(one.explainedMisses > 0);
  assert.deepEqual(Object.keys(one.faults), ['unexplained-miss'], 'those of the other node');
  outages.add({ node: 1, warm: true, fromMs: 0, toMs: Number.POSITIVE_INFINITY });
  const warm = await drive('lost value', outages);
  assert.deepEqual(
    Object.keys(warm.faults),
    ['unexplained-miss'],
    'who keeps its memory loses nothing',
  );
  outages.add({ node: 1, warm: false, fromMs: 0, toMs: Number.POSITIVE_INFINITY });
  const both = await drive('lost value', outages);
  assert.deepEqual(both.faults, {});
});
