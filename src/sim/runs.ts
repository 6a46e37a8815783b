/**
 * The runs of loaders, all over the cluster: what each brought, under which lease, and how the leases
 * and loads went in all, for the report.
 */
import { NEVER, type NodeIndex } from '../base/units.js';
import type { Flight } from '../loading/flight.js';
import type { LeaseStats } from '../loading/lease-book.js';
import type { LoadsStats } from '../loading/loads-stats.js';
import type { Address, LeaseToken, RequestId } from '../wire/message.js';
import { type History, type Operation, type Outcome, VALUE_BYTES_MIN } from './history.js';
import type { Member } from './member.js';
import type { Stage } from './stage.js';
import { stepNumber } from './timeline.js';

const LOADS = stepNumber('loads');
const LOADED = stepNumber('loaded');

/** How loads went, all threads together. */
export interface LoadTally {
  /** getOrLoads asked for. */
  calls: number;
  /** Loaders that ran, and those whose value was stored. */
  runs: number;
  stored: number;
  /** Calls that were given a load of their own client, and that waited for another's. */
  joined: number;
  waited: number;
  /** Calls that were given an expired value, and that were refused. */
  stale: number;
  refused: number;
  /** Leases made void by a write, and ended by their holder's death or by time. */
  voided: number;
  abandoned: number;
  expired: number;
}

export const newTally = (): LoadTally => ({
  calls: 0,
  runs: 0,
  stored: 0,
  joined: 0,
  waited: 0,
  stale: 0,
  refused: 0,
  voided: 0,
  abandoned: 0,
  expired: 0,
});

export class Runs {
  readonly tally = newTally();
  /** Operations of the history that are runs. */
  count = 0;
  readonly #stage: Stage;
  readonly #history: History;
  readonly #onRun: (member: Member, run: Operation, flight: Flight) => void;
  readonly #byLease = new Map<string, Operation>();
  readonly #open = new Map<Member, Set<Operation>>();
  /** From which run an answer comes that says "nothing", by its reader and number. */
  readonly #recalls = new Map<string, Operation>();

  constructor(
    stage: Stage,
    history: History,
    onRun: (member: Member, run: Operation, flight: Flight) => void,
  ) {
    this.#stage = stage;
    this.#history = history;
    this.#onRun = onRun;
  }

  /** A loader begins, now. */
  begin(member: Member, key: number, flight: Flight): Operation {
    const run = this.#add(member, key);
    this.tally.runs++;
    this.#byLease.set(nameOf(flight.primary, flight), run);
    const open = this.#open.get(member);
    if (open === undefined) this.#open.set(member, new Set([run]));
    else open.add(run);
    this.#stage.timeline.note(LOADS, member.seat, run.id, key, flight.primary);
    this.#onRun(member, run, flight);
    return run;
  }

  /** Something that a loader brings although it has ended. */
  lie(member: Member, { key }: Operation): Operation {
    const lie = this.#add(member, key);
    lie.outcome = 'lie';
    lie.answers = 1;
    return lie;
  }

  /** It has brought a value. */
  brings(run: Operation, expiry: Operation['expiry']): void {
    run.answers = 1;
    run.expiry = expiry;
  }

  /** It has come to nothing, or what it brought was stored, or was not. */
  end(member: Member, run: Operation, outcome: Outcome): void {
    if (this.#open.get(member)?.delete(run) !== true) return;
    run.outcome = outcome;
    run.end = this.#stage.stamp();
    run.endedAt = this.#stage.now;
    if (outcome === 'stored') this.tally.stored++;
    this.#stage.timeline.note(LOADED, member.seat, run.id, run.key, outcome === 'stored' ? 1 : 0);
  }

  of(primary: NodeIndex, token: LeaseToken): Operation | null {
    return this.#byLease.get(nameOf(primary, token)) ?? null;
  }

  /** A node answers from memory that the last load came to nothing. */
  recalls(to: Address, id: RequestId, primary: NodeIndex, token: LeaseToken): void {
    const run = this.of(primary, token);
    if (run !== null) this.#recalls.set(`${to}:${id}`, run);
  }

  recalled(by: Address, id: RequestId): Operation | null {
    return this.#recalls.get(`${by}:${id}`) ?? null;
  }

  died(member: Member): void {
    for (const run of this.#open.get(member) ?? []) run.outcome = 'abandoned';
    this.#open.delete(member);
  }

  /** What a client has counted, at its end. */
  countClient({ joined, waited, stale, refused }: LoadsStats): void {
    const { tally } = this;
    tally.joined += joined;
    tally.waited += waited;
    tally.stale += stale;
    tally.refused += refused;
  }

  /** What a node has counted, at its end. */
  countNode({ voided, abandoned, expired }: LeaseStats): void {
    const { tally } = this;
    tally.voided += voided;
    tally.abandoned += abandoned;
    tally.expired += expired;
  }

  #add(member: Member, key: number): Operation {
    const stage = this.#stage;
    const { valueBytesMax } = stage.swarm;
    this.count++;
    return this.#history.begin({
      key,
      kind: 'run',
      seat: member.seat,
      member: member.number,
      begin: stage.stamp(),
      beganAt: stage.now,
      stoodMs: member.stoodMs,
      size: VALUE_BYTES_MIN + stage.chances.loads.below(valueBytesMax - VALUE_BYTES_MIN + 1),
      expiry: NEVER,
      wish: null,
    });
  }
}

const nameOf = (primary: NodeIndex, { high, low }: LeaseToken): string =>
  `${primary}:${high}:${low}`;
