/**
 * How soon a crash is noticed, and known to all. Theory (Das et al. 2002, section 3): each period
 * every member probes another at random, so that some period is the first in which somebody probes
 * the dead one, on average number e / (e − 1) = 1.58.
 */
import { assert } from '#src/base/assert.js';
import { Prng } from '#src/base/prng.js';
import { type Instant, instant, type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { DetectorMessage } from '#src/membership/detector.js';
import type { SwimState } from '#src/membership/swim/options.js';
import type { Swim } from '#src/membership/swim/swim.js';
import { swimCluster } from './cluster.js';
import { Network } from './network.js';
import { DELAY_MS, INTERVAL, SEED, type SizePlan } from './plan.js';

/** Before the first crash. */
const WARM_UP_PERIODS = 3;
/** Between two crashes of a cluster, on average: they overlap, as in large ones they do. */
const SPACING_PERIODS = 1;
/** By then every crash must be known to all; what is longer is a fault. */
const PATIENCE_PERIODS = 400;

/** What became of one crash. */
export interface Crash {
  readonly node: NodeIndex;
  readonly at: Instant;
  /** When someone first probed the dead. */
  probedAt: Instant | null;
  /** When someone first suspected it, and when the last had heard of that. */
  suspectedAt: Instant | null;
  knownAt: Instant;
  /** When someone first declared it faulty, and when the last did. */
  declaredAt: Instant | null;
  doneAt: Instant;
  /** Members that hold it for faulty. */
  declared: number;
}

/** One cluster in which members crash. */
class CrashRun {
  readonly crashes: Crash[] = [];
  readonly #network: Network<Swim>;
  readonly #prng: Prng;
  readonly #byNode = new Map<NodeIndex, Crash>();
  /** Members that know of the latest crashes, by node: the first word of it counts. */
  readonly #known = new Map<NodeIndex, Uint8Array>();

  constructor(members: number, prng: Prng) {
    this.#prng = prng;
    const swims = swimCluster(instant(0), members, prng, {
      onState: (by, node, state) => this.#believed(by, node, state),
    });
    this.#network = new Network(swims, {
      prng: prng.fork(),
      delayMsMin: DELAY_MS.min,
      delayMsMax: DELAY_MS.max,
      listener: { sent: (_, to, message) => this.#sent(to, message) },
    });
    this.run(WARM_UP_PERIODS * INTERVAL);
  }

  run(ms: number): void {
    this.#network.run(instant(this.#network.now + ms));
  }

  crash(): void {
    const members = this.#network.detectors.length;
    let node = nodeIndex(this.#prng.below(members));
    while (this.#network.hasCrashed(node)) node = nodeIndex(this.#prng.below(members));
    this.#network.crash(node);
    const at = this.#network.now;
    const crash: Crash = {
      node,
      at,
      probedAt: null,
      suspectedAt: null,
      knownAt: at,
      declaredAt: null,
      doneAt: at,
      declared: 0,
    };
    this.crashes.push(crash);
    this.#byNode.set(node, crash);
    this.#known.set(node, new Uint8Array(members));
  }

  /** Whether all that live hold all that crashed for faulty. */
  get isDone(): boolean {
    const living = this.#network.detectors.filter(
      (_, i) => !this.#network.hasCrashed(nodeIndex(i)),
    );
    return this.crashes.every(({ node }) =>
      living.every((swim) => swim.stateOf(node) === 'faulty'),
    );
  }

  #sent(to: NodeIndex, message: DetectorMessage): void {
    const crash = this.#byNode.get(to);
    if (crash === undefined || crash.probedAt !== null) return;
    if (message.type === 'swim' && message.kind === 'ping') crash.probedAt = this.#network.now;
  }

  #believed(by: NodeIndex, node: NodeIndex, state: SwimState): void {
    const { now } = this.#network;
    const crash = this.#byNode.get(node);
    const known = this.#known.get(node);
    if (crash === undefined || known === undefined || state === 'alive') return;
    crash.suspectedAt ??= now;
    if (known[by] === 0) crash.knownAt = now;
    known[by] = 1;
    if (state !== 'faulty') return;
    crash.declaredAt ??= now;
    crash.doneAt = now;
    crash.declared++;
  }
}

/** All crashes of a plan. */
export function simulateCrashes(plan: SizePlan, progress: (what: string) => void): Crash[] {
  const prng = new Prng(SEED);
  const crashes: Crash[] = [];
  for (let cluster = 0; cluster < plan.clusters; cluster++) {
    const run = new CrashRun(plan.members, prng.fork());
    for (let crash = 0; crash < plan.crashes; crash++) {
      progress(`${plan.members} members: crash ${crashes.length + crash + 1}`);
      // Anywhere in a period, not always in the same place of it.
      run.run(SPACING_PERIODS * INTERVAL * 2 * prng.unit());
      run.crash();
    }
    for (let period = 0; !run.isDone; period++) {
      assert(period < PATIENCE_PERIODS, 'every crash is known to all in the end');
      run.run(INTERVAL);
    }
    crashes.push(...run.crashes);
  }
  return crashes;
}
