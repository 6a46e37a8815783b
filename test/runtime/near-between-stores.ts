/**
 * Reads in the middle of the owner's operations: at every atomic store and addition of the owner, a
 * key is looked up in place and then read through a near cache. The second must not tell of
 * an earlier time than the first.
 */
import assert from 'node:assert/strict';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, instant, NEVER, nodeIndex } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import type { PublishedView } from '#src/ring/published-view.js';
import { ClientReads } from '#src/runtime/client-reads.js';
import { NearReads } from '#src/runtime/near-reads.js';
import { BUCKET_GENERATION, SLOT_ADDRESS } from '#src/slab/layout.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { Slab } from '#src/slab/slab.js';
import { encodeValue } from '#src/values/value.js';
import { toyRing } from '../node/support/toy-ring.js';

const OPERATIONS = 3_000;
const VALUE_BYTES_MAX = 1_500;
/** Looks within the operation that an owner dies at. Those that have fewer are lived through. */
const LIFE_MAX = 4;

class Death extends Error {}

/** Whether the owner comes out of an operation. */
function survives(operate: () => void): boolean {
  try {
    operate();
    return true;
  } catch (error) {
    if (!(error instanceof Death)) throw error;
    return false;
  }
}

interface Plan {
  readonly keys: number;
  readonly limit: number;
  /** Operations of a thousand. */
  readonly flushes: number;
  /** All values are of one size: a slot that is freed is soon another's. */
  readonly sameSizes?: boolean;
  /** Operations of a thousand in which the owner dies, and another takes over. */
  readonly deaths?: number;
  readonly fault?: 'slot word not checked' | 'generation not checked';
}

interface Tally {
  readonly reads: number;
  /** Those that the near cache answered itself. */
  readonly hits: number;
  readonly deaths: number;
}

export function readBetweenStores(seed: number, plan: Plan): Tally {
  const prng = new Prng(seed);
  const { memory, near, dumb } = readersOf(plan);
  let slab = new Slab(memory, bytes(plan.limit));
  const key = new KeyBuffer();
  const version = new VersionClock(epoch(1));
  let reads = 0;
  let deaths = 0;
  /** Atomic stores and additions that the owner lives to see. */
  let life = Number.POSITIVE_INFINITY;
  const read = (): void => {
    if (life-- <= 0) throw new Death();
    const name = `key:${prng.below(plan.keys)}`;
    const inPlace = dumb.get(name);
    assert.deepEqual(near.get(name), inPlace, `${name}: another value than a moment ago`);
    reads++;
  };
  const operate = (stamp: number): void => {
    key.loadString(`key:${prng.below(plan.keys)}`);
    version.advance();
    const draw = prng.below(1_000);
    if (draw < plan.flushes) slab.flush(version);
    else if (draw < 250) slab.delete(key, instant(0), version);
    else {
      const lengthMax = prng.below(8) === 0 ? VALUE_BYTES_MAX : 60;
      const length = plan.sameSizes === true ? 1 : prng.below(lengthMax);
      const { kind, bytes: value } = encodeValue([stamp, 'x'.repeat(length)]);
      slab.install(key, instant(0), value, 0, value.length, kind, NEVER, version);
    }
  };
  const takeOver = (): void => {
    deaths++;
    version.advance();
    slab = Slab.attach(memory, bytes(plan.limit), { high: version.high, low: version.low });
  };
  observing(read, () => {
    for (let i = 0; i < OPERATIONS; i++) {
      if (prng.below(1_000) < (plan.deaths ?? 0)) life = prng.below(LIFE_MAX);
      const isAlive = survives(() => operate(i));
      life = Number.POSITIVE_INFINITY;
      if (!isAlive) takeOver();
    }
  });
  return { reads, hits: near.stats.near?.hits ?? 0, deaths };
}

function readersOf({ limit, keys: entries, fault }: Plan) {
  const memory = Slab.allocate(bytes(limit));
  const reader = new FaultyReader(memory, bytes(limit), new ReadScratch(), 1);
  reader.fault = fault ?? null;
  const ring = Object.assign(toyRing(1, [0]), {
    nodes: [nodeIndex(0)],
  }) as unknown as PublishedView;
  const driver = { ring, follow: () => ring, hear: () => false, now: () => instant(0) };
  const peek = { epoch: epoch(1), slab: () => reader };
  const board = { plainEpoch: epoch(1), seconds: 0, isSeenBy: () => true };
  const nearReads = new NearReads({ near: { entries }, board, clock: driver, isFrozen: false });
  const near = new ClientReads(driver, peek, nearReads);
  const dumb = new ClientReads(driver, peek, null);
  return { memory, near, dumb };
}

/** Leaves out the check that the plan says. */
class FaultyReader extends SlabReader {
  fault: Plan['fault'] | null = null;
  readonly #indexWords: Int32Array;

  constructor(...args: ConstructorParameters<typeof SlabReader>) {
    super(...args);
    this.#indexWords = new Int32Array(args[0]);
  }

  override wouldFind(...args: Parameters<SlabReader['wouldFind']>): boolean {
    const words = this.#indexWords;
    let [place, slot, bucket, generation] = args;
    if (this.fault === 'slot word not checked') slot = (words[place] as number) & SLOT_ADDRESS;
    if (this.fault === 'generation not checked') {
      generation = words[bucket + BUCKET_GENERATION] as number;
    }
    return super.wouldFind(place, slot, bucket, generation);
  }
}

/** Calls `read` around every atomic store and addition within `act`, but for its own. */
function observing(read: () => void, act: () => void): void {
  const { store, add } = Atomics;
  let isReading = false;
  const look = (): void => {
    if (isReading) return;
    isReading = true;
    try {
      read();
    } finally {
      isReading = false;
    }
  };
  const wrap = <A extends unknown[], R>(operate: (...args: A) => R) => {
    return (...args: A): R => {
      look();
      const result = operate(...args);
      look();
      return result;
    };
  };
  Atomics.store = wrap(store) as typeof store;
  Atomics.add = wrap(add) as typeof add;
  try {
    act();
  } finally {
    Atomics.store = store;
    Atomics.add = add;
  }
}
