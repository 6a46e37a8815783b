/**
 * Who remembers where a key was, and the generations from before it looked, is told of everything
 * that makes that wrong: as long as they have not moved the key is there, in that version, in that slot,
 * and belongs to that bucket.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Prng } from '#src/base/prng.js';
import { BUCKET_GENERATION } from '#src/slab/layout.js';
import { Slab } from '#src/slab/slab.js';
import { episodes } from './support/episodes.js';
import { plainKeys } from './support/keys.js';
import { Owner, type SlabClass } from './support/owner.js';
import { type Edits, MOVES_AT_ANY_SIZE, variantOf } from './support/variant.js';

interface Memory {
  readonly bucket: number;
  readonly generation: number;
  readonly version: number;
  readonly slots: string;
}

const LIFE = {
  operations: 4000,
  wave: 120,
  flushes: 3,
  valueLength: (prng: Prng) => (prng.below(3) === 0 ? prng.below(1200) : prng.below(60)),
};

interface Tally {
  /** Memories that an operation made invalid, and those that it left. */
  lost: number;
  kept: number;
  merged: number;
}

function remember(Kind: SlabClass, seed: number): Tally {
  const owner = Owner.start(16_000, plainKeys(110), Kind);
  const { view, keys } = owner;
  const memories = new Map<number, Memory>();
  const tally = { lost: 0, kept: 0, merged: 0 };
  let buckets = view.bucketCount;
  for (const { name, after } of episodes(owner, LIFE, new Prng(seed))) {
    if (view.bucketCount < buckets) tally.merged++;
    buckets = view.bucketCount;
    for (const number of keys.keys()) {
      const state = after.keys[number] as (typeof after.keys)[number];
      const bucket = view.bucketAt(view.bucketNumber(owner.hashOf(number)));
      const memory = memories.get(number);
      if (memory !== undefined && isValid(memory)) {
        const what = `${name}, key ${number}`;
        assert.equal(memory.bucket, bucket, `${what}: the bucket`);
        assert.ok(state.isPresent, `${what}: it is there`);
        assert.equal(memory.version, state.version, `${what}: the version`);
        assert.equal(memory.slots, state.slots.join(), `${what}: the slots`);
        tally.kept++;
        continue;
      }
      if (memories.delete(number)) tally.lost++;
      if (!state.isPresent) continue;
      const generation = view.word(bucket + BUCKET_GENERATION);
      const { version } = state;
      const slots = state.slots.join();
      memories.set(number, { bucket, generation, version, slots });
    }
  }
  return tally;

  function isValid({ bucket, generation }: Memory): boolean {
    return generation === view.word(bucket + BUCKET_GENERATION);
  }
}

test('generations tell of every change of what is remembered by them (NODE-8)', async () => {
  const tally = remember(await variantOf(MOVES_AT_ANY_SIZE), 4);
  assert.ok(tally.lost > 1000);
  assert.ok(tally.kept > 10_000);
  assert.ok(tally.merged > 20);
});

const FAULTS: Readonly<Record<string, Edits>> = {
  'a merge': {
    'bucket-index': [
      [
        'Atomics.add(words, from + BUCKET_GENERATION, 1);\n        this.shortenChain(from);',
        'this.shortenChain(from);',
      ],
    ],
  },
  'a split': {
    'bucket-index': [
      [
        'Atomics.add(words, from + BUCKET_GENERATION, 1);\n        this.#pack(from);',
        'this.#pack(from);',
      ],
    ],
  },
  'an overwrite, or a move': {
    'bucket-index': [
      [
        'Atomics.store(this.#words, pair, slotWord);\n        this.#moveGeneration(hash);',
        'Atomics.store(this.#words, pair, slotWord);',
      ],
    ],
  },
  'a withdrawal': {
    'bucket-index': [
      [
        '        Atomics.add(this.#words, bucket + BUCKET_GENERATION, 1);\n        if (',
        '        if (',
      ],
    ],
  },
  'the move of a chunk': { mover: [['this.#index.touch(this.#entries.hash(head));', '']] },
  'a flush': {
    'bucket-index': [
      [
        '            this.#empty(this.bucketAt(number));\n',
        '            this.#withdrawAll(this.bucketAt(number));\n',
      ],
    ],
  },
};

for (const [what, edits] of Object.entries(FAULTS)) {
  test(`it shows if ${what} moves no generation (NODE-8)`, async () => {
    const Faulty = await variantOf(MOVES_AT_ANY_SIZE, edits);
    const live = (): Tally[] => [4, 5, 6, 7, 8].map((seed) => remember(Faulty, seed));
    assert.throws(live, { code: 'ERR_ASSERTION' });
  });
}

test('an owner that is gone leaves nobody with a memory of what it withdrew last (NODE-8)', () => {
  const owner = Owner.start(16_000, plainKeys(110));
  for (const { after } of episodes(owner, { ...LIFE, operations: 300 }, new Prng(4))) {
    assert.ok(after.keys.length > 0);
  }
  const { view } = owner;
  const generationsOf = (): number[] =>
    Array.from({ length: view.bucketCount }, (_, number) =>
      view.word(view.bucketAt(number) + BUCKET_GENERATION),
    );
  const before = generationsOf();
  owner.succeed(owner.buffer, Slab);
  for (const [i, generation] of generationsOf().entries()) {
    assert.ok(generation > (before[i] as number));
  }
});
