/**
 * The questions of one client to primaries, and the loads that they may lead to. So many questions are
 * out at a time, the others wait for their turn. A question that asks for leave to load has a load
 * reserved, of those that may run at a time, and of the circuit breaker's; who may not load can only ask whom
 * to wait for.
 */
import type { Instant } from '../base/units.js';
import type { Ask } from './ask.js';
import { type Failure, failure } from './failure.js';
import { ASKS_MAX } from './limits.js';
import type { LoadsOutbox } from './loads-outbox.js';

export class Questions {
  readonly #concurrency: number;
  /** Those that wait until fewer are out: from `#first` on. */
  #waiting: Ask[] = [];
  #first = 0;
  #out = 0;
  #loading = 0;

  /** @param concurrency loads at a time */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** Those that are out, or wait for their turn. */
  get count(): number {
    return this.#out + this.#waiting.length - this.#first;
  }

  /** Loads that run, or would if all questions that are out were answered so. */
  get loading(): number {
    return this.#loading;
  }

  /** Sends a question, or has it wait for its turn. */
  ask(now: Instant, ask: Ask, out: LoadsOutbox): void {
    if (this.#out >= ASKS_MAX) {
      this.#waiting.push(ask);
      return;
    }
    if (this.#mayLoad(now, ask)) ask.mode = 'load';
    this.#send(ask, out);
  }

  /** Sends a question for a refresh now, or not at all: false. */
  askToRefresh(now: Instant, ask: Ask, out: LoadsOutbox): boolean {
    if (this.#out >= ASKS_MAX || !this.#mayLoad(now, ask)) return false;
    ask.mode = 'refresh';
    this.#send(ask, out);
    return true;
  }

  /** A question was answered: the load that was reserved begins (`isGranted`), or does not come about. */
  answered(ask: Ask, isGranted: boolean): void {
    this.#out--;
    if (ask.mode !== 'join' && !isGranted) this.cede(ask);
  }

  /** Lets those go whose turn it is. */
  sendMore(now: Instant, out: LoadsOutbox): void {
    while (this.#out < ASKS_MAX && this.#first < this.#waiting.length) {
      this.ask(now, this.#waiting[this.#first++] as Ask, out);
    }
    if (this.#first === this.#waiting.length) this.#forgetWaiting();
  }

  /** A load has come to its end. */
  loadEnded(): void {
    this.#loading--;
  }

  /** A load that was reserved does not come about, or comes to nothing. */
  cede({ leader, entered }: Pick<Ask, 'leader' | 'entered'>): void {
    this.#loading--;
    leader.terms.breaker?.leave(entered);
  }

  /** Why a question did not ask for leave to load. */
  obstacle({ obstacle }: Ask): Failure {
    return obstacle === 'ERR_CIRCUIT_OPEN'
      ? failure(obstacle, 'Cannot load key: its circuit breaker is open after repeated failures')
      : failure('ERR_BUSY', `Cannot load key: ${this.#loading} loads are under way, the limit`);
  }

  /** No answer is waited for any more. */
  close(): void {
    this.#forgetWaiting();
    this.#out = 0;
  }

  /** Reserves a load, if one may begin. */
  #mayLoad(now: Instant, ask: Ask): boolean {
    const { breaker } = ask.leader.terms;
    if (this.#loading >= this.#concurrency) ask.obstacle = 'ERR_BUSY';
    else if (breaker !== null && !breaker.enter(now)) ask.obstacle = 'ERR_CIRCUIT_OPEN';
    else {
      this.#loading++;
      ask.entered = now;
      return true;
    }
    return false;
  }

  #send(ask: Ask, out: LoadsOutbox): void {
    ask.isSent = true;
    ask.epoch = out.epoch;
    this.#out++;
    out.ask(ask);
  }

  #forgetWaiting(): void {
    this.#waiting = [];
    this.#first = 0;
  }
}
