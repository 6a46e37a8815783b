import type { ClusterOptions } from '../config/options.js';
import type { Client } from './client.js';
import type { ClusterEvents } from './events.js';
import { type ClusterStats, clusterStats, isHealthy, type NodeInfo, nodeInfos } from './stats.js';
import type { Supervisor } from './supervisor.js';

/** Something beside the nodes that ends with the cluster. */
export interface Attendant {
  close(): Promise<void>;
  unref(): void;
}

type Listener<E extends keyof ClusterEvents> = (...args: ClusterEvents[E]) => void;

/**
 * A running cluster, as its user sees it. Made by `startCluster`.
 *
 * @example Watching a node die and return
 * ```ts
 * import { startCluster } from 'shoal';
 *
 * const cluster = await startCluster({ nodes: 3 });
 * cluster.on('node-down', ({ id, reason }) => console.log(`${id} is down: ${reason}`));
 * await cluster.kill('n1');
 * await cluster.restart('n1');
 * await cluster.close();
 * ```
 */
export class Cluster implements AsyncDisposable {
  /** Every option, as it is in force. */
  readonly options: ClusterOptions;
  /** Where health and statistics are served; null without HTTP. */
  readonly httpPort: number | null;
  readonly #supervisor: Supervisor;
  readonly #attendants: readonly Attendant[];
  #closing: Promise<void> | null = null;

  /** Not for users: `startCluster` makes clusters. */
  constructor(supervisor: Supervisor, httpPort: number | null, attendants: readonly Attendant[]) {
    this.options = supervisor.options;
    this.httpPort = httpPort;
    this.#supervisor = supervisor;
    this.#attendants = attendants;
  }

  /**
   * A client for this thread, with channels of its own to every node: make one and keep it.
   *
   * @throws ShoalError `ERR_BUSY` above 1,024 clients, `ERR_CLOSED`
   */
  client(): Client {
    return this.#supervisor.client();
  }

  /** The nodes, in their order. */
  nodes(): NodeInfo[] {
    return nodeInfos(this.#supervisor);
  }

  /** Every figure there is. Costs the nodes nothing. */
  stats(): ClusterStats {
    return clusterStats(this.#supervisor);
  }

  /** Whether requests can be answered: at least one node serves. */
  get healthy(): boolean {
    return isHealthy(this.#supervisor);
  }

  /**
   * Kills a node, as a crash would; what it held is lost. Resolves when it is off the ring. Unless
   * restarts are off, it is back soon.
   *
   * @throws RangeError if there is no such node
   * @throws ShoalError `ERR_CLOSED`
   */
  kill(id: string): Promise<void> {
    return this.#supervisor.kill(id);
  }

  /**
   * Ends a node, if it lives, and starts it again, empty. Resolves when it serves.
   *
   * @throws RangeError if there is no such node
   * @throws ShoalError `ERR_START` if it cannot be brought back, `ERR_CLOSED`
   */
  restart(id: string): Promise<void> {
    return this.#supervisor.restart(id);
  }

  /**
   * Takes no further requests, lets what is outstanding finish within the drain timeout, and ends
   * all threads, ports and timers: nothing keeps the process alive after it. Safe to call again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Lets the process end although the cluster runs. */
  unref(): this {
    this.#supervisor.unref();
    for (const attendant of this.#attendants) attendant.unref();
    return this;
  }

  /** Has `listener` called at every event of this name. */
  on<E extends keyof ClusterEvents>(event: E, listener: Listener<E>): this {
    this.#supervisor.events.on(event, listener as never);
    return this;
  }

  /** The same, for the next event only. */
  once<E extends keyof ClusterEvents>(event: E, listener: Listener<E>): this {
    this.#supervisor.events.once(event, listener as never);
    return this;
  }

  off<E extends keyof ClusterEvents>(event: E, listener: Listener<E>): this {
    this.#supervisor.events.off(event, listener as never);
    return this;
  }

  async #close(): Promise<void> {
    await this.#supervisor.close();
    await Promise.all(this.#attendants.map((attendant) => attendant.close()));
  }
}
