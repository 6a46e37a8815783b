/**
 * Kills one node after the other, and measures each outage: from before the kill until every node
 * has seen the ring on which the killed one is back. If it came back empty, what it owns may be lost
 * until then: a successor that has not looked yet still takes writes that it will have to forget.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, NodeUpEvent } from '#src/index.js';
import { machineNow } from './clock.js';
import type { Outage } from './outages.js';

/** A kill, or a return, that takes longer hangs. */
const RETURN_MS_MAX = 15_000;
const LOOK_MS = 2;

export interface KillerEvents {
  outage(outage: Outage): void;
  fault(text: string): void;
}

export class Killer {
  readonly #cluster: Cluster;
  readonly #everyMs: number;
  readonly #events: KillerEvents;
  #timer: NodeJS.Timeout | null = null;
  #kills = 0;
  #current: Promise<void> | null = null;

  constructor(cluster: Cluster, everyMs: number, events: KillerEvents) {
    this.#cluster = cluster;
    this.#everyMs = everyMs;
    this.#events = events;
    cluster.on('node-down', ({ id, reason, text }) => {
      // A node that is not back in time comes back empty: the outage tells.
      if (reason !== 'killed' && reason !== 'late')
        events.fault(`node ${id} went down by itself (${reason}): ${text}`);
    });
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#current ??= this.#kill().finally(() => {
        this.#current = null;
      });
    }, this.#everyMs);
  }

  /** No more kills; resolves when nobody is down any more. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#current;
  }

  async #kill(): Promise<void> {
    const cluster = this.#cluster;
    const nodes = cluster.nodes();
    const node = this.#kills++ % nodes.length;
    const id = nodes[node]?.id ?? '';
    const fromMs = machineNow();
    let warm = false;
    const isUp = new Promise<void>((resolve) => {
      const listener = (event: NodeUpEvent): void => {
        if (event.id !== id) return;
        cluster.off('node-up', listener);
        warm = event.warm;
        resolve();
      };
      cluster.on('node-up', listener);
    });
    const isBack = Promise.all([cluster.kill(id), isUp]).then(() => this.#allHaveSeen());
    const patience = new AbortController();
    const outcome = await Promise.race([
      isBack,
      sleep(RETURN_MS_MAX, 'late' as const, { signal: patience.signal }).catch(() => {}),
    ]);
    patience.abort();
    if (outcome === 'late') {
      this.#events.fault(`node ${id} was killed and is not back after ${RETURN_MS_MAX} ms`);
    }
    this.#events.outage({ node, warm, fromMs, toMs: machineNow() });
  }

  async #allHaveSeen(): Promise<void> {
    for (;;) {
      const { epoch, nodes } = this.#cluster.stats();
      if (nodes.every(({ epochSeen }) => epochSeen >= epoch)) return;
      await sleep(LOOK_MS);
    }
  }
}
