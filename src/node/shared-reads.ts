/**
 * A read of another node's key without a message: from the owner's memory, in place.
 *
 *     owner by the ring in hand ──▶ owner's slab: bucket, entry, value, checks ──▶ epoch word
 *                                      │ changes under the reader's feet              │ not this ring's
 *                                      └──────── unread: ask the owner ◀──────────────┘
 *
 * Why it is never stale: a write is acknowledged after its owner has published it in its slab, and a
 * node refuses writes of an earlier epoch than the one it has seen (rule E). So while the epoch
 * word stands still, the owner by that epoch holds every acknowledged write of the key, or has
 * forgotten it. The word is looked at last: whoever has a ring has seen the word at its epoch, and
 * epochs only rise, so if it is the ring's at the end it has been so all the time. What the owner
 * holds from before its tenure of the key is no answer (ring/tenures.ts).
 *
 * It is a machine with two steps over an injected `Peek`: `look` and `confirm`. `read` is both, back
 * to back, as production does it; a simulator puts anything between them.
 */
import type { KeyBuffer } from '../base/key.js';
import type { Epoch, NodeIndex } from '../base/units.js';
import { versionEpoch } from '../base/version.js';
import type { LookPart, SlabReader } from '../slab/reader.js';
import type { RingView } from './ring-view.js';

/** What a reader can see of the world's memory. */
export interface Peek {
  /** The epoch that counts now: one atomic load. */
  readonly epoch: Epoch;
  /** A node's slab; null where this thread cannot read it. */
  slab(node: NodeIndex): SlabReader | null;
}

export type ReadOutcome =
  /** It is there, and `slab` has it. Whether it has expired is the caller's to judge. */
  | 'found'
  | 'absent'
  /** Nothing can be said from here: ask the owner, or look again under the next ring. */
  | 'unread';

export interface SharedReadsStats {
  /** Reads answered from another node's memory. */
  readonly answered: number;
  /** Reads given up because the entry's bucket changed each time. */
  readonly contended: number;
}

export class SharedReads {
  readonly #peek: Peek;
  /** The slab of the last look that came to something, positioned on what it found. */
  #slab: SlabReader | null = null;
  #isThere = false;
  #answered = 0;
  #contended = 0;

  constructor(peek: Peek) {
    this.#peek = peek;
  }

  get stats(): SharedReadsStats {
    return { answered: this.#answered, contended: this.#contended };
  }

  /** What the last read found, if it said `found`, and where it looked in any case but `unread`. */
  get slab(): SlabReader {
    return this.#slab as SlabReader;
  }

  /** Looks for a key at its owner by `ring`, which is the reader's own. Counts neither hit nor miss. */
  read(ring: RingView, key: KeyBuffer, part: LookPart): ReadOutcome {
    return this.look(ring, key, part) ? this.confirm(ring, key) : 'unread';
  }

  /** The first step: copies what the owner's memory has. False: it could not be looked at. */
  look(ring: RingView, key: KeyBuffer, part: LookPart): boolean {
    const owner = ring.owner(key.hash);
    if (owner === null) return false;
    const slab = this.#peek.slab(owner);
    if (slab === null) return false;
    const outcome = slab.look(key, part);
    if (outcome === 'contended') {
      this.#contended++;
      return false;
    }
    this.#slab = slab;
    this.#isThere = outcome === 'found';
    return true;
  }

  /** The last step after a look for the same key by the same ring: what may be said of it. */
  confirm(ring: RingView, key: KeyBuffer): ReadOutcome {
    if (this.#peek.epoch !== ring.epoch) return 'unread';
    this.#answered++;
    if (!this.#isThere) return 'absent';
    return ring.covers(key.hash, versionEpoch(this.slab.versionHigh)) ? 'found' : 'absent';
  }
}
