/**
 * Keeps the nodes alive: begins their lives, takes note of their ends, brings them back.
 *
 * A life of a node is a thread's task, a slab and channels, and none of them is ever used by
 * another life. The next one begins only when the thread of the last is proven dead (its channel
 * has closed): a kill is known to be reported some milliseconds before a thread's last store, and
 * two lives of one node must not serve at a time.
 */
import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { unreachable } from '../base/assert.js';
import { ShoalError } from '../base/errors.js';
import { Prng } from '../base/prng.js';
import { type Bytes, type NodeIndex, nodeIndex } from '../base/units.js';
import type { ClusterOptions } from '../config/options.js';
import { Backoff } from '../membership/backoff.js';
import { Slab } from '../slab/slab.js';
import type { Authority } from './authority.js';
import { Clock, type WallOffset } from './clock.js';
import type { ClusterEvents } from './events.js';
import { Heartbeats } from './heartbeats.js';
import { NodeLife, type Sentence } from './node-life.js';
import type { NodeTask } from './node-task.js';
import type { NodePool, NodeThread, ThreadEnd } from './pool.js';
import type { Wiring } from './wiring.js';

/** A node that does not serve this long after its start hangs. */
const START_PATIENCE_MS = 10_000;
const RUN_ID_BYTES = 20;

/** What the keeper works with; the supervisor owns all of it. */
export interface KeeperOptions {
  readonly options: ClusterOptions;
  readonly version: string;
  readonly wall: WallOffset;
  /** Seed of everything that nodes do by chance. */
  readonly seed: number;
  readonly authority: Authority;
  readonly wiring: Wiring;
  readonly pool: NodePool;
  readonly events: EventEmitter<ClusterEvents>;
}

export class Keeper {
  readonly nodes: readonly NodeLife[];
  readonly #with: KeeperOptions;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #heartbeats: Heartbeats;
  /** Every node has served: from now on, one that dies is brought back. */
  #isUp = false;
  #isClosed = false;
  #isUnref = false;

  constructor(options: KeeperOptions) {
    this.#with = options;
    this.#clock = new Clock(options.wall);
    this.#prng = new Prng(options.seed);
    this.nodes = options.options.nodes.map((node, i) => {
      const backoff = new Backoff({ prng: this.#prng.fork() });
      return new NodeLife(nodeIndex(i), node, backoff);
    });
    const { heartbeatInterval, heartbeatFailures } = options.options;
    this.#heartbeats = new Heartbeats(this.#clock, heartbeatInterval, heartbeatFailures, {
      ping: (node, sequence) => {
        options.wiring.send(this.#node(node).address, { type: 'ping', sequence });
      },
      hung: (node) => {
        const text = `${heartbeatFailures} heartbeats without an answer`;
        this.#sentence(this.#node(node), { reason: 'hung', text });
      },
    });
  }

  /** Whether all nodes have served once. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Begins the first lives; resolves when all nodes serve, rejects when one cannot. */
  async launchAll(): Promise<void> {
    for (const node of this.nodes) this.#launch(node);
    await Promise.all(this.nodes.map((node) => node.served()));
    this.#isUp = true;
  }

  /** Ends a node's life, if it has one; resolves when the ring is without it. */
  async kill(node: NodeLife, text: string): Promise<void> {
    const { thread } = node;
    this.#sentence(node, { reason: 'killed', text });
    await thread?.ended;
  }

  /** Ends a node's life, if it has one, and begins another; resolves when it serves. */
  async restart(node: NodeLife): Promise<void> {
    node.isWanted = true;
    node.failures = 0;
    await this.kill(node, 'restarted on request');
    if (this.#isClosed) throw closedError();
    this.#launchSoon(node, 0);
    await node.served();
  }

  /** Begins no further lives, and watches over none. */
  close(): void {
    this.#isClosed = true;
    this.#heartbeats.stop();
    for (const node of this.nodes) {
      node.clearTimer();
      node.disappoint(closedError());
    }
  }

  unref(): void {
    this.#isUnref = true;
    for (const node of this.nodes) node.timer?.unref();
  }

  /** A node has answered a ping. */
  onPong(node: NodeLife, sequence: number): void {
    this.#heartbeats.pong(node.index, sequence);
  }

  /** A node says that it serves. */
  onServing(node: NodeLife, port: number | null): void {
    if (node.state !== 'starting' || node.sentence !== null || this.#isClosed) return;
    node.clearTimer();
    node.port = port;
    this.#heartbeats.watch(node.index);
    this.#mark(node, 'up');
    node.noteServing(this.#clock.now());
    this.#tell('node-up', { id: node.id, port, restarts: node.restarts });
  }

  /** The channel to a life has closed: its thread runs no more. */
  onGone(node: NodeLife): void {
    node.lingers = false;
    if (node.isWanted) this.#launchSoon(node, 0);
  }

  #launch(node: NodeLife): void {
    const { pool, wiring, authority } = this.#with;
    const slab = allocate(node.options.memory);
    if (slab === null) {
      const text = `this machine does not give it ${node.options.memory} bytes of memory`;
      this.#bury(node, { reason: 'refused', text });
      return;
    }
    node.begin(slab);
    authority.board.clearNode(node.index);
    const links = wiring.join(node.address);
    const thread = pool.run(
      this.#taskOf(node, slab, links),
      links.map((link) => link.port),
    );
    node.thread = thread;
    void thread.ended.then((end) => this.#onEnd(node, thread, end));
    const text = `it did not serve within ${START_PATIENCE_MS} ms`;
    const outOfPatience = (): void => this.#sentence(node, { reason: 'hung', text });
    node.timer = setTimeout(outOfPatience, START_PATIENCE_MS).unref();
  }

  #taskOf(node: NodeLife, slab: SharedArrayBuffer, links: NodeTask['links']): NodeTask {
    const { options, version, wall, authority } = this.#with;
    const { host, port } = options;
    const wish = port === 0 ? 0 : Number(port) + node.index;
    return {
      self: node.index,
      id: node.id,
      nodes: this.nodes.length,
      version,
      runId: randomBytes(RUN_ID_BYTES).toString('hex'),
      seed: this.#prng.uint32(),
      wall,
      board: authority.board.memory,
      slab,
      memoryLimit: node.options.memory,
      valueBytesMax: options.maxValueSize,
      listen: port === 'off' ? null : { host, port: node.port ?? wish },
      links,
    };
  }

  /** The thread of a life has ended, as far as the pool knows. */
  #onEnd(node: NodeLife, thread: NodeThread, end: ThreadEnd): void {
    if (node.thread !== thread) return;
    const sentence = node.sentence ?? sentenceOf(end);
    node.end();
    this.#heartbeats.unwatch(node.index);
    if (!this.#isClosed) this.#bury(node, sentence);
  }

  /** Takes a dead node off the ring, and decides whether it comes back. */
  #bury(node: NodeLife, sentence: Sentence): void {
    this.#mark(node, 'down');
    this.#tell('node-down', { id: node.id, ...sentence });
    const wait = node.noteDeath(this.#clock.now(), sentence.reason);
    if (!this.#isUp) {
      const text = `Cannot start cluster: node ${node.id}: ${sentence.text}`;
      node.disappoint(new ShoalError('ERR_START', text));
    } else if (node.isWanted && sentence.reason === 'killed') {
      this.#launchSoon(node, 0);
    } else if (this.#with.options.restart === 'off') {
      const text = `Cannot bring back node ${node.id}: ${sentence.text}`;
      node.disappoint(new ShoalError('ERR_START', text));
    } else if (wait === null) {
      this.#giveUp(node, sentence);
    } else {
      this.#launchSoon(node, wait);
    }
  }

  /** Begins a life after `wait` ms, and not before the thread of the last is proven dead. */
  #launchSoon(node: NodeLife, wait: number): void {
    if (node.thread !== null || this.#isClosed) return;
    node.clearTimer();
    node.timer = setTimeout(() => {
      node.timer = null;
      node.isWanted = true;
      if (!node.lingers && node.thread === null) this.#launch(node);
    }, wait);
    if (this.#isUnref) node.timer.unref();
  }

  #giveUp(node: NodeLife, sentence: Sentence): void {
    node.state = 'given-up';
    const { id, failures } = node;
    this.#tell('node-given-up', { id, ...sentence, failures });
    const text = `Cannot bring back node ${id}: it died ${failures} times in a row: ${sentence.text}`;
    node.disappoint(new ShoalError('ERR_START', text));
  }

  /** Ends a life for a reason; the first reason counts. */
  #sentence(node: NodeLife, sentence: Sentence): void {
    if (node.thread === null) return;
    node.sentence ??= sentence;
    node.thread.kill();
  }

  #mark(node: NodeLife, state: 'up' | 'down'): void {
    const { authority, wiring } = this.#with;
    if (!authority.mark(node.index, state)) return;
    wiring.announce(authority.epoch);
    const nodes = authority.view.nodes.map((index) => this.#node(index).id);
    this.#tell('epoch', { epoch: authority.epoch, nodes });
  }

  /** After the step that it is about: a listener that throws must not cut that short. */
  #tell<E extends keyof ClusterEvents>(name: E, ...event: ClusterEvents[E]): void {
    const events: EventEmitter = this.#with.events;
    queueMicrotask(() => events.emit(name, ...event));
  }

  #node(index: NodeIndex): NodeLife {
    return this.nodes[index] as NodeLife;
  }
}

export const closedError = (): ShoalError =>
  new ShoalError('ERR_CLOSED', 'Cannot go on: the cluster is closed');

/** Memory for a slab; null if there is not so much. */
function allocate(limit: Bytes): SharedArrayBuffer | null {
  try {
    return Slab.allocate(limit);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** What to say of a life that ended without anyone having decided so. */
function sentenceOf(end: ThreadEnd): Sentence {
  switch (end.how) {
    case 'refused':
      return { reason: 'refused', text: end.text };
    case 'stopped':
      return { reason: 'crashed', text: 'its task ended by itself' };
    case 'died': {
      const { cause } = end;
      return { reason: 'crashed', text: cause instanceof Error ? cause.message : String(cause) };
    }
    default:
      return unreachable(end);
  }
}
