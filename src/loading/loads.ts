/**
 * The loads of one client: which of its calls wait for which load, and what it asks of the keys'
 * primaries. A machine without IO; its counterpart at a primary is the `LeaseBook`.
 *
 *     begin ──▶ is a load known here, and the key's answer what it was? ── yes ──▶ joins it, without a message
 *                 │ no
 *                 ▼
 *               ask ──▶ found ──────────▶ answered
 *                │  └─▶ granted ────────▶ the loader runs ──▶ fill, or release
 *                │  └─▶ waiting ────────▶ woken: a value, nothing, an error; or: ask again
 *                └─ one at a time for a key; who comes meanwhile waits for the next, or for a load that begins
 *
 * **Nobody gets a load that began before a write that was done before the call.** A key's answer (the
 * version of its entry, or of what was forgotten there) rises with every write, and can be read in the
 * owner's memory. A load is remembered with the answer under which it became known here. A call that
 * finds the same answer, under the same ring, began before any such write; one that finds another, or
 * cannot tell, asks. And an answer is for those calls alone that began before its question was sent.
 *
 * **Limits.** Loads at a time, calls for one key, calls in all. Over one, and while a circuit breaker is
 * open, a call gets another thread's load if there is one, else a stale value if it may, else an error.
 *
 * Nothing of `LoadsOutbox` calls back within a call but `look`, which only looks.
 */
import { assert, unreachable } from '../base/assert.js';
import type { ErrorCode } from '../base/errors.js';
import { after, type Duration, duration, type Instant, type NodeIndex } from '../base/units.js';
import type { LeaseTerms, ReplyStatus, WakeMessage } from '../wire/message.js';
import { Ask, type AskReply, answerOf, keptIn } from './ask.js';
import { Endings } from './endings.js';
import { elsewhere, type Failure, failure } from './failure.js';
import { Flight, type KeyAnswer, type Look } from './flight.js';
import {
  CALLS_MAX,
  FILL_PATIENCE,
  LEASE_SLACK,
  LOADS_MAX,
  REFRESH_PAUSE,
  WAITERS_MAX,
} from './limits.js';
import { type KeptValue, LoadCall, type LoadOutcome, staleWindow } from './load-call.js';
import { type KeyLoads, LoadTable } from './load-table.js';
import type { LoadsOutbox } from './loads-outbox.js';
import { LoadCounts, type LoadsStats } from './loads-stats.js';
import { Questions } from './questions.js';

export interface LoadsOptions {
  /** Loads at a time. Default 131,072. */
  readonly concurrency?: number;
  /** Calls that wait for one key. Default 16,384. */
  readonly waiters?: number;
}

const NOT_KEPT = duration(0);

export class Loads {
  readonly #waitersMax: number;
  readonly #table = new LoadTable();
  readonly #questions: Questions;
  readonly #counts = new LoadCounts();
  readonly #endings = new Endings(this.#table, this.#counts);

  constructor({ concurrency, waiters }: LoadsOptions = {}) {
    this.#questions = new Questions(concurrency ?? LOADS_MAX);
    this.#waitersMax = waiters ?? WAITERS_MAX;
  }

  get stats(): LoadsStats {
    return {
      ...this.#counts,
      loading: this.#questions.loading,
      waiting: this.#table.calls,
      asking: this.#questions.count,
      keys: this.#table.size,
    };
  }

  /** When `tick` next has work. */
  get deadline(): Instant {
    return this.#table.earliest;
  }

  /** Calls that are not settled. */
  get waiting(): number {
    return this.#table.calls;
  }

  /** Whether a write by this client could concern a load. */
  get isActive(): boolean {
    return this.#table.size > 0;
  }

  /**
   * A call for a key without a value that would do.
   *
   * @param look what was seen in place; null: it could not be looked at
   */
  begin(now: Instant, call: LoadCall, look: Look | null, out: LoadsOutbox): void {
    assert(!call.isRefresh, 'nobody waits for a refresh');
    this.#table.purge(now);
    const load = this.#table.of(call.key);
    const full = this.#fullFor(load);
    call.stale = look?.kept ?? null;
    this.#table.admit(now, call);
    if (full === null) this.#place(now, load, [call], look, out);
    else this.#endings.refuse(now, call, failure('ERR_BUSY', full), out);
  }

  /**
   * Loads anew what is there, unless somebody does.
   *
   * @param seen the expiry of what is there
   */
  refresh(now: Instant, call: LoadCall, seen: Instant, out: LoadsOutbox): void {
    assert(call.isRefresh, 'somebody waits for a call');
    this.#table.purge(now);
    const { text } = call.key;
    if (this.#table.find(text) !== null) return;
    const load = this.#table.of(call.key);
    // Before it is sent: the answer may come at once.
    load.ask = new Ask(call.key, [call], seen);
    if (this.#questions.askToRefresh(now, load.ask, out)) return;
    load.ask = null;
    this.#table.tidy(load);
  }

  /** This client is about to write the key: who comes from now on must not get what was before. */
  wrote(text: string): void {
    const load = this.#table.find(text);
    if (load === null) return;
    if (load.ask?.isSent === true) load.ask.isClosed = true;
    for (const flight of load.flights) flight.isClosed = true;
  }

  /** The answer to a question. */
  answered(now: Instant, ask: Ask, reply: AskReply, out: LoadsOutbox): void {
    const load = this.#table.find(ask.key.text);
    // Null: it was closed meanwhile.
    if (load?.ask !== ask) return;
    load.ask = null;
    this.#questions.answered(ask, reply.status === 'granted');
    const rest = this.#take(now, load, ask, reply, out);
    const waiting = [...rest, ...load.next];
    load.next = [];
    this.#replace(now, load, waiting, out);
    this.#table.tidy(load);
    this.#questions.sendMore(now, out);
    const value = reply.status === 'found' ? keptIn(reply) : null;
    if (value !== null) out.served(ask.leader, value);
  }

  /** The loader has brought a value, with expiry and load time as they are to be stored. */
  loaded(now: Instant, flight: Flight, value: KeptValue, out: LoadsOutbox): void {
    if (flight.state !== 'loading') return;
    this.#questions.loadEnded();
    flight.leader.terms.breaker?.succeeded(now, flight.entered);
    flight.state = 'filling';
    flight.value = value;
    this.#table.retime(flight, after(now, FILL_PATIENCE));
    out.fill(flight);
  }

  /** The loader has found that there is nothing. */
  empty(now: Instant, flight: Flight, out: LoadsOutbox): void {
    if (flight.state !== 'loading') return;
    this.#questions.loadEnded();
    this.#counts.nothings++;
    const { breaker, negativeTtl } = flight.leader.terms;
    breaker?.succeeded(now, flight.entered);
    out.release(flight.key, flight, 'nothing', negativeTtl, null);
    this.#pauseAfter(now, flight);
    this.#land(now, flight, { status: 'nothing' }, negativeTtl, out);
  }

  /** The loader has failed. */
  failed(now: Instant, flight: Flight, why: Failure, out: LoadsOutbox): void {
    if (flight.state !== 'loading') return;
    this.#questions.loadEnded();
    this.#counts.failures++;
    const { key, leader, entered } = flight;
    const { breaker, errorTtl } = leader.terms;
    breaker?.failed(now, entered);
    out.release(key, flight, 'error', errorTtl, why);
    const load = this.#table.of(key);
    // What was to be refreshed may be there, and good: who waits looks for it.
    const calls = leader.isRefresh ? this.#table.alight(flight) : [];
    this.#pauseAfter(now, flight);
    this.#land(now, flight, { status: 'failed', failure: why }, errorTtl, out);
    this.#replace(now, load, calls, out);
  }

  /** The answer to a fill: stored, refused because the lease is void, or failed. */
  filled(now: Instant, flight: Flight, status: ReplyStatus, out: LoadsOutbox): void {
    if (flight.state !== 'filling') return;
    if (status !== 'stored') this.#counts.notStored++;
    // It may not have come to the primary, where others wait for it.
    if (status === 'failed') out.release(flight.key, flight, 'returned', NOT_KEPT, null);
    this.#deliver(now, flight, valueOutcome(flight.value), out);
    this.#table.remove(flight);
  }

  /** A load that this client waits for has come to an end. */
  woken(now: Instant, from: NodeIndex, wake: WakeMessage, out: LoadsOutbox): void {
    const flight = this.#table.waitingFor(from, wake);
    if (flight === null) return;
    const { status, value, kind, limit } = wake;
    switch (status) {
      case 'found':
        assert(value !== null, 'what was found comes with it');
        this.#deliver(now, flight, valueOutcome({ kind, bytes: value }), out);
        this.#table.remove(flight);
        break;
      case 'miss':
        this.#land(now, flight, { status: 'nothing' }, limit, out);
        break;
      case 'rejected':
        this.#land(now, flight, { status: 'failed', failure: elsewhere(value) }, limit, out);
        break;
      case 'again':
        this.#disband(now, flight, out);
        break;
      default:
        unreachable(status);
    }
  }

  /** Who would wake is gone. */
  peerLost(now: Instant, node: NodeIndex, out: LoadsOutbox): void {
    for (const flight of this.#table.waitingOn(node)) this.#disband(now, flight, out);
  }

  /** Ends what is over. */
  tick(now: Instant, out: LoadsOutbox): void {
    for (let due = this.#table.takeDue(now); due !== null; due = this.#table.takeDue(now)) {
      if (due instanceof LoadCall) this.#endings.tooLate(now, due, out);
      else this.#over(now, due, out);
    }
    this.#table.purge(now);
  }

  /** The caller waits no more. The load goes on. */
  leave(call: LoadCall): void {
    this.#table.dismiss(call);
  }

  /** Everything that waits fails with ERR_CLOSED, and what runs is cancelled. */
  close(out: LoadsOutbox): void {
    const why = failure('ERR_CLOSED', 'Cannot load key: the connection was closed');
    const outcome: LoadOutcome = { status: 'failed', failure: why };
    this.#questions.close();
    for (const load of this.#table.all()) {
      const { ask, next } = load;
      const calls = ask === null ? next : [...ask.calls, ...ask.followers, ...next];
      if (ask !== null && ask.mode !== 'join') this.#questions.cede(ask);
      load.ask = null;
      load.next = [];
      for (const flight of [...load.flights]) {
        if (flight.state === 'loading') {
          this.#questions.cede(flight);
          out.cancel(flight);
        }
        calls.push(...this.#table.alight(flight));
        this.#table.remove(flight);
      }
      for (const call of calls) this.#endings.settle(call, outcome, out);
      this.#table.unpause(load);
    }
  }

  /** What is there stays due to be loaded anew; not at once, if that was in vain. */
  #pauseAfter(now: Instant, { leader, key }: Flight): void {
    if (leader.isRefresh) this.#table.pause(now, this.#table.of(key), REFRESH_PAUSE);
  }

  /** Why a call more cannot wait; null if it can. */
  #fullFor({ calls }: KeyLoads): string | null {
    if (calls >= this.#waitersMax) return `Cannot load key: ${calls} calls wait for it, the limit`;
    if (this.#table.calls < CALLS_MAX) return null;
    return `Cannot load key: ${this.#table.calls} calls wait for loads, the limit`;
  }

  /** Brings calls that have seen `look` to a load that is under way, or to a question. */
  #place(
    now: Instant,
    load: KeyLoads,
    calls: readonly LoadCall[],
    look: Look | null,
    out: LoadsOutbox,
  ): void {
    const flight = look === null ? undefined : joinable(load, look.answer);
    if (flight === undefined) {
      this.#queue(now, load, calls, out);
      return;
    }
    // The answer is the same, so it is the same value.
    if (look !== null) flight.stale ??= look.kept;
    const waiting = calls.filter(({ isSettled }) => !isSettled);
    this.#counts.joined += waiting.length;
    shareStale(flight, waiting);
    this.#boardAll(now, flight, waiting, out);
  }

  /** Has a question asked for calls; behind the one that is out, if there is one. */
  #queue(now: Instant, load: KeyLoads, calls: readonly LoadCall[], out: LoadsOutbox): void {
    const { ask } = load;
    if (ask === null) {
      const waiting = calls.filter(({ isSettled }) => !isSettled);
      if (waiting.length === 0) return;
      load.ask = new Ask(load.key, waiting, 0 as Instant);
      this.#questions.ask(now, load.ask, out);
    } else if (!ask.isSent) ask.calls.push(...calls);
    else if (ask.isClosed) load.next.push(...calls);
    else ask.followers.push(...calls);
  }

  /** What an answer means for those who asked. Returns those of whom it says nothing. */
  #take(
    now: Instant,
    load: KeyLoads,
    ask: Ask,
    reply: AskReply,
    out: LoadsOutbox,
  ): readonly LoadCall[] {
    const { status, lease } = reply;
    switch (status) {
      case 'found':
        for (const call of ask.calls)
          this.#endings.give(now, call, valueOutcome(keptIn(reply)), out);
        return ask.followers;
      case 'granted':
        assert(lease !== null, 'a lease has terms');
        this.#granted(now, ask, lease, reply, out);
        // What is refreshed is there: who came meanwhile looks, instead of waiting for the load.
        return ask.leader.isRefresh ? ask.followers : [];
      case 'waiting':
        assert(lease !== null, 'a lease has terms');
        return this.#mustWait(now, load, ask, lease, reply, out);
      case 'miss':
      case 'rejected':
        assert(lease !== null, 'what is remembered has terms');
        this.#recalled(now, ask, lease, reply, out);
        return ask.followers;
      default:
        this.#noLoad(now, load, ask, reply, out);
        return ask.followers;
    }
  }

  /** This client is to load the key: for all who are here by now, for the load begins now. */
  #granted(now: Instant, ask: Ask, lease: LeaseTerms, reply: AskReply, out: LoadsOutbox): void {
    const { key, leader } = ask;
    const flight = this.#flight(ask, lease, reply, 'loading', out);
    flight.entered = ask.entered;
    this.#table.add(flight, after(now, leader.terms.timeout));
    shareStale(flight, ask.calls);
    const followers = leader.isRefresh ? [] : ask.followers;
    // Who came later: that may have been overwritten before, but what is there now may be had.
    if (wantKept(followers)) shareStale({ stale: out.look(key)?.kept ?? null }, followers);
    const isServed = this.#boardAll(now, flight, [...ask.calls, ...followers], out);
    if (flight.calls.size === 0 && !isServed && !leader.isRefresh) {
      this.#questions.cede(ask);
      this.#table.remove(flight);
      out.release(key, lease, 'returned', NOT_KEPT, null);
      return;
    }
    this.#counts.loads++;
    if (leader.isRefresh) this.#counts.refreshes++;
    out.load(flight);
  }

  /** Somebody loads the key. Returns who has to ask again. */
  #mustWait(
    now: Instant,
    load: KeyLoads,
    ask: Ask,
    lease: LeaseTerms,
    reply: AskReply,
    out: LoadsOutbox,
  ): readonly LoadCall[] {
    const known = load.flights.find((flight) => flight.isOf(lease.primary, lease)) ?? null;
    if (known === null && lease.isOwn) {
      // It was granted in an answer that never came.
      out.release(ask.key, lease, 'returned', NOT_KEPT, null);
      return [...ask.calls, ...ask.followers];
    }
    const flight = known ?? this.#flight(ask, lease, reply, 'waiting', out);
    if (known === null) {
      this.#table.add(flight, after(after(now, lease.limit), LEASE_SLACK));
    } else {
      flight.stale ??= keptIn(reply);
      if (!ask.isClosed) {
        flight.answer = answerOf(ask, lease, out.epoch);
        flight.isClosed = false;
      }
    }
    if (!lease.isOwn) this.#counts.waited += ask.calls.length;
    shareStale(flight, ask.calls);
    this.#boardAll(now, flight, ask.calls, out);
    return ask.followers;
  }

  /** What the last load of the key came to is remembered at its primary. */
  #recalled(now: Instant, ask: Ask, lease: LeaseTerms, reply: AskReply, out: LoadsOutbox): void {
    const flight = this.#flight(ask, lease, reply, 'waiting', out);
    const outcome: LoadOutcome =
      reply.status === 'miss'
        ? { status: 'nothing' }
        : { status: 'failed', failure: elsewhere(reply.value) };
    this.#table.add(flight, now);
    flight.outcome = outcome;
    this.#boardAll(now, flight, ask.calls, out);
    this.#land(now, flight, outcome, lease.limit, out);
  }

  /** Nobody loads the key, and this client may not; or the primary could not be asked. */
  #noLoad(now: Instant, load: KeyLoads, ask: Ask, reply: AskReply, out: LoadsOutbox): void {
    if (ask.leader.isRefresh) {
      this.#table.pause(now, load, REFRESH_PAUSE);
      return;
    }
    const why =
      reply.status === 'failed'
        ? failure(reply.error as ErrorCode, reply.text)
        : this.#questions.obstacle(ask);
    for (const call of ask.calls) {
      call.stale ??= keptIn(reply);
      this.#endings.refuse(now, call, why, out);
    }
  }

  #flight(
    ask: Ask,
    lease: LeaseTerms,
    reply: AskReply,
    state: 'loading' | 'waiting',
    out: LoadsOutbox,
  ): Flight {
    const answer = answerOf(ask, lease, out.epoch);
    const stale = keptIn(reply);
    const flight = new Flight(ask.key, lease.primary, lease, ask.leader, answer, state, stale);
    flight.isClosed = ask.isClosed;
    return flight;
  }

  /**
   * Calls wait for a flight from now on, but those for whom an expired value will do; if its outcome is
   * known, they have that. Says whether an expired value was given.
   */
  #boardAll(now: Instant, flight: Flight, calls: readonly LoadCall[], out: LoadsOutbox): boolean {
    let isServed = false;
    const { outcome } = flight;
    // What is known to be nothing, or is there anew, is not expired.
    const mayBeStale = outcome === null || outcome.status === 'failed';
    for (const call of calls) {
      if (call.isSettled || call.isRefresh) continue;
      const stale = mayBeStale ? call.stale : null;
      if (stale !== null && now < after(stale.expiry, call.terms.staleWhileRevalidate)) {
        isServed = true;
        this.#endings.giveStale(call, stale, out);
      } else this.#table.board(flight, call);
    }
    if (outcome !== null) this.#deliver(now, flight, outcome, out);
    return isServed;
  }

  /** A flight ends without a value; its outcome counts for as long as it is remembered. */
  #land(
    now: Instant,
    flight: Flight,
    outcome: LoadOutcome,
    limit: Duration,
    out: LoadsOutbox,
  ): void {
    this.#deliver(now, flight, outcome, out);
    flight.outcome = outcome;
    if (limit > 0 && !flight.isClosed) this.#table.keep(flight, after(now, limit));
    else this.#table.remove(flight);
  }

  #deliver(now: Instant, flight: Flight, outcome: LoadOutcome, out: LoadsOutbox): void {
    for (const call of this.#table.alight(flight)) {
      this.#endings.give(now, call, outcome, out);
    }
  }

  /** A flight has come to nothing: its calls look again, and ask. */
  #disband(now: Instant, flight: Flight, out: LoadsOutbox): void {
    const calls = this.#table.alight(flight);
    this.#table.remove(flight);
    const load = this.#table.of(flight.key);
    this.#replace(now, load, calls, out);
    this.#table.tidy(load);
  }

  /** Calls that wait for nothing any more look again. */
  #replace(now: Instant, load: KeyLoads, calls: readonly LoadCall[], out: LoadsOutbox): void {
    const waiting = calls.filter(({ isSettled }) => !isSettled);
    if (waiting.length === 0) return;
    this.#table.purge(now);
    const look = out.look(load.key);
    const value = look?.kept ?? null;
    if (value !== null && value.expiry > now) {
      for (const call of waiting) this.#endings.give(now, call, valueOutcome(value), out);
    } else {
      // What is there now was there since they came, and is the latest that they may have.
      for (const call of waiting) call.stale = value ?? call.stale;
      this.#place(now, load, waiting, look, out);
    }
  }

  #over(now: Instant, flight: Flight, out: LoadsOutbox): void {
    const { state } = flight;
    assert(state !== 'landed', 'nobody waits for the end of what is over');
    switch (state) {
      case 'loading': {
        this.#counts.timeouts++;
        out.cancel(flight);
        const { timeout } = flight.leader.terms;
        const text = `Cannot load key: its loader took longer than ${timeout} ms`;
        this.failed(now, flight, failure('ERR_LOAD_TIMEOUT', text), out);
        break;
      }
      case 'filling':
        // The answer to the fill may still come.
        flight.outcome = valueOutcome(flight.value);
        this.#deliver(now, flight, flight.outcome, out);
        break;
      case 'waiting':
        this.#disband(now, flight, out);
        break;
      default:
        unreachable(state);
    }
  }
}

/** What was kept when the flight became known is for those who asked then, or have found the same answer. */
function shareStale({ stale }: Pick<Flight, 'stale'>, calls: readonly LoadCall[]): void {
  for (const call of calls) call.stale ??= stale;
}

/** Whether an expired value would be of use to one of them, who has none. */
const wantKept = (calls: readonly LoadCall[]): boolean =>
  calls.some(({ stale, terms }) => stale === null && staleWindow(terms) > 0);

/** A load that a call with this answer may wait for, or have the outcome of. */
const joinable = ({ flights }: KeyLoads, answer: KeyAnswer): Flight | undefined =>
  flights.findLast((flight) => flight.mayBeJoinedAt(answer));

function valueOutcome(value: Pick<KeptValue, 'kind' | 'bytes'> | null): LoadOutcome {
  assert(value !== null, 'what was found is there');
  return { status: 'value', value, isStale: false };
}
