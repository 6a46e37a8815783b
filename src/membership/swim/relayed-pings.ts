/**
 * Pings that others asked for: whom to bring the answer, and when to say that there is none so far.
 *
 *     asker ── ping-request ──▶ relay ── ping ──▶ subject
 *     asker ◀── nack ────────── relay               (silent for NACK_SHARE of the time-out)
 *     asker ◀── ack ─────────── relay ◀── ack ── subject      (also after the nack)
 */
import {
  after,
  type Duration,
  earlier,
  type Instant,
  NEVER,
  type NodeIndex,
} from '../../base/units.js';

/** Pings under way for others at the most; what is asked for beyond is not done. */
export const RELAYED_MAX = 64;

/** One ping for another. */
export interface RelayedPing {
  readonly asker: NodeIndex;
  /** The asker's sequence, which the answer carries. */
  readonly sequence: number;
  readonly subject: NodeIndex;
}

interface Entry extends RelayedPing {
  /** When to send the nack; null when it is sent. */
  nackAt: Instant | null;
  /** When to forget it. */
  endAt: Instant;
}

export class RelayedPings {
  /** By the relay's own sequence, in the order of their beginning. */
  readonly #entries = new Map<number, Entry>();
  #deadline: Instant = NEVER;

  get isFull(): boolean {
    return this.#entries.size >= RELAYED_MAX;
  }

  get deadline(): Instant {
    return this.#deadline;
  }

  /** @param sequence the relay's own, of its ping */
  begin(sequence: number, ping: RelayedPing, nackAt: Instant, endAt: Instant): void {
    this.#entries.set(sequence, { ...ping, nackAt, endAt });
    this.#deadline = earlier(this.#deadline, nackAt);
  }

  /** The subject's answer has come: whom to bring it. Null if nobody waits for that. */
  answered(from: NodeIndex, sequence: number): RelayedPing | null {
    const entry = this.#entries.get(sequence);
    if (entry === undefined || entry.subject !== from) return null;
    this.#entries.delete(sequence);
    return entry;
  }

  /** Whom to send a nack now. Forgets what is too old. */
  due(now: Instant): RelayedPing[] {
    const due: RelayedPing[] = [];
    if (now < this.#deadline) return due;
    for (const [sequence, entry] of this.#entries) {
      if (entry.endAt <= now) this.#entries.delete(sequence);
      if (entry.nackAt === null || entry.nackAt > now) continue;
      entry.nackAt = null;
      due.push(entry);
    }
    this.#findDeadline();
    return due;
  }

  /** A member is gone: neither it nor who waits for it is served. */
  forget(node: NodeIndex): void {
    for (const [sequence, { asker, subject }] of this.#entries) {
      if (asker === node || subject === node) this.#entries.delete(sequence);
    }
  }

  /** One slept: all is so much later. */
  extend(late: Duration): void {
    for (const entry of this.#entries.values()) {
      if (entry.nackAt !== null) entry.nackAt = after(entry.nackAt, late);
      entry.endAt = after(entry.endAt, late);
    }
    this.#findDeadline();
  }

  #findDeadline(): void {
    this.#deadline = NEVER;
    for (const { nackAt, endAt } of this.#entries.values()) {
      this.#deadline = earlier(this.#deadline, nackAt ?? endAt);
    }
  }
}
