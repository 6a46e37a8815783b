/** Planted faults of nodes: each breaks one rule that nodes keep. */
import type { Epoch, Instant, KeyHash, NodeIndex } from '../../base/units.js';
import type {
  Detector,
  DetectorMessage,
  DetectorOutbox,
  Evidence,
} from '../../membership/detector.js';
import type { RingView } from '../../node/ring-view.js';
import type { Member } from '../member.js';
import { Parts } from '../parts.js';

/** A detector around another, whose outbox a plant changes. */
abstract class PlantedDetector implements Detector {
  readonly #inner: Detector;

  constructor(inner: Detector) {
    this.#inner = inner;
  }

  protected abstract planted(out: DetectorOutbox): DetectorOutbox;

  get deadline(): Instant {
    return this.#inner.deadline;
  }

  watch(now: Instant, node: NodeIndex): void {
    this.#inner.watch(now, node);
  }

  unwatch(now: Instant, node: NodeIndex): void {
    this.#inner.unwatch(now, node);
  }

  receive(now: Instant, from: NodeIndex, message: DetectorMessage, out: DetectorOutbox): void {
    this.#inner.receive(now, from, message, this.planted(out));
  }

  tick(now: Instant, out: DetectorOutbox): void {
    this.#inner.tick(now, this.planted(out));
  }
}

class NeverTrusting extends PlantedDetector {
  protected planted(out: DetectorOutbox): DetectorOutbox {
    return {
      send: (to, message) => out.send(to, message),
      suspect: (node, evidence) => out.suspect(node, evidence),
      trust: () => {},
      stalled: (late) => out.stalled(late),
    };
  }
}

export class NeverTrusts extends Parts {
  override detector(detector: Detector): Detector {
    return new NeverTrusting(detector);
  }
}

/** Executes what was asked under another ring. */
export class IgnoresEpoch extends Parts {
  override epochOf(member: Member, said: Epoch): Epoch {
    return member.ring?.epoch ?? said;
  }
}

export class ExecutesTwice extends Parts {
  override get doubles(): boolean {
    return true;
  }
}

/** A ring without some of its nodes, in the eyes of who has taken them off by itself. */
class MaskedRing implements RingView {
  readonly #ring: RingView;
  readonly #isMasked: (node: NodeIndex) => boolean;

  constructor(ring: RingView, isMasked: (node: NodeIndex) => boolean) {
    this.#ring = ring;
    this.#isMasked = isMasked;
  }

  get epoch(): Epoch {
    return this.#ring.epoch;
  }

  get nodes(): readonly NodeIndex[] {
    return this.#ring.nodes;
  }

  /** The next node in order takes over: what counts is that it is another. */
  owner(hash: KeyHash): NodeIndex | null {
    const owner = this.#ring.owner(hash);
    if (owner === null || !this.#isMasked(owner)) return owner;
    const { nodes } = this.#ring;
    const at = nodes.indexOf(owner);
    for (let i = 1; i < nodes.length; i++) {
      const next = nodes[(at + i) % nodes.length] as NodeIndex;
      if (!this.#isMasked(next)) return next;
    }
    return owner;
  }

  covers(hash: KeyHash, written: Epoch): boolean {
    return this.#ring.covers(hash, written);
  }

  isUp(node: NodeIndex): boolean {
    return this.#ring.isUp(node);
  }
}

/** A node takes whom it suspects off its own ring, and serves in its place. */
export class TwoAuthorities extends Parts {
  readonly #suspects = new Map<object, Set<NodeIndex>>();
  #latest: Set<NodeIndex> = new Set();

  override detector(detector: Detector): Detector {
    const suspects = new Set<NodeIndex>();
    this.#latest = suspects;
    return new Deciding(detector, suspects);
  }

  override ringFor(member: Member, ring: RingView): RingView {
    if (member.address > MAX_NODE) return ring;
    // A node's detector is made just before it sees its first ring.
    const own = this.#suspects.get(member) ?? this.#latest;
    this.#suspects.set(member, own);
    return new MaskedRing(ring, (node) => own.has(node));
  }
}

const MAX_NODE = 63;

class Deciding extends PlantedDetector {
  readonly #suspects: Set<NodeIndex>;

  constructor(inner: Detector, suspects: Set<NodeIndex>) {
    super(inner);
    this.#suspects = suspects;
  }

  protected planted(out: DetectorOutbox): DetectorOutbox {
    return {
      send: (to, message) => out.send(to, message),
      suspect: (node: NodeIndex, evidence: Evidence) => {
        this.#suspects.add(node);
        out.suspect(node, evidence);
      },
      trust: (node) => {
        this.#suspects.delete(node);
        out.trust(node);
      },
      stalled: (late) => out.stalled(late),
    };
  }
}

/** Whoever cannot reach an owner goes to its neighbour, and the neighbour serves. */
export class NeighbourServes extends Parts {
  override ringFor(member: Member, ring: RingView): RingView {
    return new MaskedRing(
      ring,
      (node) => (node as number) !== member.address && member.ports[node] === undefined,
    );
  }
}
