/**
 * A channel between two threads has two ends. An end is made for its holder, and is held once that
 * thread takes it up; what arrives before waits in it, in order.
 */
import { type Epoch, type Instant, instant } from '../base/units.js';
import type { Address, Message } from '../wire/message.js';
import type { Task } from './queue.js';

/** Who can hold an end of a channel. */
export interface Holder {
  /** Lets an input happen: now, later if its thread stands still, never if it is dead. */
  admit(input: Input): void;
  /** A message has reached the thread, which may not come to read it. */
  reached(end: End, message: Message): void;
  /** Whether the end is the one that the holder uses for its peer. */
  holds(end: End): boolean;
  frame(end: End, epoch: Epoch, message: Message): void;
  lost(end: End): void;
}

/** What happens to an actor, in a turn of its event loop. */
export interface Input extends Task {
  happen(): void;
}

/** Where an actor stands in the tables of links: nodes by index, the supervisor, clients. */
export type Seat = number;

/** One end of a channel. */
export class End implements Task {
  /** Whom it leads to. */
  readonly address: Address;
  /** Of whoever holds it, or is to. */
  readonly seat: Seat;
  holder: Holder | null = null;
  isClosed = false;
  /** When the latest of what was posted here arrives. */
  arrival: Instant = instant(0);
  /** What arrived before anybody held this end, or comes behind that. */
  early: Input[] = [];
  #other: End | null = null;

  constructor(address: Address, seat: Seat) {
    this.address = address;
    this.seat = seat;
  }

  get other(): End {
    return this.#other as End;
  }

  join(other: End): void {
    this.#other = other;
  }

  /** Hands over what came early. */
  run(): void {
    const { early, holder } = this;
    this.early = [];
    if (holder !== null) for (const input of early) holder.admit(input);
  }
}
