/**
 * A foreign thread's read of one key, as `src/slab/README.md` allows it, cut into steps between
 * which the owner may do anything: the generation, one bucket after the other, the entry's key, the
 * value in parts, the generation again. Tests put the owner's stores between any two of them.
 */
import {
  BUCKET_FLOOR_HIGH,
  BUCKET_FLOOR_LOW,
  BUCKET_GENERATION,
  BUCKET_OVERFLOW,
  BUCKET_WORDS,
  CHUNK_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  HEADER_BUCKET_COUNT,
  NO_SLOT,
  OVERFLOW_CHAIN_MAX,
  SLOT_ADDRESS,
} from '#src/slab/layout.js';
import { type SlabView, versionNumber } from './view.js';

export interface ReadAnswer {
  /** Null if the key is absent. */
  readonly value: Buffer | null;
  /** The entry's version, or else the floor. */
  readonly version: number;
}

/** Which of its checks a reader leaves out: a planted fault. */
export type LeftOut = 'generation' | 'bucket count' | 'floor before' | 'nothing';

/** Null if something changed under the reader: it would start over. */
export type Read = Generator<undefined, ReadAnswer | null, undefined>;

export function* readInPlace(view: SlabView, hash: number, key: Buffer, leftOut: LeftOut): Read {
  const count = view.word(HEADER_BUCKET_COUNT);
  yield;
  const bucket = view.bucketAt(view.bucketNumber(hash, count));
  const generation = view.word(bucket + BUCKET_GENERATION);
  yield;
  let floor = yield* readFloor(view, bucket);
  const found = yield* findInPlace(view, bucket, hash, key);
  if (found === null) {
    const floorNow = yield* readFloor(view, bucket);
    if (leftOut !== 'floor before' && floorNow !== floor) return null;
    if (leftOut === 'floor before') floor = floorNow;
  }
  yield;
  const isCounted = found !== null || leftOut === 'bucket count';
  if (!isCounted && view.word(HEADER_BUCKET_COUNT) !== count) return null;
  yield;
  if (leftOut !== 'generation' && view.word(bucket + BUCKET_GENERATION) !== generation) return null;
  return found ?? { value: null, version: floor };
}

function* findInPlace(view: SlabView, bucket: number, hash: number, key: Buffer) {
  let at = bucket;
  for (let length = 0; length <= OVERFLOW_CHAIN_MAX; length++) {
    for (const pair of view.pairsIn(at)) {
      yield;
      if (pair.hash !== hash) continue;
      const slot = view.word(pair.at) & SLOT_ADDRESS;
      const entry = slot === NO_SLOT ? null : yield* copyEntry(view, slot, key);
      if (entry !== null) return entry;
    }
    yield;
    const overflow = view.word(at + BUCKET_OVERFLOW);
    if (overflow <= 0 || overflow > view.layout.overflowMax) return null;
    at = view.layout.overflowAt / 4 + (overflow - 1) * BUCKET_WORDS;
    yield;
  }
  return null;
}

/** Copies slot and chunks in parts, trusting nothing: garbage in the memory must not trip a reader. */
function* copyEntry(view: SlabView, entry: number, key: Buffer) {
  const { entries, layout, classes } = view;
  const version = view.version(entry);
  const keyLength = entries.keyLength(entry);
  const length = ((keyLength + 3) & ~3) + entries.valueLength(entry);
  if (keyLength !== key.length || length > layout.memoryLimit + 3) return null;
  let chunk = entries.chain(entry);
  yield;
  const stream = Buffer.alloc(length);
  let slot = entry;
  let header = ENTRY_HEADER_BYTES;
  for (let at = 0; at < length; ) {
    const isInside =
      slot * 8 >= layout.pagesAt && slot * 8 + classes.slotBytesMax <= layout.totalBytes;
    if (!isInside) return null;
    const part = Math.min(classes.slotBytesMax - header, length - at);
    const half = part >> 1;
    stream.set(view.memory.bytes(slot, header, half), at);
    yield;
    stream.set(view.memory.bytes(slot, header + half, part - half), at + half);
    at += part;
    yield;
    slot = chunk;
    header = CHUNK_HEADER_BYTES;
    if (at < length) chunk = entries.nextChunk(slot);
  }
  if (!stream.subarray(0, keyLength).equals(key)) return null;
  return { value: stream.subarray((keyLength + 3) & ~3), version };
}

function* readFloor(view: SlabView, bucket: number) {
  const low = view.word(bucket + BUCKET_FLOOR_LOW);
  yield;
  const floor = versionNumber(view.word(bucket + BUCKET_FLOOR_HIGH), low);
  yield;
  return Math.max(floor, view.slabFloor);
}
