import { type Duration, type Instant, NEVER, type NodeIndex } from '../base/units.js';
import type { DetectorMessage, DetectorOutbox } from '../membership/detector.js';
import { Heartbeat } from '../membership/heartbeat.js';
import type { Clock } from './clock.js';

export interface HeartbeatEvents {
  ping(node: NodeIndex, sequence: number): void;
  /** The node has left too many pings unanswered: it hangs. */
  hung(node: NodeIndex): void;
}

/** Gives the heartbeat detector a clock and a timer. */
export class Heartbeats implements DetectorOutbox {
  readonly #detector: Heartbeat;
  readonly #clock: Clock;
  readonly #events: HeartbeatEvents;
  #timer: NodeJS.Timeout | null = null;
  #timerAt: Instant = NEVER;
  #stopped = false;

  constructor(clock: Clock, interval: Duration, failures: number, events: HeartbeatEvents) {
    this.#clock = clock;
    this.#detector = new Heartbeat({ interval, failures });
    this.#events = events;
  }

  watch(node: NodeIndex): void {
    this.#detector.watch(this.#clock.now(), node);
    this.#setTimer();
  }

  unwatch(node: NodeIndex): void {
    this.#detector.unwatch(this.#clock.now(), node);
  }

  pong(node: NodeIndex, sequence: number): void {
    this.#detector.receive(this.#clock.now(), node, { type: 'pong', sequence }, this);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  send(node: NodeIndex, message: DetectorMessage): void {
    if (message.type === 'ping') this.#events.ping(node, message.sequence);
  }

  suspect(node: NodeIndex): void {
    this.#detector.unwatch(this.#clock.now(), node);
    this.#events.hung(node);
  }

  trust(): void {}

  /** The supervisor itself was late, and so accuses nobody; the detector has taken note. */
  stalled(): void {}

  #setTimer(): void {
    const { deadline } = this.#detector;
    if (this.#timer !== null) {
      if (this.#timerAt <= deadline) return;
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (deadline === NEVER || this.#stopped) return;
    this.#timerAt = deadline;
    const wait = Math.max(1, deadline - this.#clock.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#detector.tick(this.#clock.now(), this);
      this.#setTimer();
    }, wait).unref();
  }
}
