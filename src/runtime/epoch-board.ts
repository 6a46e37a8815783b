/**
 * The board on which the supervisor publishes the ring, in memory that every thread sees.
 *
 * A ring is published in two steps: it is written into a region that nobody reads, then the epoch
 * word is stored. A reader loads the epoch and decodes its region. There are several regions, so
 * that a reader has that many changes of membership time before one is written again; a ring's
 * number and checksum tell should it ever be that late.
 *
 *     word 0       epoch
 *     word 1       words in a region
 *     word 2       the time in seconds                       written by whoever begins a turn
 *     word 3       positions that a ring has room for
 *     line 1 + i   node i: epoch seen, turns, connections    written by node i; a cache line each
 *                  which memory is its slab                  written by the supervisor
 *     region k     the ring of an epoch                      k = epoch mod REGIONS
 *
 * Nodes note the epoch that they have seen, and count their turns. So anyone can tell, without
 * asking, who still works by an old ring and whose event loop stands still.
 *
 * The time is for those who only want to know that not much of it has passed (near caches): it costs
 * a load instead of a clock. It stands still while nobody has a turn; then nobody writes either.
 */
import { assert } from '../base/assert.js';
import { type Epoch, epoch, type Instant, type NodeIndex } from '../base/units.js';
import { MEMBERS_MAX } from '../membership/supervision.js';
import { RING_POSITIONS_MAX } from '../ring/limits.js';
import { positionCount } from '../ring/placement.js';
import { decodeRing, encodeRing, type PublishedRing, ringWordsMax } from '../ring/table-codec.js';

/** Nodes that the board has lines for, and rings room for. */
export const BOARD_NODES = MEMBERS_MAX;
const REGIONS = 16;
const LINE_WORDS = 16;
const FIRST_REGION = LINE_WORDS * (1 + BOARD_NODES);

const EPOCH = 0;
const REGION_WORDS = 1;
const SECONDS = 2;
const POSITIONS = 3;
const MS_PER_SECOND = 1_000;

/** Words of a node's line. */
const SEEN = 0;
const TURNS = 1;
const CONNECTIONS = 2;
const MEMORY = 3;

/** The epoch before the first ring is published. */
export const NO_RING = epoch(0);

export class EpochBoard {
  /** To be handed to the other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #regions: readonly Uint32Array[];
  /** The last that this thread noted. */
  #secondsNoted = 0;

  /** @param memory what `EpochBoard.create` made, here or in another thread */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    const size = this.#words[REGION_WORDS] as number;
    this.#regions = Array.from(
      { length: REGIONS },
      (_, k) => new Uint32Array(memory, (FIRST_REGION + k * size) * 4, size),
    );
  }

  /**
   * A fresh board for a cluster that begins with these nodes, with room for as many more of an equal
   * weight as there can be. Memory that no ring needs is never touched.
   */
  static for(nodes: readonly { readonly weight: number }[], vnodes: number): EpochBoard {
    const sizes = nodes.map(({ weight }) => positionCount(vnodes, weight));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const room = total + (BOARD_NODES - nodes.length) * Math.max(...sizes);
    return EpochBoard.create(BOARD_NODES, Math.max(total, Math.min(room, RING_POSITIONS_MAX)));
  }

  /** A fresh board for rings of up to so many members and positions. */
  static create(members: number, positions: number): EpochBoard {
    const size = (ringWordsMax(members, positions) + LINE_WORDS - 1) & -LINE_WORDS;
    const memory = new SharedArrayBuffer((FIRST_REGION + REGIONS * size) * 4);
    const words = new Int32Array(memory);
    words[REGION_WORDS] = size;
    words[POSITIONS] = positions;
    return new EpochBoard(memory);
  }

  /** Positions that a ring on it can have. */
  get positions(): number {
    return this.#words[POSITIONS] as number;
  }

  /** The epoch of the ring that counts now: one atomic load. */
  get epoch(): Epoch {
    return epoch(Atomics.load(this.#words, EPOCH));
  }

  /**
   * The same by a plain load, for reads that load something else atomically: it sees every ring that
   * was published before anything that this thread has heard of, and costs 8 ns less.
   */
  get plainEpoch(): Epoch {
    return epoch(this.#words[EPOCH] as number);
  }

  /** Seconds since 1970, modulo 2^32, as of the latest turn of anybody's event loop. */
  get seconds(): number {
    return this.#words[SECONDS] as number;
  }

  /** A turn begins at `now`. The memory is stored to once a second. */
  noteTime(now: Instant): void {
    const seconds = Math.floor(now / MS_PER_SECOND) | 0;
    if (seconds !== this.#secondsNoted) Atomics.store(this.#words, SECONDS, seconds);
    this.#secondsNoted = seconds;
  }

  /** Publishes the next ring. The supervisor alone may. */
  publish(ring: PublishedRing): void {
    assert(ring.epoch === this.epoch + 1, 'epochs are published one after the other');
    encodeRing(ring, this.#regionOf(ring.epoch));
    Atomics.store(this.#words, EPOCH, ring.epoch);
  }

  /**
   * The ring of an epoch that was the present one a moment ago; null if there have been so many
   * since that its region has been written over.
   */
  read(number: Epoch): PublishedRing | null {
    const decoding = decodeRing(this.#regionOf(number));
    if (decoding.status === 'ok' && decoding.ring.epoch === number) return decoding.ring;
    assert(number < this.epoch, 'the region of the present epoch holds a ring');
    return null;
  }

  /** Node `node` works by the ring of `seen` from now on. */
  noteSeen(node: NodeIndex, seen: Epoch): void {
    Atomics.store(this.#words, lineOf(node) + SEEN, seen);
  }

  /** The latest epoch that a node has taken note of. */
  seenBy(node: NodeIndex): Epoch {
    return epoch(Atomics.load(this.#words, lineOf(node) + SEEN));
  }

  /** Node `node` begins another turn of its event loop. */
  countTurn(node: NodeIndex): void {
    Atomics.add(this.#words, lineOf(node) + TURNS, 1);
  }

  /** Turns that a node has begun, modulo 2^32. */
  turnsOf(node: NodeIndex): number {
    return Atomics.load(this.#words, lineOf(node) + TURNS) >>> 0;
  }

  /** Node `node` has so many connections open. */
  noteConnections(node: NodeIndex, count: number): void {
    Atomics.store(this.#words, lineOf(node) + CONNECTIONS, count);
  }

  connectionsOf(node: NodeIndex): number {
    return Atomics.load(this.#words, lineOf(node) + CONNECTIONS);
  }

  /** Node `node` has this memory from now on, the first being number 1. The supervisor alone may say so. */
  noteMemory(node: NodeIndex, number: number): void {
    Atomics.store(this.#words, lineOf(node) + MEMORY, number);
  }

  memoryOf(node: NodeIndex): number {
    return Atomics.load(this.#words, lineOf(node) + MEMORY);
  }

  /** Whether every one of these nodes works by the ring of `number`, or a later one. */
  isSeenBy(nodes: readonly NodeIndex[], number: Epoch): boolean {
    return nodes.every((node) => this.seenBy(node) >= number);
  }

  /** A node begins another life: nothing seen, no connections. */
  clearNode(node: NodeIndex): void {
    this.noteSeen(node, NO_RING);
    this.noteConnections(node, 0);
  }

  #regionOf(of: Epoch): Uint32Array {
    return this.#regions[of % REGIONS] as Uint32Array;
  }
}

const lineOf = (node: NodeIndex): number => LINE_WORDS * (1 + node);
