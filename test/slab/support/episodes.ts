/**
 * A random life of an owner, operation by operation, told apart by what happens in each: so tests can
 * take one of every kind.
 */
import assert from 'node:assert/strict';
import { Prng } from '#src/base/prng.js';
import { NO_SLOT } from '#src/slab/layout.js';
import { readSlabStats } from '#src/slab/stats.js';
import type { Episode } from './crash.js';
import type { KeyState, Owner, OwnerOperation, Snapshot } from './owner.js';
import { apply, copyOf } from './recorder.js';
import type { SlabView } from './view.js';

export interface LifeOfAnOwner {
  readonly operations: number;
  /** Length of the value of a write. */
  readonly valueLength: (prng: Prng) => number;
  /** Operations until sets and deletes change places as what is done most. */
  readonly wave: number;
  /** Flushes and sweeps among a thousand operations. */
  readonly flushes?: number;
}

/**
 * Lives it, and yields every operation. What is recorded must be all that was written: at the end the
 * records, replayed, are compared with the memory.
 */
export function* episodes(owner: Owner, life: LifeOfAnOwner, prng: Prng): Generator<Episode> {
  const replayed = copyOf(owner.buffer);
  let before = owner.snapshot();
  for (let i = 0; i < life.operations; i++) {
    owner.now += prng.below(3);
    const isEbb = Math.floor(i / life.wave) % 2 === 1;
    const operation = someOperation(owner, life, isEbb, prng);
    const episode = episodeOf(owner, operation, before);
    before = episode.after;
    for (const store of episode.stores) apply(store, new Uint8Array(replayed));
    yield episode;
  }
  const isSame = Buffer.from(replayed).equals(Buffer.from(owner.buffer));
  assert.ok(isSame, 'the records of an owner are all that it wrote');
}

/** The first episode of every kind in a life. */
export function firstOfEachKind(
  owner: Owner,
  life: LifeOfAnOwner,
  seed: number,
): Map<string, Episode> {
  const kinds = new Map<string, Episode>();
  for (const episode of episodes(owner, life, new Prng(seed))) {
    if (!kinds.has(episode.name)) kinds.set(episode.name, episode);
  }
  return kinds;
}

/** Does one operation and keeps all that a death in it has to be judged by. */
export function episodeOf(owner: Owner, operation: OwnerOperation, before: Snapshot): Episode {
  const memory = copyOf(owner.buffer);
  const facts = factsOf(owner, operation);
  const stores = owner.operate(operation);
  const after = owner.snapshot();
  const later = factsOf(owner, operation);
  const forgetsFirst = facts.isChained || later.isChained;
  const moved = movedBetween(before, after);
  const name = nameOf(operation, facts, later) + moved;
  return { name, owner, memory, now: owner.now, before, after, stores, forgetsFirst };
}

function someOperation(
  owner: Owner,
  { valueLength, flushes = 4 }: LifeOfAnOwner,
  isEbb: boolean,
  prng: Prng,
): OwnerOperation {
  const key = prng.below(owner.keys.length);
  const draw = prng.below(1000);
  if (draw < flushes) return { do: 'flush' };
  if (draw < 30) return { do: 'sweep' };
  if (draw < 80) return { do: 'setExpiry', key };
  if (draw < 130) return { do: 'get', key };
  if (draw < 190) return { do: 'findStale', key };
  if (draw < (isEbb ? 700 : 300)) return { do: 'delete', key };
  const ttl = prng.below(4) === 0 ? 1 + prng.below(300) : null;
  const staleFor = prng.below(2) === 0 ? 0 : prng.below(300);
  return { do: 'set', key, length: valueLength(prng), ttl, staleFor };
}

/** What is counted to tell what an operation did. */
interface Facts {
  readonly isThere: boolean;
  readonly isChained: boolean;
  /** Expired, and kept. */
  readonly isStale: boolean;
  readonly count: {
    readonly evicted: number;
    readonly expired: number;
    readonly buckets: number;
    readonly overflow: number;
  };
}

function factsOf(owner: Owner, operation: OwnerOperation): Facts {
  const { view, keys, now } = owner;
  const { evicted, expired } = readSlabStats(owner.buffer);
  const number = 'key' in operation ? operation.key : null;
  const pair =
    number === null ? undefined : view.find(owner.hashOf(number), keys[number] as Buffer);
  let overflow = 0;
  for (let bucket = 0; bucket < view.bucketCount; bucket++) {
    overflow += view.chain(bucket).length - 1;
  }
  return {
    isThere: pair !== undefined,
    isChained: pair !== undefined && view.entries.chain(pair.slot) !== NO_SLOT,
    isStale: pair !== undefined && isStale(view, pair.slot, now),
    count: {
      evicted,
      expired,
      buckets: view.bucketCount,
      overflow,
    },
  };
}

const isStale = ({ entries }: SlabView, slot: number, now: number): boolean =>
  entries.expiry(slot) <= now && entries.keptUntil(slot) > now;

/** Whether entries, or chunks, that the operation had nothing to do with lie elsewhere now. */
function movedBetween(before: Snapshot, after: Snapshot): string {
  let heads = false;
  let chunks = false;
  for (const [number, old] of before.keys.entries()) {
    const young = after.keys[number] as KeyState;
    if (!old.isPresent || old.version !== young.version || !young.isPresent) continue;
    if (old.slots[0] !== young.slots[0]) heads = true;
    if (old.slots.slice(1).join() !== young.slots.slice(1).join()) chunks = true;
  }
  return `${heads ? ', entries moved' : ''}${chunks ? ', chunks moved' : ''}`;
}

/** `set chained over plain, stale, buckets -1, evicted +1`: what an operation did, but not how often. */
function nameOf(operation: OwnerOperation, before: Facts, after: Facts): string {
  const kindOf = ({ isThere, isChained }: Facts): string =>
    isThere ? (isChained ? 'chained' : 'plain') : 'nothing';
  const what = 'key' in operation ? ` ${kindOf(after)} over ${kindOf(before)}` : '';
  const changes = Object.keys(before.count) as (keyof Facts['count'])[];
  const signs = changes.map((field) => {
    const change = Math.sign(after.count[field] - before.count[field]);
    return change === 0 ? '' : `, ${field} ${change > 0 ? '+' : '-'}`;
  });
  return `${operation.do}${what}${before.isStale ? ', stale' : ''}${signs.join('')}`;
}
