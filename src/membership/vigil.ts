/**
 * The supervisor's own view of the nodes, and what it makes of the accusations of others. It calls a
 * node hung; nobody else does.
 *
 *     a pong (message) ───────────────▶ ┐
 *     the turn counter (shared memory)▶ │ Vigil │ ── stalled, resumed ──▶ told; nothing is done yet
 *     a peer's suspicion (message) ───▶ ┘       └── hung ──▶ its life ends
 *
 * Two senses. A *ping* says whether a node hears and answers; it takes several intervals to be sure.
 * Its *turn counter* on the board says whether its event loop moves at all: a node counts up at
 * least every `TURN_BEAT`, so one that has stood for `STANDSTILL` has stalled. No message is needed,
 * and none can be lost. Alone, a short standstill is no crime: garbage is collected, cores are busy.
 *
 *     hung  =  its loop has stood for as long as `failures` intervals, and stalled
 *           or its loop stands, and somebody misses `failures` heartbeats: this view, or a peer's
 *           or its loop moves, and it has answered none of DEAF_FACTOR × `failures` heartbeats
 *
 * **Mutual accusations** are settled here: of two nodes that accuse each other, because the link
 * between them is cut, both have loops that move, and both answer; so neither is hung, and there is
 * one ring. An accusation makes the vigil ask the accused at once, out of turn.
 *
 * **A stall of its own.** While this thread was blocked, the counters moved unseen, or the whole
 * process stood still: nobody can tell. So a look that comes late by more than `LATE_LOOK` moves
 * the beginning of every standstill, and of every suspicion, by as much, and says so.
 */
import {
  after,
  type Duration,
  duration,
  earlier,
  elapsed,
  type Instant,
  NEVER,
  type NodeIndex,
} from '../base/units.js';
import type { DetectorMessage, DetectorOutbox, Evidence } from './detector.js';
import { Heartbeat } from './heartbeat.js';

/** Who serves begins a turn at least this often, even when nothing happens. */
export const TURN_BEAT = duration(200);
/** How often the counters are looked at. */
export const LOOK_INTERVAL = duration(100);
/** A loop that has not moved for so long has stalled: 3.5 beats. */
export const STANDSTILL = duration(700);
/** A look later than this is this thread's own stall. */
export const LATE_LOOK = duration(150);
/** How many times more patience there is with a node whose loop moves, but that does not answer. */
export const DEAF_FACTOR = 3;

export interface VigilOptions {
  readonly interval: Duration;
  readonly failures: number;
  /** Turns of a node's loop, as the board has them now; null where there is no shared memory. */
  readonly turnsOf: (node: NodeIndex) => number | null;
}

export interface VigilOutbox {
  ping(node: NodeIndex, sequence: number): void;
  /** It is to be ended. It is no longer watched. */
  hung(node: NodeIndex, text: string): void;
  /** The supervisor's heartbeats are not answered, or are again. */
  suspected(node: NodeIndex, evidence: Evidence): void;
  trusted(node: NodeIndex): void;
  /** Its loop has stood for so long. */
  stalled(node: NodeIndex, standing: Duration): void;
  resumed(node: NodeIndex): void;
  /** This thread itself was late, and accuses nobody for it. */
  late(by: Duration): void;
}

/** What is known of one node. */
interface Watched {
  turns: number | null;
  /** When its loop was last seen to have moved. */
  movedAt: Instant;
  isStalled: boolean;
  /** Since when its loop has moved without a standstill, as far as was seen. */
  movesSince: Instant;
  /** Since when it has been suspected by heartbeat; null while it is not. */
  suspectedAt: Instant | null;
  /** Peers that accuse it. */
  readonly accusers: Set<NodeIndex>;
}

export class Vigil {
  readonly #options: VigilOptions;
  readonly #heartbeat: Heartbeat;
  readonly #watched = new Map<NodeIndex, Watched>();
  #lookAt: Instant = NEVER;

  constructor(options: VigilOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat(options);
  }

  get deadline(): Instant {
    return earlier(this.#lookAt, this.#heartbeat.deadline);
  }

  watch(now: Instant, node: NodeIndex): void {
    if (this.#watched.size === 0) this.#lookAt = after(now, LOOK_INTERVAL);
    this.#heartbeat.watch(now, node);
    this.#watched.set(node, {
      turns: this.#options.turnsOf(node),
      movedAt: now,
      isStalled: false,
      movesSince: now,
      suspectedAt: null,
      accusers: new Set(),
    });
  }

  unwatch(now: Instant, node: NodeIndex): void {
    this.#heartbeat.unwatch(now, node);
    this.#watched.delete(node);
    for (const { accusers } of this.#watched.values()) accusers.delete(node);
    if (this.#watched.size === 0) this.#lookAt = NEVER;
  }

  pong(now: Instant, node: NodeIndex, sequence: number, out: VigilOutbox): void {
    // Whoever missed it, it is there.
    this.#watched.get(node)?.accusers.clear();
    this.#heartbeat.receive(now, node, { type: 'pong', sequence }, this.#asDetector(now, out));
  }

  /** A peer misses the node. */
  accused(now: Instant, by: NodeIndex, node: NodeIndex): void {
    const watched = this.#watched.get(node);
    if (watched === undefined || !this.#watched.has(by)) return;
    watched.accusers.add(by);
    this.#heartbeat.hasten(now, node);
  }

  /** The peer takes it back. */
  cleared(by: NodeIndex, node: NodeIndex): void {
    this.#watched.get(node)?.accusers.delete(by);
  }

  tick(now: Instant, out: VigilOutbox): void {
    this.#heartbeat.tick(now, this.#asDetector(now, out));
    if (now < this.#lookAt) return;
    const late = elapsed(this.#lookAt, now);
    const own = late > LATE_LOOK ? late : duration(0);
    if (own > 0) out.late(own);
    this.#lookAt = after(now, LOOK_INTERVAL);
    for (const [node, watched] of this.#watched) this.#look(now, node, watched, own, out);
    if (this.#watched.size === 0) this.#lookAt = NEVER;
  }

  #look(now: Instant, node: NodeIndex, watched: Watched, own: Duration, out: VigilOutbox): void {
    const turns = this.#options.turnsOf(node);
    if (turns === null || turns !== watched.turns) {
      watched.turns = turns;
      // Who has just woken up has not had the time to answer.
      if (elapsed(watched.movedAt, now) >= STANDSTILL) watched.movesSince = now;
      watched.movedAt = now;
      if (watched.isStalled) out.resumed(node);
      watched.isStalled = false;
    } else if (own > 0) watched.movedAt = earlier(after(watched.movedAt, own), now);
    // Its answers to this thread may lie here, unread for as long as this thread stood.
    if (own > 0 && watched.suspectedAt !== null) {
      watched.suspectedAt = earlier(after(watched.suspectedAt, own), now);
    }
    const standing = elapsed(watched.movedAt, now);
    if (standing >= STANDSTILL && !watched.isStalled) {
      watched.isStalled = true;
      out.stalled(node, standing);
    }
    const verdict = this.#verdict(now, watched, standing, turns !== null);
    if (verdict === null) return;
    this.unwatch(now, node);
    out.hung(node, verdict);
  }

  /** Why a node is hung; null if it is not. */
  #verdict(
    now: Instant,
    { suspectedAt, accusers, isStalled, movedAt, movesSince }: Watched,
    standing: Duration,
    hasTurns: boolean,
  ): string | null {
    const { interval, failures } = this.#options;
    const missed = `${failures} heartbeats without an answer`;
    if (!hasTurns) return suspectedAt === null ? null : missed;
    if (isStalled && standing >= interval * failures)
      return `its event loop has stood for ${standing} ms`;
    if (isStalled && suspectedAt !== null) return `${missed}, and its event loop stands`;
    if (isStalled && accusers.size > 0) {
      const who = accusers.size === 1 ? 'a peer' : `${accusers.size} peers`;
      return `${who} had ${missed}, and its event loop stands`;
    }
    const patience = interval * failures * (DEAF_FACTOR - 1);
    const isDeaf = suspectedAt !== null && movedAt > suspectedAt;
    if (!isDeaf || now - Math.max(suspectedAt, movesSince) < patience) return null;
    return `${DEAF_FACTOR * failures} heartbeats without an answer, though its event loop moves`;
  }

  #asDetector(now: Instant, out: VigilOutbox): DetectorOutbox {
    return {
      send: (node, message: DetectorMessage) => {
        if (message.type === 'ping') out.ping(node, message.sequence);
      },
      suspect: (node, evidence) => {
        const watched = this.#watched.get(node);
        if (watched !== undefined) watched.suspectedAt = now;
        out.suspected(node, evidence);
      },
      trust: (node) => {
        const watched = this.#watched.get(node);
        if (watched !== undefined) watched.suspectedAt = null;
        out.trusted(node);
      },
      // The look, which is more frequent, has told it.
      stalled: () => {},
    };
  }
}
