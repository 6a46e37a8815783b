/** One SWIM detector and nobody else: the test plays the world, and sees what is said. */
import assert from 'node:assert/strict';
import { Prng } from '#src/base/prng.js';
import {
  type Duration,
  type Instant,
  instant,
  type NodeIndex,
  nodeIndex,
} from '#src/base/units.js';
import type { DetectorMessage, DetectorOutbox, Evidence } from '#src/membership/detector.js';
import { SWIM_INTERVAL, type SwimOptions, TIMEOUT_SHARE } from '#src/membership/swim/options.js';
import { Swim } from '#src/membership/swim/swim.js';
import { packState, type StateCode } from '#src/membership/swim/update.js';
import type { SwimKind, SwimMessage } from '#src/wire/message.js';

export const INTERVAL = SWIM_INTERVAL;
export const TIMEOUT = SWIM_INTERVAL * TIMEOUT_SHARE;
export const SELF = nodeIndex(0);

/** A message that the detector sent. */
export interface Sent extends SwimMessage {
  readonly to: NodeIndex;
  readonly at: Instant;
}

export interface Question {
  readonly sequence?: number;
  readonly subject?: number;
  readonly updates?: readonly number[];
}

/** The three numbers of an update. */
export const update = (
  node: number,
  state: StateCode,
  incarnation: number,
  accuser = 0,
): number[] => [node, packState(state, nodeIndex(accuser)), incarnation];

export class Solo implements DetectorOutbox {
  readonly swim: Swim;
  readonly sent: Sent[] = [];
  readonly log: string[] = [];
  now = instant(0);
  /** Who answers pings at once. */
  answers: (node: NodeIndex) => boolean = () => true;

  /** @param others members watched: 1 to so many */
  constructor(others: number, options: Partial<SwimOptions> = {}) {
    this.swim = new Swim({ self: SELF, prng: new Prng(1), ...options });
    for (let i = 1; i <= others; i++) this.swim.watch(this.now, nodeIndex(i));
  }

  send(to: NodeIndex, message: DetectorMessage): void {
    assert.ok(message.type === 'swim');
    this.sent.push({ ...message, to, at: this.now });
  }

  suspect(node: NodeIndex, { missed, silent }: Evidence): void {
    this.log.push(`suspect ${node}: ${missed} missed in ${silent}`);
  }

  trust(node: NodeIndex): void {
    this.log.push(`trust ${node}`);
  }

  stalled(late: Duration): void {
    this.log.push(`stalled ${late}`);
  }

  /** Someone says something. */
  say(from: number, kind: SwimKind, question: Question = {}): void {
    const { sequence = 0, subject = 0, updates = [] } = question;
    const message = { type: 'swim', kind, sequence, subject: nodeIndex(subject), updates } as const;
    this.swim.receive(this.now, nodeIndex(from), message, this);
  }

  /** Someone tells news: in a nack that nobody asked for, so that it is only news. */
  tell(from: number, ...updates: readonly number[][]): void {
    this.say(from, 'nack', { updates: updates.flat() });
  }

  /** Goes from deadline to deadline; pings are answered by who answers. */
  runUntil(end: number): void {
    while (this.swim.deadline <= end) {
      this.now = this.swim.deadline;
      this.tick();
    }
    this.now = instant(end);
  }

  run(wait: number): void {
    this.runUntil(this.now + wait);
  }

  /** One tick, now. */
  tick(): void {
    const before = this.sent.length;
    this.swim.tick(this.now, this);
    for (const { kind, to, sequence } of this.sent.slice(before)) {
      if (kind === 'ping' && this.answers(to)) this.say(to, 'ack', { sequence });
    }
  }

  /** Runs until it has sent something of a kind. @returns the latest of that kind */
  until(kind: SwimKind, isMeant: (sent: Sent) => boolean = () => true): Sent {
    for (let step = 0; step < 1_000; step++) {
      const from = this.sent.length;
      this.now = this.swim.deadline;
      this.tick();
      const found = this.sent.slice(from).findLast((sent) => sent.kind === kind && isMeant(sent));
      if (found !== undefined) return found;
    }
    return assert.fail(`no ${kind}`);
  }

  of(kind: SwimKind): Sent[] {
    return this.sent.filter((sent) => sent.kind === kind);
  }

  last(): Sent {
    return this.sent.at(-1) ?? assert.fail('nothing was sent');
  }
}
