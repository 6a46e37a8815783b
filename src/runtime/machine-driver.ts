/**
 * Drives a machine in one thread: input → machine → drain. A node's machine and a client's router
 * have the same verbs, so they have the same driver.
 *
 *                 ┌───────────── one turn of the event loop ─────────────┐
 *     a frame ────┤                                                      │
 *     a socket ───┼─▶ enter(): clock, epoch ─▶ machine ─▶ replies, frames ├─▶ post, write, set timer
 *     the timer ──┤   (first of the turn only)        (kept)             │   (once, in setImmediate)
 *     a call ─────┘                                                      │
 *                 └──────────────────────────────────────────────────────┘
 *
 * The check phase follows the poll phase directly, so waiting for it adds no latency; it lets all
 * that one turn has to say to a peer or a socket go out at once.
 *
 * The epoch word is looked at before every input: one atomic load. When it has moved, the links
 * that the supervisor sent before it published are taken up first, else a ring could name an owner
 * to whom there is no port yet. The other way round for links themselves: what has happened to a
 * port is told before the ring is followed, else a later link could be taken up first, and the
 * loss of one life be told after the coming of the next: nothing would be sent to it any more.
 */

import { type Epoch, type Instant, NEVER, type NodeIndex } from '../base/units.js';
import type { Outbox } from '../node/outbox.js';
import type { Reply } from '../node/reply.js';
import { PublishedView } from '../ring/published-view.js';
import type { PublishedRing } from '../ring/table-codec.js';
import {
  type Address,
  type Frame,
  type Message,
  type RequestId,
  SUPERVISOR,
} from '../wire/message.js';
import { Clock, type WallOffset } from './clock.js';
import type { Control } from './control.js';
import { EpochBoard, NO_RING } from './epoch-board.js';
import type { LinkFaults } from './link-faults.js';
import type { Link } from './node-task.js';
import { PeerPorts, type PortEvents } from './peer-ports.js';
import type { SharedSlabs } from './shared-slabs.js';

/** What the driver asks of the machine in it. */
export interface Machine {
  /** When `tick` next has work. */
  readonly deadline: Instant;
  receive(now: Instant, from: Address, epoch: Epoch, message: Message, out: Outbox): void;
  ringChanged(now: Instant, ring: PublishedView, out: Outbox): void;
  peerLost(now: Instant, peer: Address, out: Outbox): void;
  peerLinked(now: Instant, peer: Address, out: Outbox): void;
  tick(now: Instant, out: Outbox): void;
}

/** What the driver asks of the doors around it. */
export interface Doors {
  /** The answer to a request that was made here. It is lent for the call. */
  reply(now: Instant, id: RequestId, reply: Reply): void;
  /** What the supervisor says about this thread, but for links. */
  control(control: Control): void;
  /** The turn ends: time to write what the doors have kept. */
  turnEnds(now: Instant): void;
}

export interface DriverOptions {
  readonly wall: WallOffset;
  readonly board: SharedArrayBuffer;
  /** The nodes' memories, as this thread knows them. */
  readonly slabs: SharedSlabs;
  /** The node that is driven; null for a client. */
  readonly self: NodeIndex | null;
}

/** The longest that a timer can be set for. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class MachineDriver implements Outbox, PortEvents {
  readonly #machine: Machine;
  readonly #doors: Doors;
  readonly #clock: Clock;
  readonly #board: EpochBoard;
  readonly #self: NodeIndex | null;
  readonly #ports: PeerPorts;
  readonly #slabs: SharedSlabs;
  #ring: PublishedView | null = null;
  #epoch: Epoch = NO_RING;
  #now: Instant;
  #turnOpen = false;
  #following = false;
  #closed = false;
  #timer: NodeJS.Timeout | null = null;
  #timerAt: Instant = NEVER;

  constructor(options: DriverOptions, machine: Machine, doors: Doors) {
    this.#machine = machine;
    this.#doors = doors;
    this.#clock = new Clock(options.wall);
    this.#board = new EpochBoard(options.board);
    this.#self = options.self;
    this.#slabs = options.slabs;
    this.#ports = new PeerPorts(this, NO_RING, options.self === null ? 'unref' : 'ref');
    this.#now = this.#clock.now();
  }

  /** Takes up the first links, and the ring. */
  start(links: readonly Link[]): void {
    for (const link of links) this.#ports.attach(link.address, link.port);
    this.enter();
  }

  /** Before every input: begins a turn if none has begun, and follows the ring if it has changed. */
  enter(): Instant {
    this.#openTurn();
    if (this.#board.epoch !== this.#epoch) this.#followRing();
    return this.#now;
  }

  /** The ring that counts now, for a read in place: follows it if it has changed, and begins no turn else. */
  follow(): PublishedView | null {
    if (this.#board.epoch !== this.#epoch) this.enter();
    return this.#ring;
  }

  /**
   * Handles, now, what the supervisor has already sent: for a thread that has not come back to its
   * event loop.
   *
   * @returns whether there was anything
   */
  hear(): boolean {
    return this.#ports.drainNow(SUPERVISOR);
  }

  /** Handles, now, what anyone has already sent. */
  hearAll(): void {
    this.#ports.drainAllNow();
  }

  /** The time of the turn under way. */
  get turn(): Instant {
    return this.#now;
  }

  /** The time now, not that of the turn: for whoever may have kept the thread busy for long. */
  now(): Instant {
    return this.#clock.now();
  }

  /** The ring in use; null before the first. */
  get ring(): PublishedView | null {
    return this.#ring;
  }

  /** Says something to the supervisor about this thread. */
  tell(control: Control): void {
    this.#ports.tell(SUPERVISOR, control);
  }

  /** Has these faults act on all frames from now on. */
  impose(faults: LinkFaults): void {
    this.#ports.impose(faults);
  }

  /** Posts what is still to be said, and closes all channels. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#ports.closeAll();
  }

  // What the machine asks of the world.

  send(to: Address, message: Message): void {
    this.#ports.send(to, message);
  }

  reply(id: RequestId, reply: Reply): void {
    this.#doors.reply(this.#now, id, reply);
  }

  // What the ports bring.

  frame(from: Address, frame: Frame): void {
    const { epoch, messages } = frame;
    const channel = this.#ports.channelTo(from);
    const now = this.enter();
    // With the ring may have come the sender's next life: what its last one said is over.
    if (this.#ports.channelTo(from) !== channel) return;
    for (const message of messages) this.#machine.receive(now, from, epoch, message, this);
  }

  control(_from: Address, control: Control): void {
    if (control.control === 'slab') {
      this.#slabs.learn(control.share);
      return;
    }
    // No input to the machine, so no turn begins. To follow the ring now would mean to read on in this
    // channel: the links that this fault is about would be taken up before it, and later ones act first.
    if (control.control === 'fault' || control.control === 'pause') {
      this.#doors.control(control);
      return;
    }
    if (control.control !== 'link') {
      this.enter();
      this.#doors.control(control);
      return;
    }
    this.#openTurn();
    this.#ports.attach(control.address, control.port);
    this.#machine.peerLinked(this.#now, control.address, this);
    this.enter();
  }

  lost(address: Address): void {
    this.#openTurn();
    this.#machine.peerLost(this.#now, address, this);
    this.enter();
  }

  /** Comes from within the machine, so the ring must stay as it is. */
  waiting(): void {
    this.#openTurn();
  }

  #openTurn(): void {
    if (this.#turnOpen) return;
    this.#turnOpen = true;
    this.#now = this.#clock.now();
    this.#board.noteTime(this.#now);
    if (this.#self !== null) this.#board.countTurn(this.#self);
    setImmediate(this.#endTurn);
  }

  #followRing(): void {
    if (this.#following) return;
    this.#following = true;
    const ring = new PublishedView(this.#latestRing());
    if (this.#ring === null) this.#missPeers(ring);
    this.#ring = ring;
    this.#ports.enter(ring.epoch);
    this.#epoch = ring.epoch;
    this.#slabs.ringChanged();
    this.#machine.ringChanged(this.#now, ring, this);
    if (this.#self !== null) this.#board.noteSeen(this.#self, this.#epoch);
    this.#following = false;
  }

  /**
   * The ring that counts now, after the links and memories that came with it: those of a ring are
   * posted before it is published.
   */
  #latestRing(): PublishedRing {
    for (;;) {
      const last = this.#board.epoch;
      this.#ports.drainNow(SUPERVISOR);
      const ring = this.#board.read(last);
      // Null: there have been so many meanwhile that this one is gone.
      if (ring !== null) return ring;
    }
  }

  /**
   * A node may be on the first ring and out of reach: its range is held for it, and it can be
   * reached when it serves again. What is for it waits, as it does with those who have seen it go.
   */
  #missPeers(ring: PublishedView): void {
    for (const node of ring.nodes) {
      const address = node as number as Address;
      if (node === this.#self || this.#ports.has(address)) continue;
      this.#machine.peerLost(this.#now, address, this);
    }
  }

  readonly #endTurn = (): void => {
    if (this.#closed) return;
    if (this.#machine.deadline <= this.#now) this.#machine.tick(this.#now, this);
    this.#doors.turnEnds(this.#now);
    // What the last step brings up (a peer without a port) belongs to a turn of its own.
    this.#turnOpen = false;
    this.#ports.flush();
    this.#setTimer();
  };

  /**
   * One timer, for the machine's deadline. It is only ever moved forward: an early tick is
   * harmless. A client's timer is also what keeps a process alive that waits for an answer, so
   * without a deadline there is none.
   */
  #setTimer(): void {
    const { deadline } = this.#machine;
    if (this.#timer !== null) {
      if (this.#timerAt <= deadline && deadline !== NEVER) return;
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (deadline === NEVER) return;
    this.#timerAt = deadline;
    const wait = Math.min(Math.max(1, deadline - this.#clock.now()), TIMER_MS_MAX);
    this.#timer = setTimeout(this.#onTimer, wait);
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.enter();
  };
}
