import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { murmurFinish, murmurMix } from '#src/base/hash.js';
import { epoch } from '#src/base/units.js';
import { EPOCH_MAX } from '#src/base/version.js';
import type { NodeState } from '#src/ring/member.js';
import { placeStartList } from '#src/ring/placement.js';
import { decodeRing, encodeRing, type PublishedRing, ringWords } from '#src/ring/table-codec.js';
import { HASH_MAX, Tenures } from '#src/ring/tenures.js';
import { member } from './linear-ring.js';

const shared = (words: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(words * 4));

function sample(): { ring: PublishedRing; region: Uint32Array; words: number } {
  const ring: PublishedRing = {
    epoch: epoch(7),
    vnodes: 2,
    members: [member(0, [5, 9]), member(3, [7, 0xffff_ffff, 0], 'down', 1.5)],
    tenures: new Tenures(Uint32Array.of(7, HASH_MAX), Uint32Array.of(3, 7)),
  };
  const region = shared(64);
  return { ring, region, words: encodeRing(ring, region) };
}

/** Makes the checksum right again, so that what is behind it gets tested. */
function reseal(region: Uint32Array): void {
  const words = region[1] ?? 0;
  const hash = region.subarray(3, words).reduce((sum, word) => murmurMix(sum, word), 0);
  region[2] = murmurFinish(hash, 0, words);
}

const ring = fc.record(
  {
    epoch: fc.integer({ min: 1, max: EPOCH_MAX }).map(epoch),
    vnodes: fc.integer({ min: 1, max: 16_384 }),
    members: fc
      .array(
        fc.tuple(
          fc.constantFrom<NodeState>('up', 'down', 'joining', 'leaving'),
          fc.double({ min: 0.001, max: 100, noNaN: true }),
          fc.uniqueArray(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 20 }),
        ),
        { maxLength: 10 },
      )
      .map((list) => list.map(([is, weight, at], i) => member(i * 7, at, is, weight))),
    tenures: fc
      .uniqueArray(fc.integer({ min: 0, max: HASH_MAX - 1 }), { maxLength: 20 })
      .map((ends) => {
        const rising = Uint32Array.from([...ends, HASH_MAX]).sort();
        return new Tenures(rising, new Uint32Array(rising.length).fill(1));
      }),
  },
  { noNullPrototype: true },
);

describe('decodeRing', () => {
  test('gives back what encodeRing wrote (RING-2)', () => {
    fc.assert(
      fc.property(ring, (published) => {
        const positions = published.members.reduce((sum, m) => sum + m.positions.length, 0);
        const ranges = published.tenures.ends.length;
        const size = ringWords(published.members.length, positions, ranges);
        const region = shared(size);
        assert.equal(encodeRing(published, region), size);
        assert.deepEqual(decodeRing(region), { status: 'ok', ring: published });
      }),
    );
  });

  test('gives back a ring of 64 nodes from a larger region that was in use before', () => {
    const nodes = Array.from({ length: 64 }, (_, i) => ({ id: `n${i}`, weight: 1 }));
    const members = placeStartList(nodes, 3);
    const tenures = Tenures.begin(epoch(1));
    const published = { epoch: epoch(1), vnodes: 3, members, tenures };
    const region = shared(4096).fill(0xdead_beef);
    encodeRing(published, region);
    assert.deepEqual(decodeRing(region), { status: 'ok', ring: published });
  });

  test('returns positions that later changes of the region do not touch', () => {
    const { region, ring: published } = sample();
    const decoded = decodeRing(region);
    region.fill(0);
    assert.deepEqual(decoded, { status: 'ok', ring: published });
  });

  test('tells a region in which nothing was written yet', () => {
    assert.deepEqual(decodeRing(shared(100)), { status: 'blank' });
  });

  test('notices any single word that is wrong', () => {
    const { words } = sample();
    for (let at = 0; at < words; at++) {
      for (const flip of [1, 0x8000_0000, 0xffff_ffff]) {
        const { region } = sample();
        region[at] = (region[at] ?? 0) ^ flip;
        assert.equal(decodeRing(region).status, 'invalid', `word ${at} ^ ${flip}`);
      }
    }
  });

  test('survives a region that ends too early, at every length', () => {
    const { region, words } = sample();
    for (let length = 0; length < words; length++) {
      assert.equal(decodeRing(region.slice(0, length)).status, 'invalid', `${length} words`);
    }
  });

  const wrongWords: readonly [what: RegExp, at: number, value: number][] = [
    [/epoch/, 3, 0],
    [/epoch/, 3, EPOCH_MAX + 1],
    [/vnodes/, 4, 0],
    [/too many members/, 5, 1025],
    [/members are missing/, 5, 1000],
    [/left over/, 5, 0],
    [/ranges are missing/, 6, 3],
    [/index/, 7, 1024],
    [/twice/, 7, 3],
    [/state/, 8, 4],
    [/weight/, 10, 0],
    [/weight/, 10, 0x7ff8_0000],
    [/positions are missing/, 11, 100],
    [/positions do not rise/, 17, 9],
    [/ranges do not rise/, 22, HASH_MAX],
    [/cover every hash/, 23, HASH_MAX - 1],
    [/tenure/, 24, 0],
    [/tenure/, 25, 8],
  ];
  for (const [what, at, value] of wrongWords) {
    test(`refuses a sealed ring whose word ${at} is ${value}: ${what.source}`, () => {
      const { region } = sample();
      region[at] = value;
      reseal(region);
      const decoded = decodeRing(region);
      assert.ok(decoded.status === 'invalid');
      assert.match(decoded.reason, what);
    });
  }
});

describe('encodeRing', () => {
  test('refuses a region that is too small', () => {
    const { ring: published, words } = sample();
    assert.throws(() => encodeRing(published, shared(words - 1)), /fits in its region/);
  });
});
