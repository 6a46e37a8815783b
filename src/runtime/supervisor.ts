/**
 * The supervisor: starts the nodes, watches them, decides who is on the ring, brings back who
 * died, and ends it all.
 *
 *     detectors report …                    … the supervisor decides, and everyone sees it
 *       a thread ended    (at once)    ┐
 *       heartbeats missed (hung: kill) ├──▶ off the ring, next epoch ──▶ restart, cold, with back-off
 *       start too slow    (hung: kill) ┘                                      │
 *       a node says it serves ─────────────▶ on the ring, next epoch ◀────────┘
 *
 * It lives in the thread of who started the cluster. What it does there takes microseconds at a
 * time; while that thread is blocked there is no failover, and everything else goes on.
 */
import { randomInt } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { ClusterOptions } from '../config/options.js';
import type { Address, Frame } from '../wire/message.js';
import { Authority } from './authority.js';
import type { Client } from './client.js';
import { Clients } from './clients.js';
import { captureWall } from './clock.js';
import type { Control } from './control.js';
import { settledWithin } from './deadline.js';
import type { ClusterEvents } from './events.js';
import { closedError, Keeper } from './keeper.js';
import type { NodeLife } from './node-life.js';
import { packageVersion } from './package-version.js';
import { NODE_FILE, NodePool } from './pool.js';
import { Wiring } from './wiring.js';

/** Threads that were told to stop and do not are ended after this long. */
const STOP_PATIENCE_MS = 500;
const SEED_END = 2 ** 32;

export class Supervisor {
  readonly options: ClusterOptions;
  readonly version = packageVersion();
  readonly events = new EventEmitter<ClusterEvents>();
  readonly authority: Authority;
  readonly #wiring: Wiring;
  readonly #pool: NodePool;
  readonly #keeper: Keeper;
  readonly #clients: Clients;
  /** Nodes that still have connections to finish with. */
  readonly #draining = new Set<Address>();
  #onDrained: () => void = () => {};
  #closing: Promise<void> | null = null;

  /** Starts the threads, empty. @param nodeFile what they run */
  constructor(options: ClusterOptions, nodeFile: string = NODE_FILE) {
    const wall = captureWall();
    this.options = options;
    this.authority = new Authority(options);
    this.#wiring = new Wiring({
      frame: (from, frame) => this.#onFrame(from, frame),
      control: (from, control) => this.#onControl(from, control),
      lost: (address) => this.#onLost(address),
    });
    this.#wiring.announce(this.authority.epoch);
    this.#pool = new NodePool(options.nodes.length, nodeFile);
    this.#keeper = new Keeper({
      options,
      version: this.version,
      wall,
      seed: randomInt(SEED_END),
      authority: this.authority,
      wiring: this.#wiring,
      pool: this.#pool,
      events: this.events,
    });
    this.#clients = new Clients({
      wall,
      board: this.authority.board.memory,
      wiring: this.#wiring,
      valueBytesMax: options.maxValueSize,
    });
  }

  get nodes(): readonly NodeLife[] {
    return this.#keeper.nodes;
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

  /** A client for this thread. */
  client(): Client {
    if (this.isClosed) throw closedError();
    return this.#clients.create();
  }

  /** Kills a node as a crash would; resolves when it is off the ring. */
  async kill(id: string): Promise<void> {
    await this.#keeper.kill(this.#named(id, 'kill'), 'killed on request');
  }

  /** Kills a node, if it lives, and starts it again; resolves when it serves. */
  async restart(id: string): Promise<void> {
    await this.#keeper.restart(this.#named(id, 'restart'));
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
    if (isUp) await settledWithin(this.#drain(), this.options.drainTimeout);
    this.#clients.close();
    if (isUp) await settledWithin(this.#stop(), STOP_PATIENCE_MS);
    await this.#pool.destroy();
    this.#wiring.close();
    this.events.removeAllListeners();
  }

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
    const node = this.nodes[from];
    if (node === undefined) return;
    for (const message of frame.messages) {
      if (message.type === 'pong') this.#keeper.onPong(node, message.sequence);
    }
  }

  #onControl(from: Address, control: Control): void {
    const node = this.nodes[from];
    if (node === undefined) return;
    switch (control.control) {
      case 'serving':
        this.#keeper.onServing(node, control.port);
        break;
      case 'drained':
        this.#noteDrained(from);
        break;
      // What the supervisor says to nodes, and nobody to the supervisor.
      case 'link':
      case 'drain':
      case 'stop':
        break;
    }
  }

  #onLost(address: Address): void {
    const node = this.nodes[address];
    if (node === undefined) {
      this.#clients.onGone(address);
      return;
    }
    this.#noteDrained(address);
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
