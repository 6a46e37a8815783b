/**
 * The supervisor: starts the nodes, watches them, decides who is on the ring, brings back who
 * died, and ends it all.
 *
 *     detectors report …                    … the supervisor decides, and everyone sees it
 *       a thread ended    (at once)    ┐    its range is held, next epoch, back with its memory
 *       heartbeats missed (hung: kill) ├──▶   │ not in time
 *       start too slow    (hung: kill) ┘    off the ring, next epoch ──▶ restart, empty, with back-off
 *       a node says it serves ─────────────▶ on the ring, next epoch ◀────────┘
 *
 * It lives in the thread of who started the cluster. What it does there takes microseconds at a
 * time; while that thread is blocked there is no failover, and everything else goes on.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { threadId } from 'node:worker_threads';
import { ShoalError } from '../base/errors.js';
import type { ClusterOptions, NodeOptions } from '../config/options.js';
import type { Authority } from '../membership/authority.js';
import type { Address, Frame } from '../wire/message.js';
import { Chaos } from './chaos.js';
import type { Client } from './client.js';
import { type ClientBasis, Clients, refuse } from './clients.js';
import { captureWall } from './clock.js';
import type { ConnectOptions } from './connect-options.js';
import type { Control } from './control.js';
import { settledWithin } from './deadline.js';
import { EpochBoard } from './epoch-board.js';
import type { ClusterEvents } from './events.js';
import { HANDLE_FORMAT, type HandleContent } from './handle.js';
import { closedError, Keeper } from './keeper.js';
import type { NodeLife } from './node-life.js';
import { packageVersion } from './package-version.js';
import { NODE_FILE, NodePool } from './pool.js';
import { closeReception, type Introduction, openReception } from './reception.js';
import { Wiring } from './wiring.js';

/** Threads that were told to stop and do not are ended after this long. */
const STOP_PATIENCE_MS = 500;
const SEED_END = 2 ** 32;

export class Supervisor {
  readonly options: ClusterOptions;
  readonly version = packageVersion();
  readonly events = new EventEmitter<ClusterEvents>();
  readonly board: EpochBoard;
  /** Faults on request. */
  readonly chaos: Chaos;
  readonly #wiring: Wiring;
  readonly #pool: NodePool;
  readonly #keeper: Keeper;
  readonly #basis: ClientBasis;
  readonly #clients: Clients;
  /** What other threads call this cluster by. */
  readonly #id = randomUUID();
  /** Nodes that still have connections to finish with. */
  readonly #draining = new Set<Address>();
  #onDrained: () => void = () => {};
  #closing: Promise<void> | null = null;

  /** Starts the threads, empty. @param nodeFile what they run */
  constructor(options: ClusterOptions, nodeFile: string = NODE_FILE) {
    const wall = captureWall();
    this.options = options;
    this.board = EpochBoard.for(options.nodes, options.vnodes);
    this.#wiring = new Wiring({
      frame: (from, frame) => this.#onFrame(from, frame),
      control: (from, control) => this.#onControl(from, control),
      lost: (address) => this.#onLost(address),
      nonsense: (address) => {
        const node = this.#keeper.node(address);
        if (node !== undefined) this.#keeper.onNonsense(node);
      },
      joining: (address) => this.chaos.joining(address),
    });
    this.#pool = new NodePool(options.nodes.length, nodeFile);
    this.#keeper = new Keeper({
      options,
      version: this.version,
      wall,
      seed: randomInt(SEED_END),
      board: this.board,
      wiring: this.#wiring,
      pool: this.#pool,
      events: this.events,
    });
    this.chaos = new Chaos({
      isOn: options.chaos,
      nodes: () => this.nodes,
      wiring: this.#wiring,
      events: this.events,
      closedError,
    });
    this.#basis = {
      wall,
      board: this.board.memory,
      reads: options.reads,
      valueBytesMax: options.maxValueSize,
    };
    this.#clients = new Clients({
      basis: this.#basis,
      slabs: () => this.#keeper.slabs(),
      wiring: this.#wiring,
    });
  }

  get nodes(): readonly NodeLife[] {
    return this.#keeper.nodes;
  }

  get authority(): Authority {
    return this.#keeper.authority;
  }

  get isClosed(): boolean {
    return this.#closing !== null;
  }

  /**
   * Starts the nodes; resolves when every one serves.
   *
   * @throws ShoalError `ERR_START` if one cannot; everything has been closed then
   */
  async start(): Promise<void> {
    try {
      if (this.isClosed) throw closedError();
      await this.#keeper.launchAll();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Clients, in all threads. */
  get clientCount(): number {
    return this.#clients.count;
  }

  /** A client for this thread. */
  client(options: ConnectOptions | undefined): Client {
    if (this.isClosed) throw closedError();
    return this.#clients.create(options);
  }

  /** What another thread needs to make a client of its own. */
  handle(): HandleContent {
    if (this.isClosed) throw closedError();
    openReception(this.#id, this.#receive);
    return {
      shoal: HANDLE_FORMAT,
      version: this.version,
      cluster: this.#id,
      thread: threadId,
      slabs: this.#keeper.slabs(),
      ...this.#basis,
    };
  }

  /** Kills a node as a crash would; resolves when its life has ended. */
  async kill(id: string): Promise<void> {
    await this.#keeper.kill(this.#named(id, 'kill'), 'killed on request');
  }

  /** Kills a node, if it lives, and starts it again; resolves when it serves. */
  async restart(id: string): Promise<void> {
    await this.#keeper.restart(this.#named(id, 'restart'));
  }

  /** Has another node join; resolves when it serves. */
  async addNode(options: NodeOptions): Promise<void> {
    if (this.isClosed) throw closedError();
    if (this.nodes.some(({ id }) => id === options.id)) {
      throw new RangeError(`Cannot add node: there is a node ${options.id} already`);
    }
    await this.#keeper.add(options);
  }

  /** Has a node leave for good; resolves when it is gone. */
  async removeNode(id: string): Promise<void> {
    const node = this.#named(id, 'remove');
    if (node.state === 'leaving') throw new RangeError(`Cannot remove node: ${id} is leaving`);
    if (!this.#keeper.canRemove(node)) {
      throw new RangeError(`Cannot remove node: ${id} is the last one; close() ends the cluster`);
    }
    await this.#keeper.remove(node);
    this.chaos.left(node.address);
  }

  /** Lets the process end although the cluster runs. */
  unref(): void {
    this.#pool.unref();
    this.#keeper.unref();
  }

  /**
   * Drains and ends everything: accepts nothing more, lets what is outstanding finish within the
   * drain timeout, ends the threads. Can be called at any time, and again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { isUp } = this.#keeper;
    this.#keeper.close();
    this.chaos.close();
    if (isUp) await settledWithin(this.#drain(), this.options.drainTimeout);
    this.#clients.close();
    if (isUp) await settledWithin(this.#stop(), STOP_PATIENCE_MS);
    await this.#pool.destroy();
    // For threads that read and do nothing else, and would not notice a channel that closes.
    this.#keeper.end();
    this.#wiring.close();
    closeReception(this.#id);
    this.events.removeAllListeners();
  }

  /** A client of any thread wants to be taken up. */
  readonly #receive = (introduction: Introduction): void => {
    try {
      if (this.isClosed) throw closedError();
      this.#clients.admit(introduction);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      refuse(introduction.port, error);
    }
  };

  /** Resolves when all clients and all connections have had their answers. */
  async #drain(): Promise<void> {
    const serving = this.nodes.filter((node) => node.state === 'serving');
    const drained = new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
    for (const { address } of serving) {
      this.#draining.add(address);
      this.#wiring.tell(address, { control: 'drain' });
    }
    if (serving.length === 0) this.#onDrained();
    await Promise.all([drained, this.#clients.drain()]);
  }

  /** Resolves when every thread has ended its life by itself. */
  async #stop(): Promise<void> {
    for (const { address } of this.nodes) this.#wiring.tell(address, { control: 'stop' });
    await Promise.all(this.nodes.map((node) => node.thread?.ended));
  }

  #onFrame(from: Address, frame: Frame): void {
    const node = this.#keeper.node(from);
    if (node === undefined) return;
    for (const message of frame.messages) this.#keeper.onMessage(node, message);
  }

  #onControl(from: Address, control: Control): void {
    const node = this.#keeper.node(from);
    if (node === undefined) {
      this.#clients.onControl(from, control);
      return;
    }
    switch (control.control) {
      case 'serving':
        this.#keeper.onServing(node, control.port);
        this.chaos.serves(from);
        break;
      case 'drained':
        this.#noteDrained(from);
        this.#keeper.onDrained(node);
        break;
      case 'in-force':
        this.chaos.inForce(control);
        break;
      // What the supervisor says to others, and nobody to the supervisor.
      case 'link':
      case 'slab':
      case 'drain':
      case 'stop':
      case 'fault':
      case 'pause':
      case 'welcome':
      case 'refused':
        break;
    }
  }

  #onLost(address: Address): void {
    const node = this.#keeper.node(address);
    if (node === undefined) {
      this.#clients.onGone(address);
      return;
    }
    this.#noteDrained(address);
    this.chaos.gone(address);
    this.#keeper.onGone(node);
  }

  #noteDrained(address: Address): void {
    this.#draining.delete(address);
    if (this.#draining.size === 0) this.#onDrained();
  }

  #named(id: string, verb: string): NodeLife {
    if (this.isClosed) throw closedError();
    const node = this.nodes.find((candidate) => candidate.id === id);
    if (node !== undefined) return node;
    const ids = this.nodes.map((candidate) => candidate.id).join(', ');
    throw new RangeError(`Cannot ${verb} node: there is no ${String(id)}, only ${ids}`);
  }
}
