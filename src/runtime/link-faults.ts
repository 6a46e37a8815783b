/**
 * What is made wrong with a thread's links to its peers on purpose (fault injection).
 *
 *     PeerPorts ── frame ──▶ cut? ──▶ dropped? ──▶ delayed? ── held, in order ──▶ the channel
 *                             └─ lost ───┴─ lost      └─ lost above the limits
 *
 * Each end does so with what it sends: a delay of 10 ms is 20 ms there and back. A cut is minded by who
 * receives, too, so that what was on its way when it was made does not arrive any more.
 *
 * Faults are those of a pair of addresses, not of a channel: a peer's next life has them as well. What
 * is held was meant for one life and goes with its channel.
 *
 * Refused: closing the channel of a link that is cut. That tells both ends at once that the other is
 * gone, and a network that is cut tells nobody anything.
 */
import { performance } from 'node:perf_hooks';
import type { Prng } from '../base/prng.js';
import type { Address } from '../wire/message.js';

/** All that is wrong with a link, in both directions alike. */
export interface LinkFault {
  readonly isCut: boolean;
  /** Milliseconds that every frame takes longer. */
  readonly delayMs: number;
  /** Probability, 0 to 1, that a frame is lost. */
  readonly dropRate: number;
}

export const WHOLE: LinkFault = { isCut: false, delayMs: 0, dropRate: 0 };

export const isWhole = ({ isCut, delayMs, dropRate }: LinkFault): boolean =>
  !isCut && delayMs === 0 && dropRate === 0;

/** Frames that wait for their time on one link. Further ones are lost, and counted. */
export const FRAMES_HELD_MAX = 65_536;
/** Bytes of these frames. */
export const BYTES_HELD_MAX = 64 * 1024 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;
/** Puts a frame on the channel. */
export type Post = (frame: Bytes) => void;

export class LinkFaults {
  readonly #prng: Prng;
  readonly #now: () => number;
  /** Links with a fault, by the peer's address. */
  readonly #links: (FaultyLink | undefined)[] = [];

  /** @param now milliseconds from any origin */
  constructor(prng: Prng, now: () => number = () => performance.now()) {
    this.#prng = prng;
    this.#now = now;
  }

  /**
   * Puts a fault in place of those that the link has.
   *
   * @returns frames lost on the link since it was whole
   */
  set(peer: Address, fault: LinkFault): number {
    let link = this.#links[peer];
    if (link === undefined) {
      if (isWhole(fault)) return 0;
      link = new FaultyLink(this.#prng, this.#now);
      this.#links[peer] = link;
    }
    link.change(fault);
    if (isWhole(fault)) this.#links[peer] = undefined;
    return link.lost;
  }

  /** How frames for a peer are posted: straight if its link is whole, else as far as it lets them. */
  through(peer: Address, post: Post): Post {
    const link = this.#links[peer];
    return link === undefined ? post : (frame) => link.send(frame, post);
  }

  /** Whether a frame that comes from a peer counts as lost: it was on its way when the link was cut. */
  loses(peer: Address): boolean {
    return this.#links[peer]?.losesArrival() ?? false;
  }

  /** The channel to a peer has closed: what is held for it has nowhere to go. */
  channelCloses(peer: Address): void {
    this.#links[peer]?.forget();
  }
}

interface Held {
  readonly frame: Bytes;
  readonly post: Post;
  readonly due: number;
}

class FaultyLink {
  /** Frames that were not handed on, in either direction. */
  lost = 0;
  readonly #prng: Prng;
  readonly #now: () => number;
  #fault = WHOLE;
  /** What waits for its time, in the order in which it was sent. */
  #held: Held[] = [];
  #heldBytes = 0;
  /** When the last frame held is due: a shorter delay lets no later one overtake it. */
  #lastDue = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(prng: Prng, now: () => number) {
    this.#prng = prng;
    this.#now = now;
  }

  change(fault: LinkFault): void {
    this.#fault = fault;
    if (fault.isCut) {
      this.lost += this.#held.length;
      this.forget();
    } else if (fault.delayMs === 0) {
      this.#release(Number.POSITIVE_INFINITY);
    }
  }

  send(frame: Bytes, post: Post): void {
    const { isCut, dropRate, delayMs } = this.#fault;
    if (isCut || this.#prng.unit() < dropRate) this.lost++;
    else if (delayMs === 0) post(frame);
    else this.#hold(frame, post, delayMs);
  }

  losesArrival(): boolean {
    if (this.#fault.isCut) this.lost++;
    return this.#fault.isCut;
  }

  forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#held = [];
    this.#heldBytes = 0;
  }

  #hold(frame: Bytes, post: Post, delayMs: number): void {
    const bytes = this.#heldBytes + frame.length;
    if (this.#held.length === FRAMES_HELD_MAX || bytes > BYTES_HELD_MAX) {
      this.lost++;
      return;
    }
    this.#lastDue = Math.max(this.#lastDue, this.#now() + delayMs);
    this.#held.push({ frame, post, due: this.#lastDue });
    this.#heldBytes = bytes;
    if (this.#timer === null) this.#setTimer(delayMs);
  }

  /** Posts what was due by then. */
  #release(now: number): void {
    const later = this.#held.findIndex(({ due }) => due > now);
    const due = this.#held.splice(0, later === -1 ? this.#held.length : later);
    for (const { frame, post } of due) {
      this.#heldBytes -= frame.length;
      post(frame);
    }
    const [next] = this.#held;
    if (next === undefined) this.forget();
    // A timer may be a little early; nothing is posted before its time.
    else this.#setTimer(Math.ceil(next.due - now));
  }

  #setTimer(ms: number): void {
    this.#timer = setTimeout(() => this.#release(this.#now()), ms);
  }
}
