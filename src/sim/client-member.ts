/**
 * A client: a thread with a router, that reads owners' memory in place where it may, and asks where
 * it may not. It dies between any two of its steps.
 *
 * A read in place has three: the ring is followed; the owner's slab is looked into; the epoch word is
 * looked at again. In production they come back to back, in one thread. Here other threads run
 * between them at times (`stepped-reads`), for as long as a thread can be kept off its core.
 */
import { type Epoch, type Instant, instant, NEVER } from '../base/units.js';
import { Command } from '../node/command.js';
import type { Outbox } from '../node/outbox.js';
import { Reply } from '../node/reply.js';
import type { RingView } from '../node/ring-view.js';
import type { Router } from '../node/router.js';
import type { SharedReads } from '../node/shared-reads.js';
import { ReadScratch, type SlabReader } from '../slab/reader.js';
import type { Address, Message, RequestId } from '../wire/message.js';
import type { End, Seat } from './channel.js';
import type { Control, Machine, World } from './cluster.js';
import { isNode, Member, nodeAt } from './member.js';
import type { Memory } from './memory.js';
import { stepNumber } from './timeline.js';

/** Rings that one read looks under, as a client of production does. */
const RINGS_MAX = 4;
/** The longest that a reader is kept off its core between two steps. */
const STEP_MS_MAX = 60;
/** How much later than others a client may notice a ring. */
const NOTICE_MS_MAX = 400;

const LOOKS = stepNumber('looks');
const DIES = stepNumber('dies');

/** What is told of each look into a memory. */
export type OnLook = (memory: Memory, reader: SlabReader, command: Command) => void;

/** A router with the verbs of a machine. */
class RouterMachine implements Machine {
  readonly router: Router;

  constructor(router: Router) {
    this.router = router;
  }

  get deadline(): Instant {
    return this.router.deadline;
  }

  receive(now: Instant, from: Address, _epoch: Epoch, message: Message, out: Outbox): void {
    if (isNode(from)) this.router.receive(now, from, message, out);
  }

  ringChanged(now: Instant, ring: RingView, out: Outbox): void {
    this.router.ringChanged(now, ring, out);
  }

  peerLost(now: Instant, peer: Address, out: Outbox): void {
    if (isNode(peer)) this.router.peerLost(now, nodeAt(peer), out);
  }

  peerLinked(now: Instant, peer: Address, out: Outbox): void {
    if (isNode(peer)) this.router.peerLinked(now, nodeAt(peer), out);
  }

  tick(now: Instant, out: Outbox): void {
    this.router.tick(now, out);
  }
}

export class ClientMember extends Member {
  readonly machine: RouterMachine;
  /** The command that is submitted next, and read by. */
  readonly command = new Command();
  protected readonly scratch = new ReadScratch();
  readonly #reads: SharedReads | null;
  readonly #supervisor: End;
  readonly #onLook: OnLook;
  readonly #reply = new Reply();
  /** Which epoch it has not noticed yet, and when it will. */
  #unnoticed: Epoch | null = null;
  #noticesAt: Instant = NEVER;

  constructor(
    world: World,
    address: Address,
    seat: Seat,
    memories: readonly Memory[],
    supervisor: End,
    onLook: OnLook,
  ) {
    super(world, address, seat, memories);
    this.machine = new RouterMachine(world.parts.router());
    this.#reads = world.stage.swarm.readsInPlace ? world.parts.reads(this) : null;
    this.#supervisor = supervisor;
    this.#onLook = onLook;
  }

  protected get ownDeadline(): Instant {
    return this.#unnoticed === null ? NEVER : instant(this.#noticesAt + this.ahead);
  }

  get outstanding(): number {
    return this.machine.router.stats.outstanding;
  }

  begin(): void {
    this.beginTurns(this.#supervisor);
  }

  /** Submits `command`. */
  submit(id: RequestId): void {
    this.enter();
    const { ring, command } = this;
    const isRead = command.op === 'get' && this.#reads !== null && ring !== null;
    if (isRead && this.machine.router.isQuiet(command.key.hash)) {
      this.#step(() => this.#look(id, ring, 1));
    } else {
      this.machine.router.request(this.now, id, command, this.out);
      this.leave();
    }
  }

  die(): void {
    if (!this.isAlive) return;
    this.stage.timeline.note(DIES, this.seat);
    this.end();
    this.network.close(this.#supervisor);
  }

  protected notices(epoch: Epoch): boolean {
    const { swarm, isCalm, chances, now } = this.stage;
    if (isCalm || this.ring === null || !swarm.faults.has('stale-view')) return true;
    if (this.#unnoticed !== epoch) {
      this.#unnoticed = epoch;
      this.#noticesAt = instant(now + NOTICE_MS_MAX * chances.steps.unit());
    }
    return now >= this.#noticesAt;
  }

  protected override onRing(): void {
    this.#unnoticed = null;
  }

  protected onControl(_control: Control): void {}

  /** The next step of a read, now or after others have run. */
  #step(next: () => void): void {
    const { swarm, isCalm, chances } = this.stage;
    const isCutOff =
      !isCalm && swarm.faults.has('stepped-reads') && chances.steps.unit() < swarm.stepShare;
    if (isCutOff) this.standStill(STEP_MS_MAX * chances.steps.unit(), next);
    else next();
  }

  #look(id: RequestId, ring: RingView, tries: number): void {
    const reads = this.#reads as SharedReads;
    const hasLooked = reads.look(ring, this.command.key, 'value');
    const owner = ring.owner(this.command.key.hash);
    const memory = owner === null ? null : this.memoryOf(owner);
    if (hasLooked && memory !== null) this.#onLook(memory, reads.slab, this.command);
    this.stage.timeline.note(LOOKS, this.seat, id, ring.epoch, hasLooked ? 1 : 0);
    this.#step(() => this.#confirm(id, ring, tries, hasLooked));
  }

  #confirm(id: RequestId, ring: RingView, tries: number, hasLooked: boolean): void {
    const reads = this.#reads as SharedReads;
    const outcome = hasLooked ? reads.confirm(ring, this.command.key) : 'unread';
    if (outcome !== 'unread') {
      this.#answer(id, outcome === 'found', reads.slab);
      this.leave();
      return;
    }
    this.enter();
    const next = this.ring;
    if (next !== null && next !== ring && tries < RINGS_MAX) this.#look(id, next, tries + 1);
    else {
      this.machine.router.request(this.now, id, this.command, this.out);
      this.leave();
    }
  }

  #answer(id: RequestId, isFound: boolean, slab: SlabReader): void {
    const reply = this.#reply;
    if (!isFound || slab.expiry <= this.now) {
      slab.noteMiss();
      this.reply(id, reply.clear('miss'));
      return;
    }
    slab.noteHit();
    reply.describe(slab).lendScratch(slab.scratch);
    this.reply(id, reply);
  }
}
