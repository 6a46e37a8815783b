/**
 * The slabs of the cluster, as one thread can read them.
 *
 * A node that comes back empty has other memory than before. The supervisor tells every thread,
 * then publishes the ring on which the node is; and it notes on the epoch board which memory is the
 * node's. What a thread was told and what the board says must agree, or the slab is not read: so it
 * does not matter how late a thread hears of it, or that a handle was made long ago.
 */
import { threadId } from 'node:worker_threads';
import type { Bytes, Epoch, NodeIndex } from '../base/units.js';
import type { Peek } from '../node/shared-reads.js';
import { ReadScratch, SlabReader } from '../slab/reader.js';
import type { EpochBoard } from './epoch-board.js';

/** The memory of one node, to be handed to other threads. */
export interface SlabShare {
  readonly node: NodeIndex;
  /** Which of the node's memories this is, from 1. */
  readonly number: number;
  readonly memory: SharedArrayBuffer;
  readonly memoryLimit: Bytes;
}

export class SharedSlabs implements Peek {
  readonly #board: EpochBoard;
  readonly #onRing: () => void;
  readonly #scratch = new ReadScratch();
  readonly #shares: (SlabShare | undefined)[] = [];
  /** Made when a node's slab is first read. */
  readonly #readers: (SlabReader | undefined)[] = [];

  /** @param onRing called when another ring is followed */
  constructor(board: EpochBoard, shares: readonly SlabShare[], onRing: () => void = () => {}) {
    this.#board = board;
    this.#onRing = onRing;
    for (const share of shares) this.learn(share);
  }

  get epoch(): Epoch {
    return this.#board.epoch;
  }

  /** Takes note of a node's memory. */
  learn(share: SlabShare): void {
    const known = this.#shares[share.node];
    if (known !== undefined && known.number >= share.number) return;
    this.#shares[share.node] = share;
    this.#readers[share.node] = undefined;
  }

  /** The memory of a node may be another one under the next ring. */
  ringChanged(): void {
    this.#readers.fill(undefined);
    this.#onRing();
  }

  slab(node: NodeIndex): SlabReader | null {
    return this.#readers[node] ?? this.#open(node);
  }

  #open(node: NodeIndex): SlabReader | null {
    const share = this.#shares[node];
    if (share === undefined || share.number !== this.#board.memoryOf(node)) return null;
    const reader = new SlabReader(share.memory, share.memoryLimit, this.#scratch, threadId);
    this.#readers[node] = reader;
    return reader;
  }
}
