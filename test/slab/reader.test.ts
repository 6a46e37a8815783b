/**
 * SlabReader in one thread: against the stepped model where nothing moves, with the owner at work
 * between any two of its loads, and on memory that makes no sense.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { HEADER_BUCKET_COUNT } from '#src/slab/layout.js';
import { SCRATCH_KEPT_MAX } from '#src/slab/read-scratch.js';
import { READ_TRIES_MAX, ReadScratch, SlabReader } from '#src/slab/reader.js';
import { Slab } from '#src/slab/slab.js';
import { WORD_COPY_MAX } from '#src/slab/word-copy.js';
import { extremeKeys, plainKeys, randomKeys } from './support/keys.js';
import { LookJudge } from './support/look-judge.js';
import { readerWithoutBucketCount, readerWithoutGeneration } from './support/planted.js';
import { type History, play } from './support/play.js';
import { type ReadAnswer, readInPlace } from './support/reader.js';
import { boardBytes, type StressPlan } from './support/stress.js';
import { StressOwner } from './support/stress-owner.js';
import { versionNumber } from './support/view.js';

const HISTORIES: Readonly<Record<string, History>> = {
  'plain keys': {
    seed: 1,
    limit: 60_000,
    keys: plainKeys(150),
    valueLength: (prng) => prng.below(500),
    operations: 3000,
  },
  'chained values': {
    seed: 2,
    limit: 400_000,
    keys: randomKeys(60, 2000, new Prng(2)),
    valueLength: (prng) => prng.below(30_000),
    operations: 2000,
  },
  'keys that need chunks': {
    seed: 3,
    limit: 900_000,
    keys: extremeKeys(44),
    valueLength: (prng) => prng.below(3000),
    operations: 1000,
  },
  collisions: {
    seed: 4,
    limit: 200_000,
    keys: plainKeys(40),
    valueLength: (prng) => prng.below(100),
    operations: 2000,
    hashOf: () => 7,
    entriesMax: 54,
  },
};

for (const [what, history] of Object.entries(HISTORIES)) {
  test(`SlabReader answers as the stepped model does: ${what} (NODE-8)`, () => {
    const { view } = play(history);
    const scratch = new ReadScratch();
    const memory = view.words.buffer as SharedArrayBuffer;
    const reader = new SlabReader(memory, bytes(history.limit), scratch, 0);
    const key = new KeyBuffer();
    let found = 0;
    const others = plainKeys(200)
      .slice(100)
      .map((bytes) => Buffer.concat([bytes, bytes]));
    for (const wanted of [...history.keys, ...others]) {
      key.loadBytes(wanted, 0, wanted.length);
      if (history.hashOf !== undefined) key.hash = history.hashOf(wanted) as KeyBuffer['hash'];
      const expected = modelAnswer(readInPlace(view, key.hash, Buffer.from(wanted), 'nothing'));
      for (const part of ['value', 'header'] as const) {
        const outcome = reader.look(key, part);
        assert.equal(outcome, expected.value === null ? 'absent' : 'found');
        assert.equal(versionNumber(reader.versionHigh, reader.versionLow), expected.version);
        if (expected.value === null) continue;
        assert.equal(reader.length, expected.value.length);
        const pair = view.find(key.hash, wanted);
        assert.equal(reader.slot, pair?.slot);
        assert.equal(reader.hash >>> 0, key.hash);
        assert.equal(reader.expiry, view.entries.expiry(reader.slot));
        assert.equal(reader.loading, view.entries.loading(reader.slot));
        assert.equal(reader.kind, ['bytes', 'text'][view.entries.kind(reader.slot)]);
        assert.ok(reader.wouldFind(reader.place, reader.slot, reader.bucket, reader.generation));
        if (part === 'header') continue;
        found++;
        assert.ok(expected.value.equals(scratch.bytes.subarray(0, reader.length)));
        const copy = Buffer.alloc(reader.length + 2, 1);
        scratch.copyTo(copy, 1, reader.length);
        assert.ok(expected.value.equals(copy.subarray(1, -1)));
        assert.deepEqual([copy[0], copy[copy.length - 1]], [1, 1]);
      }
    }
    assert.ok(found > 10);
  });
}

function modelAnswer(read: ReturnType<typeof readInPlace>): ReadAnswer {
  for (;;) {
    const { done, value } = read.next();
    if (done) return value as ReadAnswer;
  }
}

/** A slab with one entry under `key`, and what it takes to write more. */
function slabWith(text: string, value: Uint8Array, limit = 100_000) {
  const memory = Slab.allocate(bytes(limit));
  const slab = new Slab(memory, bytes(limit));
  const key = new KeyBuffer();
  const version = new VersionClock(epoch(1));
  const set = (name: string, data: Uint8Array): void => {
    key.loadString(name);
    version.advance();
    slab.install(key, instant(0), data, 0, data.length, 'text', NEVER, version);
  };
  const remove = (name: string): void => {
    key.loadString(name);
    version.advance();
    slab.delete(key, instant(0), version);
  };
  set(text, value);
  const scratch = new ReadScratch();
  const reader = new SlabReader(memory, bytes(limit), scratch, 0);
  const look = (name: string) => {
    key.loadString(name);
    return reader.look(key, 'value');
  };
  return { memory, slab, version, key, set, remove, scratch, reader, look };
}

test('SlabReader.wouldFind() says when something was withdrawn from a bucket (NODE-8)', () => {
  const changes: readonly ((with_: ReturnType<typeof slabWith>) => void)[] = [
    ({ set }) => set('key', Buffer.from('other')),
    ({ remove }) => remove('key'),
    ({ slab, version }) => slab.flush(version),
  ];
  for (const change of changes) {
    const world = slabWith('key', Buffer.from('value'));
    const { reader, look, set } = world;
    assert.equal(look('key'), 'found');
    const { place, slot, bucket, generation } = reader;
    set('another key', Buffer.from('1'));
    assert.ok(reader.wouldFind(place, slot, bucket, generation), 'an insertion moves nothing');
    change(world);
    assert.ok(!reader.wouldFind(place, slot, bucket, generation));
  }
});

test('ReadScratch gives text, grows, and gives back what a large value needed (NODE-8)', () => {
  const limit = 16 * 2 ** 20;
  const { look, set, reader, scratch } = slabWith('text', Buffer.from('größe 名前'), limit);
  assert.equal(look('text'), 'found');
  assert.equal(scratch.text(reader.length), 'größe 名前');
  for (const length of [WORD_COPY_MAX, WORD_COPY_MAX + 1, 100_000, SCRATCH_KEPT_MAX]) {
    set('some', Buffer.alloc(length, 'ab'));
    assert.equal(look('some'), 'found');
    assert.equal(scratch.text(reader.length), 'ab'.repeat(length).slice(0, length));
  }
  assert.equal(scratch.bytes.length, SCRATCH_KEPT_MAX);
  set('large', Buffer.alloc(3 * SCRATCH_KEPT_MAX, 'x'));
  assert.equal(look('large'), 'found');
  assert.equal(scratch.bytes.length, 3 * SCRATCH_KEPT_MAX);
  assert.equal(look('text'), 'found');
  assert.equal(scratch.bytes.length, SCRATCH_KEPT_MAX);
  assert.equal(scratch.text(reader.length), 'größe 名前');
});

/**
 * One thread in which the owner acts at the reader's atomic loads, so that anything may have
 * happened between two of them. Returns the first fault, or null.
 */
async function interleave(plan: StressPlan, module?: string): Promise<string | null> {
  const Reader =
    module === undefined
      ? SlabReader
      : ((await import(module)) as { SlabReader: typeof SlabReader }).SlabReader;
  const board = new SharedArrayBuffer(boardBytes(plan));
  const owner = new StressOwner(plan, board, Slab);
  for (let i = 0; i < 300; i++) owner.operate();
  const prng = new Prng(plan.seed);
  const scratch = new ReadScratch();
  const reader = new Reader(owner.memory, bytes(plan.limit), scratch, 0);
  const judge = new LookJudge(
    plan,
    new Int32Array(board),
    betweenLoads(reader, owner, prng),
    scratch,
  );
  for (let i = 0; i < plan.looks; i++) {
    const fault = judge.look(prng);
    if (fault !== null) return fault;
  }
  assert.ok(judge.tally.found > 1000);
  assert.ok(judge.tally.absent > 100);
  assert.ok(judge.tally.contended < plan.looks / 100);
  return null;
}

/** The reader, with operations of the owner at some of its atomic loads. */
function betweenLoads(reader: SlabReader, owner: StressOwner, prng: Prng): SlabReader {
  const look = reader.look.bind(reader);
  const { load } = Atomics;
  reader.look = (key, part) => {
    let isOwners = false;
    Atomics.load = ((...args: Parameters<typeof load>) => {
      const value = load(...args);
      if (isOwners || prng.below(12) > 0) return value;
      isOwners = true;
      for (let count = prng.below(prng.below(20) === 0 ? 60 : 4); count > 0; count--)
        owner.operate();
      isOwners = false;
      return value;
    }) as typeof load;
    try {
      return look(key, part);
    } finally {
      Atomics.load = load;
    }
  };
  return reader;
}

const PLAN: StressPlan = {
  seed: 1,
  limit: 100_000,
  keys: 60,
  operations: 0,
  looks: 30_000,
  lengthMax: 400,
};

const INTERLEAVED: Readonly<Record<string, StressPlan>> = {
  'overwrites and deletes': { ...PLAN, seed: 11, deletes: 350, withTtl: 0 },
  'expiry and evictions': { ...PLAN, seed: 12, limit: 8000, withTtl: 300, evicts: true },
  'chained values': { ...PLAN, seed: 13, limit: 2 ** 20, keys: 30, lengthMax: 9000, looks: 10_000 },
  flushes: { ...PLAN, seed: 14, flushes: 40, strangers: 300, limit: 2 ** 20 },
  collisions: { ...PLAN, seed: 15, hashes: 4, withTtl: 0 },
  growth: { ...PLAN, seed: 16, limit: 64 * 2 ** 20, strangers: 800, deletes: 50, looks: 60_000 },
};

for (const [what, plan] of Object.entries(INTERLEAVED)) {
  test(`SlabReader is right with the owner between its loads: ${what} (NODE-8, rule F)`, async () => {
    assert.equal(await interleave(plan), null);
  });
}

// What lies in one slot is copied between two atomic loads: it takes a chain to be torn here.
test('a SlabReader that leaves out the generation is caught (NODE-8)', async () => {
  const plan = INTERLEAVED['chained values'] as StressPlan;
  assert.notEqual(await interleave(plan, readerWithoutGeneration()), null);
});

test('a SlabReader that does not look at the bucket count again is caught (NODE-8)', async () => {
  const module = (await import(readerWithoutBucketCount())) as { SlabReader: typeof SlabReader };
  const lookWhileGrowing = (Reader: typeof SlabReader): string => {
    const { memory, key, set, scratch } = slabWith('key', Buffer.from('value'), 2 ** 20);
    const reader = new Reader(memory, bytes(2 ** 20), scratch, 0);
    const { load } = Atomics;
    Atomics.load = ((...args: Parameters<typeof load>) => {
      Atomics.load = load;
      const count = load(...args);
      for (let i = 0; i < 1000; i++) set(`other ${i}`, Buffer.from('x'));
      key.loadString('key');
      return count;
    }) as typeof load;
    key.loadString('key');
    return reader.look(key, 'value');
  };
  assert.equal(lookWhileGrowing(SlabReader), 'found');
  assert.equal(lookWhileGrowing(module.SlabReader), 'absent');
});

test('SlabReader.look() gives up after a bounded number of tries (NODE-8)', () => {
  const { reader, set, look } = slabWith('key', Buffer.from('0'));
  const { load } = Atomics;
  let loads = 0;
  Atomics.load = ((...args: Parameters<typeof load>) => {
    const value = load(...args);
    // Every look has found the slot when somebody overwrites it.
    if (++loads % 3 === 0) {
      Atomics.load = load;
      set('key', Buffer.from(String(loads)));
      Atomics.load = hooked;
    }
    return value;
  }) as typeof load;
  const hooked = Atomics.load;
  try {
    assert.equal(look('key'), 'contended');
  } finally {
    Atomics.load = load;
  }
  assert.equal(loads, READ_TRIES_MAX * 3);
  assert.equal(look('key'), 'found');
  assert.equal(reader.length, 2);
});

/** Words that are plausible somewhere in a slab, and words that are not. */
function garbageWord(prng: Prng, granules: number): number {
  switch (prng.below(6)) {
    case 0:
      return 0;
    case 1:
      return prng.below(16);
    case 2:
      return prng.below(granules);
    case 3:
      return prng.below(granules) | 0x4000_0000;
    case 4:
      return prng.below(70_000);
    default:
      return prng.uint32() | 0;
  }
}

test('SlabReader survives whatever is in the memory: it never throws, and always ends (NODE-8)', () => {
  const limit = 20_000;
  const key = new KeyBuffer();
  let entries = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { view } = play({
      ...(HISTORIES['plain keys'] as History),
      seed,
      limit,
      operations: 200,
    });
    const { words } = view;
    const prng = new Prng(seed);
    // Some words or nearly all, so that there is something to find before sense ends.
    const share = [1, 4, 20, 100][seed % 4] as number;
    for (let i = HEADER_BUCKET_COUNT; i < words.length; i++) {
      if (words[i] === 0 && seed % 8 !== 0) continue;
      if (prng.below(share) === 0) words[i] = garbageWord(prng, words.length / 2);
    }
    const memory = words.buffer as SharedArrayBuffer;
    const scratch = new ReadScratch();
    const reader = new SlabReader(memory, bytes(limit), scratch, seed);
    for (const text of plainKeys(150)) {
      key.loadBytes(text, 0, text.length);
      for (const part of ['value', 'header'] as const) {
        if (reader.look(key, part) !== 'found') continue;
        entries++;
        assert.ok(reader.length <= limit);
        scratch.copyTo(Buffer.alloc(limit), 0, part === 'value' ? reader.length : 0);
        reader.noteHit();
      }
    }
  }
  assert.ok(entries > 100);
});
