/** A small cluster of SWIM detectors in virtual time, and what must be true of it. */
import assert from 'node:assert/strict';
import { Prng } from '#src/base/prng.js';
import { instant, type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { SwimState } from '#src/membership/swim/options.js';
import type { Swim } from '#src/membership/swim/swim.js';
import { type ClusterOptions, swimCluster } from '../../../bench/swim/cluster.js';
import { Network } from '../../../bench/swim/network.js';

/** Something that a detector said or came to believe. */
export interface Said {
  readonly at: number;
  readonly by: NodeIndex;
  readonly of: NodeIndex;
  readonly what: 'suspect' | 'trust' | SwimState;
}

export interface WorldOptions {
  readonly size: number;
  readonly seed: number;
  readonly delayMsMax?: number;
  readonly options?: ClusterOptions;
}

export class World {
  readonly network: Network<Swim>;
  readonly size: number;
  readonly prng: Prng;
  /** What detectors said to their nodes. */
  readonly said: Said[] = [];
  /** How their views changed. */
  readonly believed: Said[] = [];
  stalls = 0;

  constructor({ size, seed, delayMsMax = 20, options = {} }: WorldOptions) {
    this.size = size;
    this.prng = new Prng(seed);
    const swims = swimCluster(instant(0), size, this.prng, {
      ...options,
      onState: (by, of, what) => this.believed.push({ at: this.network.now, by, of, what }),
    });
    this.network = new Network(swims, {
      prng: this.prng.fork(),
      delayMsMin: 0,
      delayMsMax,
      listener: {
        suspect: (by, of) => this.#say(by, of, 'suspect'),
        trust: (by, of) => this.#say(by, of, 'trust'),
        stalled: () => this.stalls++,
      },
    });
  }

  get nodes(): NodeIndex[] {
    return Array.from({ length: this.size }, (_, i) => nodeIndex(i));
  }

  swim(node: number): Swim {
    return this.network.detectors[node] ?? assert.fail(`no node ${node}`);
  }

  run(ms: number): void {
    this.network.run(instant(this.network.now + ms));
  }

  /** Somebody tells a node something. */
  tell(to: NodeIndex, from: NodeIndex, updates: readonly number[]): void {
    const message = { type: 'swim', kind: 'nack', sequence: 0, subject: nodeIndex(0), updates };
    const deaf = { send: () => {}, suspect: () => {}, trust: () => {}, stalled: () => {} };
    this.swim(to).receive(this.network.now, from, message as never, deaf);
    this.network.changed(to);
  }

  /** Every node that runs takes each that crashed for faulty, and all others for alive. */
  assertAllKnow(): void {
    for (const by of this.nodes.filter((node) => !this.network.hasCrashed(node))) {
      for (const of of this.nodes.filter((node) => node !== by)) {
        const expected = this.network.hasCrashed(of) ? 'faulty' : 'alive';
        assert.equal(this.swim(by).stateOf(of), expected, `node ${of} to node ${by}`);
      }
    }
  }

  /** Suspect and trust take turns, and the last of them is what is believed. */
  assertSaidWhatIsBelieved(): void {
    for (const by of this.nodes) {
      for (const of of this.nodes.filter((node) => node !== by)) {
        const words = this.said.filter((said) => said.by === by && said.of === of);
        words.forEach(({ what }, i) => {
          assert.equal(what, i % 2 === 0 ? 'suspect' : 'trust');
        });
        const isSuspected = words.at(-1)?.what === 'suspect';
        assert.equal(this.swim(by).stateOf(of) === 'faulty', isSuspected);
      }
    }
  }

  #say(by: NodeIndex, of: NodeIndex, what: Said['what']): void {
    this.said.push({ at: this.network.now, by, of, what });
  }
}
