/**
 * Keeps the nodes alive: begins their lives, takes note of their ends, brings them back.
 *
 * A life of a node is a thread's task and channels, which no other life ever uses, and a slab, which
 * the next one may take over. The next one begins only when the thread of the last is proven dead
 * (its channel has closed): a kill is known to be reported some milliseconds before a thread's last
 * store, and a slab must not have two writers at a time.
 *
 *     death ─▶ kept: held ─ proof of death ─▶ next epoch, same ring; launch, attach ─▶ serves: as before
 *        │        └── grace over, memory unusable, dead again ──┐
 *        └────▶ emptied ────────────────────────────────────────┴▶ off the ring; launch, empty ─▶ on the ring
 *
 * While its range is held, its neighbours do not take over: whoever wants one of its keys waits
 * (node/router.ts), and finds all that it had acknowledged. `fate.ts` has the rule for which way it is.
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
import { readSlabStats } from '../slab/stats.js';
import type { Authority } from './authority.js';
import { Clock, type WallOffset } from './clock.js';
import type { ClusterEvents } from './events.js';
import { type Fate, fateOf } from './fate.js';
import { Heartbeats } from './heartbeats.js';
import { NodeLife, type Sentence } from './node-life.js';
import type { NodeMemory, NodeTask } from './node-task.js';
import type { NodePool, NodeThread, ThreadEnd } from './pool.js';
import type { SlabShare } from './shared-slabs.js';
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
  readonly wiring: Pick<Wiring, 'join' | 'makeReachable' | 'announce' | 'send' | 'tellAll'>;
  readonly pool: Pick<NodePool, 'run'>;
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

  /** Ends a node's life, if it has one; resolves when it has ended: the node is held, or off the ring. */
  async kill(node: NodeLife, text: string): Promise<void> {
    const { thread } = node;
    this.#sentence(node, { reason: 'killed', text });
    await thread?.ended;
  }

  /**
   * Ends a node's life, if it has one, and begins another; resolves when it serves. One that is on
   * its way back with its memory is let come.
   */
  async restart(node: NodeLife): Promise<void> {
    node.isWanted = true;
    node.failures = 0;
    if (node.state !== 'held') await this.kill(node, 'restarted on request');
    if (this.#isClosed) throw closedError();
    this.#launchSoon(node, 0);
    await node.served();
  }

  /**
   * Begins no further lives, and watches over none. Nobody comes back any more: what waits for one
   * that is held is left to its successors, and a life that has not come to serve is cut off.
   */
  close(): void {
    this.#isClosed = true;
    this.#heartbeats.stop();
    for (const node of this.nodes) {
      node.clearTimer();
      node.disappoint(closedError());
      if (node.state !== 'held') continue;
      this.#takeOff(node);
      node.thread?.kill();
    }
  }

  unref(): void {
    this.#isUnref = true;
    for (const node of this.nodes) {
      node.timer?.unref();
      node.graceTimer?.unref();
    }
  }

  /** The memories of all nodes that have one. */
  slabs(): SlabShare[] {
    return this.nodes.flatMap((node) => shareOf(node) ?? []);
  }

  /** A node has answered a ping. */
  onPong(node: NodeLife, sequence: number): void {
    this.#heartbeats.pong(node.index, sequence);
  }

  /** A node has sent what is no frame. Its channel stays, to prove its death. */
  onNonsense(node: NodeLife): void {
    this.#sentence(node, { reason: 'crashed', text: 'it sent what is no frame' });
  }

  /** A node says that it serves. */
  onServing(node: NodeLife, port: number | null): void {
    const warm = node.state === 'held';
    if (!warm && node.state !== 'starting') return;
    if (node.sentence !== null || this.#isClosed) return;
    node.clearTimer();
    node.port = port;
    this.#heartbeats.watch(node.index);
    if (warm) this.#with.wiring.makeReachable(node.address);
    else this.#mark(node, 'up');
    node.noteServing(this.#clock.now());
    const { id, restarts, downtime, slab } = node;
    const entries = slab === null ? 0 : readSlabStats(slab).entries;
    this.#tell('node-up', { id, port, restarts, warm, entries, downtime });
  }

  /** The channel to a life has closed: its thread runs no more. */
  onGone(node: NodeLife): void {
    node.lingers = false;
    if (node.isDue) this.#launchWhenDead(node);
  }

  #launch(node: NodeLife): void {
    const { wiring, authority } = this.#with;
    const kept = node.state === 'held' ? node.slab : null;
    const slab = kept ?? allocate(node.options.memory);
    if (slab === null) {
      const text = `this machine does not give it ${node.options.memory} bytes of memory`;
      this.#bury(node, { reason: 'refused', text });
      return;
    }
    node.begin(slab);
    const links = wiring.join(node.address, kept === null ? 'reachable' : 'unreachable');
    // Before the life begins: it may issue no version of an epoch that the last one has seen.
    if (kept !== null) this.#publish(() => authority.renew());
    authority.board.clearNode(node.index);
    if (kept === null) this.#share(node);
    this.#run(node, this.#taskOf(node, { buffer: slab, attach: kept !== null }, links));
    if (kept !== null) return;
    const text = `it did not serve within ${START_PATIENCE_MS} ms`;
    const outOfPatience = (): void => this.#sentence(node, { reason: 'hung', text });
    node.timer = setTimeout(outOfPatience, START_PATIENCE_MS).unref();
  }

  /** Tells everyone of a node's new memory, before a ring can name it. */
  #share(node: NodeLife): void {
    const share = shareOf(node);
    if (share === null) return;
    this.#with.authority.board.noteMemory(node.index, share.number);
    this.#with.wiring.tellAll({ control: 'slab', share });
  }

  #run(node: NodeLife, task: NodeTask): void {
    const ports = task.links.map((link) => link.port);
    const thread = this.#with.pool.run(task, ports);
    node.thread = thread;
    void thread.ended.then((end) => this.#onEnd(node, thread, end));
  }

  #taskOf(node: NodeLife, memory: NodeMemory, links: NodeTask['links']): NodeTask {
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
      memory,
      memoryLimit: node.options.memory,
      valueBytesMax: options.maxValueSize,
      listen: port === 'off' ? null : { host, port: node.port ?? wish },
      links,
      slabs: this.slabs(),
      reads: options.reads,
    };
  }

  /** The thread of a life has ended, as far as the pool knows. */
  #onEnd(node: NodeLife, thread: NodeThread, end: ThreadEnd): void {
    if (node.thread !== thread) return;
    const sentence = node.sentence ?? sentenceOf(end);
    node.end();
    this.#heartbeats.unwatch(node.index);
    if (this.#isClosed) return;
    // Too late: its range was given up before its end, and that was told.
    if (node.state === 'down') this.#launchSoon(node, 0);
    else this.#bury(node, sentence);
  }

  /** Decides what becomes of a node whose life has ended. */
  #bury(node: NodeLife, sentence: Sentence): void {
    const { reason } = sentence;
    const { hasServed: hadServed, isWanted } = node;
    const wait = node.noteDeath(this.#clock.now(), reason);
    const { failures } = node;
    const death = { reason, hadServed, failures, wait, isWanted };
    const fate = this.#isUp ? fateOf(death, this.#with.options) : STILLBORN;
    const held = fate.fate === 'kept';
    if (held) this.#hold(node);
    else this.#takeOff(node);
    this.#tell('node-down', { id: node.id, ...sentence, held });
    switch (fate.fate) {
      case 'kept':
      case 'emptied':
        this.#launchSoon(node, fate.wait);
        break;
      case 'left-out': {
        const verb = this.#isUp ? 'bring back node' : 'start cluster: node';
        const text = `Cannot ${verb} ${node.id}: ${sentence.text}`;
        node.disappoint(new ShoalError('ERR_START', text));
        break;
      }
      case 'given-up':
        this.#giveUp(node, sentence);
        break;
      default:
        unreachable(fate);
    }
  }

  /** Keeps a dead node's range for it, for as long as the grace. */
  #hold(node: NodeLife): void {
    const { restartGrace } = this.#with.options;
    const text = `it was not back with its memory within ${restartGrace} ms`;
    const timer = setTimeout(() => this.#tooLate(node, { reason: 'late', text }), restartGrace);
    if (this.#isUnref) timer.unref();
    node.hold(timer);
  }

  /** The grace is over: successors take over, and what comes back comes back empty. */
  #tooLate(node: NodeLife, sentence: Sentence): void {
    this.#takeOff(node);
    this.#tell('node-down', { id: node.id, ...sentence, held: false });
    this.#sentence(node, sentence);
  }

  #takeOff(node: NodeLife): void {
    node.letGo();
    this.#mark(node, 'down');
  }

  /** Begins a life after `wait` ms, and not before the thread of the last is proven dead. */
  #launchSoon(node: NodeLife, wait: number): void {
    if (node.thread !== null || this.#isClosed) return;
    node.clearTimer();
    if (wait === 0) {
      this.#launchWhenDead(node);
      return;
    }
    node.timer = setTimeout(() => {
      node.timer = null;
      this.#launchWhenDead(node);
    }, wait);
    if (this.#isUnref) node.timer.unref();
  }

  #launchWhenDead(node: NodeLife): void {
    node.isDue = true;
    if (!node.lingers && node.thread === null && !this.#isClosed) this.#launch(node);
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
    this.#publish(() => this.#with.authority.mark(node.index, state));
  }

  /** Has the authority publish a ring, if that is due, and everyone told. */
  #publish(change: () => void): void {
    const { authority, wiring } = this.#with;
    const before = authority.epoch;
    change();
    if (authority.epoch === before) return;
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

/** A node that dies before the cluster is up: that ends the start. */
const STILLBORN: Fate = { fate: 'left-out' };

export const closedError = (): ShoalError =>
  new ShoalError('ERR_CLOSED', 'Cannot go on: the cluster is closed');

function shareOf({ index, slab, memories, options }: NodeLife): SlabShare | null {
  if (slab === null) return null;
  return { node: index, number: memories, memory: slab, memoryLimit: options.memory };
}

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
    case 'unusable':
      return { reason: end.how, text: end.text };
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
