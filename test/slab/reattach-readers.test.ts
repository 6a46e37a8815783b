/**
 * Readers that are at it when an owner dies, stay at it while its successor attaches, and come home
 * when that one has written to what it found free. Every store of both is replayed, and between any two the
 * readers take steps: what they bring home must be whole, and no older than what was there when they began.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Prng } from '#src/base/prng.js';
import { deaths, type Episode } from './support/crash.js';
import { firstOfEachKind } from './support/episodes.js';
import { plainKeys } from './support/keys.js';
import { type KeyState, Owner, type SlabClass, stateIn } from './support/owner.js';
import { type Read, type ReadAnswer, readInPlace } from './support/reader.js';
import { apply, copyOf, type StoreRecord } from './support/recorder.js';
import { MOVES_AT_ANY_SIZE, variantOf } from './support/variant.js';
import { SlabView } from './support/view.js';

const LIFE = {
  operations: 700,
  wave: 60,
  valueLength: (prng: Prng) => (prng.below(5) === 0 ? prng.below(2000) : prng.below(120)),
};
const EPISODES = firstOfEachKind(
  Owner.start(16_000, plainKeys(110), await variantOf(MOVES_AT_ANY_SIZE)),
  LIFE,
  2,
);
/** Deaths at which an episode is looked at, and writes of the successor afterwards. */
const DEATHS = 12;
const WRITES_AFTER = 12;
const READERS = 12;

interface Tally {
  answered: number;
  startedOver: number;
}

interface Reader {
  readonly key: number;
  readonly read: Read;
  /** Stores after which it begins and takes some steps, and after which it goes on. */
  readonly begins: number;
  readonly steps: number;
  readonly wakes: number;
  isHome: boolean;
}

/** One death, one successor, and readers all the while. */
class Passage {
  readonly #episode: Episode;
  readonly #owner: Owner;
  readonly #next: Owner;
  readonly #stores: readonly StoreRecord[];
  /** How many of them are the dead owner's. */
  readonly #death: number;
  readonly #after: readonly KeyState[];
  readonly #prng: Prng;

  constructor(episode: Episode, stored: number, Kind: SlabClass, prng: Prng) {
    const dead = copyOf(episode.memory);
    const before = episode.stores.slice(0, stored);
    for (const store of before) apply(store, new Uint8Array(dead));
    const { next, stores } = episode.owner.succeedRecorded(dead, Kind);
    const written: StoreRecord[] = [];
    const lengths = affectedKeys(episode).flatMap((key) => {
      const { version } = episode.before.keys[key] as KeyState;
      return next.written.get(version)?.length ?? [];
    });
    for (let i = 0; i < WRITES_AFTER; i++) {
      const key = prng.below(next.keys.length);
      // Often of a size for which there is room where somebody may be reading.
      const isFitting = lengths.length > 0 && prng.below(3) > 0;
      const length = isFitting
        ? (lengths[prng.below(lengths.length)] as number)
        : LIFE.valueLength(prng);
      written.push(...next.operate({ do: 'set', key, length, ttl: null, staleFor: 0 }));
    }
    this.#episode = episode;
    this.#owner = episode.owner;
    this.#next = next;
    this.#stores = [...before, ...stores, ...written];
    this.#death = stored;
    this.#after = next.snapshot().keys;
    this.#prng = prng;
  }

  run(tally: Tally): void {
    const image = copyOf(this.#episode.memory);
    const view = new SlabView(image, this.#owner.limit);
    const readers = Array.from({ length: READERS }, () => this.#someReader(view));
    for (let at = 0; at <= this.#stores.length; at++) {
      for (const reader of readers) {
        if (at === reader.begins) this.#step(reader, reader.steps, tally);
        if (at === reader.wakes) this.#step(reader, Number.POSITIVE_INFINITY, tally);
      }
      const store = this.#stores[at];
      if (store !== undefined) apply(store, new Uint8Array(image));
    }
  }

  /** Often of a key that the dead owner was at. */
  #someReader(view: SlabView): Reader {
    const prng = this.#prng;
    const keys = affectedKeys(this.#episode);
    const isAffected = keys.length > 0 && prng.below(2) === 0;
    const key = isAffected
      ? (keys[prng.below(keys.length)] as number)
      : prng.below(this.#owner.keys.length);
    const read = readInPlace(
      view,
      this.#owner.hashOf(key),
      this.#owner.keys[key] as Buffer,
      'nothing',
    );
    const begins = prng.below(prng.below(2) === 0 ? this.#death + 1 : this.#stores.length);
    const wakes = begins + 1 + prng.below(this.#stores.length - begins);
    return { key, read, begins, wakes, steps: prng.below(24), isHome: false };
  }

  #step(reader: Reader, steps: number, tally: Tally): void {
    for (let step = 0; step < steps && !reader.isHome; step++) {
      const { done, value } = reader.read.next();
      if (!done) continue;
      reader.isHome = true;
      if (value) this.#judge(reader.key, value);
      if (value) tally.answered++;
      else tally.startedOver++;
    }
  }

  #judge(key: number, { value, version }: ReadAnswer): void {
    const old = this.#episode.before.keys[key] as KeyState;
    const last = this.#after[key] as KeyState;
    assert.ok(version >= old.version, `key ${key}: an answer that went down`);
    if (value === null) {
      const isUndisturbed = old.isPresent && last.isPresent && old.version === last.version;
      assert.ok(!isUndisturbed, `key ${key}: not found, although it was there all the time`);
      return;
    }
    assert.equal(this.#next.written.get(version)?.key, key, `key ${key}: a version of its own`);
    assert.ok(value.equals(this.#next.valueOf(version)), `key ${key}: torn bytes`);
  }
}

/** Keys that are elsewhere after an episode, or nowhere. */
function affectedKeys({ before, after }: Episode): number[] {
  return before.keys.flatMap((state, key) =>
    state.slots.join() === after.keys[key]?.slots.join() ? [] : [key],
  );
}

/** Numbers of stores after which an affected key has just become something else. */
function turns(episode: Episode): number[] {
  const { owner } = episode;
  const keys = affectedKeys(episode);
  const found: number[] = [];
  let last = '';
  let stored = 0;
  for (const image of deaths(episode)) {
    const view = new SlabView(image, owner.limit);
    const states = keys.map((key) => stateIn(view, owner.hashOf(key), owner.keys[key] as Buffer));
    const slots = states.map((state) => state.slots.join()).join(';');
    if (stored > 0 && slots !== last) found.push(stored);
    last = slots;
    stored++;
  }
  return found;
}

const TURNS = new Map([...EPISODES.values()].map((episode) => [episode, turns(episode)]));

function readAcross(Kind: SlabClass, rounds: number): Tally {
  const prng = new Prng(8);
  const tally = { answered: 0, startedOver: 0 };
  for (let round = 0; round < rounds; round++) {
    for (const [name, episode] of EPISODES) {
      const critical = TURNS.get(episode) as readonly number[];
      const isCritical = critical.length > 0 && prng.below(2) === 0;
      const stored = isCritical
        ? (critical[prng.below(critical.length)] as number)
        : prng.below(episode.stores.length + 1);
      try {
        new Passage(episode, stored, Kind, prng).run(tally);
      } catch (cause) {
        throw new Error(`${name}, dead after ${stored} stores`, { cause });
      }
    }
  }
  return tally;
}

test('readers survive the death of an owner and the coming of another (NODE-8)', async () => {
  const tally = readAcross(await variantOf({}), DEATHS);
  assert.ok(tally.answered > 500);
  assert.ok(tally.startedOver > 500);
});

test('a successor is caught that leaves the generations (NODE-8)', async () => {
  const Faulty = await variantOf({ attach: [['    moveGenerations(memory);\n', '']] });
  assert.throws(() => readAcross(Faulty, 8 * DEATHS), { message: /dead after/ });
});
