/**
 * The updates of messages, in both directions: what one makes of those that come, and which go out
 * with a message.
 *
 *     ping ──▶ ┌ what is held against the receiver │ news │ news │ … ┐
 *     ◀── ack  └ oneself, at one's incarnation │ (the same) │ news … ┘
 *
 * First in any message comes what is held against its receiver (Lifeguard's buddy system, Dadgar et
 * al. 2018, section 3.3): nobody is served by it sooner than by the one who can refute it. First in
 * an answer comes the answerer, alive, at its incarnation. So one probe of a member that is wrongly
 * held for suspect or faulty sets that right, whatever gossip was lost.
 */
import type { Instant, NodeIndex } from '../../base/units.js';
import { SWIM_UPDATE_FIELDS } from '../../wire/fields.js';
import { type SwimGossip, tellingsOf } from './gossip.js';
import type { SwimSettings } from './options.js';
import type { Refutation, SwimSelf } from './self.js';
import { ALIVE, accuserIn, isIncarnation, packState, stateIn } from './update.js';
import type { Claim, Confidant, SwimView } from './view.js';

const NO_UPDATES: readonly number[] = [];

export class SwimNews {
  readonly #settings: SwimSettings;
  readonly #gossip: SwimGossip;
  readonly #self: SwimSelf;
  readonly #view: SwimView;
  /** Of each update at the present number of members; null when that has changed. */
  #tellings: number | null = null;

  constructor(settings: SwimSettings, gossip: SwimGossip, self: SwimSelf, view: SwimView) {
    this.#settings = settings;
    this.#gossip = gossip;
    this.#self = self;
    this.#view = view;
  }

  /** The number of members has changed. */
  resized(): void {
    this.#tellings = null;
  }

  /** Hears the updates of a message. What no member can have said is passed over. */
  read(now: Instant, updates: readonly number[], out: Confidant): Refutation {
    let refutation: Refutation = 'heard';
    for (let i = 0; i + SWIM_UPDATE_FIELDS <= updates.length; i += SWIM_UPDATE_FIELDS) {
      const node = updates[i] as NodeIndex;
      const packed = updates[i + 1] as number;
      const incarnation = updates[i + 2] as number;
      const state = stateIn(packed);
      if (state === null || !isIncarnation(incarnation, state)) continue;
      if (node === this.#self.node) {
        if (this.#self.refute(state, incarnation) === 'refuted') refutation = 'refuted';
      } else if (this.#view.has(node)) {
        this.#view.hear(now, node, { state, incarnation, accuser: accuserIn(packed) }, out);
      }
    }
    return refutation;
  }

  /**
   * The updates of a message.
   *
   * @param first the member that it brings word of, told before all others; null if there is none
   */
  write(to: NodeIndex, first: NodeIndex | null): readonly number[] {
    const isMember = this.#view.has(to);
    const isAccused = isMember && !this.#view.isAlive(to);
    if (first === null && !isAccused && this.#gossip.size === 0) return NO_UPDATES;
    const updates: number[] = [];
    if (first !== null) append(updates, first, this.#claimOf(first));
    if (isAccused) append(updates, to, this.#view.claimOf(to));
    // A stranger is told of nobody else.
    if (!isMember) return updates;
    const room = this.#settings.updates - updates.length / SWIM_UPDATE_FIELDS;
    this.#tellings ??= tellingsOf(this.#settings.tellings, this.#view.count + 1);
    this.#gossip.tell(updates, room, this.#tellings);
    return updates;
  }

  #claimOf(node: NodeIndex): Claim | null {
    const self = this.#self;
    if (node !== self.node) return this.#view.claimOf(node);
    return { state: ALIVE, incarnation: self.incarnation, accuser: self.node };
  }
}

function append(updates: number[], node: NodeIndex, claim: Claim | null): void {
  if (claim === null) return;
  updates.push(node, packState(claim.state, claim.accuser), claim.incarnation);
}
