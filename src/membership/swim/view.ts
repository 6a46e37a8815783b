/**
 * What one member believes of all others, and how that changes by what it hears.
 *
 *                 a probe failed, or heard so                 time is up, or heard so
 *          alive ─────────────────────────────▶ suspect ────────────────────────────▶ faulty
 *            ▲                                     │                                     │
 *            ├────────── a higher incarnation ─────┘                                     │
 *            └────────── a higher incarnation: trust ────────────────────────────────────┘
 *
 * Every change is news and told on; which updates change anything is in `update.ts`.
 */
import { type Duration, elapsed, type Instant, type NodeIndex } from '../../base/units.js';
import type { DetectorOutbox, Evidence } from '../detector.js';
import type { SwimGossip } from './gossip.js';
import { SwimMembers } from './members.js';
import type { SwimSettings, SwimState } from './options.js';
import { Suspicions } from './suspicions.js';
import { ALIVE, FAULTY, packState, rankOf, type StateCode, SUSPECT, UNWATCHED } from './update.js';

/** Who is told what is believed. */
export type Confidant = Pick<DetectorOutbox, 'suspect' | 'trust'>;

/** What somebody says of a member. */
export interface Claim {
  readonly state: StateCode;
  readonly incarnation: number;
  /** Who found out, if the state is `suspect`; else of no meaning. */
  readonly accuser: NodeIndex;
}

const STATE_NAMES: Readonly<Record<StateCode, SwimState>> = {
  [ALIVE]: 'alive',
  [SUSPECT]: 'suspect',
  [FAULTY]: 'faulty',
};

export class SwimView {
  readonly #settings: SwimSettings;
  readonly #gossip: SwimGossip;
  readonly #members: SwimMembers;
  readonly #suspicions: Suspicions;
  /** The faulty; first who was probed longest ago. */
  readonly #faulty = new Set<NodeIndex>();

  constructor(settings: SwimSettings, gossip: SwimGossip) {
    this.#settings = settings;
    this.#gossip = gossip;
    this.#members = new SwimMembers(settings.capacity);
    this.#suspicions = new Suspicions(settings);
  }

  /** Members watched: all but oneself. */
  get count(): number {
    return this.#members.count;
  }

  get faultyCount(): number {
    return this.#faulty.size;
  }

  /** When `expire` may next have work. */
  get deadline(): Instant {
    return this.#suspicions.deadline;
  }

  has(node: NodeIndex): boolean {
    return this.#members.has(node);
  }

  isAlive(node: NodeIndex): boolean {
    return this.#members.state(node) === ALIVE;
  }

  isFaulty(node: NodeIndex): boolean {
    return this.#members.state(node) === FAULTY;
  }

  stateOf(node: NodeIndex): SwimState | 'unwatched' {
    const code = this.#members.state(node);
    return code === UNWATCHED ? 'unwatched' : STATE_NAMES[code];
  }

  /** What is believed of a member; null if it is none. */
  claimOf(node: NodeIndex): Claim | null {
    const state = this.#members.state(node);
    if (state === UNWATCHED) return null;
    const accuser = this.#suspicions.accuserOf(node) ?? this.#settings.self;
    return { state, incarnation: this.#members.incarnation(node), accuser };
  }

  watch(now: Instant, node: NodeIndex): void {
    this.#members.add(node, ALIVE, now);
    this.#suspicions.resized();
  }

  unwatch(node: NodeIndex): void {
    this.#members.remove(node);
    this.#gossip.forget(node);
    this.#suspicions.end(node);
    this.#suspicions.resized();
    this.#faulty.delete(node);
  }

  /** The faulty member whose turn it is to be probed; null where nobody is faulty. */
  nextFaulty(): NodeIndex | null {
    const node = this.#faulty.values().next().value;
    if (node === undefined) return null;
    this.#faulty.delete(node);
    this.#faulty.add(node);
    return node;
  }

  /** A message has come from a member. */
  heardFrom(now: Instant, node: NodeIndex): void {
    this.#members.heard(node, now);
  }

  /** A probe of it was answered. */
  answered(node: NodeIndex): void {
    this.#members.answered(node);
  }

  /** A probe of it was not answered: it is suspected, or by one more. */
  unanswered(now: Instant, node: NodeIndex, out: Confidant): void {
    this.#members.miss(node);
    const incarnation = this.#members.incarnation(node);
    this.hear(now, node, { state: SUSPECT, incarnation, accuser: this.#settings.self }, out);
  }

  /** A member is said to be in a state: believed if that outranks what is held. */
  hear(now: Instant, node: NodeIndex, claim: Claim, out: Confidant): void {
    const held = this.#members.rank(node);
    const said = rankOf(claim.state, claim.incarnation);
    if (said > held) this.#change(now, node, claim, out);
    else if (said === held && claim.state === SUSPECT) this.#confirm(node, claim);
  }

  /**
   * Declares faulty whose time is up.
   *
   * @param patience how long a last call waits for its answer
   * @returns whom to ping before that
   */
  expire(now: Instant, patience: Duration, out: Confidant): NodeIndex[] {
    const called: NodeIndex[] = [];
    for (const [node, verdict] of this.#suspicions.due(now, patience)) {
      const claim = this.claimOf(node);
      // Who was told of one may have unwatched the next.
      if (claim?.state !== SUSPECT) continue;
      if (verdict === 'call') called.push(node);
      else this.#change(now, node, { ...claim, state: FAULTY }, out);
    }
    return called;
  }

  /** One slept: suspicions run so much longer, and none ends before `earliest`. */
  extend(late: Duration, earliest: Instant): void {
    this.#suspicions.extend(late, earliest);
  }

  /** One more accuses a suspect: news, as long as it brings the end nearer. */
  #confirm(node: NodeIndex, { state, incarnation, accuser }: Claim): void {
    const isWitness = accuser === this.#settings.self || this.#members.has(accuser);
    if (!isWitness || !this.#suspicions.confirm(node, accuser)) return;
    this.#gossip.put(node, packState(state, accuser), incarnation);
  }

  #change(now: Instant, node: NodeIndex, claim: Claim, out: Confidant): void {
    const { state, incarnation, accuser } = claim;
    const was = this.#members.state(node);
    this.#members.set(node, state, incarnation);
    this.#gossip.put(node, packState(state, accuser), incarnation);
    this.#suspicions.end(node);
    if (state === SUSPECT) this.#suspicions.begin(now, node, accuser, this.count + 1);
    if (state === FAULTY) this.#faulty.add(node);
    else this.#faulty.delete(node);
    this.#settings.observer?.onState(node, STATE_NAMES[state], incarnation);
    // Last, and nothing behind it: who is told may unwatch the member.
    if (state === FAULTY && was !== FAULTY) out.suspect(node, this.#evidence(now, node));
    if (state !== FAULTY && was === FAULTY) out.trust(node);
  }

  #evidence(now: Instant, node: NodeIndex): Evidence {
    // By hearsay one may have missed nothing oneself; somebody has.
    const missed = Math.max(1, this.#members.missed(node));
    return { missed, silent: elapsed(this.#members.heardAt(node), now) };
  }
}
