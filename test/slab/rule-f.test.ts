import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { packLoading } from '#src/base/brief.js';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import {
  type Bytes,
  bytes,
  duration,
  epoch,
  type Instant,
  instant,
  NEVER,
} from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import {
  BUCKET_FLOOR_HIGH,
  BUCKET_FLOOR_LOW,
  BUCKET_WORDS,
  type SlabLayout,
  slabLayout,
} from '#src/slab/layout.js';
import { type InstallOutcome, NO_ENTRY, Slab } from '#src/slab/slab.js';
import { PATTERN } from './support/bytes.js';
import { plainKeys } from './support/keys.js';
import { verifySlab } from './support/verify.js';
import { SlabView, versionNumber } from './support/view.js';

const FOREVER = NEVER as number;

/** A slab whose versions come from the test, in any order. */
class Bench {
  readonly slab: Slab;
  readonly view: SlabView;
  readonly #key = new KeyBuffer();
  readonly #version = new VersionClock(epoch(1));
  readonly #keys: readonly Uint8Array[];

  constructor(limit: number, keys: readonly Uint8Array[], Kind: typeof Slab = Slab) {
    const buffer = Slab.allocate(bytes(limit));
    this.slab = new Kind(buffer, bytes(limit));
    this.view = new SlabView(buffer, limit);
    this.#keys = keys;
  }

  install(
    number: number,
    version: number,
    length = 10,
    now = 0,
    expiry = FOREVER,
    staleFor = 0,
  ): InstallOutcome {
    const at = this.#at(version);
    const until = expiry as Instant;
    const key = this.#load(number);
    const loading = packLoading(duration(0), duration(staleFor));
    return this.slab.install(key, instant(now), PATTERN, 0, length, 'bytes', until, at, loading);
  }

  delete(key: number, version: number, now = 0): boolean {
    return this.slab.delete(this.#load(key), instant(now), this.#at(version));
  }

  get(key: number, now = 0): boolean {
    return this.slab.get(this.#load(key), instant(now)) !== NO_ENTRY;
  }

  findStale(key: number, now: number): boolean {
    return this.slab.findStale(this.#load(key), instant(now)) !== NO_ENTRY;
  }

  flush(version: number): void {
    this.slab.flush(this.#at(version));
  }

  answer(key: number): number {
    return this.view.answer(this.#load(key).hash, this.#keys[key] as Uint8Array);
  }

  answers(): number[] {
    return this.#keys.map((_, key) => this.answer(key));
  }

  generation(key: number): number {
    return this.view.generation(this.#load(key).hash);
  }

  #load(key: number): KeyBuffer {
    const memory = this.#keys[key] as Uint8Array;
    this.#key.loadBytes(memory, 0, memory.length);
    return this.#key;
  }

  #at(version: number): VersionClock {
    this.#version.high = Math.floor(version / 2 ** 32);
    this.#version.low = version % 2 ** 32;
    return this.#version;
  }
}

const KEYS = plainKeys(100);
const LIMIT = 4096;
/** Installs other keys until the first is gone: older versions than its, so that only it counts. */
const evictFirst = (bench: Bench): void => {
  for (let key = 1; bench.slab.stats().evicted === 0; key++) bench.install(key, 1, 300);
};

const FORGETTING: Readonly<Record<string, (bench: Bench) => void>> = {
  evicted: evictFirst,
  deleted: (bench) => bench.delete(0, 51),
  'expired, met by a read': (bench) => bench.get(0, 1000),
  'expired, met by a delete': (bench) => bench.delete(0, 3, 1000),
  'expired, met by the sweeper': ({ slab }) => slab.sweep(instant(1000), new Prng(1)),
  'expired, met by an install': (bench) =>
    assert.equal(bench.install(0, 49, 10, 1000), 'superseded'),
  'past its stale window, met by a read': (bench) => {
    bench.install(0, 51, 10, 0, 500, 100);
    assert.ok(bench.findStale(0, 599));
    assert.ok(!bench.findStale(0, 600));
  },
  'stale, met by a delete': (bench) => {
    bench.install(0, 51, 10, 0, 500, 100);
    assert.equal(bench.delete(0, 52, 550), false);
  },
  flushed: (bench) => bench.flush(50),
  'flushed under an older version': (bench) => bench.flush(7),
  'deleted, then its bucket split': (bench) => {
    bench.delete(0, 51);
    for (let key = 1; key < 50; key++) bench.install(key, 52 + key, 0);
    assert.ok(bench.view.bucketCount > 8);
  },
  'deleted, then flushed, then its bucket split': (bench) => {
    bench.delete(0, 51);
    bench.flush(7);
    for (let key = 1; key < 50; key++) bench.install(key, 100 + key, 0);
  },
};

for (const [how, forget] of Object.entries(FORGETTING)) {
  test(`Slab.install() refuses what is not above a version that was ${how} (rule F)`, () => {
    const bench = new Bench(LIMIT, KEYS);
    assert.equal(bench.install(0, 50, 10, 0, 500), 'installed');
    forget(bench);
    assert.equal(bench.get(0), false);
    for (const version of [1, 49, 50]) assert.equal(bench.install(0, version), 'superseded');
    assert.equal(bench.get(0), false);
    assert.equal(bench.install(0, versionNumber(1, 0)), 'installed');
  });
}

test('Slab.install() refuses what is not above the version that is there (rule F)', () => {
  const bench = new Bench(LIMIT, KEYS);
  bench.install(0, 50, 10);
  for (const version of [1, 49, 50]) assert.equal(bench.install(0, version, 20), 'superseded');
  assert.equal(bench.slab.trackedBytes, 10 + 64 + (KEYS[0] as Uint8Array).length);
  assert.equal(bench.install(0, 51, 20), 'installed');
});

test('Slab.install() compares the words of a version as unsigned numbers (rule F)', () => {
  const rising = [versionNumber(1, 0x7fff_ffff), versionNumber(1, 0x8000_0000)];
  rising.push(versionNumber(1, 0xffff_ffff), versionNumber(2, 0), versionNumber(2, 1));
  for (const forget of [() => {}, (bench: Bench, at: number) => bench.delete(0, at)]) {
    const bench = new Bench(LIMIT, KEYS);
    for (const [i, version] of rising.entries()) {
      assert.equal(bench.install(0, version), 'installed');
      forget(bench, version);
      for (const old of rising.slice(0, i + 1)) assert.equal(bench.install(0, old), 'superseded');
    }
  }
});

test('Slab.delete() leaves its version where there was nothing to delete (rule F)', () => {
  const bench = new Bench(LIMIT, KEYS);
  assert.equal(bench.delete(0, 50), false);
  assert.equal(bench.install(0, 49), 'superseded');
  assert.equal(bench.install(0, 51), 'installed');
});

test('Slab.delete() leaves a newer entry where it is (rule F)', () => {
  const bench = new Bench(LIMIT, KEYS);
  bench.install(0, 50);
  assert.equal(bench.delete(0, 49), false);
  assert.equal(bench.get(0), true);
});

/** What a step writes: for how long it is fresh, and then stale. */
interface Written {
  readonly length: number;
  readonly ttl: number;
  readonly staleFor: number;
}

type Step =
  | ({ readonly do: 'install'; key: number; version: number } & Written)
  | { readonly do: 'delete'; key: number; version: number }
  | { readonly do: 'get' | 'findStale'; key: number }
  | { readonly do: 'flush'; version: number }
  | { readonly do: 'sweep'; seed: number };

const key = fc.nat({ max: KEYS.length - 1 });
const version = fc.integer({ min: 1, max: 2000 });
const length = fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 1500 }));
const ttl = fc.oneof(fc.constant(FOREVER), fc.integer({ min: 1, max: 60 }));
const staleFor = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 }));
const written = { length, ttl, staleFor };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 200,
    arbitrary: fc.record({ do: fc.constant('install' as const), key, version, ...written }),
  },
  { weight: 40, arbitrary: fc.record({ do: fc.constant('delete' as const), key, version }) },
  { weight: 40, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant('findStale' as const), key }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('sweep' as const), seed: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const), version }) },
);

function take(bench: Bench, now: number, step: Step): InstallOutcome | undefined {
  switch (step.do) {
    case 'install':
      return installStep(bench, now, step);
    case 'delete':
      bench.delete(step.key, step.version, now);
      return undefined;
    case 'get':
      bench.get(step.key, now);
      return undefined;
    case 'findStale':
      bench.findStale(step.key, now);
      return undefined;
    case 'flush':
      bench.flush(step.version);
      return undefined;
    case 'sweep':
      bench.slab.sweep(instant(now), new Prng(step.seed));
      return undefined;
  }
}

function installStep(
  bench: Bench,
  now: number,
  { key, version, length, ttl, staleFor }: Extract<Step, { do: 'install' }>,
): InstallOutcome {
  return bench.install(key, version, length, now, now + ttl, staleFor);
}

/** Takes random histories with versions in any order; throws where an answer goes down. */
function checkAnswers(Kind: typeof Slab): void {
  const history = fc.array(step, { minLength: 20, maxLength: 150, size: 'max' });
  const run = (steps: readonly Step[]): void => {
    const bench = new Bench(LIMIT, KEYS, Kind);
    let before = bench.answers();
    for (const [now, step] of steps.entries()) {
      const outcome = take(bench, now, step);
      const after = bench.answers();
      for (const [i, answer] of after.entries()) assert.ok(answer >= (before[i] as number));
      if (step.do === 'install' && outcome === 'installed') {
        assert.ok(step.version > (before[step.key] as number));
        assert.equal(after[step.key], step.version);
      }
      if (outcome === 'superseded' && step.do === 'install') {
        assert.ok(step.version <= (after[step.key] as number));
      }
      before = after;
    }
    bench.slab.stats();
    verifySlab(bench.view);
  };
  fc.assert(fc.property(history, run), { seed: 1, numRuns: 300 });
}

test("no key's answer ever goes down, whatever order versions come in (rule F)", () => {
  checkAnswers(Slab);
});

/** Forgets, and takes back the floors that it left. */
class LeavesNoFloor extends Slab {
  readonly #words: Int32Array;
  readonly #layout: SlabLayout;

  constructor(buffer: SharedArrayBuffer, limit: Bytes) {
    super(buffer, limit);
    this.#words = new Int32Array(buffer);
    this.#layout = slabLayout(limit);
  }

  override delete(key: KeyBuffer, now: Instant, version: VersionClock): boolean {
    const { bucketsAt, overflowAt } = this.#layout;
    const before = this.#words.slice(bucketsAt / 4, overflowAt / 4);
    const done = super.delete(key, now, version);
    for (let at = 0; at < before.length; at += BUCKET_WORDS) {
      for (const floor of [at + BUCKET_FLOOR_HIGH, at + BUCKET_FLOOR_LOW]) {
        this.#words[bucketsAt / 4 + floor] = before[floor] as number;
      }
    }
    return done;
  }
}

test('the history test finds a slab that leaves no floor (rule F)', () => {
  assert.throws(() => checkAnswers(LeavesNoFloor), /Property failed/);
});

test('floors survive splits: a key forgotten among few buckets is refused among many (rule F)', () => {
  const bench = new Bench(2 ** 20, plainKeys(3000));
  for (let key = 0; key < 500; key++) bench.install(key, 1000 + key);
  for (let key = 0; key < 500; key++) bench.delete(key, 2000 + key);
  const buckets = bench.view.bucketCount;
  for (let key = 500; key < 3000; key++) bench.install(key, 10_000 + key);
  assert.ok(bench.view.bucketCount > 4 * buckets);
  for (let key = 0; key < 500; key++) {
    assert.equal(bench.install(key, 2000 + key), 'superseded');
    assert.ok(bench.answer(key) >= 2000 + key);
  }
});

test('generations only grow, and move with every overwrite and every withdrawal (rule F)', () => {
  const bench = new Bench(LIMIT, KEYS);
  const moves = (key: number, act: () => void): boolean => {
    const before = bench.generation(key);
    act();
    assert.ok(bench.generation(key) >= before);
    return bench.generation(key) > before;
  };
  bench.install(0, 1);
  assert.ok(!moves(0, () => bench.get(0)));
  assert.ok(moves(0, () => bench.install(0, 2)));
  assert.ok(
    moves(0, () => bench.install(0, 3, 1500)),
    'an overwrite by a chained value',
  );
  assert.ok(
    moves(0, () => bench.install(0, 4)),
    'an overwrite of a chained value',
  );
  assert.ok(moves(0, () => bench.delete(0, 5)));
  bench.install(0, 6, 10, 0, 500);
  assert.ok(
    moves(0, () => bench.get(0, 500)),
    'an expiry',
  );
  bench.install(0, 7);
  assert.ok(
    moves(0, () => evictFirst(bench)),
    'an eviction',
  );
  assert.ok(moves(0, () => bench.flush(100)));
});
