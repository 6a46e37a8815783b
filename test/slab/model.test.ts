import assert from 'node:assert/strict';
import test from 'node:test';
import { Prng } from '#src/base/prng.js';
import { extremeKeys, plainKeys, randomKeys } from './support/keys.js';
import { EVERYTHING, type History, play } from './support/play.js';

const MIB = 2 ** 20;

/** Lengths like those of a real cache: mostly a few hundred bytes, with a long tail. */
const likeATrace = (prng: Prng): number => Math.floor(40 * 2 ** (prng.unit() ** 2 * 7));
const upTo = (max: number) => (prng: Prng) => prng.below(max + 1);
const around = (length: number) => (prng: Prng) => Math.max(0, length - 2 + prng.below(5));

/** One kind of load; two million operations between them. */
interface Case extends Omit<History, 'seed'> {
  readonly what: string;
}

const CASES: readonly Case[] = [
  {
    what: '1 KB, tiny values',
    limit: 1024,
    keys: plainKeys(40),
    valueLength: upTo(20),
    operations: 200_000,
    fullChecks: 50,
  },
  {
    what: '1 KB, values up to the limit',
    limit: 1024,
    keys: plainKeys(20),
    valueLength: upTo(1000),
    operations: 100_000,
    fullChecks: 50,
  },
  {
    what: '1 KB, keys of all lengths',
    limit: 1024,
    keys: randomKeys(30, 900, new Prng(1)),
    valueLength: upTo(60),
    operations: 100_000,
    fullChecks: 50,
  },
  {
    what: '10,000 B, empty values',
    limit: 10_000,
    keys: plainKeys(300),
    valueLength: () => 0,
    operations: 200_000,
    fullChecks: 20,
  },
  {
    what: '64 KB, one size',
    limit: 64 * 1024,
    keys: plainKeys(800),
    valueLength: () => 100,
    operations: 300_000,
  },
  {
    what: '64 KB, long and short',
    limit: 64 * 1024,
    keys: plainKeys(300),
    valueLength: upTo(4000),
    operations: 150_000,
    fullChecks: 20,
  },
  {
    what: '64 KB, lengths where chains begin',
    limit: 64 * 1024,
    keys: plainKeys(300),
    valueLength: around(512 - 48 - 16),
    operations: 150_000,
    fullChecks: 20,
  },
  {
    what: '200 KB, keys of 1 to 65,535 bytes',
    limit: 200_000,
    keys: extremeKeys(60),
    valueLength: upTo(2000),
    operations: 40_000,
    fullChecks: 20,
  },
  {
    what: '1 MB, like a trace',
    limit: MIB,
    keys: plainKeys(8000),
    valueLength: likeATrace,
    operations: 500_000,
  },
  {
    what: '1 MB, values up to the limit',
    limit: MIB,
    keys: plainKeys(200),
    valueLength: (prng) => Math.floor(MIB * prng.unit() ** 6),
    operations: 20_000,
  },
  {
    what: '8 MB, like a trace',
    limit: 8 * MIB,
    keys: plainKeys(60_000),
    valueLength: likeATrace,
    operations: 200_000,
  },
  {
    what: '64 MB, one size',
    limit: 64 * MIB,
    keys: plainKeys(30_000),
    valueLength: () => 4000,
    operations: 100_000,
    fullChecks: 1,
    mix: { ...EVERYTHING, flush: 0 },
  },
  {
    what: '64 MB, values up to 8 MB',
    limit: 64 * MIB,
    keys: plainKeys(2000),
    valueLength: (prng) => Math.floor(8 * MIB * prng.unit() ** 16),
    operations: 20_000,
    fullChecks: 2,
  },
  {
    what: '8 MB, values up to 8 MB',
    limit: 8 * MIB,
    keys: plainKeys(500),
    valueLength: (prng) => Math.floor(8 * MIB * prng.unit() ** 8),
    operations: 4000,
    fullChecks: 4,
  },
];

for (const [i, { what, ...history }] of CASES.entries()) {
  test(`Slab does as a Map with a list does: ${what} (NODE-1, NODE-2, NODE-3, NODE-5, NODE-6)`, () => {
    const { stats } = play({ seed: 100 + i, ...history });
    assert.ok(stats.evicted > 0, 'the history is long enough to fill the memory');
    assert.equal(stats.evictedOutOfOrder, 0);
  });
}

test('Slab is whole after every single operation of a short history (NODE-5)', () => {
  const operations = 3000;
  const keys = plainKeys(150);
  play({
    seed: 1,
    limit: 20_000,
    keys,
    valueLength: upTo(1500),
    operations,
    fullChecks: operations,
  });
  const mix = { ...EVERYTHING, flush: 10 };
  play({
    seed: 2,
    limit: 9000,
    keys,
    valueLength: upTo(20),
    operations,
    mix,
    fullChecks: operations,
  });
});
