/**
 * What everything in a run shares: the time, the queue of what is to happen, the sources of chance,
 * the timeline, and the place where the first violation is put down. It decides nothing.
 *
 * Chance is forked for each subsystem, so that a network that draws once more does not change the
 * faults that come.
 */
import { Prng } from '../base/prng.js';
import { after, type Duration, type Instant, instant } from '../base/units.js';
import { EventQueue, type Task } from './queue.js';
import type { Swarm } from './swarm.js';
import { Timeline } from './timeline.js';

/** When a run begins. Not 0: that a time is 0 must mean nothing to anybody. */
const BEGINNING = instant(1_000);

/** No run takes a tenth of this. */
const EVENTS_MAX = 2_000_000;

/** What a checker found, and of whom the timeline should tell. */
export interface Violation {
  /** The checker that found it. */
  readonly check: string;
  readonly text: string;
  /** The key or the node that it is about; null where it is about none. */
  readonly key: number | null;
  readonly node: number | null;
  /** Operations that show it. */
  readonly operations: readonly number[];
}

/** One source of chance for each subsystem. */
export interface Chances {
  readonly network: Prng;
  readonly lives: Prng;
  readonly clocks: Prng;
  readonly faults: Prng;
  readonly workload: Prng;
  readonly steps: Prng;
  readonly supervisor: Prng;
  readonly loads: Prng;
}

export class Stage {
  readonly swarm: Swarm;
  readonly queue = new EventQueue();
  readonly timeline: Timeline;
  readonly chances: Chances;
  now: Instant = BEGINNING;
  /** Whether the faults have ended: from now on everything must go well. */
  isCalm = false;
  events = 0;
  #violation: Violation | null = null;
  #stamp = 0;

  constructor(swarm: Swarm) {
    this.swarm = swarm;
    this.timeline = new Timeline(this);
    // Not the stream that the swarm was drawn from.
    const root = new Prng(swarm.seed ^ 0x5eed);
    this.chances = {
      network: root.fork(),
      lives: root.fork(),
      clocks: root.fork(),
      faults: root.fork(),
      workload: root.fork(),
      steps: root.fork(),
      supervisor: root.fork(),
      loads: root.fork(),
    };
  }

  get violation(): Violation | null {
    return this.#violation;
  }

  plan(wait: number, task: Task): void {
    this.queue.push(after(this.now, wait as Duration), task);
  }

  /** Runs what is due until `end`, the first violation, or until nothing is left. */
  runUntil(end: Instant): void {
    const { queue } = this;
    while (queue.due <= end && this.#violation === null && this.events <= EVENTS_MAX) {
      this.now = queue.due;
      this.events++;
      queue.pop().run();
    }
    if (this.#violation === null) this.now = end;
    if (this.events > EVENTS_MAX) this.blame('liveness', `${this.events} events, and no end`);
  }

  /** How far ahead a thread's clock begins. */
  drawAhead(): number {
    const { skewMax } = this.swarm;
    return skewMax === 0 ? 0 : skewMax * this.chances.clocks.unit();
  }

  /** A number above all before: what comes later in real time has a higher one. */
  stamp(): number {
    return ++this.#stamp;
  }

  /** Something is wrong. The first thing counts: what follows may follow from it. */
  blame(
    check: string,
    text: string,
    about: Partial<Pick<Violation, 'key' | 'node' | 'operations'>> = {},
  ): void {
    const { key = null, node = null, operations = [] } = about;
    this.#violation ??= { check, text, key, node, operations };
  }
}
