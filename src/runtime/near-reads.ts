/**
 * A client's near cache, between the machine that decides (node/near-cache.ts) and what it needs to
 * know: the epoch board, the clock, and what becomes of a value that several callers share.
 *
 * Shared values are immutable by contract. Outside production they are frozen, so that who breaks
 * it finds out; and so is every other value that the client returns, so that it doesn't depend
 * on luck. Bytes cannot be frozen and are copied instead: 60 ns.
 */
import { Buffer } from 'node:buffer';
import { ShoalError } from '../base/errors.js';
import type { KeyBuffer } from '../base/key.js';
import type { Epoch } from '../base/units.js';
import {
  NEAR_ENTRIES_MAX,
  NEAR_VALUE_BYTES_MAX,
  NearCache,
  type NearClock,
  type NearEntry,
  type NearStats,
  type ReadOrder,
} from '../node/near-cache.js';
import type { PublishedView } from '../ring/published-view.js';
import type { SlabReader } from '../slab/reader.js';
import { deepFreeze } from '../values/freeze.js';
import { adoptValue } from '../values/value.js';
import type { EpochBoard } from './epoch-board.js';

/** A near cache: decoded values that a client keeps in its own thread. */
export interface NearOptions {
  /**
   * Values kept, from 1 to 1,000,000; when there are more, one goes that was not used lately. Values
   * of more than 64 KiB (in their slab) and those of keys that are given as bytes are not kept, so
   * `entries` × 64 KiB bounds what is kept, before decoding; 1,000 of 1 KiB are about 3 MB of heap.
   */
  readonly entries: number;
}

/** @throws ShoalError `ERR_USAGE` */
export function checkNear(options: NearOptions): void {
  const entries: unknown = (options as Partial<NearOptions> | null)?.entries;
  if (Number.isInteger(entries) && Number(entries) >= 1 && Number(entries) <= NEAR_ENTRIES_MAX) {
    return;
  }
  const received = typeof entries === 'number' ? String(entries) : typeof entries;
  throw new ShoalError(
    'ERR_USAGE',
    `Cannot make client: near.entries must be a whole number from 1 to ${NEAR_ENTRIES_MAX}: received ${received}`,
  );
}

export interface NearReadsOptions {
  readonly near: NearOptions;
  readonly board: Pick<EpochBoard, 'plainEpoch' | 'seconds' | 'isSeenBy'>;
  readonly clock: NearClock;
  /** Whether values are frozen. */
  readonly isFrozen: boolean;
}

export class NearReads {
  readonly #cache: NearCache;
  readonly #board: NearReadsOptions['board'];
  readonly #clock: NearClock;
  readonly #isFrozen: boolean;
  /** The latest epoch that every node on its ring was seen to have noted. */
  #activeEpoch: Epoch | null = null;
  /** The ring of the look under way, and the time before it. */
  #ring: Pick<PublishedView, 'epoch' | 'nodes'> | null = null;
  #seconds = 0;

  constructor({ near, board, clock, isFrozen }: NearReadsOptions) {
    checkNear(near);
    this.#cache = new NearCache(near.entries);
    this.#board = board;
    this.#clock = clock;
    this.#isFrozen = isFrozen;
  }

  get stats(): NearStats {
    return this.#cache.stats;
  }

  /** The entry of a key if it holds what the owner would answer now. */
  find(key: string, order: ReadOrder | null): NearEntry | null {
    const board = this.#board;
    return this.#cache.find(key, board.plainEpoch, board.seconds, this.#clock, order);
  }

  /** What a caller gets for an entry. */
  handOut(entry: NearEntry): unknown {
    return entry.isBytes ? Buffer.from(entry.value as Buffer) : entry.value;
  }

  /** A look in place by this ring begins. */
  lookBegins(ring: Pick<PublishedView, 'epoch' | 'nodes'>): void {
    this.#ring = ring;
    this.#seconds = this.#board.seconds;
    if (this.#activeEpoch === ring.epoch) return;
    if (this.#board.isSeenBy(ring.nodes, ring.epoch)) this.#activeEpoch = ring.epoch;
  }

  /** The value that the look has found, which is kept from now on, if it can be. */
  found(key: KeyBuffer, slab: SlabReader): unknown {
    const name = textOf(key);
    const epoch = this.#activeRing();
    const known = this.#cache.ofVersion(name, slab.versionHigh, slab.versionLow);
    if (known !== null) {
      if (epoch !== null) this.#cache.renew(known, slab, epoch, this.#seconds);
      return this.handOut(known);
    }
    const value = this.finish(decodeFound(slab));
    if (epoch === null || slab.length > NEAR_VALUE_BYTES_MAX) {
      this.#cache.drop(name);
      return value;
    }
    const kept = slab.kind === 'bytes' ? ownCopy(value as Buffer) : value;
    this.#cache.keep(name, kept, slab, epoch, this.#seconds);
    return value;
  }

  /** The look has found nothing. */
  absent(key: string): void {
    this.#cache.drop(key);
  }

  /** A value as it is handed out. */
  finish(value: unknown): unknown {
    return this.#isFrozen ? deepFreeze(value) : value;
  }

  ringChanged(): void {
    this.#cache.release();
  }

  /** The epoch of the look, if it is active: else nothing may be kept. */
  #activeRing(): Epoch | null {
    const epoch = this.#ring?.epoch ?? null;
    return epoch === this.#activeEpoch ? epoch : null;
  }
}

/** A copy of what a look has found, decoded. */
export function decodeFound({ kind, length, scratch }: SlabReader): unknown {
  if (kind === 'text') return scratch.text(length);
  const bytes = Buffer.allocUnsafe(length);
  scratch.copyTo(bytes, 0, length);
  return kind === 'bytes' ? bytes : adoptValue(kind, bytes);
}

/** A string of its own: the caller's may be a slice that holds on to a text a thousand times as long. */
const textOf = ({ bytes, length }: KeyBuffer): string =>
  Buffer.from(bytes.buffer, 0, length).toString('utf8');

/** Memory of its own: one of Node's pool would hold on to all of it. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
