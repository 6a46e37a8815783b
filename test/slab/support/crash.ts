/**
 * What must hold when an owner has died after any of its stores and another has attached: the
 * memory is consistent, every key is what it was before the operation under way or what it would have been
 * after it, no answer went down, the order of use is what it was, and the slab works on.
 */
import assert from 'node:assert/strict';
import { BUCKET_GENERATION, ENTRY_OVERHEAD } from '#src/slab/layout.js';
import { keptUntil, type ModelEntry } from './model.js';
import {
  type KeyState,
  type Owner,
  type SlabClass,
  type Snapshot,
  stateIn,
  type Written,
} from './owner.js';
import { play } from './play.js';
import { apply, copyOf, type StoreRecord } from './recorder.js';
import { verifySlab } from './verify.js';
import { SlabView } from './view.js';

/** One operation of an owner, recorded. */
export interface Episode {
  readonly name: string;
  readonly owner: Owner;
  /** The memory before. */
  readonly memory: SharedArrayBuffer;
  readonly now: number;
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly stores: readonly StoreRecord[];
  /** Old and new cannot lie side by side: the old one is forgotten first. */
  readonly forgetsFirst: boolean;
}

/** Operations of the new owner at each point, compared with the model. */
const OPERATIONS_AFTER = 40;
/** Above all the owners'. */
const EPOCH_AFTER = 9;

/** The memory after the first so many stores, for every number of them, in turn; not to be changed. */
export function* deaths({ memory, stores }: Episode): Generator<SharedArrayBuffer> {
  const image = copyOf(memory);
  yield image;
  for (const store of stores) {
    apply(store, new Uint8Array(image));
    yield image;
  }
}

/** Attaches at every point of an episode and checks everything; returns how many points there were. */
export function checkEpisode(episode: Episode, Kind?: SlabClass): number {
  const { name, owner, memory } = episode;
  const scratch = new SharedArrayBuffer(memory.byteLength);
  let stored = 0;
  for (const image of deaths(episode)) {
    try {
      new Uint8Array(scratch).set(new Uint8Array(image));
      checkSuccessor(episode, image, owner.succeed(scratch, Kind), stored);
    } catch (cause) {
      throw new Error(`${name}, dead after ${stored} of ${episode.stores.length} stores`, {
        cause,
      });
    }
    stored++;
  }
  return stored;
}

/** The same for one point, where somebody has attached. */
export function checkSuccessor(
  episode: Episode,
  dead: SharedArrayBuffer,
  next: Owner,
  seed: number,
): void {
  const { owner, before, after } = episode;
  next.slab.stats();
  const { order } = verifySlab(next.view);
  assert.equal(next.slab.attachment?.torn, 0, 'a death tears nothing');
  const atDeath = new SlabView(dead, owner.limit);
  checkGenerations(atDeath, next.view);
  for (const [number, key] of next.keys.entries()) {
    const state = next.stateOf(number);
    const last = stateIn(atDeath, next.hashOf(number), key);
    const [old, young] = [before.keys[number] as KeyState, after.keys[number] as KeyState];
    assert.ok(last.version >= old.version, `key ${number}: an answer went down before the death`);
    assert.ok(state.version >= last.version, `key ${number}: an answer went down by attaching`);
    checkKey(episode, number, state, old, young);
    if (state.isPresent) checkValue(next, number, state.version);
  }
  checkOrder(episode, next.orderOf(next.view));
  playOn(next, order, seed);
}

/**
 * Nobody who looked before, or remembers what he saw, is left to believe it: nor in the bucket that a
 * split or a merge under way had to do with.
 */
function checkGenerations(atDeath: SlabView, view: SlabView): void {
  const { bucketCount, layout } = view;
  for (let number = 0; number <= bucketCount && number < layout.bucketsMax; number++) {
    const at = view.bucketAt(number) + BUCKET_GENERATION;
    assert.ok(view.word(at) > atDeath.word(at), `bucket ${number}: the generation`);
    if (number < bucketCount) continue;
    assert.equal(
      view.pairsIn(view.bucketAt(number)).length,
      0,
      'the bucket behind the last is empty',
    );
    assert.equal(view.chain(number).length, 1, 'the bucket behind the last leads nowhere');
  }
}

function checkKey(
  { forgetsFirst, owner, now }: Episode,
  number: number,
  state: KeyState,
  old: KeyState,
  young: KeyState,
): void {
  if (state.isPresent) {
    const isOld = old.isPresent && state.version === old.version;
    const isNew = young.isPresent && state.version === young.version;
    assert.ok(isOld || isNew, `key ${number} is what it was, or what it was to be`);
    return;
  }
  const mayBeAbsent = !old.isPresent || !young.isPresent;
  const before = owner.written.get(old.version);
  // What is stale still is replaced as what is fresh: it stays until the new one is there.
  const isOver = before === undefined || keptUntil(before) <= now;
  const isReplaced = (forgetsFirst || isOver) && old.version !== young.version;
  assert.ok(mayBeAbsent || isReplaced, `key ${number} is lost`);
}

function checkValue(owner: Owner, number: number, version: number): void {
  const { view } = owner;
  const slot = view.find(owner.hashOf(number), owner.keys[number] as Buffer)?.slot as number;
  assert.ok(view.valueOf(slot).equals(owner.valueOf(version)), `key ${number}: the bytes`);
  const written = owner.written.get(version) as Written;
  assert.equal(view.entries.expiry(slot), written.expiry, `key ${number}: the expiry`);
  assert.equal(view.entries.loading(slot), written.loading, `key ${number}: how it was loaded`);
}

/** Entries that the operation had nothing to do with are in the order in which they were. */
function checkOrder({ before, after }: Episode, order: readonly number[]): void {
  const place = new Map(after.order.map((number, i) => [number, i]));
  const untouched = before.order.filter((number, i) => {
    const [old, young] = [before.keys[number] as KeyState, after.keys[number] as KeyState];
    if (!young.isPresent || old.version !== young.version) return false;
    // Used, and nothing else: whatever was older than it still is, or is not.
    const isPromoted = before.order.slice(i + 1).some((other) => {
      const at = place.get(other);
      return at !== undefined && at < (place.get(number) as number);
    });
    return !isPromoted;
  });
  const known = new Set(untouched);
  assert.deepEqual(
    order.filter((number) => known.has(number)),
    untouched,
    'the order of use',
  );
}

/** A random history from here on, against the model. */
export function playOn(owner: Owner, order: readonly number[], seed: number): void {
  const { view, limit, keys, buffer, slab, now } = owner;
  const entries = new Map<number, Omit<ModelEntry, 'version'>>();
  for (const slot of order) {
    const { key, length, stamp, expiry, loading } = owner.written.get(
      view.version(slot),
    ) as Written;
    const charge = view.entries.keyLength(slot) + length + ENTRY_OVERHEAD;
    entries.set(key, { length, stamp, expiry, loading, charge });
  }
  play({
    seed,
    limit,
    keys,
    valueLength: (prng) => prng.below(prng.below(3) === 0 ? 2000 : 200),
    operations: OPERATIONS_AFTER,
    fullChecks: 1,
    from: { buffer, slab, entries, now, epoch: EPOCH_AFTER },
  });
}
