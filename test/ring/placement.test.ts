import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { type NodeIndex, nodeIndex } from '#src/base/units.js';
import { type Balance, BalanceMeter } from '#src/ring/balance.js';
import type { RingMember } from '#src/ring/member.js';
import {
  BALANCE_LIMITS,
  choosePositions,
  placeStartList,
  positionCount,
} from '#src/ring/placement.js';
import { sortPositions } from '#src/ring/sorted-ring.js';
import { RingTable } from '#src/ring/table.js';

const VNODES = 150;

const equalNodes = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: `n${i}`, weight: 1 }));

function measure(members: readonly RingMember[]): Balance {
  const meter = new BalanceMeter(members.map((member) => member.weight));
  const names = members.map((_, i) => i);
  return meter.measure(sortPositions(members, names));
}

/** The same three figures by asking tables: with all nodes up, and with each one down. */
function measureByTables(members: readonly RingMember[]): Balance {
  const weights = members.map(({ weight }) => weight);
  const total = weights.reduce((a, b) => a + b, 0);
  const worst = (shares: Float64Array, of: number, except = -1): number =>
    Math.max(
      ...weights.map((weight, i) =>
        i === except ? 0 : Math.abs((shares[i] ?? 0) / (weight / of) - 1),
      ),
    );
  const departures = members.map((_, leaver) => {
    const left = members.map((m, i) => (i === leaver ? { ...m, state: 'down' as const } : m));
    const shares = RingTable.build(left).shares(members.length);
    return worst(shares, total - (weights[leaver] ?? 0), leaver);
  });
  const table = RingTable.build(members);
  const even = members.length > 3 && new Set(weights).size === 1;
  return {
    share: worst(table.shares(members.length), total),
    departure: members.length > 2 ? Math.max(...departures) : 0,
    fold: even ? worst(threefold(table, members.length), total) : 0,
  };
}

/** Each arc's length, given to the three who keep it. */
function threefold(table: RingTable, nodes: number): Float64Array {
  const load = new Float64Array(nodes);
  const keepers: NodeIndex[] = [];
  table.positions.forEach((position, i) => {
    const before =
      i === 0 ? (table.positions.at(-1) ?? 0) - 2 ** 32 : (table.positions[i - 1] ?? 0);
    table.owners(position as Parameters<RingTable['owners']>[0], 3, keepers);
    for (const keeper of keepers) load[keeper] = (load[keeper] ?? 0) + (position - before);
  });
  return load.map((sum) => sum / 3 / 2 ** 32);
}

function assertNear(actual: Balance, expected: Balance): void {
  for (const figure of ['share', 'departure', 'fold'] as const) {
    assert.ok(
      Math.abs(actual[figure] - expected[figure]) < 1e-9,
      `${figure}: ${actual[figure]} against ${expected[figure]}`,
    );
  }
}

function assertWithinLimits(balance: Balance, what: string): void {
  for (const figure of ['share', 'departure', 'fold'] as const) {
    const percent = (balance[figure] * 100).toFixed(1);
    assert.ok(balance[figure] <= BALANCE_LIMITS[figure], `${what}: ${figure} ${percent} % off`);
  }
}

/** Random leaves and joins, a join last, that end with `count` nodes; one index for one node for all its life. */
function randomHistory(seed: number, count: number): RingMember[] {
  const random = new Prng(seed);
  let next = count;
  const members = placeStartList(equalNodes(count), VNODES);
  for (let step = 0; step < 8; step++) {
    const leave = members.length >= count || (members.length > 2 && random.unit() < 0.5);
    if (leave) members.splice(random.below(members.length), 1);
    else members.push(newcomer(members, next++));
  }
  while (members.length < count) members.push(newcomer(members, next++));
  return members;
}

function newcomer(members: readonly RingMember[], index: number): RingMember {
  const positions = choosePositions(members, VNODES, 1);
  return { index: nodeIndex(index), state: 'up', weight: 1, positions };
}

describe('BalanceMeter', () => {
  test('measures what tables and masks show (RING-5)', () => {
    const random = new Prng(1);
    for (const weights of [[1], [1, 1], [1, 1, 1], [1, 1, 1, 1, 1], [1, 2, 0.5, 3], [2, 2, 2, 2]]) {
      const members = weights.map((weight, i): RingMember => {
        const positions = Uint32Array.from({ length: 1 + random.below(12) }, () => random.uint32());
        return { index: nodeIndex(i), state: 'up', weight, positions: positions.sort() };
      });
      assertNear(measure(members), measureByTables(members));
    }
  });
});

describe('choosePositions', () => {
  for (const nodes of [3, 5, 10]) {
    test(`keeps ${nodes} nodes balanced: shares, any departure, threefold load (RING-5)`, () => {
      const members = placeStartList(equalNodes(nodes), VNODES);
      assertWithinLimits(measureByTables(members), `${nodes} nodes`);
    });

    test(`keeps ${nodes} nodes balanced after eight histories that end in a join (RING-5)`, () => {
      for (let seed = 0; seed < 8; seed++) {
        assertWithinLimits(measure(randomHistory(seed, nodes)), `history ${seed}`);
      }
    });
  }

  test('keeps every size up to 16 nodes balanced, at 100 to 300 vnodes (RING-5)', () => {
    for (const vnodes of [100, 150, 300]) {
      const members = placeStartList(
        Array.from({ length: 16 }, (_, i) => ({ id: String.fromCharCode(97 + i), weight: 1 })),
        vnodes,
      );
      for (let nodes = 1; nodes <= 16; nodes++) {
        assertWithinLimits(measure(members.slice(0, nodes)), `${nodes} nodes × ${vnodes}`);
      }
    }
  });

  test('gives shares in proportion to weights up to four times apart (RING-2)', () => {
    for (const weights of [
      [1, 2, 3],
      [4, 1, 1],
      [1, 1, 2, 2, 4],
      [0.5, 1, 1, 2],
    ]) {
      const nodes = weights.map((weight, i) => ({ id: `n${i}`, weight }));
      const members = placeStartList(nodes, VNODES);
      assert.deepEqual(
        members.map(({ positions }) => positions.length),
        weights.map((weight) => VNODES * weight),
      );
      assertWithinLimits(measureByTables(members), `weights ${weights}`);
    }
  });

  test('gives rising positions, at least one, however many are asked for', () => {
    const first = newcomer([], 0);
    for (const count of [1, 2, 3, 149, 4096]) {
      const positions = choosePositions([first], count, 1);
      assert.equal(positions.length, count);
      assert.ok(positions.every((position, i) => i === 0 || position > (positions[i - 1] ?? 0)));
    }
    assert.equal(positionCount(150, 0.001), 1);
    assert.equal(positionCount(150, 0.5), 75);
  });

  test('gives the same ring each time, in whatever order the members are listed (RING-5)', () => {
    const members = placeStartList(equalNodes(5), VNODES);
    const positions = choosePositions(members, VNODES, 1);
    assert.deepEqual(choosePositions([...members].reverse(), VNODES, 1), positions);
    assert.deepEqual(placeStartList(equalNodes(5), VNODES), members);
  });

  test('takes account of nodes that are down: they come back to their places', () => {
    const members = placeStartList(equalNodes(3), VNODES);
    const down = members.map((member, i) =>
      i === 1 ? { ...member, state: 'down' as const } : member,
    );
    assert.deepEqual(choosePositions(down, VNODES, 1), choosePositions(members, VNODES, 1));
  });
});

describe('placeStartList', () => {
  test('places nodes in sorted order of their ids and returns them in list order', () => {
    const sorted = placeStartList(equalNodes(3), VNODES);
    const [a, b, c] = sorted;
    const mixed = placeStartList(
      ['n2', 'n0', 'n1'].map((id) => ({ id, weight: 1 })),
      VNODES,
    );
    assert.deepEqual(
      mixed.map(({ index, positions }) => ({ index, positions })),
      [c, a, b].map((member, index) => ({ index, positions: member?.positions })),
    );
  });
});
