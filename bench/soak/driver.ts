/**
 * Drives the cluster through several doors: keeps each busy with one batch of operations after the
 * other, and has every answer judged. One driver is one writer.
 */
import type { Buffer } from 'node:buffer';
import type { Prng } from '#src/base/prng.js';
import { ValueStamp } from '#src/load/value-stamp.js';
import { Checker, type ReadStart } from './checker.js';
import { machineNow } from './clock.js';
import { isDocumented, outcomeOf } from './error-codes.js';
import type { KeyPlan } from './key-plan.js';
import type { Ledger } from './ledger.js';
import { Mix } from './mix.js';
import type { Door, DoorOwner, Ending, Operation } from './operation.js';
import { OperationMaker } from './operation-maker.js';
import type { Outages } from './outages.js';
import { Tally } from './tally.js';
import { WriterBook } from './writer-book.js';

/** Twice what a node may take for a request and the wait for its owner, and room for a busy machine. */
export const ANSWER_MS_MAX = 15_000;

export interface DriverSettings {
  /** Tells this run's values from others. */
  readonly run: number;
  readonly writer: number;
  readonly plan: KeyPlan;
  readonly ledger: Ledger;
  readonly localWriters: { readonly from: number; readonly to: number };
  readonly prng: Prng;
  /** What is not answered by then hangs. */
  readonly answerMsMax: number;
}

export class Driver implements DoorOwner {
  readonly tally = new Tally();
  readonly checker: Checker;
  readonly #book: WriterBook;
  readonly #maker: OperationMaker;
  readonly #answerMsMax: number;
  #doors: readonly Door[] = [];
  #isRunning = false;

  constructor(settings: DriverSettings) {
    const { run, plan, ledger, localWriters, writer, prng, answerMsMax } = settings;
    this.#answerMsMax = answerMsMax;
    this.#book = new WriterBook(ledger);
    this.checker = new Checker({ run, plan, ledger, localWriters, book: this.#book });
    this.#maker = new OperationMaker({
      mix: new Mix(plan, writer, prng),
      stamp: new ValueStamp(run, writer),
      book: this.#book,
      checker: this.checker,
      tally: this.tally,
    });
  }

  /** Goes to work, or back to it. */
  run(doors: readonly Door[] = this.#doors): void {
    this.#doors = doors;
    this.#isRunning = true;
    for (const door of doors) this.ready(door);
  }

  /** Sends nothing more. */
  pause(): void {
    this.#isRunning = false;
  }

  /** Whether it was paused and has all its answers. */
  get isIdle(): boolean {
    return !this.#isRunning && this.#doors.every(({ inFlight }) => inFlight === 0);
  }

  close(): void {
    this.pause();
    for (const door of this.#doors) door.close();
  }

  /** Gives up what nobody answers, and settles what outages explain. Once a second or so. */
  review(outages: Outages): void {
    const now = machineNow();
    for (const door of this.#doors) {
      const sinceMs = door.waitingSinceMs;
      if (sinceMs === null || now - sinceMs < this.#answerMsMax) continue;
      this.tally.fault('hang', this.#describeHang(door, now - sinceMs, outages.near(sinceMs)));
      door.abandon();
    }
    const { miss, connection } = this.checker.absolve(outages);
    this.tally.explainedMisses += miss;
    this.tally.explainedCuts += connection;
  }

  /** Counts what nothing has explained; all outages must be known. */
  conclude(outages: Outages): void {
    this.review(outages);
    for (const { what, text, node, untilMs } of this.checker.open) {
      const around = `${text}; n${node} owns it, down around then (ms): ${outages.near(untilMs)}`;
      this.tally.fault(what === 'miss' ? 'unexplained-miss' : 'unexplained-cut', around);
    }
    const { overflow } = this.checker;
    if (overflow > 0) this.tally.fault('unexplained-miss', 'too many to keep', overflow);
  }

  ready(door: Door): void {
    if (!this.#isRunning || !door.isOpen || door.inFlight > 0) return;
    door.send(this.#maker.batch(door));
  }

  value(operation: Operation, index: number, bytes: Buffer, start: number, end: number): void {
    const read = readOf(operation, index);
    if (read === null) return this.nonsense(`a value in answer to ${operation.kind}`);
    this.tally.hits++;
    this.tally.bytesRead += end - start;
    const verdict = this.checker.value(read, bytes, start, end);
    if (verdict === 'right') return;
    this.tally.fault(verdict, this.checker.describe(verdict, read, bytes, start, end));
  }

  nothing(operation: Operation, index: number): void {
    const read = readOf(operation, index);
    if (read === null) return this.nonsense(`nothing in answer to ${operation.kind}`);
    this.tally.misses++;
    this.checker.miss(read, machineNow());
  }

  ended(operation: Operation, ending: Ending): void {
    const now = machineNow();
    const { kind } = operation;
    this.tally.operations[kind]++;
    this.tally.latencyMsMax = Math.max(this.tally.latencyMsMax, now - operation.issuedAtMs);
    const isRead = kind === 'get' || kind === 'mget';
    if (ending.status === 'failed') this.#failed(ending.code, isRead);
    if (ending.status === 'cut') this.tally.error('connection lost');
    if (kind === 'get' || kind === 'mget') return;
    for (const { write } of operation.items) {
      this.#book.settle(write, writeOutcome(ending, operation.items.length), now);
    }
  }

  wentDown(node: number, sinceMs: number): void {
    const untilMs = machineNow();
    const text = `the connection to n${node} went down`;
    this.checker.suspect({ what: 'connection', node, sinceMs, untilMs, text });
  }

  nonsense(text: string): void {
    this.tally.fault('nonsense', text);
  }

  #failed(code: string, isRead: boolean): void {
    this.tally.error(code);
    if (!isDocumented(code, isRead)) {
      this.tally.fault('undocumented-error', `${isRead ? 'read' : 'write'}: ${code}`);
    }
  }

  #describeHang({ name, oldest, inFlight }: Door, ageMs: number, outages: string): string {
    const { plan } = this.checker;
    const keys = oldest === null ? [] : keysOf(oldest);
    const homes = keys.map((key) => `n${plan.home(key)}`).join(' ');
    const first = oldest === null ? 'nothing' : `${oldest.kind} of keys of ${homes}`;
    return `${name}: ${inFlight} on their way, the first ${first}, for ${Math.round(ageMs)} ms; down around then (ms): ${outages}`;
  }
}

function readOf(operation: Operation, index: number): ReadStart | null {
  const isRead = operation.kind === 'get' || operation.kind === 'mget';
  return isRead ? (operation.reads[index] ?? null) : null;
}

function keysOf(operation: Operation): number[] {
  const isRead = operation.kind === 'get' || operation.kind === 'mget';
  return isRead
    ? operation.reads.map(({ key }) => key)
    : operation.items.map(({ write }) => write.key);
}

function writeOutcome(ending: Ending, keys: number): 'done' | 'refused' | 'unknown' {
  if (ending.status === 'answered') return 'done';
  return ending.status === 'cut' ? 'unknown' : outcomeOf(ending.code, keys);
}
