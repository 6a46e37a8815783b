/** What a successor takes over, what it refuses, and what it does with memory that nobody wrote like that. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { type RefusalReason, SlabRefused } from '#src/slab/attach.js';
import {
  BUCKET_PAIRS,
  CHUNK_BACK,
  ENTRY_CHECKSUM,
  ENTRY_HASH,
  ENTRY_HEADER_WORDS,
  ENTRY_LOADING,
  ENTRY_NEWER,
  ENTRY_OLDER,
  ENTRY_SHAPE,
  ENTRY_VALUE_LENGTH,
  ENTRY_VERSION_LOW,
  HEADER_BUCKET_COUNT,
  HEADER_BYTES,
  HEADER_NEWEST,
  NO_SLOT,
  SLOT_EXPIRES,
  TAG_FREE,
} from '#src/slab/layout.js';
import { statIndex } from '#src/slab/memory.js';
import { NO_ENTRY, Slab } from '#src/slab/slab.js';
import { PATTERN } from './support/bytes.js';
import { extremeKeys, plainKeys, randomKeys } from './support/keys.js';
import { firstOf } from './support/owner.js';
import { EVERYTHING, play } from './support/play.js';
import { copyOf } from './support/recorder.js';
import { verifySlab } from './support/verify.js';
import { SlabView } from './support/view.js';

const LIMIT = 20_000;
const FLOOR = firstOf(5);

const attachTo = (buffer: SharedArrayBuffer, limit = LIMIT): Slab =>
  Slab.attach(buffer, bytes(limit), FLOOR);

/** A slab that has had a life, with entries of all kinds. */
function lived(seed: number, limit = LIMIT, keys = plainKeys(120)) {
  const { view, slab } = play({
    seed,
    limit,
    keys,
    valueLength: (prng) => prng.below(prng.below(4) === 0 ? limit / 8 : 150),
    operations: 1500,
    mix: { ...EVERYTHING, flush: 0 },
    fullChecks: 1,
  });
  slab.stats();
  return { view, slab, buffer: view.words.buffer as SharedArrayBuffer };
}

for (const [what, limit, keys] of [
  ['the smallest', 1024, plainKeys(20)],
  ['a small one', LIMIT, plainKeys(120)],
  ['keys as long as they may be', 2 ** 20, extremeKeys(40)],
  ['keys of random bytes', 200_000, randomKeys(2000, 3000, new Prng(4))],
  ['one that compacts', 8 * 2 ** 20, plainKeys(9000)],
] as const) {
  test(`Slab.attach() takes over everything, and changes nothing of it: ${what} (NODE-8)`, () => {
    for (let seed = 1; seed <= 4; seed++) {
      const { view, slab, buffer } = lived(seed, limit, [...keys]);
      const { order } = verifySlab(view);
      const stats = slab.stats();
      const next = attachTo(buffer, limit);
      assert.deepEqual(next.stats(), stats);
      assert.deepEqual(verifySlab(view).order, order);
      const { kept, torn, flushed, repaired } = next.attachment ?? assert.fail();
      assert.deepEqual(
        { kept, torn, flushed, repaired },
        { kept: stats.entries, torn: 0, flushed: 0, repaired: 0 },
      );
    }
  });
}

test('Slab.attach() takes over a slab that has never held anything, and one that was flushed', () => {
  const buffer = Slab.allocate(bytes(LIMIT));
  const slab = new Slab(buffer, bytes(LIMIT));
  assert.equal(slab.attachment, null);
  assert.equal(attachTo(buffer).count, 0);
  const { slab: full, buffer: flushed } = lived(1);
  full.flush(firstOf(2));
  const next = attachTo(flushed);
  assert.equal(next.count, 0);
  assert.deepEqual(next.attachment, { kept: 0, torn: 0, flushed: 0, repaired: 0 });
});

test('a successor goes on after everything that was ever here: its flush forgets all (rule F)', () => {
  const { buffer, view, slab } = lived(1);
  const highest = Math.max(...view.recency().map((entry) => view.version(entry)));
  assert.ok(slab.count > 0);
  const next = attachTo(buffer);
  next.flush(firstOf(1));
  assert.equal(next.count, 0);
  assert.ok(view.slabFloor >= highest);
});

const REFUSALS: Readonly<Record<RefusalReason, (view: SlabView) => void>> = {
  size: () => {},
  'layout version': ({ memory }) => {
    memory.numbers[statIndex('layoutVersion')] = 77;
  },
  'memory limit': ({ memory }) => {
    memory.numbers[statIndex('memoryLimit')] = LIMIT + 1;
  },
  'bucket count': ({ words, layout }) => {
    words[HEADER_BUCKET_COUNT] = layout.bucketsMax + 1;
  },
};

for (const [reason, corrupt] of Object.entries(REFUSALS)) {
  test(`Slab.attach() refuses memory whose ${reason} is not what it should be, and leaves it alone`, () => {
    const { view, buffer } = lived(1);
    corrupt(view);
    const before = Buffer.from(copyOf(buffer));
    const limit = reason === 'size' ? LIMIT * 100 : LIMIT;
    assert.throws(
      () => attachTo(buffer, limit),
      (error) => error instanceof SlabRefused && error.reason === reason,
    );
    assert.ok(before.equals(Buffer.from(buffer)));
  });
}

test('Slab.attach() refuses memory that was never formatted to its end', () => {
  assert.throws(() => attachTo(Slab.allocate(bytes(LIMIT))), SlabRefused);
});

type Tear = (view: SlabView, entry: number, pair: number) => void;

const flip = (words: Int32Array, at: number): void => {
  words[at] = (words[at] as number) ^ 4;
};

/** One word changed, of a chained entry that is then forgotten. */
const TORN: Readonly<Record<string, Tear>> = {
  'a version': ({ words }, entry) => flip(words, entry * 2 + ENTRY_VERSION_LOW),
  'the length of a value': ({ words }, entry) => flip(words, entry * 2 + ENTRY_VALUE_LENGTH),
  'the length of a key': ({ words }, entry) => flip(words, entry * 2 + ENTRY_SHAPE),
  'a hash': ({ words }, entry) => flip(words, entry * 2 + ENTRY_HASH),
  'how it was loaded': ({ words }, entry) => flip(words, entry * 2 + ENTRY_LOADING),
  'a checksum': ({ words }, entry) => flip(words, entry * 2 + ENTRY_CHECKSUM),
  'a key': ({ words }, entry) => flip(words, entry * 2 + ENTRY_HEADER_WORDS),
  'the tag of an entry': ({ words }, entry) => {
    words[entry * 2 + ENTRY_NEWER] = TAG_FREE;
  },
  'a link to a chunk': (view, entry) => flip(view.words, view.entries.chain(entry) * 2),
  'the tag of a chunk': (view, entry) => {
    view.words[view.entries.chain(entry) * 2 + CHUNK_BACK] = TAG_FREE;
  },
  'a slot word': ({ words }, _entry, pair) => flip(words, pair),
  "a pair's hash": ({ words }, _entry, pair) => {
    words[pair - BUCKET_PAIRS] = (words[pair - BUCKET_PAIRS] as number) ^ 0x8000_0000;
  },
  'the class of its page': ({ layout, words }, entry) => {
    const page = Math.floor((entry * 8 - layout.pagesAt) / layout.pageBytes);
    new Int8Array(words.buffer, layout.pageTableAt, layout.pages)[page] = 0;
  },
};

for (const [what, tear] of Object.entries(TORN)) {
  test(`an entry is forgotten, floor first, after a change of ${what} (NODE-8, rule F)`, () => {
    const { view, buffer } = lived(3);
    const chained = view.recency().filter((slot) => view.entries.chain(slot) !== NO_SLOT);
    const entry = chained[chained.length >> 1] as number;
    const key = view.keyOf(entry);
    const hash = view.entries.hash(entry) >>> 0;
    const version = view.version(entry);
    const others = view.recency().map((slot) => view.keyOf(slot).toString('latin1'));
    tear(view, entry, view.find(hash, key)?.at as number);
    const next = attachTo(buffer);
    next.stats();
    verifySlab(view);
    assert.ok((next.attachment?.torn ?? 0) > 0);
    assert.equal(view.find(hash, key), undefined);
    assert.ok(view.answer(hash, key) >= version);
    const left = new Set(view.recency().map((slot) => view.keyOf(slot).toString('latin1')));
    const order = others.filter((other) => left.has(other));
    // With its page went others, through which the order was known.
    if (what === 'the class of its page') return;
    assert.deepEqual([...left], order, 'the others are there, in their order');
    assert.equal(left.size, others.length - 1);
  });
}

type Mend = (view: SlabView, entry: number, pair: number) => void;

/** One word changed by which no entry is lost. */
const MENDED: Readonly<Record<string, Mend>> = {
  'a link to the older neighbour': ({ words }, entry) => flip(words, entry * 2 + ENTRY_OLDER),
  'a link to the newer neighbour': ({ words }, entry) => flip(words, entry * 2 + ENTRY_NEWER),
  'a link to itself': ({ words }, entry) => {
    words[entry * 2 + ENTRY_OLDER] = entry;
  },
  'the newest end': ({ words }) => flip(words, HEADER_NEWEST),
  'a mark of an expiry': ({ words }, _entry, pair) => {
    words[pair] = (words[pair] as number) ^ SLOT_EXPIRES;
  },
  'the link back of a chunk': (view, entry) => {
    const at = view.entries.chain(entry) * 2 + CHUNK_BACK;
    flip(view.words, at);
  },
  'the count of entries': ({ memory }) => {
    memory.numbers[statIndex('entries')] = 3;
  },
  'a counter': ({ memory }) => {
    memory.numbers[statIndex('hits')] = Number.NaN;
  },
};

for (const [what, change] of Object.entries(MENDED)) {
  test(`nothing is lost, and the order stays, after a change of ${what} (NODE-8)`, () => {
    const { view, buffer } = lived(3);
    const order = view.recency();
    const chained = order.filter((slot) => view.entries.chain(slot) !== NO_SLOT);
    const entry = chained[chained.length >> 1] as number;
    const pair = view.find(view.entries.hash(entry) >>> 0, view.keyOf(entry))?.at as number;
    change(view, entry, pair);
    const next = attachTo(buffer);
    next.stats();
    assert.deepEqual(verifySlab(view).order, order);
    assert.equal(next.attachment?.torn, 0);
  });
}

test('entries that were cut off together stay together, between the rest (NODE-8)', () => {
  const { view, buffer } = lived(3);
  const order = view.recency();
  const [a, b] = [order[10] as number, order[20] as number];
  view.words[a * 2 + ENTRY_OLDER] = 1;
  view.words[a * 2 + ENTRY_NEWER] = 1;
  view.words[b * 2 + ENTRY_OLDER] = 1;
  view.words[b * 2 + ENTRY_NEWER] = 1;
  attachTo(buffer).stats();
  const mended = verifySlab(view).order;
  assert.deepEqual(mended.slice(0, 10), order.slice(0, 10));
  assert.deepEqual(mended.slice(21), order.slice(21));
  const between = mended.slice(10, 21);
  const at = between.indexOf(order[11] as number);
  assert.deepEqual(between.slice(at, at + 9), order.slice(11, 20));
});

test('of two entries of one key the newer stays, and both keys of one hash do (NODE-8)', () => {
  const buffer = Slab.allocate(bytes(LIMIT));
  const slab = new Slab(buffer, bytes(LIMIT));
  const view = new SlabView(buffer, LIMIT);
  const key = new KeyBuffer();
  const version = new VersionClock(epoch(1));
  const install = (name: string): number => {
    key.loadString(name);
    version.advance();
    slab.install(key, instant(0), PATTERN, 0, 20, 'bytes', NEVER, version);
    return view.find(key.hash, Buffer.from(name))?.at as number;
  };
  const first = install('twin');
  const old = view.word(first);
  install('another');
  // The old entry comes back to life beside the new one.
  const copy = view.memory.bytes(old, 0, 80).slice();
  const second = install('twin');
  const spare = view.pairsIn(view.bucketAt(view.bucketNumber(key.hash))).length;
  const bucket = second - (second % 16);
  view.memory.bytes(old, 0, 80).set(copy);
  view.words[bucket + 4 + spare] = view.word(second - BUCKET_PAIRS);
  view.words[bucket + 10 + spare] = old;
  const next = attachTo(buffer);
  next.stats();
  verifySlab(view);
  assert.equal(next.count, 2);
  key.loadString('twin');
  assert.equal(view.answer(key.hash, Buffer.from('twin')) % 2 ** 32, 3);
});

/** Where garbage falls. */
const AREAS = ['header', 'page table', 'index', 'entries', 'anywhere'] as const;

function garble(view: SlabView, area: (typeof AREAS)[number], prng: Prng): void {
  const { words, layout } = view;
  const index = layout.bucketsAt / 4;
  const entries = view.recency();
  const used = Math.max(...entries, layout.pagesAt / 8) * 2 + 200;
  const at = (): number => {
    if (area === 'header') return prng.below(HEADER_BYTES / 4);
    if (area === 'page table') return layout.pageTableAt / 4 + prng.below(layout.pages / 4);
    if (area === 'index') return index + prng.below(view.bucketCount * 16 + 64);
    if (area === 'entries') {
      const entry = entries[prng.below(entries.length)] as number;
      return entry * 2 + prng.below(ENTRY_HEADER_WORDS + 2);
    }
    return prng.below(used);
  };
  for (let flips = 1 + prng.below(12); flips > 0; flips--) {
    const place = at();
    const kind = prng.below(4);
    if (kind === 0) words[place] = (words[place] as number) ^ (1 << prng.below(32));
    else if (kind === 1) words[place] = prng.uint32() | 0;
    else if (kind === 2) words[place] = words[at()] as number;
    else words[place] = entries[prng.below(entries.length)] ?? 0;
  }
}

for (const area of AREAS) {
  test(`Slab.attach() makes a whole slab of garbage, or refuses it: ${area} (NODE-8)`, () => {
    const prng = new Prng(6);
    const keys = plainKeys(120);
    let attached = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const { buffer } = lived(seed);
      for (let round = 0; round < 60; round++) {
        const copy = copyOf(buffer);
        const view = new SlabView(copy, LIMIT);
        garble(view, area, prng);
        if (attachGarbage(copy, view, buffer, keys, prng)) attached++;
      }
    }
    assert.ok(attached > 100);
  });
}

/** Attaches, if it can be, and works on: whatever is found is a key's own entry as it was written. */
function attachGarbage(
  copy: SharedArrayBuffer,
  view: SlabView,
  original: SharedArrayBuffer,
  keys: readonly Uint8Array[],
  prng: Prng,
): boolean {
  let slab: Slab;
  try {
    slab = attachTo(copy);
  } catch (error) {
    assert.ok(error instanceof SlabRefused, String(error));
    return false;
  }
  slab.stats();
  verifySlab(view);
  const before = new SlabView(original, LIMIT);
  for (const slot of view.recency()) {
    const hash = view.entries.hash(slot) >>> 0;
    const pair = before.find(hash, view.keyOf(slot));
    if (pair === undefined) continue;
    assert.equal(view.version(slot), before.version(pair.slot));
    assert.equal(view.entries.valueLength(slot), before.entries.valueLength(pair.slot));
  }
  workOn(slab, keys, prng);
  slab.stats();
  verifySlab(view);
  return true;
}

/** Every key can be written, read and deleted again. */
function workOn(slab: Slab, keys: readonly Uint8Array[], prng: Prng): void {
  const key = new KeyBuffer();
  const version = new VersionClock(epoch(5));
  for (let i = 0; i < 300; i++) {
    const memory = keys[prng.below(keys.length)] as Uint8Array;
    key.loadBytes(memory, 0, memory.length);
    version.advance();
    const length = prng.below(prng.below(4) === 0 ? 2000 : 150);
    const draw = prng.below(4);
    if (draw === 0) {
      slab.delete(key, instant(0), version);
      assert.equal(slab.find(key, instant(0)), NO_ENTRY);
      continue;
    }
    const out = slab.install(key, instant(0), PATTERN, i, i + length, 'bytes', NEVER, version);
    assert.equal(out, 'installed');
    const value = slab.readValue(slab.get(key, instant(0)));
    assert.ok(value.equals(PATTERN.subarray(i, i + length)));
  }
}
