/**
 * Readers in the middle of the owner's operations. Every atomic store of the owner is a place where
 * foreign threads may look: there, readers in all stages take some steps. What they bring home must
 * be something that was true at some time between their beginning and their end. It cannot show
 * what a weakly ordered processor may do; it does show a store that comes too early or too late.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { BUCKETS_MIN } from '#src/slab/layout.js';
import { Slab } from '#src/slab/slab.js';
import { PATTERN, startOf, valueAt } from './support/bytes.js';
import { plainKeys } from './support/keys.js';
import type { SlabClass } from './support/owner.js';
import { type LeftOut, type Read, readInPlace } from './support/reader.js';
import { type Edits, variantOf } from './support/variant.js';
import { SlabView } from './support/view.js';

/** What a key was after some operation; lengths and stamps give the bytes. */
interface State {
  readonly operation: number;
  readonly version: number;
  readonly value: { readonly length: number; readonly stamp: number } | null;
}

interface ActiveRead {
  readonly key: number;
  readonly begun: number;
  readonly read: Read;
  /** Steps once in so many stores: slow ones see several operations pass by. */
  readonly pace: number;
}

interface Plan {
  readonly seed: number;
  readonly operations: number;
  readonly keys: number;
  readonly limit: number;
  readonly lengthMax: number;
  /** Collisions: this many different hashes only. */
  readonly hashes?: number;
  /** Deletes and flushes among a thousand operations. */
  readonly deletes?: number;
  readonly flushes?: number;
  /** Only so many of the keys are read. All, unless given. */
  readonly watched?: number;
  /** Operations before the first reader begins. */
  readonly alone?: number;
  /** Values are short, and long from this operation on: work for the mover. */
  readonly longFrom?: number;
  /** Operations until few keys are there, and until many are: buckets are merged, and split again. */
  readonly wave?: number;
  /** Readers are up to so many times as slow as the owner. */
  readonly pace?: number;
  readonly leftOut?: LeftOut;
  /** A slab with a fault. */
  readonly Kind?: SlabClass;
}

interface Tally {
  answered: number;
  absent: number;
  startedOver: number;
  moved: number;
  merged: number;
}

/** Runs `act` with `between` called around every atomic store and addition of this thread. */
function observingAtomics(between: () => void, act: () => void): void {
  const { store, add } = Atomics;
  Atomics.store = ((...args: Parameters<typeof store>) => {
    between();
    const result = store(...args);
    between();
    return result;
  }) as typeof store;
  Atomics.add = ((...args: Parameters<typeof add>) => {
    between();
    const result = add(...args);
    between();
    return result;
  }) as typeof add;
  try {
    act();
  } finally {
    Atomics.store = store;
    Atomics.add = add;
  }
}

class World {
  readonly tally: Tally = { answered: 0, absent: 0, startedOver: 0, moved: 0, merged: 0 };
  readonly #plan: Plan;
  readonly #prng: Prng;
  readonly #slab: Slab;
  readonly #view: SlabView;
  readonly #keys: readonly Buffer[];
  readonly #hashes: readonly number[];
  readonly #states: State[][];
  readonly #key = new KeyBuffer();
  readonly #version = new VersionClock(epoch(1));
  #reads: ActiveRead[] = [];
  /** Readers that are home, to be judged when the operation under way is over. */
  #home: (() => void)[] = [];
  #operation = 0;
  #now = 0;

  constructor(plan: Plan) {
    const buffer = Slab.allocate(bytes(plan.limit));
    this.#plan = plan;
    this.#prng = new Prng(plan.seed);
    this.#slab = new (plan.Kind ?? Slab)(buffer, bytes(plan.limit));
    this.#view = new SlabView(buffer, plan.limit);
    this.#keys = plainKeys(plan.keys).map((key) => Buffer.from(key));
    this.#hashes = this.#keys.map((key, i) => {
      this.#key.loadBytes(key, 0, key.length);
      return plan.hashes === undefined
        ? this.#key.hash
        : Math.imul(i % plan.hashes, 0x9e3779b1) >>> 0;
    });
    const watched = this.#keys.slice(0, plan.watched);
    this.#states = watched.map(() => [{ operation: 0, version: 0, value: null }]);
  }

  run(): Tally {
    const alone = this.#plan.alone ?? 0;
    for (; this.#operation < alone; this.#operation++) this.#operate();
    this.#recordStates();
    for (this.#operation++; this.#operation <= alone + this.#plan.operations; this.#operation++) {
      const buckets = this.#view.bucketCount;
      observingAtomics(
        () => this.#readersStep(),
        () => this.#operate(),
      );
      if (this.#view.bucketCount < buckets) this.tally.merged++;
      this.#recordStates();
      for (const judge of this.#home) judge();
      this.#home = [];
    }
    this.tally.moved = this.#slab.stats().moved;
    return this.tally;
  }

  #operate(): void {
    const prng = this.#prng;
    const key = prng.below(this.#keys.length);
    this.#load(key);
    this.#version.advance();
    this.#now += prng.below(2);
    const now = instant(this.#now);
    const draw = prng.below(1000);
    if (draw < 950 - this.#deletes()) {
      const stamp = this.#operation;
      const length = this.#someLength();
      const end = startOf(stamp) + length;
      const expiry = prng.below(8) === 0 ? instant(this.#now + prng.below(50) + 1) : NEVER;
      const version = this.#version;
      this.#slab.install(this.#key, now, PATTERN, startOf(stamp), end, 'bytes', expiry, version);
      this.#stamps.set(this.#version.low, { length, stamp });
    } else if (draw < 950) {
      this.#slab.delete(this.#key, now, this.#version);
    } else if (draw < 1000 - (this.#plan.flushes ?? 2)) {
      this.#slab.sweep(now, prng);
    } else {
      this.#slab.flush(this.#version);
    }
  }

  #deletes(): number {
    const { deletes = 250, wave } = this.#plan;
    return wave !== undefined && Math.floor(this.#operation / wave) % 2 === 1 ? 700 : deletes;
  }

  readonly #stamps = new Map<number, { length: number; stamp: number }>();

  #someLength(): number {
    const { longFrom, lengthMax } = this.#plan;
    if (longFrom === undefined)
      return this.#prng.below(this.#prng.below(6) === 0 ? lengthMax + 1 : 60);
    return this.#prng.below(this.#operation < longFrom ? 300 : lengthMax + 1);
  }

  #load(key: number): void {
    const memory = this.#keys[key] as Buffer;
    this.#key.loadBytes(memory, 0, memory.length);
    this.#key.hash = this.#hashes[key] as KeyBuffer['hash'];
  }

  /** What every key is now, where that changed. */
  #recordStates(): void {
    for (const [key, states] of this.#states.entries()) {
      const hash = this.#hashes[key] as number;
      const pair = this.#view.find(hash, this.#keys[key] as Buffer);
      const version = pair === undefined ? this.#view.floor(hash) : this.#view.version(pair.slot);
      const value = pair === undefined ? null : this.#valueOf(version);
      const last = states[states.length - 1] as State;
      assert.ok(version >= last.version, 'an answer never goes down');
      if (version === last.version && (value === null) === (last.value === null)) continue;
      states.push({ operation: this.#operation, version, value });
    }
  }

  #valueOf(version: number) {
    return this.#stamps.get(version % 2 ** 32) ?? null;
  }

  #readersStep(): void {
    const prng = this.#prng;
    if (this.#reads.length < 16) this.#reads.push(this.#begin(prng.below(this.#states.length)));
    this.#reads = this.#reads.filter((active) => {
      if (prng.below(active.pace) > 0) return true;
      for (let steps = prng.below(5); steps > 0; steps--) {
        const { done, value } = active.read.next();
        if (!done) continue;
        this.#home.push(() => this.#judge(active, value));
        return false;
      }
      return true;
    });
  }

  #begin(key: number): ActiveRead {
    const hash = this.#hashes[key] as number;
    const { leftOut } = this.#plan;
    const read = readInPlace(this.#view, hash, this.#keys[key] as Buffer, leftOut ?? 'nothing');
    return { key, begun: this.#operation, read, pace: 1 + this.#prng.below(this.#plan.pace ?? 12) };
  }

  #judge({ key, begun }: ActiveRead, answer: ReturnType<Read['next']>['value']): void {
    if (answer === null || answer === undefined) {
      this.tally.startedOver++;
      return;
    }
    const states = this.#states[key] as State[];
    let first = states.length - 1;
    while (first > 0 && (states[first] as State).operation >= begun) first--;
    const lawful = states.slice(first);
    const what = `operation ${this.#operation}, key ${key}, read since ${begun}`;
    const [lowest, highest] = [lawful[0] as State, lawful[lawful.length - 1] as State];
    assert.ok(answer.version >= lowest.version, `${what}: an answer that went down`);
    assert.ok(
      answer.version <= highest.version,
      `${what}: an answer from nowhere ${JSON.stringify([answer, lawful])}`,
    );
    const { value } = answer;
    if (value === null) {
      this.tally.absent++;
      // Between two versions of a chained entry a miss is lawful.
      const isAbsent = lawful.length > 1 || lowest.value === null;
      assert.ok(isAbsent, `${what}: not found, although it was there all the time`);
      return;
    }
    this.tally.answered++;
    const known = this.#valueOf(answer.version);
    assert.ok(known !== null, `${what}: a version that nobody wrote`);
    assert.ok(value.equals(valueAt(known.length, known.stamp)), `${what}: torn bytes`);
  }
}

/** Merges and splits with every few operations, of the same bucket. */
const RESTLESS: Edits = {
  layout: [['export const BUCKET_LOAD_MIN = 4;', 'export const BUCKET_LOAD_MIN = 4.59;']],
};

const PLANS: Readonly<Record<string, Plan>> = {
  'few keys, much memory': { seed: 1, operations: 8000, keys: 40, limit: 64_000, lengthMax: 200 },
  splits: { seed: 2, operations: 6000, keys: 120, limit: 64_000, lengthMax: 100 },
  evictions: { seed: 3, operations: 8000, keys: 80, limit: 5000, lengthMax: 400 },
  'chained values': { seed: 4, operations: 12_000, keys: 60, limit: 30_000, lengthMax: 3000 },
  collisions: { seed: 5, operations: 6000, keys: 100, limit: 64_000, lengthMax: 50, hashes: 7 },
  flushes: { seed: 6, operations: 10_000, keys: 100, limit: 64_000, lengthMax: 50, flushes: 10 },
  merges: {
    seed: 8,
    operations: 8000,
    keys: 150,
    limit: 64_000,
    lengthMax: 60,
    deletes: 100,
    flushes: 0,
    wave: 150,
  },
  'splits and merges in turn': {
    seed: 9,
    operations: 20_000,
    keys: 50,
    limit: 64_000,
    lengthMax: 60,
    deletes: 230,
    flushes: 0,
    watched: 30,
    pace: 40,
    Kind: await variantOf(RESTLESS),
  },
  moves: {
    seed: 7,
    operations: 3000,
    keys: 40_000,
    limit: 6 * 2 ** 20,
    lengthMax: 2500,
    deletes: 50,
    flushes: 0,
    watched: 150,
    alone: 60_000,
    longFrom: 60_500,
  },
};

for (const [what, plan] of Object.entries(PLANS)) {
  test(`a reader between any two stores finds what was true: ${what} (NODE-8, rule F)`, () => {
    const tally = new World(plan).run();
    assert.ok(tally.answered > 100);
    assert.ok(tally.absent > 100);
    assert.ok(tally.startedOver > 10);
    if (plan.longFrom !== undefined) assert.ok(tally.moved > 1000);
    if (what.includes('merges')) assert.ok(tally.merged > 100);
  });
}

for (const leftOut of ['generation', 'bucket count', 'floor before'] as const) {
  test(`a reader that leaves out the ${leftOut} is caught (NODE-8)`, () => {
    const plans = Object.values(PLANS).map((plan) => ({ ...plan, leftOut }));
    assert.throws(() => plans.map((plan) => new World(plan).run()));
  });
}

const MOVE = (bucket: string): string => `Atomics.add(words, ${bucket} + BUCKET_GENERATION, 1);`;

/** Stores of a merge and a split without one of which readers go wrong. */
const MERGE_FAULTS: Readonly<Record<string, Edits>> = {
  'does not move the generation of the bucket that it fills': {
    'bucket-index': [
      [`${MOVE('to')}\n        this.#publishCount(number);`, 'this.#publishCount(number);'],
    ],
  },
  'publishes the count before the pairs are there': {
    'bucket-index': [
      [
        'this.raiseFloorOf(to, floorHigh',
        'this.#publishCount(number);\n        this.raiseFloorOf(to, floorHigh',
      ],
    ],
  },
  'withdraws pairs before the count is published': {
    'bucket-index': [
      [
        'this.#publishCount(number);\n        this.#withdraw(from, number, mask);',
        'this.#withdraw(from, number, mask);\n        this.#publishCount(number);',
      ],
    ],
  },
  'leaves the lower floor': {
    'bucket-index': [
      ['this.raiseFloorOf(to, floorHigh, words[from + BUCKET_FLOOR_LOW] >>> 0);', ''],
    ],
  },
};

for (const [fault, edits] of Object.entries(MERGE_FAULTS)) {
  test(`a merge is caught that ${fault} (NODE-8, rule F)`, async () => {
    const Kind = await variantOf(RESTLESS, edits);
    const plans = Object.entries(PLANS).filter(([what]) => what.includes('merges'));
    assert.throws(() => plans.map(([, plan]) => new World({ ...plan, Kind }).run()));
  });
}

/**
 * One read, begun at a store of a flush (the `start`-th) and `steps` steps far when the memory it
 * may be reading is written again. Returns what it brings home, and what would be true.
 */
function readThroughFlush(start: number, steps: number, leftOut: LeftOut) {
  const limit = 64_000;
  const buffer = Slab.allocate(bytes(limit));
  const slab = new Slab(buffer, bytes(limit));
  const view = new SlabView(buffer, limit);
  const keys = plainKeys(60).map((key) => Buffer.from(key));
  const version = new VersionClock(epoch(1));
  const loaded = new KeyBuffer();
  const load = (key: Buffer): KeyBuffer => {
    assert.equal(loaded.loadBytes(key, 0, key.length), 'ok');
    return loaded;
  };
  const fill = (some: readonly Buffer[], from: number): void => {
    for (const key of some) {
      version.advance();
      slab.install(load(key), instant(0), PATTERN, from, from + 99, 'bytes', NEVER, version);
    }
  };
  fill(keys, 0);
  // Of a bucket that a flush does not empty.
  const key = keys.find((key) => view.bucketNumber(load(key).hash) >= BUCKETS_MIN) as Buffer;
  let read: Read | undefined;
  let passed = 0;
  const beginInTime = (): void => {
    if (passed++ !== start) return;
    read = readInPlace(view, load(key).hash, key, leftOut);
    for (let step = 0; step < steps; step++) read.next();
  };
  version.advance();
  observingAtomics(beginInTime, () => slab.flush(version));
  if (read === undefined) return null;
  // Others take the first slots, and are too few for a split to empty the bucket.
  fill(keys.slice(-30), 1000);
  let result = read.next();
  while (!result.done) result = read.next();
  return { answer: result.value, bytes: [valueAt(99, 0), valueAt(99, 1000)] };
}

/** Reads at every place of a flush; returns how many brought home bytes that nobody wrote. */
function tornByFlush(leftOut: LeftOut): number {
  let torn = 0;
  for (let start = 0; readThroughFlush(start, 0, leftOut) !== null; start++) {
    for (let steps = 0; steps < 20; steps++) {
      const read = readThroughFlush(start, steps, leftOut);
      const value = read?.answer?.value;
      if (value && !read.bytes.some((written) => value.equals(written))) torn++;
    }
  }
  return torn;
}

test('a reader that begins in the middle of a flush never reads torn bytes (NODE-8)', () => {
  assert.equal(tornByFlush('nothing'), 0);
});

test('a reader that does not look at the generation again is caught in a flush (NODE-8)', () => {
  assert.notEqual(tornByFlush('generation'), 0);
});

/**
 * A reader that has loaded the bucket count, and no more, when its bucket is merged into another; it
 * goes on in the middle of the split that brings the bucket back: at the `start`-th store, for
 * `steps` steps. Returns whether it found its key, which was there all the time; null if it started
 * over.
 */
function readThroughMergeAndSplit(Kind: SlabClass, start: number, steps: number) {
  const limit = 64_000;
  const buffer = Slab.allocate(bytes(limit));
  const slab = new Kind(buffer, bytes(limit));
  const view = new SlabView(buffer, limit);
  const version = new VersionClock(epoch(1));
  const loaded = new KeyBuffer();
  const load = (key: Buffer): KeyBuffer => {
    loaded.loadBytes(key, 0, key.length);
    return loaded;
  };
  const install = (key: Buffer): void => {
    version.advance();
    slab.install(load(key), instant(0), PATTERN, 0, 9, 'bytes', NEVER, version);
  };
  const keys = plainKeys(100).map((key) => Buffer.from(key));
  for (const key of keys) {
    if (view.bucketCount < BUCKETS_MIN + 5) install(key);
  }
  const last = view.bucketCount - 1;
  const [pairs, others] = [view.pairsIn(view.bucketAt(last)), view.pairsIn(view.bucketAt(0))];
  const key = view.keyOf(pairs[pairs.length - 1]?.slot as number);
  const other = view.keyOf(others[0]?.slot as number);
  const read = readInPlace(view, load(key).hash, key, 'nothing');
  read.next();
  version.advance();
  slab.delete(load(other), instant(0), version);
  assert.equal(view.bucketCount, last, 'a merge');
  let passed = 0;
  let result: ReturnType<Read['next']> = { done: false, value: undefined };
  const stepInTime = (): void => {
    if (passed++ !== start) return;
    for (let step = 0; step < steps && !result.done; step++) result = read.next();
  };
  observingAtomics(stepInTime, () => install(other));
  assert.equal(view.bucketCount, last + 1, 'a split');
  while (!result.done) result = read.next();
  const found = result.value === null ? null : result.value.value !== null;
  return { found, isOver: start >= passed };
}

/** Reads at every place of the split; returns how many missed a key that was there all the time. */
function missedByMergeAndSplit(Kind: SlabClass): number {
  let missed = 0;
  for (let start = 0; !readThroughMergeAndSplit(Kind, start, 0).isOver; start++) {
    for (let steps = 0; steps < 30; steps++) {
      if (readThroughMergeAndSplit(Kind, start, steps).found === false) missed++;
    }
  }
  return missed;
}

test('a reader that sleeps through a merge finds its key in the split that undoes it (NODE-8)', async () => {
  assert.equal(missedByMergeAndSplit(await variantOf(RESTLESS)), 0);
});

test('a split is caught that does not move the generation of the bucket that it fills (NODE-8)', async () => {
  const Faulty = await variantOf(RESTLESS, {
    'bucket-index': [
      [`${MOVE('to')}\n        this.#publishCount(number + 1);`, 'this.#publishCount(number + 1);'],
    ],
  });
  assert.notEqual(missedByMergeAndSplit(Faulty), 0);
});
