/**
 * The book of a client's loads: what is known of each key, who waits where, and when what is over. It
 * decides nothing.
 */
import { assert } from '../base/assert.js';
import { after, type Duration, type Instant, NEVER, type NodeIndex } from '../base/units.js';
import type { LeaseToken } from '../wire/message.js';
import type { Ask } from './ask.js';
import { Deadlines, NOT_TIMED, type Timed } from './deadlines.js';
import type { Flight } from './flight.js';
import { LANDED_MAX } from './limits.js';
import type { LoadCall, LoadKey } from './load-call.js';

/** All about one key. Its time, where it has one, is the end of the pause of its refreshes. */
export class KeyLoads implements Timed {
  readonly key: LoadKey;
  /** The question that is out, or waits to be sent. */
  ask: Ask | null = null;
  /** Calls whose question comes after it. */
  next: LoadCall[] = [];
  readonly flights: Flight[] = [];
  /** Calls that wait. */
  calls = 0;
  at: Instant = NEVER;
  position = NOT_TIMED;

  constructor(key: LoadKey) {
    this.key = key;
  }

  get isEmpty(): boolean {
    return (
      this.ask === null &&
      this.flights.length === 0 &&
      this.calls === 0 &&
      this.position === NOT_TIMED
    );
  }
}

export class LoadTable {
  readonly #keys = new Map<string, KeyLoads>();
  readonly #deadlines = new Deadlines<LoadCall | Flight>();
  /** What is only tidied away when its time is over: nobody need wake up for it. */
  readonly #leftovers = new Deadlines<Flight | KeyLoads>();
  /** Loads of other threads that are waited for, by the name of their lease. */
  readonly #waits = new Map<string, Flight>();
  /** Loads that are over and still count, the oldest first. */
  readonly #landed = new Set<Flight>();
  #calls = 0;

  /** Calls that wait, of all keys. */
  get calls(): number {
    return this.#calls;
  }

  get size(): number {
    return this.#keys.size;
  }

  get earliest(): Instant {
    return this.#deadlines.earliest;
  }

  /** All keys of which there is something to know. */
  all(): KeyLoads[] {
    return [...this.#keys.values()];
  }

  find(text: string): KeyLoads | null {
    return this.#keys.get(text) ?? null;
  }

  /** What is known of a key, be it nothing yet: `tidy` it when that may be so again. */
  of(key: LoadKey): KeyLoads {
    const known = this.#keys.get(key.text);
    if (known !== undefined) return known;
    const load = new KeyLoads(key);
    this.#keys.set(key.text, load);
    return load;
  }

  /** Forgets a record in which there is nothing, unless another has taken its place already. */
  tidy(load: KeyLoads): void {
    const { text } = load.key;
    if (load.isEmpty && this.#keys.get(text) === load) this.#keys.delete(text);
  }

  takeDue(now: Instant): LoadCall | Flight | null {
    return this.#deadlines.takeDue(now);
  }

  /** Forgets outcomes that count no more, and pauses that are over. */
  purge(now: Instant): void {
    const leftovers = this.#leftovers;
    for (let due = leftovers.takeDue(now); due !== null; due = leftovers.takeDue(now)) {
      if (due instanceof KeyLoads) this.tidy(due);
      else this.remove(due);
    }
  }

  /** A call begins to wait. */
  admit(now: Instant, call: LoadCall): void {
    this.#calls++;
    this.of(call.key).calls++;
    this.#deadlines.add(call, after(now, call.terms.timeout));
  }

  /** A call waits no more. False if that is known already. */
  dismiss(call: LoadCall): boolean {
    if (call.isSettled) return false;
    call.isSettled = true;
    if (call.isRefresh) return true;
    this.#calls--;
    this.#deadlines.remove(call);
    call.flight?.calls.delete(call);
    call.flight = null;
    const load = this.of(call.key);
    load.calls--;
    this.tidy(load);
    return true;
  }

  /** A call waits for a flight from now on. */
  board(flight: Flight, call: LoadCall): void {
    flight.calls.add(call);
    call.flight = flight;
  }

  /** Takes the calls of a flight off it, unsettled. */
  alight(flight: Flight): LoadCall[] {
    const calls = [...flight.calls];
    flight.calls.clear();
    for (const call of calls) call.flight = null;
    return calls;
  }

  add(flight: Flight, until: Instant): void {
    this.of(flight.key).flights.push(flight);
    this.#deadlines.add(flight, until);
    if (flight.state === 'waiting') this.#waits.set(nameOf(flight.primary, flight), flight);
  }

  retime(flight: Flight, until: Instant): void {
    this.#deadlines.remove(flight);
    this.#deadlines.add(flight, until);
  }

  /** The load under this lease that is waited for. */
  waitingFor(primary: NodeIndex, token: LeaseToken): Flight | null {
    return this.#waits.get(nameOf(primary, token)) ?? null;
  }

  waitingOn(primary: NodeIndex): Flight[] {
    return [...this.#waits.values()].filter((flight) => flight.primary === primary);
  }

  /** A flight that is over, and whose outcome counts until then. The oldest gives way to the newest. */
  keep(flight: Flight, until: Instant): void {
    assert(flight.calls.size === 0, 'nobody waits for what is over');
    this.#waits.delete(nameOf(flight.primary, flight));
    flight.state = 'landed';
    this.#deadlines.remove(flight);
    this.#leftovers.add(flight, until);
    this.#landed.add(flight);
    if (this.#landed.size <= LANDED_MAX) return;
    const [oldest] = this.#landed;
    if (oldest !== undefined) this.remove(oldest);
  }

  /** A flight that is over, and forgotten. */
  remove(flight: Flight): void {
    assert(flight.calls.size === 0, 'nobody waits for what is over');
    if (this.#landed.delete(flight)) this.#leftovers.remove(flight);
    else this.#deadlines.remove(flight);
    if (flight.state === 'waiting') this.#waits.delete(nameOf(flight.primary, flight));
    flight.state = 'landed';
    const load = this.of(flight.key);
    const at = load.flights.indexOf(flight);
    if (at >= 0) load.flights.splice(at, 1);
    this.tidy(load);
  }

  /** No refresh of the key begins for so long. */
  pause(now: Instant, load: KeyLoads, pause: Duration): void {
    this.#leftovers.remove(load);
    this.#leftovers.add(load, after(now, pause));
  }

  /** Ends the pause, if there is one. */
  unpause(load: KeyLoads): void {
    this.#leftovers.remove(load);
    this.tidy(load);
  }
}

/** A lease's token is its node's own: two nodes may have the same. */
const nameOf = (primary: NodeIndex, { high, low }: LeaseToken): string =>
  `${primary}:${high}:${low}`;
