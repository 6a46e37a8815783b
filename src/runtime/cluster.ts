import type { EventEmitter } from 'node:events';
import { type ClusterOptions, type NodeInput, readNode } from '../config/options.js';
import type { Client } from './client.js';
import type { ConnectOptions } from './connect-options.js';
import { type ClusterEvents, EVENT_NAMES, type NamedEvent } from './events.js';
import type { ClusterHandle } from './handle.js';
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
   * @throws ShoalError `ERR_BUSY` above 1,024 clients, `ERR_USAGE` for an option out of range,
   *   `ERR_CLOSED`
   */
  client(options?: ConnectOptions): Client {
    return this.#supervisor.client(options);
  }

  /**
   * What other threads of this process need to `connect` to the cluster: plain data, to be handed
   * to them in any way there is between threads, with no transfer list. Make one whenever it is
   * needed; keeping one keeps memory (see `ClusterHandle`).
   *
   * From the first handle on, and until the cluster is closed, this thread has a listener for
   * `workerMessage` on `process`: clients introduce themselves by `postMessageToThread`. Listeners
   * of your own see these messages too, as objects with `shoal: 'connect'`: ignore them. It keeps no
   * thread alive.
   *
   * @throws ShoalError `ERR_CLOSED`
   *
   * @example A worker thread that reads and writes the cluster
   * ```ts
   * import { Worker } from 'node:worker_threads';
   * import { startCluster } from 'shoal';
   *
   * const cluster = await startCluster({ nodes: 3, memory: '16mb' });
   * new Worker(new URL('./worker.js', import.meta.url), { workerData: cluster.handle() });
   * ```
   */
  handle(): ClusterHandle {
    return this.#supervisor.handle();
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
   * Kills a node, as a crash would. Resolves when its life has ended: with warm restarts it is `held`
   * then and soon back with what it held; else it is off the ring, what it held is lost, and unless
   * restarts are off it is soon back, empty. `node-up` tells when.
   *
   * @throws RangeError if there is no such node
   * @throws ShoalError `ERR_CLOSED`
   */
  kill(id: string): Promise<void> {
    return held(this.#supervisor.kill(id));
  }

  /**
   * Ends a node, if it lives, and starts it again: with warm restarts with what it held, else empty.
   * One that is on its way back is let come. Resolves when it serves.
   *
   * @throws RangeError if there is no such node
   * @throws ShoalError `ERR_START` if it cannot be brought back, `ERR_CLOSED`
   */
  restart(id: string): Promise<void> {
    return held(this.#supervisor.restart(id));
  }

  /**
   * Has another node join. It gets its place on the ring, and its share of the keys when it serves:
   * they begin empty there, and no other key moves. Resolves when it serves.
   *
   * @param node without an id the next free one: `n5`, say; weight and memory as in `nodes`
   * @returns its id
   * @throws RangeError if there is a node of this id
   * @throws ShoalError `ERR_USAGE` if an option is out of range; `ERR_START` if it cannot be started
   *   (it is gone again then), or there are 64 nodes; `ERR_CLOSED`
   *
   * @example A sixth node, for a while
   * ```ts
   * import { startCluster } from 'shoal';
   *
   * const cluster = await startCluster({ nodes: 5, memory: '16mb' });
   * const id = await cluster.addNode({ weight: 2 }); // 'n5'
   * await cluster.removeNode(id);
   * await cluster.close();
   * ```
   */
  async addNode(node: Partial<NodeInput> = {}): Promise<string> {
    const options = readNode(node, this.nodes(), this.options.memory);
    await held(this.#supervisor.addNode(options));
    return options.id;
  }

  /**
   * Has a node leave for good: its connections are brought to their end, within the drain timeout,
   * then it is taken off the ring and its thread ends. Its keys are its successors' from then on, and
   * begin empty there; no other key moves. Resolves when it is gone.
   *
   * @throws RangeError if there is no such node, it is leaving already, or it is the last one
   * @throws ShoalError `ERR_CLOSED`
   */
  removeNode(id: string): Promise<void> {
    return held(this.#supervisor.removeNode(id));
  }

  /**
   * Blocks a node's event loop, as a hang would: it answers nothing and serves nothing, while reads in
   * place of its memory go on. Resolves when that has begun. A node that is on its way back is waited
   * for. A pause that lasts `heartbeatFailures` heartbeats is found by them, and the node killed.
   *
   * @param ms milliseconds, 1 to 60,000
   * @throws RangeError if there is no such node, or for `ms` out of range
   * @throws ShoalError `ERR_CHAOS_OFF` without `chaos: true`; `ERR_TIMEOUT` if the node has not stopped
   *   within 5 s (it may yet); `ERR_BUSY` above 1,024 faults that wait to come into force; `ERR_CLOSED`
   *
   * @example A node that hangs for a second
   * ```ts
   * const cluster = await startCluster({ nodes: 3, chaos: true });
   * await cluster.pause('n1', 1_000);
   * ```
   */
  pause(id: string, ms: number): Promise<void> {
    return held(this.#supervisor.chaos.pause(id, ms));
  }

  /**
   * Cuts the link between two nodes: no frame passes any more, in either direction; those on their way
   * are lost. What a node asks of the other one ends as no answer does, after 5 s. Messages are cut,
   * not memory: reads in place go on. The nodes' channels to clients and to the supervisor are left alone,
   * so clients of the library notice nothing. The link stays cut for later lives of both nodes, until `heal`.
   *
   * Resolves when both nodes have cut it; one that is dead begins its next life so.
   *
   * @throws RangeError if there is no such node, or both are the same
   * @throws ShoalError `ERR_CHAOS_OFF` without `chaos: true`; `ERR_TIMEOUT` if a node has not done it
   *   within 5 s (it does when it gets to it); `ERR_BUSY` above 1,024 faults that wait to come into
   *   force; `ERR_CLOSED`
   *
   * @example Half a second of separation
   * ```ts
   * const cluster = await startCluster({ nodes: 3, port: 0, chaos: true });
   * await cluster.cut('n0', 'n1');
   * await setTimeout(500); // of node:timers/promises
   * await cluster.heal('n0', 'n1');
   * ```
   */
  cut(a: string, b: string): Promise<void> {
    return held(this.#supervisor.chaos.cut(a, b));
  }

  /**
   * Takes all faults off the link between two nodes. What is delayed is sent at once, in its order.
   * Resolves when the link is whole at both ends; a link without faults stays as it is. The event
   * `fault` says how many frames were lost.
   *
   * @throws as `cut`
   *
   * @example After all that was done to a link
   * ```ts
   * await cluster.heal('n0', 'n1');
   * ```
   */
  heal(a: string, b: string): Promise<void> {
    return held(this.#supervisor.chaos.heal(a, b));
  }

  /**
   * Has every frame between two nodes take longer, each way, in the order in which it was sent: a frame
   * sent later, under a shorter delay, does not overtake. At most 65,536 frames and 64 MiB are held for each
   * direction; further ones are lost. Goes together with `drop`. Lasts as `cut` does.
   *
   * @param ms milliseconds, 0 to 60,000; 0 takes the delay off, and sends at once what is held
   * @throws as `cut`, and RangeError for `ms` out of range
   *
   * @example A slow link
   * ```ts
   * await cluster.delay('n0', 'n1', 20); // 40 ms more for a question and its answer
   * ```
   */
  delay(a: string, b: string, ms: number): Promise<void> {
    return held(this.#supervisor.chaos.delay(a, b, ms));
  }

  /**
   * Has frames between two nodes be lost, each by chance. A frame is all that a turn of the event loop
   * had to say to the other node. Goes together with `delay`. Lasts as `cut` does.
   *
   * @param rate probability, 0 (none) to 1 (all)
   * @throws as `cut`, and RangeError for `rate` out of range
   *
   * @example One frame of ten is lost
   * ```ts
   * await cluster.drop('n0', 'n1', 0.1);
   * ```
   */
  drop(a: string, b: string, rate: number): Promise<void> {
    return held(this.#supervisor.chaos.drop(a, b, rate));
  }

  /**
   * Takes no further requests, lets what is outstanding finish within the drain timeout, and ends
   * all threads, ports and timers: nothing keeps the process alive after it. Safe to call again.
   */
  close(): Promise<void> {
    this.#closing ??= held(this.#close());
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

  /** Has `listener` called at every event of any name, which is in it as `event`. */
  onAny(listener: (event: NamedEvent) => void): this {
    const events: EventEmitter = this.#supervisor.events;
    for (const name of EVENT_NAMES) {
      events.on(name, (payload: object) => listener({ event: name, ...payload } as NamedEvent));
    }
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

/** Longer than anything takes: only that there is a timer counts. */
const HOLD_MS = 2 ** 30;

/** Keeps the process while somebody waits for this, also where the cluster itself does not. */
async function held(work: Promise<void>): Promise<void> {
  const hold = setInterval(() => {}, HOLD_MS);
  try {
    await work;
  } finally {
    clearInterval(hold);
  }
}
