/**
 * One generator thread's work: keeps lanes busy with operations of a source until the time is
 * over.
 *
 * Closed loop: a lane that has room gets the next operation at once; latency counts from the
 * moment it is issued. Open loop: operations are due by a timetable (pacer.ts) and latency counts
 * from when they were due.
 *
 *     connected      warm-up              measured                 drain
 *     ├─────────────────────────┼──────────────────────────────┼──────────┤
 *                               operations due in here count
 */
import { performance } from 'node:perf_hooks';
import { Account, type Checks } from './account.js';
import type { Board } from './board.js';
import type { Answer, Lane, LaneOwner, OpenLane, Operation } from './operation.js';
import { Pacer } from './pacer.js';
import type { Source } from './source.js';
import type { Latencies, Tally } from './tally.js';

/** How long answers are waited for when the time is over. */
const DRAIN_MS_MAX = 5_000;
const DRAIN_LOOK_EVERY_MS = 5;
const PUBLISH_EVERY_MS = 100;
const STALL_CHECK_EVERY_MS = 1_000;
/** Timers are late by up to this: a due time nearer than that is waited for by polling. */
const TIMER_SLACK_MS = 2;
/** An operation of an open loop that is sent later than this is counted as late. */
const LATE_MS = 1;

export interface GeneratorSettings {
  readonly source: Source;
  /** Write after a get that missed. */
  readonly fill: boolean;
  readonly checks: Checks | null;
  readonly latencies: Latencies;
  readonly board: Board;
  readonly thread: number;
  /** This thread's share of an open loop's operations a second; null is closed loop. */
  readonly rate: number | null;
  readonly warmUpMs: number;
  /** Null: until the source has no more. */
  readonly durationMs: number | null;
}

export class Generator implements LaneOwner {
  readonly #settings: GeneratorSettings;
  readonly #account: Account;
  #lanes: readonly Lane[] = [];
  #pacer: Pacer | null = null;
  #now = 0;
  #issuing = false;
  /** Where the round over the lanes goes on. */
  #turn = 0;
  /** Operations are due, and no lane has room for them. */
  #full = false;
  #finish: () => void = () => {};

  constructor(settings: GeneratorSettings) {
    this.#settings = settings;
    this.#account = new Account(settings.latencies, settings.checks);
  }

  /** Opens the lanes, drives and closes them. @throws ShoalError ERR_START if one fails to open */
  async run(openLanes: readonly OpenLane[]): Promise<Tally> {
    const opened = await Promise.allSettled(openLanes.map((open) => open(this)));
    const lanes = opened.flatMap((lane) => (lane.status === 'fulfilled' ? [lane.value] : []));
    const failed = opened.find((lane) => lane.status === 'rejected');
    try {
      if (failed !== undefined) throw failed.reason;
      this.#lanes = lanes;
      await this.#drive();
    } finally {
      for (const lane of lanes) lane.close();
      this.#publish();
    }
    return this.#account.tally;
  }

  arrived(): void {
    this.#now = performance.now();
  }

  ready(lane: Lane): void {
    if (this.#pacer === null) this.#issueWhileRoom(lane);
    else if (this.#full) this.#sendDue(this.#pacer);
    lane.flush();
  }

  reconnected(): void {
    this.#account.tally.reconnects++;
  }

  answered(lane: Lane, operation: Operation, answer: Answer): void {
    const settlement = this.#account.settled(operation, answer, this.#now);
    if (settlement === 'write-back') {
      this.#follow(lane, operation.key, 'modify', operation.intendedMs);
    } else if (settlement === 'missed' && this.#settings.fill) {
      this.#follow(lane, operation.key, 'fill', this.#now);
    }
  }

  async #drive(): Promise<void> {
    const publishing = setInterval(() => this.#publish(), PUBLISH_EVERY_MS);
    const stallChecks = setInterval(() => this.#checkStalled(), STALL_CHECK_EVERY_MS);
    try {
      await this.#issueUntilEnd();
      await this.#drain();
    } finally {
      clearInterval(publishing);
      clearInterval(stallChecks);
    }
  }

  /** Ends when the time is over, the source is empty, or the main thread says so. */
  #issueUntilEnd(): Promise<void> {
    const { warmUpMs, durationMs, rate } = this.#settings;
    const { tally } = this.#account;
    const start = performance.now();
    const from = start + warmUpMs;
    const to = durationMs === null ? Number.POSITIVE_INFINITY : from + durationMs;
    this.#account.measure(from, to);
    return new Promise((resolve) => {
      let before = performance.eventLoopUtilization();
      const warmed = setTimeout(() => {
        before = performance.eventLoopUtilization();
      }, warmUpMs);
      const over = durationMs === null ? null : setTimeout(() => this.#finish(), to - start);
      this.#finish = () => {
        if (!this.#issuing) return;
        this.#issuing = false;
        clearTimeout(warmed);
        if (over !== null) clearTimeout(over);
        tally.utilization = performance.eventLoopUtilization(before).utilization;
        tally.unsent = this.#pacer?.dueBetween(from, Math.min(to, performance.now())) ?? 0;
        resolve();
      };
      this.#issuing = true;
      this.#now = start;
      if (rate !== null) this.#startPacing(rate);
      else for (const lane of this.#lanes) this.ready(lane);
    });
  }

  async #drain(): Promise<void> {
    const deadline = performance.now() + DRAIN_MS_MAX;
    while (this.#lanes.some((lane) => lane.inFlight() > 0)) {
      if (performance.now() > deadline) return;
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_EVERY_MS));
    }
  }

  /** Closed loop: fills a lane up. */
  #issueWhileRoom(lane: Lane): void {
    this.#now = performance.now();
    while (this.#issuing && lane.room() > 0) {
      const operation = lane.blank();
      if (!this.#settings.source.next(operation)) {
        if (this.#lanes.every((other) => other.inFlight() === 0)) this.#finish();
        return;
      }
      this.#issue(lane, operation, this.#now);
    }
  }

  /** Issues the write that follows a get, on the same lane. */
  #follow(lane: Lane, key: number, kind: 'modify' | 'fill', intendedMs: number): void {
    if (lane.room() === 0) return; // The lane was closed under it.
    const write = lane.blank();
    write.kind = kind;
    write.step = 'set';
    write.key = key;
    this.#settings.source.follow(write);
    this.#issue(lane, write, intendedMs);
  }

  #issue(lane: Lane, operation: Operation, intendedMs: number): void {
    operation.intendedMs = intendedMs;
    operation.issuedMs = this.#now;
    this.#account.issued(operation);
    lane.issue(operation);
  }

  #startPacing(rate: number): void {
    this.#pacer = new Pacer(rate, this.#now);
    this.#poll(this.#pacer);
  }

  /** Open loop: sends what is due, and comes back when the next one is. */
  #poll(pacer: Pacer): void {
    if (!this.#issuing) return;
    this.#now = performance.now();
    this.#sendDue(pacer);
    const waitMs = pacer.dueMs - this.#now;
    if (this.#full || waitMs > TIMER_SLACK_MS) {
      setTimeout(() => this.#poll(pacer), Math.max(1, waitMs - TIMER_SLACK_MS));
    } else {
      setImmediate(() => this.#poll(pacer));
    }
  }

  #sendDue(pacer: Pacer): void {
    if (pacer.dueMs > this.#now) return;
    const touched = new Set<Lane>();
    while (this.#issuing && pacer.dueMs <= this.#now) {
      const lane = this.#laneWithRoom();
      if (lane === null) break;
      const operation = lane.blank();
      if (!this.#settings.source.next(operation)) break;
      this.#countLate(pacer.dueMs);
      this.#issue(lane, operation, pacer.dueMs);
      pacer.advance();
      touched.add(lane);
    }
    this.#full = pacer.dueMs <= this.#now;
    for (const lane of touched) lane.flush();
  }

  #countLate(dueMs: number): void {
    if (this.#now - dueMs <= LATE_MS || !this.#account.isMeasured(dueMs)) return;
    if (this.#full) this.#account.tally.lateForRoom++;
    else this.#account.tally.lateForThread++;
  }

  #laneWithRoom(): Lane | null {
    for (let tries = this.#lanes.length; tries > 0; tries--) {
      this.#turn = (this.#turn + 1) % this.#lanes.length;
      const lane = this.#lanes[this.#turn] as Lane;
      if (lane.room() > 0) return lane;
    }
    return null;
  }

  #checkStalled(): void {
    const now = performance.now();
    for (const lane of this.#lanes) lane.checkStalled(now);
  }

  #publish(): void {
    const { board, thread } = this.#settings;
    board.publish(thread, this.#account.counts());
    if (board.stopped) this.#finish();
  }
}
