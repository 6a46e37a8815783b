/**
 * Rule F, watched from outside: a key's answer never goes down. The answer is the version of its
 * entry, or the floor where there is none; the library shows neither, so it is read with the
 * slab's own reader. What a thread has once seen of a key is the least that it may see later.
 */
import { KeyBuffer } from '#src/base/key.js';
import type { Bytes } from '#src/base/units.js';
import { compareVersions } from '#src/base/version.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import type { KeyPlan } from '../soak/key-plan.js';
import type { Tally } from './tally.js';

export interface FloorWatchOptions {
  readonly plan: KeyPlan;
  /** The slabs, by the number of their node. */
  readonly memories: readonly SharedArrayBuffer[];
  readonly memoryLimit: number;
  readonly tally: Tally;
}

export class FloorWatch {
  readonly #plan: KeyPlan;
  readonly #readers: readonly SlabReader[];
  readonly #tally: Tally;
  readonly #key = new KeyBuffer();
  readonly #high: Float64Array;
  readonly #low: Float64Array;

  constructor({ plan, memories, memoryLimit, tally }: FloorWatchOptions) {
    const scratch = new ReadScratch();
    this.#plan = plan;
    this.#tally = tally;
    this.#readers = memories.map(
      (memory) => new SlabReader(memory, memoryLimit as Bytes, scratch, 0),
    );
    this.#high = new Float64Array(plan.keys);
    this.#low = new Float64Array(plan.keys);
  }

  look(key: number): void {
    const plan = this.#plan;
    const reader = this.#readers[plan.home(key)];
    if (reader === undefined) return;
    this.#key.loadString(plan.name(key));
    const outcome = reader.look(this.#key, 'header');
    if (outcome === 'contended') return;
    const { versionHigh, versionLow } = reader;
    const [high, low] = [this.#high[key] as number, this.#low[key] as number];
    if (compareVersions(versionHigh, versionLow, high, low) < 0) {
      const text = `key ${key} (n${plan.home(key)}) answered ${high}.${low}, then ${versionHigh}.${versionLow} (${outcome})`;
      this.#tally.fault('floor-fell', text);
    }
    this.#high[key] = versionHigh;
    this.#low[key] = versionLow;
    this.#tally.counts[outcome === 'found' ? 'versionsSeen' : 'floorsSeen']++;
  }
}
