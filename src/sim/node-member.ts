/**
 * A life of a node: a thread that begins some time after it was ordered, opens or takes over its
 * memory, serves, and ends.
 *
 * Two things that happen to real threads happen here too: between the beginning of a turn and what
 * is done in it other threads may run (`stepped-turns`), and a death may be reported before the
 * thread's last store (18 ms were seen).
 */
import { after, type Epoch, type Instant, type NodeIndex } from '../base/units.js';
import { VersionClock } from '../base/version.js';
import type { Detector } from '../membership/detector.js';
import { Heartbeat } from '../membership/heartbeat.js';
import { Swim } from '../membership/swim/swim.js';
import { incarnationOfLife } from '../membership/swim/update.js';
import { TURN_BEAT } from '../membership/vigil.js';
import type { CacheNode } from '../node/cache-node.js';
import type { Command } from '../node/command.js';
import { SlabRefused } from '../slab/slab.js';
import type { Address, LeaseToken, Message, RequestId } from '../wire/message.js';
import type { End } from './channel.js';
import type { Ping } from './check/downs.js';
import type { Control, World } from './cluster.js';
import { Member } from './member.js';
import { type Life, type Memory, type Witness, WitnessedSlab } from './memory.js';
import { stepNumber } from './timeline.js';
import { type BookOwner, witnessedBook } from './witnessed-book.js';

/** What a life is put together with. */
export interface LifeOptions {
  readonly node: NodeIndex;
  /** Lives that the node has had, this one included. */
  readonly life: number;
  readonly memory: Memory;
  /** Whether the memory is that of the last life. */
  readonly isKept: boolean;
  /** What the thread is given to know of all memories. */
  readonly memories: readonly Memory[];
  readonly supervisor: End;
  readonly witness: Witness;
  /** It says something to the supervisor. */
  readonly tell: (life: NodeMember, what: 'serving' | 'drained') => void;
  /** It ends by itself. */
  readonly onEnd: (life: NodeMember, reason: 'unusable' | 'stopped') => void;
}

/** The longest that a turn is cut off for. */
const STEP_MS_MAX = 30;
const DIES = stepNumber('dies');

export class NodeMember extends Member implements Life, BookOwner {
  readonly node: NodeIndex;
  readonly memory: Memory;
  /** The supervisor's pings. */
  readonly pings: Ping[] = [];
  /** Whether its end has been decided. */
  isEnding = false;
  /** Whether the supervisor's machine has taken note that it serves. */
  serves = false;
  isDraining = false;
  /** The epoch of the frame whose request is being received; null in any other input. */
  frameEpoch: Epoch | null = null;
  /** The epoch that counted when its present turn began, and how long the supervisor had stood. */
  turnEpoch: Epoch;
  supervisorStoodMs = 0;
  recalled: LeaseToken | null = null;
  readonly #options: LifeOptions;
  #machine: CacheNode | null = null;
  #hasDrained = false;

  constructor(world: World, options: LifeOptions) {
    super(world, options.node as number as Address, options.node, options.memories);
    this.node = options.node;
    this.memory = options.memory;
    this.turnEpoch = world.board.epoch;
    this.#options = options;
  }

  get machine(): CacheNode {
    return this.#machine as CacheNode;
  }

  get outstanding(): number {
    return this.machine.stats.router.outstanding;
  }

  /** Whether its thread runs, and knows a ring. */
  get hasBegun(): boolean {
    return this.#machine !== null;
  }

  protected get ownDeadline(): Instant {
    return after(this.now, TURN_BEAT);
  }

  protected get scratch(): null {
    return null;
  }

  /** The thread begins. */
  begin(): void {
    if (!this.isAlive) return;
    const { stage, parts, board } = this.world;
    const { memory, isKept, witness, node } = this.#options;
    memory.writer = this;
    const floor = isKept ? new VersionClock(board.epoch) : null;
    let slab: WitnessedSlab;
    try {
      slab = new WitnessedSlab(this, witness, floor);
    } catch (error) {
      if (!(error instanceof SlabRefused)) throw error;
      this.#options.onEnd(this, 'unusable');
      return;
    }
    const { readsInPlace } = stage.swarm;
    this.#machine = parts.node({
      self: node,
      slab,
      prng: stage.chances.lives.fork(),
      now: this.now,
      latestEpoch: () => board.epoch,
      reads: readsInPlace ? parts.reads(this) : null,
      watch: {
        detector: parts.detector(this.#detector()),
        turnsOf: (peer) => board.turns[peer] as number,
      },
      leases: witnessedBook(parts.book, this, witness, {}),
    });
    this.beginTurns(this.#options.supervisor);
    this.#options.tell(this, 'serving');
  }

  /** Submits a request of one of its own connections. */
  submit(id: RequestId, command: Command): void {
    const now = this.enter();
    this.machine.request(now, id, command, this.out);
    this.leave();
  }

  /** The thread stores no more, and its channels close. */
  die(): void {
    if (!this.isAlive) return;
    this.stage.timeline.note(DIES, this.seat);
    this.end();
    this.network.close(this.#options.supervisor);
  }

  /** Where an answer comes from memory, it is known from which load: the message does not say so. */
  override send(to: Address, message: Message): void {
    if (message.type === 'reply' && message.status === 'miss' && message.lease !== null) {
      if (this.recalled !== null) this.world.runs.recalls(to, message.id, this.node, this.recalled);
    }
    super.send(to, message);
  }

  override readControls(): void {
    if (this.hasBegun) super.readControls();
  }

  override frame(end: End, epoch: Epoch, message: Message): void {
    const now = this.enter();
    const from = end.address;
    if (!this.holds(end)) this.leave();
    else if (this.#isCutOff()) {
      const ms = STEP_MS_MAX * this.stage.chances.steps.unit();
      this.standStill(ms, () => this.#receive(now, from, epoch, message));
    } else this.#receive(now, from, epoch, message);
  }

  override leave(): void {
    super.leave();
    if (!this.isDraining || this.#hasDrained || this.open.size > 0) return;
    this.#hasDrained = true;
    this.#options.tell(this, 'drained');
  }

  protected override onTurn(): void {
    const { board } = this.world;
    this.turnEpoch = board.epoch;
    this.supervisorStoodMs = this.world.supervisorStoodMs;
    board.turns[this.node] = ((board.turns[this.node] as number) + 1) | 0;
  }

  protected override onLost(address: Address): void {
    this.#options.witness.lostPeer(this, address);
  }

  protected notices(): boolean {
    return true;
  }

  protected onControl(control: Control): void {
    if (control.control === 'drain') this.isDraining = true;
    else if (control.control === 'stop') this.#options.onEnd(this, 'stopped');
  }

  #detector(): Detector {
    const { swarm, chances } = this.stage;
    const { node } = this;
    if (swarm.detector === 'heartbeat') {
      const { heartbeatInterval: interval, heartbeatFailures: failures } = swarm;
      return new Heartbeat({ interval, failures, phase: node });
    }
    const incarnation = incarnationOfLife(this.#options.life);
    const prng = chances.lives.fork();
    return new Swim({ self: node, prng, interval: swarm.swimInterval, incarnation });
  }

  #receive(now: Instant, from: Address, epoch: Epoch, message: Message): void {
    const { parts } = this.world;
    const said = parts.epochOf(this, epoch);
    this.frameEpoch = message.type === 'request' ? epoch : null;
    this.machine.receive(now, from, said, message, this.out);
    if (message.type === 'request' && parts.doubles) {
      // The lost link makes it forget which requests it has had.
      this.machine.peerLinked(now, from, this.out);
      this.machine.receive(now, from, said, message, this.out);
    }
    this.frameEpoch = null;
    this.leave();
  }

  #isCutOff(): boolean {
    const { swarm, isCalm, chances } = this.stage;
    if (isCalm || !swarm.faults.has('stepped-turns')) return false;
    return chances.steps.unit() < swarm.stepShare / 10;
  }
}
