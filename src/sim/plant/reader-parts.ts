/** Planted faults of those who read in place, and of those who ask. */
import type { Epoch, NodeIndex } from '../../base/units.js';
import { Router } from '../../node/router.js';
import { type Peek, SharedReads } from '../../node/shared-reads.js';
import type { SlabReader } from '../../slab/reader.js';
import { Member } from '../member.js';
import { Parts } from '../parts.js';

/** Takes the ring in hand for the latest. */
class Complacent implements Peek {
  readonly #peek: Peek;

  constructor(peek: Peek) {
    this.#peek = peek;
  }

  get epoch(): Epoch {
    const peek = this.#peek;
    return peek instanceof Member && peek.ring !== null ? peek.ring.epoch : peek.epoch;
  }

  slab(node: NodeIndex): SlabReader | null {
    return this.#peek.slab(node);
  }
}

export class LooksOnce extends Parts {
  override reads(peek: Peek): SharedReads {
    return new SharedReads(new Complacent(peek));
  }
}

/** A router that lets every read in place overtake. */
class Hasty extends Router {
  override isQuiet(): boolean {
    return true;
  }
}

export class ReadsOvertake extends Parts {
  override router(): Router {
    return new Hasty({ local: null });
  }
}

/** A write whose owner was lost is done again, and the submitter hears nothing of it. */
export class RetriesWrites extends Parts {
  override get insists(): boolean {
    return true;
  }
}
