/**
 * Drives the supervisor's machine (membership/supervision.ts), which decides everything: gives it the
 * time, tells it what has happened, and lets callers wait for what comes of it. What the machine asks
 * for, `lives.ts` does.
 *
 *     a task ends, a channel closes, a frame, a call, the timer ─▶ Supervision ─▶ Lives ─▶ threads, channels
 */
import { unreachable } from '../base/assert.js';
import { ShoalError } from '../base/errors.js';
import { Prng } from '../base/prng.js';
import { type Instant, NEVER, nodeIndex } from '../base/units.js';
import type { NodeOptions } from '../config/options.js';
import type { Authority } from '../membership/authority.js';
import { Supervision } from '../membership/supervision.js';
import type { LifeEnd } from '../membership/supervision-options.js';
import type { Message } from '../wire/message.js';
import { Clock } from './clock.js';
import { Lives, type LivesOptions } from './lives.js';
import type { NodeLife } from './node-life.js';
import type { ThreadEnd } from './pool.js';
import type { SlabShare } from './shared-slabs.js';

export interface KeeperOptions extends LivesOptions {
  /** Seed of everything that happens by chance. */
  readonly seed: number;
  /** The time, if not that of the cluster's clock. */
  readonly now?: () => Instant;
}

export class Keeper {
  readonly #now: () => Instant;
  readonly #machine: Supervision;
  readonly #lives: Lives;
  #timer: NodeJS.Timeout | null = null;
  #timerAt: Instant = NEVER;
  #isClosed = false;
  #isUnref = false;

  /** Publishes the first ring, with all nodes on it. */
  constructor(options: KeeperOptions) {
    const { board, wall, seed, options: cluster } = options;
    const clock = new Clock(wall);
    this.#now = options.now ?? (() => clock.now());
    const prng = new Prng(seed);
    this.#lives = new Lives(options, prng.fork(), {
      recordOf: (node) => this.#machine.node(node),
      ended: (node, end) => {
        this.#drive((now) => this.#machine.ended(now, node.index, lifeEndOf(end)));
      },
    });
    this.#machine = new Supervision(
      {
        ...cluster,
        positionsMax: board.positions,
        prng: prng.fork(),
        turnsOf: (node) => board.turnsOf(node),
      },
      this.#lives,
    );
    for (const [i, node] of cluster.nodes.entries()) this.#lives.welcome(nodeIndex(i), node);
  }

  /** The nodes that there are, in their order. */
  get nodes(): readonly NodeLife[] {
    return this.#lives.all;
  }

  get authority(): Authority {
    return this.#machine.authority;
  }

  /** Whether all nodes have served once. */
  get isUp(): boolean {
    return this.#machine.isUp;
  }

  node(index: number): NodeLife | undefined {
    return this.#lives.at(index);
  }

  /** The memories of all nodes that have one. */
  slabs(): SlabShare[] {
    return this.#lives.slabs();
  }

  /** Begins the first lives; resolves when all nodes serve, rejects when one cannot. */
  async launchAll(): Promise<void> {
    const served = this.nodes.map((node) => node.served());
    this.#drive((now) => this.#machine.start(now));
    await Promise.all(served);
  }

  /** Ends a node's life, if it has one; resolves when it has ended: the node is held, or off the ring. */
  async kill(node: NodeLife, text: string): Promise<void> {
    const { thread } = node;
    this.#drive(() => this.#machine.kill(node.index, text));
    await thread?.ended;
  }

  /**
   * Ends a node's life, if it has one, and begins another; resolves when it serves. One that is on
   * its way back with its memory is let come.
   */
  async restart(node: NodeLife): Promise<void> {
    const { thread } = node;
    const isOnItsWay = node.state === 'held';
    this.#drive((now) => this.#machine.restart(now, node.index));
    if (!isOnItsWay) await thread?.ended;
    if (this.#isClosed) throw closedError();
    await node.served();
  }

  /**
   * Has another node join; resolves when it serves.
   *
   * @throws ShoalError `ERR_START` if it cannot, and is gone again
   */
  async add(options: NodeOptions): Promise<NodeLife> {
    const index = this.#machine.nextIndex;
    if (index === null || !this.#machine.hasRoomFor(options.weight)) {
      throw new ShoalError('ERR_START', `Cannot add node ${options.id}: the ring is full`);
    }
    const node = this.#lives.welcome(index, options);
    const served = node.served();
    this.#drive((now) => this.#machine.add(now, options));
    await served;
    return node;
  }

  /** Whether a node may leave: somebody must stay. */
  canRemove(node: NodeLife): boolean {
    return this.#machine.canRemove(node.index);
  }

  /** Has a node leave for good; resolves when it is gone. */
  async remove(node: NodeLife): Promise<void> {
    const gone = node.gone();
    this.#drive((now) => this.#machine.remove(now, node.index));
    await gone;
  }

  /** Begins no further lives, and watches over none (`Supervision.close`). */
  close(): void {
    this.#isClosed = true;
    this.#drive((now) => this.#machine.close(now));
    for (const node of this.nodes) node.giveUp(closedError());
  }

  /** All nodes have been stopped: publishes the last ring. */
  end(): void {
    this.#machine.end();
  }

  unref(): void {
    this.#isUnref = true;
    this.#timer?.unref();
  }

  /** A node has said something to the supervisor. */
  onMessage(node: NodeLife, message: Message): void {
    const { index } = node;
    switch (message.type) {
      case 'pong':
        this.#drive((now) => this.#machine.pong(now, index, message.sequence));
        break;
      case 'suspect':
        this.#drive((now) => this.#machine.accused(now, index, message.node, message));
        break;
      case 'trust':
        this.#drive(() => this.#machine.cleared(index, message.node));
        break;
      case 'late':
        this.#drive(() => this.#machine.late(index, message.by));
        break;
      default:
        // Whatever else a node may say is not for the supervisor.
        break;
    }
  }

  /** A node has sent what is no frame. Its channel stays, to prove its death. */
  onNonsense(node: NodeLife): void {
    this.#drive(() => this.#machine.nonsense(node.index));
  }

  /** A node says that it serves. */
  onServing(node: NodeLife, port: number | null): void {
    node.port = port;
    if (this.#drive((now) => this.#machine.serving(now, node.index))) node.noteServing();
  }

  /** A node has finished with its connections. */
  onDrained(node: NodeLife): void {
    this.#drive((now) => this.#machine.drained(now, node.index));
  }

  /** The channel to a life has closed: its thread runs no more. */
  onGone(node: NodeLife): void {
    this.#drive((now) => this.#machine.gone(now, node.index));
  }

  /** One step of the machine, at the present time; then the timer for what it wants next. */
  #drive<T>(step: (now: Instant) => T): T {
    const outcome = step(this.#now());
    this.#setTimer();
    return outcome;
  }

  /**
   * One timer, moved forward only: an early tick is harmless. It keeps the process only while somebody
   * is on its way back: to watch over nodes that are well is no reason to live.
   */
  #setTimer(): void {
    const { deadline } = this.#machine;
    if (this.#timer !== null && (this.#timerAt > deadline || deadline === NEVER)) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (deadline === NEVER) return;
    if (this.#timer === null) {
      this.#timerAt = deadline;
      this.#timer = setTimeout(this.#onTimer, Math.max(1, deadline - this.#now()));
    }
    if (this.#machine.isBusy && !this.#isUnref) this.#timer.ref();
    else this.#timer.unref();
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.#drive((now) => this.#machine.tick(now));
  };
}

export const closedError = (): ShoalError =>
  new ShoalError('ERR_CLOSED', 'Cannot go on: the cluster is closed');

/** What the machine is told of the end of a life. */
function lifeEndOf(end: ThreadEnd): LifeEnd {
  switch (end.how) {
    case 'refused':
    case 'unusable':
      return { reason: end.how, text: end.text };
    case 'stopped':
      return { reason: 'stopped' };
    case 'died': {
      const { cause } = end;
      return { reason: 'crashed', text: cause instanceof Error ? cause.message : String(cause) };
    }
    default:
      return unreachable(end);
  }
}
