import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ShoalError } from '#src/base/errors.js';
import { murmur3 } from '#src/base/hash.js';
import { Prng } from '#src/base/prng.js';
import { HashRing } from '#src/ring/hash-ring.js';
import { placeStartList } from '#src/ring/placement.js';
import { LinearRing } from './linear-ring.js';

const KEYS = Array.from({ length: 2_000 }, (_, i) => `key:${i}`);

const ownersOf = (ring: HashRing): (string | undefined)[] => KEYS.map((key) => ring.lookup(key));

/** Names as people give them, and as nobody should. */
function randomNames(random: Prng, count: number): string[] {
  const styles: ((i: number) => string)[] = [
    (i) => `n${i}`,
    (i) => `cache-${random.uint32().toString(36)}-${i}`,
    (i) => `10.${random.below(256)}.${random.below(256)}.${i}:${7000 + random.below(100)}`,
    (i) => `ノード${random.below(1e6)}_${i}`,
    (i) => 'x'.repeat(i + 1),
  ];
  const style = styles[random.below(styles.length)] as (i: number) => string;
  return Array.from({ length: count }, (_, i) => style(i));
}

/** Shares of 10,000 random keys, counted. */
function sampledShares(ring: HashRing, random: Prng): Map<string, number> {
  const counts = new Map(ring.nodes.map((id) => [id, 0]));
  for (let i = 0; i < 10_000; i++) {
    const owner = ring.lookup(`${random.uint32()}:${i}`) ?? '';
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return new Map([...counts].map(([id, count]) => [id, count / 10_000]));
}

function assertEven(shares: Map<string, number>, nodes: number, within: number): void {
  for (const [id, share] of shares) {
    assert.ok(Math.abs(share * nodes - 1) <= within, `${id} has ${share} of ${nodes} nodes`);
  }
}

describe('HashRing', () => {
  test('gives each of 3 nodes within 15 % of its share of 10,000 keys, for any names (RING-5)', () => {
    const random = new Prng(5);
    for (let set = 0; set < 40; set++) {
      const ring = new HashRing({ nodes: randomNames(random, 3) });
      assertEven(sampledShares(ring, random), 3, 0.15);
    }
  });

  for (const nodes of [3, 5, 10]) {
    test(`is balanced for 40 sets of ${nodes} names, and after any one leaves (RING-5)`, () => {
      const random = new Prng(nodes);
      for (let set = 0; set < 40; set++) {
        const names = randomNames(random, nodes);
        const ring = new HashRing({ nodes: names });
        assertEven(ring.shares(), nodes, 0.08);
        ring.removeNode(names[random.below(nodes)] ?? '');
        assertEven(ring.shares(), nodes - 1, 0.12);
      }
    });
  }

  test('finds the node at the first position at or after the hash of the key (RING-1, RING-3)', () => {
    const names = ['n0', 'n1', 'n2', 'n3'];
    const ring = new HashRing({ nodes: names });
    const linear = new LinearRing(
      placeStartList(
        names.map((id) => ({ id, weight: 1 })),
        150,
      ),
    );
    for (const key of KEYS.slice(0, 300)) {
      const walk = linear.walk(murmur3(Buffer.from(key))).map((index) => names[index]);
      assert.equal(ring.lookup(key), walk[0]);
      assert.deepEqual(ring.preferenceList(key, 3), walk.slice(0, 3));
    }
  });

  test('has 150 positions a node unless told otherwise (RING-2)', () => {
    const one = new HashRing({ nodes: ['a', 'b'] });
    const other = new HashRing({ vnodes: 150, nodes: ['a', 'b'] });
    const fewer = new HashRing({ vnodes: 10, nodes: ['a', 'b'] });
    assert.deepEqual(one.shares(), other.shares());
    assert.notDeepEqual(ownersOf(one), ownersOf(fewer));
  });

  test('gives a text and its UTF-8 bytes the same node (RING-1)', () => {
    const ring = new HashRing({ nodes: ['a', 'b', 'c', 'd', 'e'] });
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (key) => {
        assert.equal(ring.lookup(key), ring.lookup(Buffer.from(key)));
        assert.equal(ring.lookup(key), ring.lookup(new TextEncoder().encode(key)));
      }),
    );
  });

  test('answers "no node" when it is empty, at first and again (RING-4)', () => {
    const ring = new HashRing();
    assert.equal(ring.lookup('key'), undefined);
    assert.deepEqual(ring.preferenceList('key', 2), []);
    assert.deepEqual(ring.shares(), new Map());
    ring.addNode('only');
    assert.equal(ring.lookup('key'), 'only');
    ring.removeNode('only');
    assert.equal(ring.lookup('key'), undefined);
    assert.equal(ring.size, 0);
  });

  // Steps as small numbers: which of eight nodes comes or goes.
  const history = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 12 });
  const vnodes = fc.constantFrom(1, 2, 10, 30);

  test('moves keys only to a node that comes, only from one that goes (RING-6)', () => {
    fc.assert(
      fc.property(history, vnodes, (steps, v) => {
        const ring = new HashRing({ vnodes: v });
        let before = ownersOf(ring);
        for (const step of steps) {
          const id = `n${step}`;
          const goes = ring.nodes.includes(id);
          const heirs = KEYS.map((key) => ring.preferenceList(key, 2)[1]);
          if (goes) ring.removeNode(id);
          else ring.addNode(id);
          const now = ownersOf(ring);
          KEYS.forEach((key, i) => {
            if (goes) assert.equal(now[i], before[i] === id ? heirs[i] : before[i], key);
            else assert.ok(now[i] === before[i] || now[i] === id, key);
          });
          before = now;
        }
      }),
      { numRuns: 30 },
    );
  });

  test('gives every node its share by weight, within 8 % (RING-2)', () => {
    const ring = new HashRing()
      .addNode('small')
      .addNode('large', { weight: 3 })
      .addNode('mid', { weight: 2 });
    for (const [id, weight] of [
      ['small', 1],
      ['large', 3],
      ['mid', 2],
    ] as const) {
      const share = ring.shares().get(id) ?? 0;
      assert.ok(Math.abs((share * 6) / weight - 1) <= 0.08, `${id} has ${share}`);
    }
  });

  test('makes the same ring from the same list in any order', () => {
    const one = new HashRing({ nodes: ['a', 'b', { id: 'c', weight: 2 }] });
    const other = new HashRing({ nodes: [{ id: 'c', weight: 2 }, 'b', 'a'] });
    assert.deepEqual(ownersOf(one), ownersOf(other));
    assert.deepEqual(one.nodes, ['a', 'b', 'c']);
  });

  test('puts a replacement of the node that left in its place', () => {
    const ring = new HashRing({ nodes: ['a', 'b', 'c'] });
    const before = ownersOf(ring);
    ring.removeNode('c');
    ring.addNode('d');
    assert.deepEqual(
      ownersOf(ring),
      before.map((id) => (id === 'c' ? 'd' : id)),
    );
  });

  test('lists distinct nodes, the owner first, fewer if there are fewer (RING-8)', () => {
    const ring = new HashRing({ nodes: ['a', 'b', 'c', 'd', 'e'] });
    for (const key of KEYS) {
      for (const n of [1, 3, 5, 9]) {
        const list = ring.preferenceList(key, n);
        assert.equal(list.length, Math.min(n, 5));
        assert.equal(new Set(list).size, list.length);
        assert.equal(list[0], ring.lookup(key));
      }
    }
  });

  test('says whether a node to remove was there', () => {
    const ring = new HashRing({ nodes: ['a'] });
    assert.equal(ring.removeNode('b'), false);
    assert.equal(ring.removeNode('a'), true);
    assert.equal(ring.removeNode('a'), false);
  });

  test('refuses keys that the cache refuses', () => {
    const ring = new HashRing({ nodes: ['a'] });
    for (const key of ['', '\ud800', 'x'.repeat(65_536), new Uint8Array(0), Buffer.alloc(65_536)]) {
      const refusal = (error: unknown) => error instanceof ShoalError && error.code === 'ERR_KEY';
      assert.throws(() => ring.lookup(key), refusal);
      assert.throws(() => ring.preferenceList(key, 1), refusal);
    }
    for (const key of [undefined, null, 7, {}, [1], new ArrayBuffer(4)]) {
      assert.throws(() => ring.lookup(key as unknown as string), TypeError);
    }
  });

  const misuse: readonly [what: string, call: () => unknown, error: RegExp][] = [
    ['no positions', () => new HashRing({ vnodes: 0 }), /RangeError.*1 to 16384: received 0/],
    ['half a position', () => new HashRing({ vnodes: 1.5 }), /RangeError.*received 1.5/],
    ['too many positions', () => new HashRing({ vnodes: 16_385 }), /RangeError.*received 16385/],
    ['an empty id', () => new HashRing().addNode(''), /RangeError.*the id is empty/],
    [
      'an id that is there',
      () => new HashRing().addNode('a').addNode('a'),
      /RangeError.*'a' is on/,
    ],
    ['an id twice in a list', () => new HashRing({ nodes: ['a', 'a'] }), /RangeError.*'a' is on/],
    ['weight 0', () => new HashRing().addNode('a', { weight: 0 }), /RangeError.*received 0/],
    ['weight NaN', () => new HashRing().addNode('a', { weight: Number.NaN }), /RangeError.*NaN/],
    ['weight 101', () => new HashRing().addNode('a', { weight: 101 }), /RangeError.*at most 100/],
    [
      'a number for an id',
      () => new HashRing().addNode(7 as unknown as string),
      /TypeError.*received number/,
    ],
    [
      'null in a list',
      () => new HashRing({ nodes: [null as unknown as string] }),
      /TypeError.*received null/,
    ],
    [
      'a text for a weight',
      () => new HashRing().addNode('a', { weight: '2' as unknown as number }),
      /TypeError.*received string/,
    ],
    ['0 nodes of a list', () => new HashRing().preferenceList('key', 0), /RangeError.*received 0/],
    [
      '-1 nodes of a list',
      () => new HashRing().preferenceList('key', -1),
      /RangeError.*received -1/,
    ],
  ];
  for (const [what, call, expected] of misuse) {
    test(`refuses ${what} and says so`, () => {
      assert.throws(call, (error) => expected.test(String(error)));
    });
  }

  test('refuses a node that would be one too many, and stays as it was', () => {
    const ring = new HashRing({ vnodes: 16_384 }).addNode('a');
    assert.throws(() => ring.addNode('b', { weight: 64 }), /would have 1064960 positions/);
    assert.deepEqual(ring.nodes, ['a']);
    const full = new HashRing({ vnodes: 1 });
    for (let i = 0; i < 1024; i++) full.addNode(`n${i}`);
    assert.throws(() => full.addNode('one more'), /at most 1024 nodes/);
    assert.equal(full.size, 1024);
  });
});
