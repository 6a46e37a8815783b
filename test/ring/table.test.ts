import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type KeyHash, type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { NodeState, RingMember } from '#src/ring/member.js';
import { placeStartList } from '#src/ring/placement.js';
import { RingTable } from '#src/ring/table.js';
import { LinearRing, member } from './linear-ring.js';

const MOST = 0xffff_ffff;
const hash = (value: number): KeyHash => value as KeyHash;

function preferenceList(table: RingTable, at: number, n: number): NodeIndex[] {
  const into: NodeIndex[] = [];
  const count = table.owners(hash(at), n, into);
  assert.equal(into.length, count);
  return into;
}

// Close values beside far ones: positions that crowd in one bucket, at both ends, and on top of
// each other are where a search goes wrong.
const position = fc.oneof(
  fc.integer({ min: 0, max: MOST }),
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: MOST - 20, max: MOST }),
  fc.integer({ min: 2 ** 31 - 10, max: 2 ** 31 + 10 }),
);
const state = fc.constantFrom<NodeState>('up', 'down', 'joining', 'leaving');
const members = fc
  .array(fc.tuple(state, fc.uniqueArray(position, { minLength: 1, maxLength: 30 })), {
    maxLength: 8,
  })
  .map((list) => list.map(([is, positions], i) => member(i * 3, positions, is)));
const onRing = (list: RingMember[]) =>
  list.filter((m) => m.state === 'up' || m.state === 'leaving');

describe('RingTable', () => {
  test('finds the owner that a scan of all positions finds (RING-3)', () => {
    fc.assert(
      fc.property(members, fc.array(position, { minLength: 1 }), (list, hashes) => {
        const table = RingTable.build(list);
        const linear = new LinearRing(onRing(list));
        const own = list.flatMap(({ positions }) => [...positions]);
        const near = own.flatMap((p) => [p, Math.max(0, p - 1), Math.min(MOST, p + 1)]);
        for (const at of [...hashes, ...near])
          assert.equal(table.owner(hash(at)), linear.owner(at));
      }),
    );
  });

  test('finds the owner on a ring of 1,000 positions (RING-3)', () => {
    const list = placeStartList(
      Array.from({ length: 10 }, (_, i) => ({ id: `n${i}`, weight: 1 })),
      100,
    );
    const table = RingTable.build(list);
    const linear = new LinearRing(list);
    for (let at = 0; at <= MOST; at += 4_294_967) {
      assert.equal(table.owner(hash(at)), linear.owner(at));
    }
  });

  test('gives a hash beyond the last position to the first one (RING-4)', () => {
    const table = RingTable.build([member(0, [1000, 3000]), member(1, [2000])]);
    assert.equal(table.owner(hash(0)), 0);
    assert.equal(table.owner(hash(1000)), 0);
    assert.equal(table.owner(hash(1001)), 1);
    assert.equal(table.owner(hash(3000)), 0);
    assert.equal(table.owner(hash(3001)), 0);
    assert.equal(table.owner(hash(MOST)), 0);
  });

  test('answers "no node" on an empty ring, and one whose nodes are all down (RING-4)', () => {
    for (const list of [[], [member(0, [5], 'down')], [member(1, [5], 'joining')]]) {
      const table = RingTable.build(list);
      assert.equal(table.owner(hash(5)), null);
      assert.deepEqual(preferenceList(table, 5, 3), []);
      assert.deepEqual([...table.shares(2)], [0, 0]);
    }
  });

  test('lists n distinct nodes clockwise, fewer if there are fewer (RING-8)', () => {
    fc.assert(
      fc.property(members, position, fc.integer({ min: 1, max: 10 }), (list, at, n) => {
        const expected = new LinearRing(onRing(list)).walk(at).slice(0, n);
        assert.deepEqual(preferenceList(RingTable.build(list), at, n), expected);
      }),
    );
  });

  test('leaves what is beyond the list as it was', () => {
    const table = RingTable.build([member(4, [10]), member(2, [20])]);
    const into = [7, 7, 7].map(nodeIndex);
    assert.equal(table.owners(hash(15), 3, into), 2);
    assert.deepEqual(into, [2, 4, 7]);
  });

  test('gives a masked node its ranges back unchanged (RING-6)', () => {
    fc.assert(
      fc.property(members, position, (list, at) => {
        const up = list.map((m) => ({ ...m, state: 'up' as const }));
        const before = RingTable.build(up).owner(hash(at));
        for (const { index } of up) {
          const down = up.map((m) => (m.index === index ? { ...m, state: 'down' as const } : m));
          const during = RingTable.build(down).owner(hash(at));
          // Only what the node owned moves, and it moves to the next in the key's list.
          if (before !== index) assert.equal(during, before);
          else assert.equal(during, preferenceList(RingTable.build(up), at, 2)[1] ?? null);
        }
      }),
    );
  });

  test('knows every share of the ring exactly (RING-5)', () => {
    const table = RingTable.build([
      member(0, [2 ** 30, 2 ** 31]),
      member(2, [2 ** 30 + 2 ** 29, 2 ** 31 + 2 ** 30]),
    ]);
    assert.deepEqual([...table.shares(4)], [0.25 + 0.25 + 0.125, 0, 0.125 + 0.25, 0]);
  });

  test('owns the whole ring with a single position, wherever it is (RING-4)', () => {
    for (const only of [0, 1, 2 ** 31, MOST]) {
      const table = RingTable.build([member(0, [only])]);
      assert.deepEqual([...table.shares(1)], [1]);
      for (const at of [0, 1, 2 ** 31, MOST]) assert.equal(table.owner(hash(at)), 0);
    }
  });
});
