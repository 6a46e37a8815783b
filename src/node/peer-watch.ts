/**
 * A node's eye on its peers: whom its detector watches, what comes of a suspicion, and whether the
 * node is cut off.
 *
 *     on the ring and within reach ──▶ watched ── suspected ──▶ not spoken to (router.ts)
 *                                                    │         the supervisor is told, and decides
 *                                                    └ trusted ◀── it answers again
 *
 * **Isolated** is a node that hears from none of those it watches although they live: their turn
 * counters, which it reads in shared memory, move on. So it is its own links that are cut. Peers that
 * hang or have died leave nobody isolated: whoever is left goes on.
 */
import { type Duration, type Instant, NEVER, type NodeIndex } from '../base/units.js';
import type {
  Detector,
  DetectorMessage,
  DetectorOutbox,
  Evidence,
} from '../membership/detector.js';

export interface PeerWatchOptions {
  readonly self: NodeIndex;
  readonly detector: Detector;
  /** Turns of a node's event loop; null where they cannot be seen. */
  readonly turnsOf: (node: NodeIndex) => number | null;
}

/** What becomes of what the detector says. */
export interface PeerWatchOutbox {
  send(to: NodeIndex, message: DetectorMessage): void;
  suspected(node: NodeIndex, evidence: Evidence): void;
  trusted(node: NodeIndex): void;
  late(by: Duration): void;
}

export class PeerWatch {
  readonly #self: NodeIndex;
  readonly #detector: Detector;
  readonly #turnsOf: PeerWatchOptions['turnsOf'];
  /** The nodes of the ring. */
  #nodes: readonly NodeIndex[] = [];
  readonly #lost = new Set<NodeIndex>();
  readonly #watched = new Set<NodeIndex>();
  /** Whom it suspects, and how many turns they had begun by then. */
  readonly #suspects = new Map<NodeIndex, number | null>();

  constructor({ self, detector, turnsOf }: PeerWatchOptions) {
    this.#self = self;
    this.#detector = detector;
    this.#turnsOf = turnsOf;
  }

  get deadline(): Instant {
    return this.#watched.size === 0 ? NEVER : this.#detector.deadline;
  }

  get suspects(): number {
    return this.#suspects.size;
  }

  /** Whether the node hears from nobody, though they live. */
  get isIsolated(): boolean {
    const { size } = this.#suspects;
    if (size === 0 || size < this.#watched.size) return false;
    for (const [node, turns] of this.#suspects) {
      if (turns !== null && this.#turnsOf(node) === turns) return false;
    }
    return true;
  }

  ringChanged(now: Instant, nodes: readonly NodeIndex[], out: PeerWatchOutbox): void {
    this.#nodes = nodes;
    for (const node of this.#watched) {
      if (!nodes.includes(node)) this.#unwatch(now, node, out);
    }
    for (const node of nodes) this.#watch(now, node);
  }

  peerLost(now: Instant, node: NodeIndex, out: PeerWatchOutbox): void {
    this.#lost.add(node);
    this.#unwatch(now, node, out);
  }

  peerLinked(now: Instant, node: NodeIndex): void {
    this.#lost.delete(node);
    if (this.#nodes.includes(node)) this.#watch(now, node);
  }

  receive(now: Instant, from: NodeIndex, message: DetectorMessage, out: PeerWatchOutbox): void {
    this.#detector.receive(now, from, message, this.#outbox(out));
  }

  tick(now: Instant, out: PeerWatchOutbox): void {
    if (this.deadline <= now) this.#detector.tick(now, this.#outbox(out));
  }

  #watch(now: Instant, node: NodeIndex): void {
    if (node === this.#self || this.#lost.has(node) || this.#watched.has(node)) return;
    this.#watched.add(node);
    this.#detector.watch(now, node);
  }

  #unwatch(now: Instant, node: NodeIndex, out: PeerWatchOutbox): void {
    if (!this.#watched.delete(node)) return;
    this.#detector.unwatch(now, node);
    if (this.#suspects.delete(node)) out.trusted(node);
  }

  #outbox(out: PeerWatchOutbox): DetectorOutbox {
    return {
      send: (to, message) => out.send(to, message),
      suspect: (node, evidence) => {
        if (!this.#watched.has(node)) return;
        this.#suspects.set(node, this.#turnsOf(node));
        out.suspected(node, evidence);
      },
      trust: (node) => {
        if (this.#suspects.delete(node)) out.trusted(node);
      },
      stalled: (late) => out.late(late),
    };
  }
}
