/**
 * A client: a thread with a router, that reads owners' memory in place where it may, and asks where
 * it may not; and that loads what is not there. It dies between any two of its steps.
 *
 * A read in place has three: the ring is followed; the owner's slab is looked into; the epoch word is
 * looked at again. In production they come back to back, in one thread. Here other threads run
 * between them at times (`stepped-reads`), for as long as a thread can be kept off its core.
 */
import { type Epoch, type Instant, instant, NEVER } from '../base/units.js';
import { CircuitBreaker } from '../loading/breaker.js';
import { Command } from '../node/command.js';
import type { Outbox } from '../node/outbox.js';
import { Reply } from '../node/reply.js';
import type { RingView } from '../node/ring-view.js';
import type { Router } from '../node/router.js';
import type { SharedReads } from '../node/shared-reads.js';
import { ReadScratch, type SlabReader } from '../slab/reader.js';
import type { Address, RequestId } from '../wire/message.js';
import type { End, Seat } from './channel.js';
import { ClientLoads, type LoadsHost } from './client-loads.js';
import { ClientMachine } from './client-machine.js';
import type { Control, World } from './cluster.js';
import type { Operation } from './history.js';
import { Member } from './member.js';
import type { Memory } from './memory.js';
import { stepNumber } from './timeline.js';

/** Rings that one read looks under, as a client of production does. */
const RINGS_MAX = 4;
/** The longest that a reader is kept off its core between two steps. */
const STEP_MS_MAX = 60;
/** How much later than others a client may notice a ring. */
const NOTICE_MS_MAX = 400;

/** It opens soon, and is not open for long. */
const BREAKER = { failures: 3, resetAfter: 500 };

const LOOKS = stepNumber('looks');
const DIES = stepNumber('dies');

/** What is told of each look into a memory. */
export type OnLook = (memory: Memory, reader: SlabReader, command: Command) => void;

/** Who wants to know what is in place. */
interface Reading {
  /** The number of the operation, for the timeline. */
  readonly id: number;
  /** It was looked at, and that may be said; `slab` has it. */
  seen(isFound: boolean, ring: RingView, slab: SlabReader): void;
  unseen(): void;
}

export class ClientMember extends Member implements LoadsHost {
  readonly machine: ClientMachine;
  readonly router: Router;
  readonly reads: SharedReads | null;
  readonly loads: ClientLoads;
  /** The command that is submitted next, and read by. */
  readonly command = new Command();
  protected readonly scratch = new ReadScratch();
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
    const { parts, stage } = world;
    const { swarm, chances } = stage;
    this.router = parts.router();
    this.reads = swarm.readsInPlace ? parts.reads(this) : null;
    const hasBreaker = swarm.breakers && chances.loads.unit() < 0.5;
    const breaker = hasBreaker ? new CircuitBreaker(BREAKER) : null;
    const { loadsMax: concurrency, waitersMax: waiters } = swarm;
    this.loads = new ClientLoads(this, parts.loads({ concurrency, waiters }), breaker);
    this.machine = new ClientMachine(address, this.router, this.loads);
    this.#supervisor = supervisor;
    this.#onLook = onLook;
  }

  protected get ownDeadline(): Instant {
    return this.#unnoticed === null ? NEVER : instant(this.#noticesAt + this.ahead);
  }

  get outstanding(): number {
    return this.router.stats.outstanding;
  }

  begin(): void {
    this.beginTurns(this.#supervisor);
  }

  get outbox(): Outbox {
    return this.out;
  }

  /** Submits `command`. */
  submit(id: RequestId): void {
    this.enter();
    const { command } = this;
    const { op } = command;
    if (op === 'set' || op === 'delete' || op === 'expire') this.loads.wrote(command);
    if (op !== 'get') this.#ask(id);
    else this.#read(this.#getting(id));
  }

  /** Begins a getOrLoad of the key in `command`. */
  load(operation: Operation): void {
    this.enter();
    const { loads } = this;
    const reading: Reading = {
      id: operation.id,
      seen: (isFound, ring, slab) => {
        const look = loads.lookOf(isFound, slab, ring);
        if (look.kept !== null && look.kept.expiry > this.now) slab.noteHit();
        else slab.noteMiss();
        loads.begin(operation, look);
        this.leave();
      },
      unseen: () => {
        loads.begin(operation, null);
        this.leave();
      },
    };
    if (loads.isBlind()) reading.unseen();
    else this.#read(reading);
  }

  looked(ring: RingView, command: Command): void {
    const owner = ring.owner(command.key.hash);
    const memory = owner === null ? null : this.memoryOf(owner);
    if (memory !== null) this.#onLook(memory, (this.reads as SharedReads).slab, command);
  }

  /** Answers to the loads' requests, which count down, are theirs. */
  override reply(id: RequestId, reply: Reply): void {
    if (id < 0) this.loads.replied(id, reply);
    else super.reply(id, reply);
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

  #getting(id: RequestId): Reading {
    return {
      id,
      seen: (isFound, _ring, slab) => {
        this.#answer(id, isFound, slab);
        this.leave();
      },
      unseen: () => this.#ask(id),
    };
  }

  #ask(id: RequestId): void {
    this.router.request(this.now, id, this.command, this.out);
    this.leave();
  }

  /** Reads the key of `command` in place, where that is allowed. */
  #read(reading: Reading): void {
    const { ring, reads } = this;
    if (reads === null || ring === null || !this.router.isQuiet(this.command.key.hash)) {
      reading.unseen();
    } else this.#step(() => this.#look(reading, reads, ring, 1));
  }

  #look(reading: Reading, reads: SharedReads, ring: RingView, tries: number): void {
    const hasLooked = reads.look(ring, this.command.key, 'value');
    if (hasLooked) this.looked(ring, this.command);
    this.stage.timeline.note(LOOKS, this.seat, reading.id, ring.epoch, hasLooked ? 1 : 0);
    this.#step(() => this.#confirm(reading, reads, ring, tries, hasLooked));
  }

  #confirm(
    reading: Reading,
    reads: SharedReads,
    ring: RingView,
    tries: number,
    hasLooked: boolean,
  ): void {
    const outcome = hasLooked ? reads.confirm(ring, this.command.key) : 'unread';
    if (outcome !== 'unread') {
      reading.seen(outcome === 'found', ring, reads.slab);
      return;
    }
    this.enter();
    const next = this.ring;
    if (next !== null && next !== ring && tries < RINGS_MAX) {
      this.#look(reading, reads, next, tries + 1);
    } else reading.unseen();
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
