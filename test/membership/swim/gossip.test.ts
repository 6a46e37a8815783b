import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeIndex } from '#src/base/units.js';
import {
  SwimGossip,
  TELLINGS_MAX,
  tellingsOf,
  UPDATES_WAITING_MAX,
} from '#src/membership/swim/gossip.js';

/** The members that a message of so many updates tells of. */
function told(gossip: SwimGossip, room: number, tellings: number): number[] {
  const updates: number[] = [];
  gossip.tell(updates, room, tellings);
  return updates.filter((_, i) => i % 3 === 0);
}

function gossipOf(...members: number[]): SwimGossip {
  const gossip = new SwimGossip();
  for (const member of members) gossip.put(nodeIndex(member), 1, 0);
  return gossip;
}

test('tellingsOf() grows with the logarithm of the size, up to a limit (CLUSTER-3)', () => {
  const table = [
    { lambda: 4, size: 2, tellings: 4 },
    { lambda: 4, size: 9, tellings: 4 },
    { lambda: 4, size: 10, tellings: 8 },
    { lambda: 4, size: 99, tellings: 8 },
    { lambda: 4, size: 100, tellings: 12 },
    { lambda: 4, size: 10_000, tellings: 20 },
    { lambda: 1, size: 65_536, tellings: 5 },
    { lambda: 25, size: 65_536, tellings: 125 },
    { lambda: 99, size: 65_536, tellings: TELLINGS_MAX },
  ];
  for (const { lambda, size, tellings } of table) {
    assert.equal(tellingsOf(lambda, size), tellings, `λ ${lambda}, N ${size}`);
  }
});

test('SwimGossip tells what was told least, and of that the newest, first (CLUSTER-3)', () => {
  const gossip = gossipOf(1, 2, 3);
  assert.deepEqual(told(gossip, 2, 9), [3, 2]);
  assert.deepEqual(told(gossip, 2, 9), [1, 3], '1 is behind none any more; 3 is before 2');
  gossip.put(nodeIndex(4), 1, 0);
  assert.deepEqual(told(gossip, 4, 9), [4, 1, 2, 3]);
});

test('SwimGossip tells each update a limited number of times, and not twice in a message (CLUSTER-3)', () => {
  const gossip = gossipOf(1, 2);
  for (let i = 0; i < 3; i++) assert.deepEqual(told(gossip, 9, 3), [2, 1]);
  assert.deepEqual(told(gossip, 9, 3), []);
  assert.equal(gossip.size, 0);
});

test('SwimGossip tells the latest of a member, from the beginning, and nothing of who is forgotten (CLUSTER-3)', () => {
  const gossip = gossipOf(1, 2);
  told(gossip, 9, 2);
  gossip.put(nodeIndex(1), 2, 7);
  gossip.forget(nodeIndex(2));
  gossip.forget(nodeIndex(3));
  const updates: number[] = [];
  gossip.tell(updates, 9, 2);
  assert.deepEqual(updates, [1, 2, 7]);
  assert.deepEqual(told(gossip, 9, 2), [1]);
});

test('SwimGossip gives up what was told most when too much waits (CLUSTER-3)', () => {
  const gossip = gossipOf(5, 6);
  told(gossip, 1, 9);
  for (let i = 0; i < UPDATES_WAITING_MAX - 1; i++) gossip.put(nodeIndex(100 + i), 1, 0);
  assert.equal(gossip.size, UPDATES_WAITING_MAX);
  const all = told(gossip, UPDATES_WAITING_MAX, 9);
  assert.ok(!all.includes(6), 'told once');
  assert.equal(all.at(-1), 5, 'the oldest of those never told');
});

/** The queue as a list, sorted for every message. */
class ListGossip {
  #waiting: { member: number; told: number; rank: number }[] = [];
  #rank = 0;

  put(member: number): void {
    this.forget(member);
    this.#waiting.push({ member, told: 0, rank: this.#rank++ });
  }

  forget(member: number): void {
    this.#waiting = this.#waiting.filter((update) => update.member !== member);
  }

  tell(room: number, tellings: number): number[] {
    this.#waiting.sort((a, b) => a.told - b.told || b.rank - a.rank);
    const picked = this.#waiting.slice(0, room);
    for (const update of picked.toReversed()) {
      update.told++;
      update.rank = this.#rank++;
    }
    this.#waiting = this.#waiting.filter((update) => update.told < tellings);
    return picked.map(({ member }) => member);
  }
}

test('SwimGossip tells what a sorted list would, whatever is put, forgotten and told (CLUSTER-3)', () => {
  const put = fc.record({ call: fc.constant('put' as const), member: fc.nat(40) });
  const forget = fc.record({ call: fc.constant('forget' as const), member: fc.nat(40) });
  const tell = fc.record({ call: fc.constant('tell' as const), room: fc.nat(8) });
  const calls = fc.array(fc.oneof({ arbitrary: put, weight: 4 }, forget, tell), { maxLength: 200 });
  fc.assert(
    fc.property(calls, fc.integer({ min: 1, max: 6 }), (history, tellings) => {
      const gossip = new SwimGossip();
      const list = new ListGossip();
      for (const step of history) {
        if (step.call === 'put') {
          gossip.put(nodeIndex(step.member), 1, 0);
          list.put(step.member);
        } else if (step.call === 'forget') {
          gossip.forget(nodeIndex(step.member));
          list.forget(step.member);
        } else {
          assert.deepEqual(told(gossip, step.room, tellings), list.tell(step.room, tellings));
        }
      }
    }),
  );
});
