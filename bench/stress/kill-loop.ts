/**
 * Kills one node after the other, at random instants, and measures each time how long it takes
 * until it serves again. A node that comes back without its memory excuses what it held; one that
 * comes back with it excuses nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '#src/base/prng.js';
import type { Cluster } from '#src/index.js';
import { machineNow } from '../soak/clock.js';
import type { Loss } from './messages.js';

/** A node that is not back by then hangs. */
const RETURN_MS_MAX = 15_000;
const LOOK_MS = 2;

export interface KillPlan {
  /** Stops after so many. */
  readonly kills: number;
  /** From a node's return to the next kill: anything up to this. */
  readonly gapMs: number;
  /** How long a node's keys are kept for it. One that is late comes back empty, which excuses a lot. */
  readonly graceMs: number;
}

export interface KillsDone {
  /** Milliseconds from the kill until the node served again. */
  readonly returnsMs: number[];
  /** How many came back with their memory. */
  warm: number;
  readonly losses: Loss[];
  readonly hangs: string[];
}

export class KillLoop {
  readonly done: KillsDone = { returnsMs: [], warm: 0, losses: [], hangs: [] };
  readonly #cluster: Cluster;
  readonly #plan: KillPlan;
  readonly #prng: Prng;
  #isStopped = false;

  constructor(cluster: Cluster, plan: KillPlan, prng: Prng) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#prng = prng;
  }

  /** Resolves after the last kill, with all nodes serving; sooner when told to stop, or when one hangs. */
  async run(): Promise<void> {
    const { kills, gapMs } = this.#plan;
    while (this.done.returnsMs.length < kills && !this.#isStopped) {
      await sleep(this.#prng.unit() * gapMs);
      if (!(await this.#kill())) return;
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** False if the node did not come back. */
  async #kill(): Promise<boolean> {
    const cluster = this.#cluster;
    const nodes = cluster.nodes();
    const node = this.#prng.below(nodes.length);
    const id = nodes[node]?.id ?? '';
    const patience = new AbortController();
    const fromMs = machineNow();
    const back = this.#watch(id, patience.signal);
    const late = sleep(RETURN_MS_MAX, null, { signal: patience.signal }).catch(() => null);
    await Promise.race([cluster.kill(id), late]);
    const returned = await Promise.race([back, late]);
    patience.abort();
    if (returned === null) {
      this.done.hangs.push(`node ${id} was killed and is not back after ${RETURN_MS_MAX} ms`);
      return false;
    }
    this.done.returnsMs.push(returned.atMs - fromMs);
    if (returned.isWarm) this.done.warm++;
    else {
      await this.#allHaveSeen();
      this.done.losses.push({ node, fromMs, toMs: machineNow() });
    }
    return true;
  }

  /** The node's return. It is a warm one if nobody else had its keys meanwhile. */
  #watch(id: string, signal: AbortSignal): Promise<{ atMs: number; isWarm: boolean }> {
    const cluster = this.#cluster;
    return new Promise((resolve) => {
      let wasLost = false;
      const onDown = (event: { readonly id: string; readonly held: boolean }): void => {
        if (event.id === id && !event.held) wasLost = true;
      };
      const onUp = (event: { readonly id: string; readonly warm: boolean }): void => {
        if (event.id !== id) return;
        off();
        resolve({ atMs: machineNow(), isWarm: event.warm && !wasLost });
      };
      const off = (): void => {
        cluster.off('node-down', onDown);
        cluster.off('node-up', onUp);
      };
      cluster.on('node-down', onDown);
      cluster.on('node-up', onUp);
      signal.addEventListener('abort', off, { once: true });
    });
  }

  /** A successor that has not looked yet still takes writes that it will have to forget. */
  async #allHaveSeen(): Promise<void> {
    for (;;) {
      const { epoch, nodes } = this.#cluster.stats();
      if (nodes.every(({ epochSeen }) => epochSeen >= epoch)) return;
      await sleep(LOOK_MS);
    }
  }
}
