/**
 * Writes, as they are executed (CLUSTER-2, 8, 9): whoever writes a key owns it by the ring of the version
 * that it writes under; it has seen the ring that counted when its turn began; a request is
 * executed under the epoch of its asker; no version is issued twice; a memory has one writer at a time,
 * and that is the life that took it last; and what is tracked stays within the limit.
 */
import type { Epoch, NodeIndex } from '../../base/units.js';

/** One write, at the instant at which it is done. */
export interface Write {
  readonly node: NodeIndex;
  /** Which key, as the rings' checker counts them. */
  readonly key: number;
  readonly epoch: Epoch;
  readonly high: number;
  readonly low: number;
  /** The epoch word when the writer's turn began. */
  readonly turnEpoch: Epoch;
  /** Of the frame that asked for it; null if none did, or that is not known. */
  readonly askedEpoch: Epoch | null;
  /** Whether the writing life is the latest that has taken the memory. */
  readonly isWriter: boolean;
}

export class WriteChecker {
  readonly #ownerIn: (epoch: Epoch, key: number) => NodeIndex | null | undefined;
  /** The latest version that each node has issued, over all its lives. */
  readonly #highs: number[] = [];
  readonly #lows: number[] = [];

  constructor(ownerIn: (epoch: Epoch, key: number) => NodeIndex | null | undefined) {
    this.#ownerIn = ownerIn;
  }

  /** What is wrong with the next write; null if nothing is. */
  next(write: Write): string | null {
    const { node, key, epoch, high, low, turnEpoch, askedEpoch } = write;
    if (!write.isWriter) return `node ${node} writes memory that another life has taken`;
    const owner = this.#ownerIn(epoch, key);
    if (owner !== node)
      return `node ${node} writes key ${key} in epoch ${epoch}, when node ${owner} owned it`;
    if (epoch < turnEpoch)
      return `node ${node} writes in epoch ${epoch}, in a turn that began in ${turnEpoch}`;
    if (askedEpoch !== null && askedEpoch !== epoch) {
      return `node ${node} executes in epoch ${epoch} what was asked in epoch ${askedEpoch}`;
    }
    const lastHigh = this.#highs[node] ?? 0;
    const lastLow = this.#lows[node] ?? 0;
    this.#highs[node] = high;
    this.#lows[node] = low;
    if (high > lastHigh || (high === lastHigh && low > lastLow)) return null;
    return `node ${node} issues version ${high}:${low} after ${lastHigh}:${lastLow}`;
  }
}
