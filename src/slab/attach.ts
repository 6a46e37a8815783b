/**
 * Takes over a slab whose owner has died, at whatever instant: between any two of its stores. The
 * memory is all that is left. Everything that the owner kept for itself is found again from what
 * the index reaches, and nothing else is trusted; what is not whole is forgotten, floor first.
 *
 *     1  refuse what is not a slab of this layout and limit
 *     2  every generation + 1, fence       readers who were at it start over; from here on writing is allowed
 *     3  census of the index, then of the entries, each in the order in which it lies: nothing is written
 *     4  forget what is torn; withdraw what is there twice, or under the slab's floor
 *     5  fence                             readers who were in those slots start over
 *     6  lists of free buckets, pages and slots; recency list
 *
 * Whoever does this may die at it, too: every step leaves a slab that can be attached to again.
 * `README.md`, "Re-attaching", has the argument.
 */
import type { Bytes } from '../base/units.js';
import { compareVersions } from '../base/version.js';
import type { BucketIndex } from './bucket-index.js';
import type { Entries } from './entries.js';
import { EntryCensus } from './entry-census.js';
import { fence } from './fence.js';
import { type Floor, IndexCensus } from './index-census.js';
import {
  BUCKET_GENERATION,
  BUCKET_WORDS,
  BUCKETS_MIN,
  CHUNK_BACK,
  HEADER_BUCKET_COUNT,
  HEADER_BYTES,
  HEADER_FLOOR_HIGH,
  HEADER_FLOOR_LOW,
  LAYOUT_VERSION,
  SLOT_EXPIRES,
  STAT_FIELDS,
  slabLayout,
  TAG_CHUNK,
} from './layout.js';
import { type SlabMemory, statIndex } from './memory.js';
import { mendRecency } from './recency-mender.js';
import { SlotMap } from './slot-map.js';

/** Why a slab cannot be attached to. Its memory was not changed. */
export type RefusalReason =
  /** The buffer is not as large as a slab with this limit. */
  | 'size'
  /** Formatted by another version of this program, or never to the end. */
  | 'layout version'
  | 'memory limit'
  /** A number of index buckets that there cannot be. */
  | 'bucket count';

/** A slab that cannot be attached to: start with a fresh one. */
export class SlabRefused extends Error {
  override readonly name = 'SlabRefused';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, found: number, expected: string) {
    super(`Cannot attach to slab: its ${reason} must be ${expected}: found ${found}`);
    this.reason = reason;
  }
}

/** What attaching found. */
export interface AttachReport {
  /** Entries that are served again. */
  readonly kept: number;
  /** Pairs of the index that pointed to nothing whole. None, after a mere death. */
  readonly torn: number;
  /** Entries dropped because they are under the slab's floor: a flush that was cut short. */
  readonly flushed: number;
  /** Pairs that were there twice, links that led nowhere, words that contradicted others. */
  readonly repaired: number;
}

/** What a slab must know that has been attached to. */
export interface Attached {
  readonly report: AttachReport;
  readonly entries: number;
  readonly trackedBytes: number;
  /** The highest version among entries and floors. */
  readonly highest: Floor;
  readonly map: SlotMap;
}

/** @throws SlabRefused */
export function refuseUnlessSlab(buffer: SharedArrayBuffer, memoryLimit: Bytes): void {
  const { totalBytes, bucketsMax } = slabLayout(memoryLimit);
  if (buffer.byteLength !== totalBytes) {
    throw new SlabRefused('size', buffer.byteLength, `${totalBytes} bytes`);
  }
  const numbers = new Float64Array(buffer, 0, HEADER_BYTES / 8);
  const version = numbers[statIndex('layoutVersion')] as number;
  if (version !== LAYOUT_VERSION)
    throw new SlabRefused('layout version', version, `${LAYOUT_VERSION}`);
  const limit = numbers[statIndex('memoryLimit')] as number;
  if (limit !== memoryLimit) throw new SlabRefused('memory limit', limit, `${memoryLimit}`);
  const count = new Int32Array(buffer, 0, HEADER_BYTES / 4)[HEADER_BUCKET_COUNT] as number;
  if (count < BUCKETS_MIN || count > bucketsMax) {
    throw new SlabRefused('bucket count', count, `${BUCKETS_MIN} to ${bucketsMax}`);
  }
}

/**
 * Makes memory consistent that `refuseUnlessSlab` has let through, and hands the index what it has
 * to know. Pages are left to the caller.
 * @param floor above every version that was ever in this memory, below all that will be
 */
export function attach(
  memory: SlabMemory,
  index: BucketIndex,
  entries: Entries,
  floor: Floor,
): Attached {
  const { words, numbers } = memory;
  moveGenerations(memory);
  index.emptyBehind(words[HEADER_BUCKET_COUNT] as number);
  fence();
  const map = new SlotMap(memory);
  const indexCensus = IndexCensus.take(memory, map, floor);
  const entryCensus = new EntryCensus(memory, entries, map, indexCensus);
  entryCensus.take();
  const { findings } = indexCensus;
  // One operation was under way at the most: whatever else is missing was lost without a trace.
  const missing = (numbers[statIndex('entries')] as number) - entryCensus.entries;
  const lost = findings.torn.length + findings.withdrawn.length;
  if (!(Math.abs(missing) <= 1 + lost)) findings.lostUnknown = true;
  const twice = findings.withdrawn.length - entryCensus.underFloor;
  const repaired = twice + forget(words, index, indexCensus, floor);
  fence();
  for (const { chunk, before } of entryCensus.chains.strays) {
    words[chunk * 2 + CHUNK_BACK] = before | TAG_CHUNK;
  }
  const relinked = mendRecency(words, map, entryCensus.entries);
  mendCounters(memory);
  const { highestHigh: high, highestLow: low } = entryCensus;
  const isHighest = compareVersions(high, low, floor.high, floor.low) > 0;
  return {
    report: {
      kept: entryCensus.entries,
      torn: findings.torn.length,
      flushed: entryCensus.underFloor,
      repaired: repaired + entryCensus.chains.strays.length + relinked,
    },
    entries: entryCensus.entries,
    trackedBytes: entryCensus.trackedBytes,
    highest: isHighest ? { high, low } : floor,
    map,
  };
}

/**
 * Whoever may be copying from a slot that the dead owner had withdrawn, and not told of, starts over.
 * Plain stores do: the fence stands between them and the first store to such a slot.
 */
function moveGenerations({ words, layout }: SlabMemory): void {
  const from = layout.bucketsAt / 4 + BUCKET_GENERATION;
  const end = from + (words[HEADER_BUCKET_COUNT] as number) * BUCKET_WORDS;
  for (let at = from; at < end; at += BUCKET_WORDS) words[at] = (words[at] as number) + 1;
}

/** What is torn, twice or lost goes, by rule F: floors first. Returns how much was repaired. */
function forget(
  words: Int32Array,
  index: BucketIndex,
  { findings, bucketCount, overflowUsed }: IndexCensus,
  floor: Floor,
): number {
  const { torn, withdrawn, mismarked, cuts, hollow, floors } = findings;
  for (const bucket of floors) index.lowerFloor(bucket, floor.high, floor.low);
  lowerSlabFloor(words, floor);
  if (findings.lostUnknown) {
    for (let number = 0; number < bucketCount; number++) {
      index.raiseFloorOf(index.bucketAt(number), floor.high, floor.low);
    }
  }
  for (const { bucket } of [...cuts, ...torn]) {
    index.raiseFloorOf(bucket, floor.high, floor.low);
  }
  for (const { at, bucket } of cuts) index.cutChain(at, bucket);
  index.adopt(bucketCount, overflowUsed);
  for (const pair of mismarked) Atomics.store(words, pair, (words[pair] as number) ^ SLOT_EXPIRES);
  for (const { pair, bucket } of torn) index.removeFrom(bucket, pair);
  for (const { pair, bucket } of withdrawn) index.removeFrom(bucket, pair);
  for (const bucket of hollow) index.shortenChain(bucket);
  return mismarked.length + cuts.length + hollow.length + floors.length;
}

/** A floor above everything that there was is nobody's: it would keep out what is to come. */
function lowerSlabFloor(words: Int32Array, { high, low }: Floor): void {
  const ownHigh = (words[HEADER_FLOOR_HIGH] as number) >>> 0;
  const ownLow = (words[HEADER_FLOOR_LOW] as number) >>> 0;
  if (compareVersions(ownHigh, ownLow, high, low) <= 0) return;
  Atomics.store(words, HEADER_FLOOR_HIGH, high);
  Atomics.store(words, HEADER_FLOOR_LOW, low);
}

/** Counters go on from where they were, if that can be. */
function mendCounters({ numbers, layout }: SlabMemory): void {
  for (const field of STAT_FIELDS) {
    const value = numbers[statIndex(field)] as number;
    const max = field === 'residentBytes' ? layout.totalBytes : Number.MAX_SAFE_INTEGER;
    if (!(Number.isInteger(value) && value >= 0 && value <= max)) numbers[statIndex(field)] = 0;
  }
}
