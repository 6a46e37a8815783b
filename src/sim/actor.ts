/**
 * A thread, as far as its event loop goes: one input after the other, and none while it stands still.
 *
 *     input ──▶ stands still? ─ no ──▶ happens, in a turn of its own
 *                    │ yes
 *                    ▼
 *                  waits ── resumed: the rest of the turn, the timer if it is due, then what waits
 *
 * The timer comes first when a loop that stood goes on, as libuv has it: a detector that was late
 * asks before it has read the answers that lie there.
 *
 * Its clock is its own: ahead of true time by an offset that may grow. It never goes back, as the
 * clocks of threads do not.
 */
import { assert } from '../base/assert.js';
import { type Epoch, type Instant, instant, NEVER } from '../base/units.js';
import type { Address, Message } from '../wire/message.js';
import type { End, Holder, Input, Seat } from './channel.js';
import type { Network } from './network.js';
import type { Task } from './queue.js';
import type { Stage } from './stage.js';
import { stepNumber } from './timeline.js';

/** A timer is set for a millisecond at least. */
const TIMER_MIN_MS = 1;

const PAUSES = stepNumber('pauses');
const RESUMES = stepNumber('resumes');

class Timer implements Task {
  readonly #actor: Actor;
  readonly #at: Instant;

  constructor(actor: Actor, at: Instant) {
    this.#actor = actor;
    this.#at = at;
  }

  run(): void {
    this.#actor.timerFires(this.#at);
  }
}

export abstract class Actor implements Holder {
  readonly stage: Stage;
  readonly network: Network;
  readonly address: Address;
  readonly seat: Seat;
  isAlive = true;
  /** How far its clock is ahead. */
  ahead = 0;
  /** Channels, by address. */
  readonly ports: (End | undefined)[] = [];
  /** How long it has stood still, all in all, up to the present. */
  #stoodMs = 0;
  #standsSince: Instant | null = null;
  #standsUntil: Instant = instant(0);
  /** The latest standstill. */
  #stoodFrom: Instant = instant(0);
  #resumedAt: Instant = instant(0);
  /** The rest of the turn that was cut off. */
  #rest: (() => void) | null = null;
  readonly #waiting: Input[] = [];
  #timerAt: Instant = NEVER;
  #isTimerDue = false;

  constructor(stage: Stage, network: Network, address: Address, seat: Seat) {
    this.stage = stage;
    this.network = network;
    this.address = address;
    this.seat = seat;
  }

  abstract frame(end: End, epoch: Epoch, message: Message): void;
  abstract lost(end: End): void;
  /** The timer: whatever is due. */
  protected abstract onTimer(): void;

  /** The time by its own clock, which shows whole milliseconds. */
  get now(): Instant {
    return instant(Math.floor(this.stage.now + this.ahead));
  }

  get standsStill(): boolean {
    return this.#standsSince !== null;
  }

  /** How long it has run, all in all. */
  get ranMs(): number {
    return this.stage.now - this.stoodMs;
  }

  /** Up to when it has read what came: what came while it stood still it reads after its timers. */
  get readUntil(): Instant {
    return (
      this.#standsSince ?? (this.stage.now === this.#resumedAt ? this.#stoodFrom : this.stage.now)
    );
  }

  /** Milliseconds that it has stood still since its beginning. */
  get stoodMs(): number {
    const since = this.#standsSince;
    return since === null ? this.#stoodMs : this.#stoodMs + (this.stage.now - since);
  }

  admit(input: Input): void {
    if (!this.isAlive) return;
    if (this.standsStill) this.#waiting.push(input);
    else input.happen();
  }

  reached(_end: End, _message: Message): void {}

  holds(end: End): boolean {
    return this.isAlive && this.ports[end.address] === end;
  }

  /** Takes up an end; what came early follows. */
  protected take(end: End): void {
    end.holder = this;
    this.ports[end.address] = end;
    if (end.early.length > 0) this.stage.queue.push(this.stage.now, end);
  }

  /** Its event loop stands for so long. `rest` is what is left of the turn. */
  standStill(ms: number, rest: (() => void) | null = null): void {
    if (!this.isAlive) return;
    const until = instant(this.stage.now + ms);
    if (rest !== null) {
      assert(this.#rest === null && !this.standsStill, 'a turn is cut off once');
      this.#rest = rest;
    }
    if (this.standsStill && until <= this.#standsUntil) return;
    this.#standsSince ??= this.stage.now;
    this.#standsUntil = until;
    this.stage.timeline.note(PAUSES, this.seat, ms);
    this.stage.queue.push(until, { run: () => this.#resume() });
  }

  /** Whatever it stands still for is over. */
  wake(): void {
    if (!this.standsStill) return;
    this.#standsUntil = this.stage.now;
    this.stage.queue.push(this.stage.now, { run: () => this.#resume() });
  }

  timerFires(at: Instant): void {
    if (!this.isAlive || at !== this.#timerAt) return;
    this.#timerAt = NEVER;
    if (this.standsStill) this.#isTimerDue = true;
    else this.onTimer();
  }

  /** Sets the timer for an instant of its own clock. It is only ever moved forward. */
  protected setTimer(deadline: Instant): void {
    if (deadline === NEVER) return;
    const at = instant(Math.max(deadline - this.ahead, this.stage.now + TIMER_MIN_MS));
    if (at >= this.#timerAt) return;
    this.#timerAt = at;
    this.stage.queue.push(at, new Timer(this, at));
  }

  /** Its thread is gone: all its channels close. */
  protected end(): void {
    this.isAlive = false;
    this.#waiting.length = 0;
    this.#rest = null;
    for (const end of this.ports) if (end !== undefined) this.network.close(end);
  }

  #resume(): void {
    const since = this.#standsSince;
    if (!this.isAlive || since === null || this.stage.now < this.#standsUntil) return;
    this.#stoodMs += this.stage.now - since;
    this.#standsSince = null;
    this.#stoodFrom = since;
    this.#resumedAt = this.stage.now;
    this.stage.timeline.note(RESUMES, this.seat);
    const rest = this.#rest;
    this.#rest = null;
    rest?.();
    if (this.#isTimerDue && !this.standsStill && this.isAlive) {
      this.#isTimerDue = false;
      this.onTimer();
    }
    let read = 0;
    while (read < this.#waiting.length && !this.standsStill && this.isAlive) {
      (this.#waiting[read++] as Input).happen();
    }
    this.#waiting.splice(0, read);
  }
}
