/**
 * The board on which the supervisor publishes the ring, in memory that every thread sees.
 *
 * A ring is published in two steps: it is written into a region that nobody reads, then the epoch
 * word is stored. A reader loads the epoch and decodes the regions of all epochs that it has not
 * seen. There are several regions, so that a reader has that many changes of membership time before
 * one is written again; a ring's number and checksum tell should it ever be that late.
 *
 *     word 0       epoch
 *     word 1       words in a region
 *     line 1 + i   node i: epoch seen, turns, connections    written by node i; a cache line each
 *     region k     the ring of an epoch                      k = epoch mod REGIONS
 *
 * Nodes note the epoch that they have seen, and count their turns. So anyone can tell, without
 * asking, who still works by an old ring and whose event loop stands still.
 */
import { assert } from '../base/assert.js';
import { type Epoch, epoch, type NodeIndex } from '../base/units.js';
import { decodeRing, encodeRing, type PublishedRing, ringWords } from '../ring/table-codec.js';

/** Nodes that the board has lines for. */
export const BOARD_NODES = 64;
const REGIONS = 16;
const LINE_WORDS = 16;
const FIRST_REGION = LINE_WORDS * (1 + BOARD_NODES);

const EPOCH = 0;
const REGION_WORDS = 1;

/** Words of a node's line. */
const SEEN = 0;
const TURNS = 1;
const CONNECTIONS = 2;

/** The epoch before the first ring is published. */
export const NO_RING = epoch(0);

export class EpochBoard {
  /** To be handed to the other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #regions: readonly Uint32Array[];

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

  /** A fresh board for rings of up to so many members and positions. */
  static create(members: number, positions: number): EpochBoard {
    const size = (ringWords(members, positions) + LINE_WORDS - 1) & -LINE_WORDS;
    const memory = new SharedArrayBuffer((FIRST_REGION + REGIONS * size) * 4);
    new Int32Array(memory)[REGION_WORDS] = size;
    return new EpochBoard(memory);
  }

  /** The epoch of the ring that counts now: one atomic load. */
  get epoch(): Epoch {
    return epoch(Atomics.load(this.#words, EPOCH));
  }

  /** Publishes the next ring. The supervisor alone may. */
  publish(ring: PublishedRing): void {
    assert(ring.epoch === this.epoch + 1, 'epochs are published one after the other');
    encodeRing(ring, this.#regionOf(ring.epoch));
    Atomics.store(this.#words, EPOCH, ring.epoch);
  }

  /**
   * The rings of the epochs after `seen`, up to `last`, in their order: a node has to see each, or
   * it must forget what it holds (node/tenure.ts). Whoever has seen none gets the last alone. Those
   * whose regions have been written over are left out.
   */
  readSince(seen: Epoch, last: Epoch): PublishedRing[] {
    const rings: PublishedRing[] = [];
    let at = seen === NO_RING ? last : epoch(seen + 1);
    while (at <= last) {
      const decoding = decodeRing(this.#regionOf(at));
      if (decoding.status === 'ok' && decoding.ring.epoch === at) rings.push(decoding.ring);
      else assert(at < this.epoch, 'the region of the present epoch holds a ring');
      at = epoch(at + 1);
    }
    return rings;
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
