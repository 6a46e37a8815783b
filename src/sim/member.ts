/**
 * A thread that follows the ring and has a machine in it: what runtime/machine-driver.ts and
 * runtime/peer-ports.ts do in production, over simulated channels.
 *
 *     input ─▶ enter(): the clock, the epoch word; follow the ring if it has moved ─▶ machine
 *          ─▶ leave(): who could not be reached is lost; tick if it is due; the timer
 *
 * What the supervisor says about threads (`Control`) lies in the member's own queue at once, and is
 * read when its thread comes to it, or before a ring is followed: a ring may name an owner whose
 * channel is only announced there.
 */
import { type Epoch, type Instant, type NodeIndex, nodeIndex } from '../base/units.js';
import type { Outbox } from '../node/outbox.js';
import type { Reply } from '../node/reply.js';
import type { RingView } from '../node/ring-view.js';
import type { Peek } from '../node/shared-reads.js';
import type { ReadScratch, SlabReader } from '../slab/reader.js';
import { type Address, type Message, type RequestId, SUPERVISOR } from '../wire/message.js';
import { Actor } from './actor.js';
import { NO_EPOCH } from './board.js';
import type { End, Input, Seat } from './channel.js';
import type { Control, Machine, World } from './cluster.js';
import type { Memory } from './memory.js';
import { stepNumber } from './timeline.js';

const FOLLOWS = stepNumber('follows');
const TOLD_LOST = stepNumber('told-lost');
const TOLD_LINKED = stepNumber('told-linked');

/** The supervisor has said something. */
class Wake implements Input {
  readonly #member: Member;

  constructor(member: Member) {
    this.#member = member;
  }

  run(): void {
    this.#member.admit(this);
  }

  happen(): void {
    this.#member.readControls();
  }
}

export abstract class Member extends Actor implements Outbox, Peek {
  readonly world: World;
  /** The ring in use, as the machine was shown it; null before the first. */
  ring: RingView | null = null;
  /** Which of all members it is: an address may be taken again. */
  readonly number: number;
  /** Requests that are to be submitted here, or were, and are not answered. */
  readonly open = new Set<RequestId>();
  /** When its latest turn began, in true time. */
  turnedAt: Instant;
  protected readonly out: Outbox;
  readonly #controls: Control[] = [];
  readonly #memories: (Memory | undefined)[];
  readonly #readers: (SlabReader | undefined)[] = [];
  readonly #unreachable = new Set<Address>();
  #epoch: Epoch = NO_EPOCH;
  #isFollowing = false;

  constructor(world: World, address: Address, seat: Seat, memories: readonly Memory[]) {
    super(world.stage, world.network, address, seat);
    this.world = world;
    this.number = world.stage.stamp();
    this.turnedAt = world.stage.now;
    this.out = world.parts.outboxFor(this);
    this.#memories = [];
    for (const memory of memories) this.#memories[memory.node] = memory;
  }

  protected abstract get machine(): Machine;
  /** When it wants to begin a turn, beside what its machine wants. */
  protected abstract get ownDeadline(): Instant;
  protected abstract onControl(control: Control): void;
  /** Whether the ring that counts is taken note of already. */
  protected abstract notices(epoch: Epoch): boolean;
  /** Requests that its machine holds, and has not answered. */
  abstract get outstanding(): number;
  /** Private memory for readers of its own; null: those of all nodes do. */
  protected abstract get scratch(): ReadScratch | null;

  /** Epoch of the ring in use. */
  get ownEpoch(): Epoch {
    return this.#epoch;
  }

  /** The epoch word. */
  get epoch(): Epoch {
    return this.world.board.epoch;
  }

  slab(node: NodeIndex): SlabReader | null {
    const known = this.#readers[node];
    if (known !== undefined) return known;
    const memory = this.#memories[node];
    if (memory === undefined) return null;
    if (memory.number !== this.world.board.memories[node]) return null;
    const { scratch } = this;
    const reader = scratch === null ? memory.nodesReader : memory.reader(scratch);
    this.#readers[node] = reader;
    return reader;
  }

  /** The memory of a node, as far as it has been told here. */
  memoryOf(node: NodeIndex): Memory | null {
    return this.#memories[node] ?? null;
  }

  /** Begins a turn, and follows the ring if it has changed. */
  enter(): Instant {
    this.turnedAt = this.stage.now;
    this.onTurn();
    const { epoch } = this.world.board;
    if (epoch !== this.#epoch && this.notices(epoch)) this.#follow();
    return this.now;
  }

  /** Ends a turn. */
  leave(): void {
    if (!this.isAlive) return;
    for (const address of this.#unreachable) {
      if (this.#unreachable.delete(address)) this.#lose(address);
    }
    const { machine } = this;
    if (machine.deadline <= this.now && !this.standsStill) machine.tick(this.now, this.out);
    for (const address of this.#unreachable) {
      if (this.#unreachable.delete(address)) this.#lose(address);
    }
    const { deadline } = machine;
    const { ownDeadline } = this;
    this.setTimer(deadline < ownDeadline ? deadline : ownDeadline);
  }

  /** Puts something into the queue that the supervisor fills. */
  post(control: Control, delay: number): void {
    if (!this.isAlive) {
      if (control.control === 'link') this.network.close(control.end);
      return;
    }
    this.#controls.push(control);
    this.nudge(delay);
  }

  /** Has it look at what has been said, and at the epoch word, in a while. */
  nudge(delay: number): void {
    this.stage.plan(delay, new Wake(this));
  }

  readControls(): void {
    this.#drainControls();
    this.enter();
    this.leave();
  }

  send(to: Address, message: Message): void {
    const end = this.ports[to];
    if (end === undefined) this.#unreachable.add(to);
    else this.network.post(end, this.#epoch, message);
  }

  reply(id: RequestId, reply: Reply): void {
    this.open.delete(id);
    this.world.answered(this, id, reply);
  }

  frame(end: End, epoch: Epoch, message: Message): void {
    const now = this.enter();
    // With the ring may have come the sender's next life.
    if (this.holds(end)) this.machine.receive(now, end.address, epoch, message, this.out);
    this.leave();
  }

  lost(end: End): void {
    this.#lose(end.address);
    this.enter();
    this.leave();
  }

  protected onTimer(): void {
    this.enter();
    this.leave();
  }

  /** A turn begins. */
  protected onTurn(): void {}

  /** Its channel to another thread is lost. */
  protected onLost(_address: Address): void {}

  /** Another ring is in use. */
  protected onRing(_epoch: Epoch): void {}

  /** Takes up its channel to the supervisor, then all that has been said there, then the ring. */
  protected beginTurns(supervisor: End): void {
    this.take(supervisor);
    this.enter();
    this.leave();
  }

  protected override end(): void {
    super.end();
    for (const control of this.#controls) {
      if (control.control === 'link') this.network.close(control.end);
    }
    this.world.died(this);
  }

  #drainControls(): void {
    while (this.#controls.length > 0 && this.isAlive) {
      const control = this.#controls.shift() as Control;
      if (control.control === 'link') this.#attach(control.end);
      else if (control.control === 'memory') this.#learn(control.memory);
      else this.onControl(control);
    }
  }

  #learn(memory: Memory): void {
    const known = this.#memories[memory.node];
    if (known !== undefined && known.number >= memory.number) return;
    this.#memories[memory.node] = memory;
    this.#readers[memory.node] = undefined;
  }

  /** The channel to an earlier life is lost by the one to the next: before, never after. */
  #attach(end: End): void {
    const { address } = end;
    const isOwed = this.#unreachable.delete(address);
    if (isOwed || this.ports[address] !== undefined) this.#lose(address);
    this.take(end);
    this.stage.timeline.note(TOLD_LINKED, this.seat, end.other.seat);
    this.machine.peerLinked(this.now, address, this.out);
    this.enter();
  }

  #lose(address: Address): void {
    this.#unreachable.delete(address);
    const end = this.ports[address];
    this.ports[address] = undefined;
    if (end !== undefined) this.network.close(end);
    this.stage.timeline.note(TOLD_LOST, this.seat, address);
    this.onLost(address);
    this.machine.peerLost(this.now, address, this.out);
  }

  #follow(): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    this.#drainControls();
    const { board, parts } = this.world;
    const ring = parts.ringFor(this, board.view());
    if (this.ring === null) this.#missPeers(ring);
    this.ring = ring;
    this.#epoch = ring.epoch;
    this.#readers.length = 0;
    this.stage.timeline.note(FOLLOWS, this.seat, ring.epoch);
    this.machine.ringChanged(this.now, ring, this.out);
    this.onRing(ring.epoch);
    this.#isFollowing = false;
  }

  /** Who is on the first ring and cannot be reached is held, and will be reachable when it serves. */
  #missPeers(ring: RingView): void {
    for (const node of ring.nodes) {
      const address = node as number as Address;
      if (address === this.address || this.ports[address] !== undefined) continue;
      this.machine.peerLost(this.now, address, this.out);
    }
  }
}

export const nodeAt = (address: Address): NodeIndex => nodeIndex(address);
export const isNode = (address: Address): boolean => address < SUPERVISOR;
