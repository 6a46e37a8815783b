import { setTimeout as wait } from 'node:timers/promises';
import { Prng } from '../base/prng.js';
import type { Target } from './generator-task.js';
import type { LibraryClient } from './library-lane.js';
import type { Endpoint } from './plan.js';

/** What is needed of a cluster that runs in this process. */
export interface LocalCluster {
  nodes(): readonly LocalNode[];
  /** A client for this thread. */
  client(): LibraryClient;
  kill(id: string): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface LocalNode {
  readonly id: string;
  /** `serving` if it does; anything else if it is on its way down or up. */
  readonly state: string;
  /** Where it answers RESP; null if it does not, or not now. */
  readonly port: number | null;
}

/** The options of a cluster that is started to be loaded. */
export interface LocalClusterOptions {
  readonly nodes: number;
  /** Bytes a node. */
  readonly memory: number;
  readonly port: number | 'off';
}

export type StartLocalCluster = (options: LocalClusterOptions) => Promise<LocalCluster>;

const LOOPBACK = '127.0.0.1';

/** What generators drive, of a cluster in this process. */
export function localTarget(cluster: LocalCluster, via: 'resp' | 'library'): Target {
  if (via === 'library') return { kind: 'library', client: cluster.client() };
  const endpoints = cluster
    .nodes()
    .flatMap(({ port }): Endpoint[] => (port === null ? [] : [{ host: LOOPBACK, port }]));
  return { kind: 'resp', endpoints };
}

/** Kills one node after the other, at even distances, until it is stopped. */
export class Killer {
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #kills = 0;

  /** @param everyMs time between two kills; the first comes after that time */
  constructor(cluster: LocalCluster, everyMs: number, seed: number) {
    this.#done = this.#run(cluster, everyMs, new Prng(seed));
    this.#done.catch(() => {}); // Reported by `stop`, which may come minutes later.
  }

  /** Ends the killing; how many there were. Rejects if a kill failed. */
  async stop(): Promise<number> {
    this.#abort.abort();
    await this.#done;
    return this.#kills;
  }

  async #run(cluster: LocalCluster, everyMs: number, prng: Prng): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await wait(everyMs, undefined, { signal }).catch(() => {}); // Stopped: the loop ends.
      if (signal.aborted) return;
      const nodes = cluster.nodes().filter(({ state }) => state === 'serving');
      const node = nodes[prng.below(Math.max(nodes.length, 1))];
      if (node === undefined) continue;
      await cluster.kill(node.id);
      this.#kills++;
    }
  }
}
