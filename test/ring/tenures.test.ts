import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { epoch, type KeyHash, nodeIndex } from '#src/base/units.js';
import { RingTable } from '#src/ring/table.js';
import { Tenures } from '#src/ring/tenures.js';
import { member } from './linear-ring.js';

const hash = (n: number): KeyHash => n as KeyHash;

const PLACES = [0, 1, 2, 3, 4].map((node) =>
  [1, 2, 3, 4].map((i) => Math.imul(node * 4 + i, 0x9e3779b1) >>> 0),
);

/** The ring with these nodes up, of five. */
const ringOf = (nodes: readonly number[]): RingTable =>
  RingTable.build(PLACES.map((at, node) => member(node, at, nodes.includes(node) ? 'up' : 'down')));

/** The tenures at the end of a history of rings, the first being that of epoch 1. */
function tenuresAfter(rings: readonly RingTable[]): Tenures {
  let tenures = Tenures.begin(epoch(1));
  for (let i = 1; i < rings.length; i++) {
    tenures = tenures.next(epoch(i + 1), rings[i - 1] as RingTable, rings[i] as RingTable);
  }
  return tenures;
}

test('Tenures last while other nodes come and go (CLUSTER-5)', () => {
  const rings = [[0, 1], [0, 1, 2], [0, 1], [0]].map(ringOf);
  const tenures = tenuresAfter(rings);
  const kept = PLACES.flat().filter((at) => rings.every((ring) => ring.owner(hash(at)) === 0));
  assert.ok(kept.length > 0);
  for (const at of kept) assert.equal(tenures.covers(hash(at), epoch(1)), true);
});

test('Tenures of a range that was lost and came back begin anew (CLUSTER-6)', () => {
  const key = hash(12_345);
  assert.equal(tenuresAfter([[0]].map(ringOf)).covers(key, epoch(1)), true);
  const tenures = tenuresAfter([[0], [1], [0]].map(ringOf));
  assert.equal(tenures.covers(key, epoch(1)), false);
  assert.equal(tenures.covers(key, epoch(3)), true);
});

test('Tenures are one range while nobody comes or goes (CLUSTER-5)', () => {
  const tenures = tenuresAfter(
    [
      [0, 1],
      [0, 1],
      [0, 1],
    ].map(ringOf),
  );
  assert.deepEqual([...tenures.sinces], [1]);
});

test('Tenures.covers() agrees with asking every ring in turn (CLUSTER-9)', () => {
  const subset = fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
  const histories = fc.array(subset, { minLength: 1, maxLength: 8 });
  const hashes = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1, maxLength: 30 });
  const edges = PLACES.flat().flatMap((at) => [at, at + 1]);
  fc.assert(
    fc.property(histories, hashes, (history, asked) => {
      const rings = history.map(ringOf);
      const tenures = tenuresAfter(rings);
      const last = rings[rings.length - 1] as RingTable;
      for (const key of [...asked, ...edges.filter((edge) => edge <= 0xffffffff)].map(hash)) {
        for (let written = 1; written <= rings.length; written++) {
          const since = rings.slice(written - 1);
          const whole = since.every((ring) => ring.owner(key) === last.owner(key));
          assert.equal(tenures.covers(key, epoch(written)), whole, `hash ${key} of ${written}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('Tenures survive members whose positions meet (CLUSTER-5)', () => {
  const both = RingTable.build([member(0, [5, 9]), member(1, [5, 7])]);
  const one = RingTable.build([member(1, [5, 7])]);
  const tenures = Tenures.begin(epoch(1)).next(epoch(2), both, one);
  assert.equal(both.owner(hash(5)), nodeIndex(0));
  assert.equal(tenures.since(hash(5)), 2);
  assert.equal(tenures.since(hash(7)), 1);
  assert.equal(tenures.since(hash(8)), 2);
});

test('Tenures stay few when nodes come and go for good, and are never too early (CLUSTER-5, CLUSTER-6)', () => {
  const spot = (round: number, i: number): number =>
    Math.imul(round * 8 + i + 99, 0x9e3779b1) >>> 0;
  const stays = member(
    0,
    [1, 2, 3, 4].map((i) => spot(0, i)),
  );
  const alone = RingTable.build([stays]);
  let free = Tenures.begin(epoch(1));
  let few = free;
  for (let round = 1; round <= 40; round++) {
    const guest = member(
      1,
      [1, 2, 3, 4].map((i) => spot(round, i)),
    );
    const both = RingTable.build([stays, guest]);
    free = free.next(epoch(2 * round), alone, both).next(epoch(2 * round + 1), both, alone);
    few = few.next(epoch(2 * round), alone, both, 9).next(epoch(2 * round + 1), both, alone, 5);
    assert.ok(few.ends.length <= 5, `${few.ends.length} ranges after round ${round}`);
    for (let i = 0; i < 200; i++) {
      const key = hash(spot(round, 1_000 + i));
      assert.ok(few.since(key) >= free.since(key), `hash ${key} after round ${round}`);
    }
  }
  assert.ok(free.ends.length > 9, 'without a limit they are more');
});
