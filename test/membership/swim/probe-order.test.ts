import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { type NodeIndex, nodeIndex } from '#src/base/units.js';
import { ProbeOrder } from '#src/membership/swim/probe-order.js';

const everybody = (): boolean => true;

function orderOf(size: number, seed = 1): ProbeOrder {
  const order = new ProbeOrder(new Prng(seed), 1);
  for (let i = 0; i < size; i++) order.add(nodeIndex(i));
  return order;
}

const round = (order: ProbeOrder, steps: number): (NodeIndex | null)[] =>
  Array.from({ length: steps }, () => order.next(everybody));

test('ProbeOrder comes by everybody once a round, each round in another order (CLUSTER-3)', () => {
  const order = orderOf(50);
  const rounds = [round(order, 50), round(order, 50)];
  for (const nodes of rounds) assert.equal(new Set(nodes).size, 50);
  assert.notDeepEqual(rounds[0], rounds[1]);
});

test('ProbeOrder keeps nobody waiting for more than two rounds less one (CLUSTER-3)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(), (size, seed) => {
      const order = orderOf(size, seed);
      const lastAt = new Map<number, number>();
      for (let at = 0; at < size * 6; at++) {
        const node = order.next(everybody) as number;
        assert.ok(at - (lastAt.get(node) ?? -1) <= 2 * size - 1);
        lastAt.set(node, at);
      }
    }),
  );
});

test('ProbeOrder puts every member first equally often (CLUSTER-3)', () => {
  const firsts = new Uint32Array(4);
  for (let seed = 0; seed < 4_000; seed++) {
    const first = orderOf(4, seed).next(everybody) as number;
    firsts[first] = (firsts[first] as number) + 1;
  }
  for (const count of firsts) assert.ok(Math.abs(count - 1_000) < 150, `${firsts}`);
});

test('ProbeOrder skips nobody of a round because another leaves or comes (CLUSTER-3)', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('next', 'remove', 'add'), fc.nat(20)));
  fc.assert(
    fc.property(steps, fc.nat(), (history, seed) => {
      const order = orderOf(10, seed);
      const members = new Set(Array.from({ length: 10 }, (_, i) => i));
      const unprobed = new Set(members);
      for (const [call, number] of history) {
        if (call === 'remove' && members.has(number)) {
          order.remove(nodeIndex(number));
          members.delete(number);
          unprobed.delete(number);
        } else if (call === 'add' && !members.has(number)) {
          order.add(nodeIndex(number));
          members.add(number);
        } else if (call === 'next') unprobed.delete(order.next(everybody) ?? -1);
      }
      // What is left of the round holds at most all members, once each.
      for (let i = 0; i < members.size; i++) unprobed.delete(order.next(everybody) as number);
      assert.deepEqual([...unprobed], []);
    }),
  );
});

test('ProbeOrder finds who is wanted, and nobody where none is (CLUSTER-3)', () => {
  const order = orderOf(9);
  for (let i = 0; i < 20; i++)
    assert.equal(
      order.next((node) => node === 4),
      4,
    );
  assert.equal(
    order.next(() => false),
    null,
  );
  assert.equal(new ProbeOrder(new Prng(1), 1).next(everybody), null);
});

test('ProbeOrder samples different members that are wanted, all of them if there are few (CLUSTER-3)', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(6), fc.nat(20), fc.nat(), (size, count, below, seed) => {
      const sample = orderOf(size, seed).sample(count, (node) => node < below);
      assert.equal(new Set(sample).size, sample.length);
      assert.ok(sample.every((node) => node < below));
      assert.equal(sample.length, Math.min(count, size, below));
    }),
  );
});
