/**
 * The memory that all threads of a run share beside the slabs: the epoch word, the ring of that epoch,
 * and a line for each node. What runtime/epoch-board.ts is in production, without the layout.
 *
 * All that follow a ring share one view of it, which nobody changes. With the fault `codec` on, a
 * ring goes through memory as words, and everyone makes a view of their own.
 */
import { assert } from '../base/assert.js';
import { type Epoch, epoch } from '../base/units.js';
import { PublishedView } from '../ring/published-view.js';
import { decodeRing, encodeRing, type PublishedRing, ringWords } from '../ring/table-codec.js';

/** Nodes that a run can have at one time. */
export const NODES_MAX = 8;
/** The epoch before the first ring. */
export const NO_EPOCH = epoch(0);

export class Board {
  epoch: Epoch = NO_EPOCH;
  /** Turns that each node's event loop has begun. */
  readonly turns = new Int32Array(NODES_MAX);
  /** Which memory is a node's, counted from 1. */
  readonly memories = new Int32Array(NODES_MAX);
  readonly #codec: boolean;
  #region = new Uint32Array(0);
  #view: PublishedView | null = null;

  constructor(codec: boolean) {
    this.#codec = codec;
  }

  publish(ring: PublishedRing): void {
    this.#view = new PublishedView(ring);
    if (this.#codec) {
      const positions = ring.members.reduce((sum, member) => sum + member.positions.length, 0);
      const ranges = ring.tenures.ends.length;
      this.#region = new Uint32Array(ringWords(ring.members.length, positions, ranges));
      encodeRing(ring, this.#region);
    }
    this.epoch = ring.epoch;
  }

  /** The ring that counts now, for one who follows it. */
  view(): PublishedView {
    assert(this.#view !== null, 'a ring has been published');
    if (!this.#codec) return this.#view;
    const decoding = decodeRing(this.#region);
    assert(decoding.status === 'ok', 'a published ring can be read');
    return new PublishedView(decoding.ring);
  }
}
