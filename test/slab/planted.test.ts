/**
 * The checkers can fail: each fault here is one that a slab could have, planted from outside, and
 * each must be found.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { KeyBuffer } from '#src/base/key.js';
import { type Bytes, type Instant, instant } from '#src/base/units.js';
import type { VersionClock } from '#src/base/version.js';
import {
  BUCKET_OVERFLOW,
  BUCKET_PAIRS,
  CHUNK_BACK,
  CHUNK_NEXT,
  ENTRY_CHAIN,
  ENTRY_EXPIRY_GRANULE,
  ENTRY_HEADER_WORDS,
  ENTRY_LOADING,
  ENTRY_NEWER,
  ENTRY_OLDER,
  ENTRY_VERSION_LOW,
  HEADER_BUCKET_COUNT,
  HEADER_NEWEST,
  NO_SLOT,
  SLOT_EXPIRES,
  TAG_FREE,
} from '#src/slab/layout.js';
import { statIndex } from '#src/slab/memory.js';
import { type EntryRef, Slab } from '#src/slab/slab.js';
import { plainKeys } from './support/keys.js';
import { Difference, EVERYTHING, type History, play } from './support/play.js';
import { verifySlab } from './support/verify.js';
import type { SlabView } from './support/view.js';

const HISTORY: History = {
  seed: 5,
  limit: 20_000,
  keys: plainKeys(120),
  valueLength: (prng) => prng.below(600),
  operations: 4000,
  fullChecks: 8,
};

/** Reads that leave the order as it is: first in, first out. */
class ReadsThatDoNotPromote extends Slab {
  override get(key: KeyBuffer, now: Instant): EntryRef {
    return this.find(key, now);
  }
}

/** A sum that only grows: what an overwrite gives back is forgotten. */
class ForgetfulSum extends Slab {
  #most = 0;

  override get trackedBytes(): number {
    this.#most = Math.max(this.#most, super.trackedBytes);
    return this.#most;
  }
}

class ServesTheStale extends Slab {
  override find(key: KeyBuffer, now: Instant): EntryRef {
    return this.findStale(key, now);
  }
}

/** What has expired goes at once, whatever its window. */
class KeepsNothingStale extends Slab {
  override findStale(key: KeyBuffer, now: Instant): EntryRef {
    return this.find(key, now);
  }
}

class ServesTheExpired extends Slab {
  override get(key: KeyBuffer, _now: Instant): EntryRef {
    return super.get(key, instant(-1));
  }
}

/** An off-by-one in copying. */
class ShiftsValues extends Slab {
  override copyValue(entry: EntryRef, target: Uint8Array, at: number): void {
    super.copyValue(entry, target, at);
    const end = at + this.valueLength(entry);
    if (this.valueLength(entry) > 1) target[end - 1] = (target[end - 2] as number) ^ 0xff;
  }
}

class DeletesNothing extends Slab {
  override delete(key: KeyBuffer, now: Instant, _version: VersionClock): boolean {
    return this.find(key, now) !== 0;
  }
}

const FAULTS: readonly (new (buffer: SharedArrayBuffer, limit: Bytes) => Slab)[] = [
  ReadsThatDoNotPromote,
  ForgetfulSum,
  ServesTheStale,
  KeepsNothingStale,
  ServesTheExpired,
  ShiftsValues,
  DeletesNothing,
];

for (const Faulty of FAULTS) {
  test(`the model test finds a slab with a fault: ${Faulty.name} (NODE-5)`, () => {
    const makeSlab = (buffer: SharedArrayBuffer, limit: number) =>
      new Faulty(buffer, limit as Bytes);
    assert.throws(() => play({ ...HISTORY, makeSlab }), Difference);
  });
}

test('the model test finds nothing in the slab itself', () => {
  play(HISTORY);
});

type Corrupt = (view: SlabView, entry: number, pair: number) => void;

/** One word of shared memory changed, around a chained entry and its pair in the index. */
const CORRUPTIONS: Readonly<Record<string, Corrupt>> = {
  'a version that changed': ({ words }, entry) => flip(words, entry * 2 + ENTRY_VERSION_LOW),
  'a key that changed': ({ words }, entry) => flip(words, entry * 2 + ENTRY_HEADER_WORDS),
  'an expiry that changed': ({ memory }, entry) => {
    memory.numbers[entry + ENTRY_EXPIRY_GRANULE] = 1;
  },
  'a stale window that changed': ({ words }, entry) => flip(words, entry * 2 + ENTRY_LOADING),
  'a pair under another hash': ({ words }, _entry, pair) => flip(words, pair - BUCKET_PAIRS),
  'a pair that is lost': ({ words }, _entry, pair) => {
    words[pair] = NO_SLOT;
  },
  'a pair that is there twice': (view, _entry, pair) => {
    const other = view.pairsIn(view.bucketAt(0)).find(({ at }) => at !== pair)?.at as number;
    view.words[other] = view.word(pair);
    view.words[other - BUCKET_PAIRS] = view.word(pair - BUCKET_PAIRS);
  },
  'an expiry mark that is wrong': ({ words }, _entry, pair) => {
    words[pair] = (words[pair] as number) ^ SLOT_EXPIRES;
  },
  'a chunk that is lost': ({ words }, entry) => {
    words[entry * 2 + ENTRY_CHAIN] = NO_SLOT;
  },
  'a chunk too many': (view, entry) => {
    view.words[lastChunk(view, entry) * 2 + CHUNK_NEXT] = entry;
  },
  'a chunk that does not know its entry': (view, entry) => {
    view.words[lastChunk(view, entry) * 2 + CHUNK_BACK] = TAG_FREE;
  },
  'an entry marked free': ({ words }, entry) => {
    words[entry * 2 + CHUNK_BACK] = (words[entry * 2 + CHUNK_BACK] as number) | TAG_FREE;
  },
  'a list that skips an entry': (view, entry) => {
    view.words[HEADER_NEWEST] = view.word(entry * 2 + ENTRY_OLDER);
  },
  'a list that runs in a circle': ({ words }, entry) => {
    words[entry * 2 + ENTRY_NEWER] = entry;
  },
  'a bucket count that is wrong': ({ words }) => {
    words[HEADER_BUCKET_COUNT] = (words[HEADER_BUCKET_COUNT] as number) + 1;
  },
  'an overflow bucket that is empty': (view) => {
    const bucket = view.chain(0)[view.chain(0).length - 1] as number;
    view.words[bucket + BUCKET_OVERFLOW] = view.layout.overflowMax;
  },
  'a page of another class': ({ layout, words }) => {
    new Int8Array(words.buffer, layout.pageTableAt, 1)[0] = 0;
  },
  'a page too many': ({ layout, words }) => {
    new Int8Array(words.buffer, layout.pageTableAt, layout.pages)[layout.pages - 1] = 1;
  },
  'a count of entries that is wrong': ({ memory }) => add(memory.numbers, statIndex('entries')),
  'a sum that is wrong': ({ memory }) => add(memory.numbers, statIndex('trackedBytes')),
  'a size that is wrong': ({ memory }) => add(memory.numbers, statIndex('occupiedBytes')),
};

const flip = (words: Int32Array, at: number): void => {
  words[at] = (words[at] as number) ^ 1;
};

const add = (numbers: Float64Array, at: number): void => {
  numbers[at] = (numbers[at] as number) + 64;
};

function lastChunk(view: SlabView, entry: number): number {
  let chunk = view.entries.chain(entry);
  while (view.entries.nextChunk(chunk) !== NO_SLOT) chunk = view.entries.nextChunk(chunk);
  return chunk;
}

/** A slab with entries of all kinds; its most recently used one is chained. */
function filledSlab(): { view: SlabView; entry: number; pair: number } {
  const history = { ...HISTORY, operations: 500, mix: { ...EVERYTHING, flush: 0 } };
  const { view, slab } = play({ ...history, valueLength: (prng) => 500 + prng.below(800) });
  slab.stats();
  const entry = view.word(HEADER_NEWEST);
  assert.notEqual(view.entries.chain(entry), NO_SLOT);
  const pair = view.find(view.entries.hash(entry) >>> 0, view.keyOf(entry))?.at as number;
  return { view, entry, pair };
}

for (const [what, corrupt] of Object.entries(CORRUPTIONS)) {
  test(`the verifier finds ${what} (NODE-5)`, () => {
    const { view, entry, pair } = filledSlab();
    verifySlab(view);
    corrupt(view, entry, pair);
    assert.throws(() => verifySlab(view));
  });
}
