/**
 * The suspicions that run, one of each suspect, and when the next one ends.
 *
 * The end that is known is a lower bound: a suspicion that is refuted does not move it, so that
 * neither beginning nor ending one looks through the others. Under heavy loss in a large cluster
 * hundreds run at a time and nearly all are refuted; the price is a look in vain now and then.
 */
import { type Duration, earlier, type Instant, NEVER, type NodeIndex } from '../../base/units.js';
import type { SwimSettings } from './options.js';
import { Suspicion, type SuspicionBounds, suspicionBounds, type Verdict } from './suspicion.js';

const NOBODY: readonly [] = [];

export class Suspicions {
  readonly #settings: SwimSettings;
  readonly #running = new Map<NodeIndex, Suspicion>();
  /** No suspicion ends sooner. */
  #soonest: Instant = NEVER;
  /** Of those that begin now; null when the number of members has changed. */
  #bounds: SuspicionBounds | null = null;

  constructor(settings: SwimSettings) {
    this.#settings = settings;
  }

  /** When `due` may next find one. */
  get deadline(): Instant {
    return this.#soonest;
  }

  /** The number of members has changed; suspicions that run keep their time-out. */
  resized(): void {
    this.#bounds = null;
  }

  /** @param size members, with oneself */
  begin(now: Instant, node: NodeIndex, accuser: NodeIndex, size: number): void {
    const { interval, suspicionMult, suspicionMaxMult, lastCalls } = this.#settings;
    this.#bounds ??= suspicionBounds(size, interval, suspicionMult, suspicionMaxMult);
    const suspicion = new Suspicion(now, accuser, this.#bounds, lastCalls);
    this.#running.set(node, suspicion);
    this.#soonest = earlier(this.#soonest, suspicion.deadline);
  }

  /** One more accuses a suspect. False: that changes nothing. */
  confirm(node: NodeIndex, accuser: NodeIndex): boolean {
    const suspicion = this.#running.get(node);
    if (suspicion === undefined || !suspicion.confirm(accuser)) return false;
    this.#soonest = earlier(this.#soonest, suspicion.deadline);
    return true;
  }

  /** Refuted, or come true. */
  end(node: NodeIndex): void {
    this.#running.delete(node);
  }

  /** Who accused a suspect first; null if it is none. */
  accuserOf(node: NodeIndex): NodeIndex | null {
    return this.#running.get(node)?.accuser ?? null;
  }

  /**
   * Whose time is up, and what is to be done about it; of who is called the time goes on.
   *
   * @param patience how long a call waits for its answer
   */
  due(now: Instant, patience: Duration): readonly (readonly [NodeIndex, Verdict])[] {
    if (now < this.#soonest) return NOBODY;
    const due: [NodeIndex, Verdict][] = [];
    this.#soonest = NEVER;
    for (const [node, suspicion] of this.#running) {
      if (suspicion.deadline <= now) due.push([node, suspicion.timeIsUp(now, patience)]);
      if (suspicion.deadline > now) this.#soonest = earlier(this.#soonest, suspicion.deadline);
    }
    return due;
  }

  /** One slept: all run so much longer, and none ends before `earliest`. */
  extend(late: Duration, earliest: Instant): void {
    this.#soonest = NEVER;
    for (const suspicion of this.#running.values()) {
      suspicion.extend(late, earliest);
      this.#soonest = earlier(this.#soonest, suspicion.deadline);
    }
  }
}
