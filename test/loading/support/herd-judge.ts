/**
 * Watches a world of clients that load, and says what may not be:
 *
 * - a call that is answered twice, or never;
 * - a call that is given what a load or a set has brought that began before another write took effect,
 *   though that write was acknowledged before the call began;
 * - two loaders of one key that run under leases which are valid at the same time. It keeps its own
 *   list of leases, by what passes on the wire.
 *
 * Its clock counts events: no two things happen at once.
 */
import type { Instant } from '#src/base/units.js';
import type { Flight } from '#src/loading/flight.js';
import { LEASE_SLACK } from '#src/loading/limits.js';
import type { LoadOutcome } from '#src/loading/load-call.js';
import type {
  Address,
  LeaseToken,
  Message,
  ReplyMessage,
  RequestMessage,
} from '#src/wire/message.js';
import type { ToyCall, ToyClient } from './toy-client.js';

export interface HerdLoad {
  readonly key: string;
  readonly flight: Flight;
  readonly client: ToyClient;
  readonly began: number;
  /** The value that it brings. */
  readonly text: string;
  how: 'running' | 'loaded' | 'empty' | 'failed' | 'cancelled';
}

interface Write {
  readonly key: string;
  /** What is set. A delete has one, too: it names the write among all. */
  readonly text: string;
  /** When the node did it. */
  effect: number;
  acknowledged: number;
}

interface Call {
  readonly client: ToyClient;
  readonly key: string;
  began: number;
  answers: number;
  outcome: LoadOutcome | null;
  isExcused: boolean;
}

interface KnownLease extends LeaseToken {
  readonly key: string;
  readonly holder: Address;
  readonly until: number;
  isValid: boolean;
}

const NOT_YET = Number.POSITIVE_INFINITY;

const isSame = (a: LeaseToken, b: LeaseToken): boolean => a.high === b.high && a.low === b.low;

export class HerdJudge {
  readonly loadsOf = new Map<string, HerdLoad[]>();
  readonly #calls = new Map<ToyCall, Call>();
  readonly #writes: Write[] = [];
  readonly #leases: KnownLease[] = [];
  /** What the node was asked, by asker and id. */
  readonly #asked = new Map<string, RequestMessage>();
  #fault: string | null = null;
  #events = 0;
  #began = 0;

  now(): number {
    return ++this.#events;
  }

  /** The first thing that is wrong, when all is over; null if nothing is. */
  fault(): string | null {
    if (this.#fault !== null) return this.#fault;
    for (const { key, answers, isExcused } of this.#calls.values()) {
      if (answers !== 1 && !isExcused) return `a call for ${key} was answered ${answers} times`;
      if (answers > 1) return `a call for ${key} was answered ${answers} times`;
    }
    for (const call of this.#calls.values()) {
      const wrong = this.#wrongIn(call);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  called(client: ToyClient, call: ToyCall, began: number): void {
    const known = this.#calls.get(call);
    const { text: key } = call.key;
    const fresh: Call = { client, key, began, answers: 0, outcome: null, isExcused: false };
    // It may have been answered within the call.
    this.#calls.set(call, known === undefined ? fresh : { ...known, client, began });
  }

  settled(call: ToyCall, outcome: LoadOutcome): void {
    const known = this.#calls.get(call);
    const { text: key } = call.key;
    const client = null as unknown as ToyClient;
    const record = known ?? { client, key, began: 0, answers: 0, outcome, isExcused: false };
    record.answers++;
    record.outcome = outcome;
    this.#calls.set(call, record);
  }

  left(call: ToyCall): void {
    const known = this.#calls.get(call);
    if (known !== undefined) known.isExcused = true;
  }

  died(client: ToyClient): void {
    for (const call of this.#calls.values()) if (call.client === client) call.isExcused = true;
    for (const loads of this.loadsOf.values()) {
      for (const load of loads) {
        if (load.client === client && load.how === 'running') load.how = 'cancelled';
      }
    }
  }

  submitted(op: 'set' | 'delete', key: string): Write {
    const text = `${op} ${this.#writes.length + 1}`;
    const write = { key, text, effect: NOT_YET, acknowledged: NOT_YET };
    this.#writes.push(write);
    return write;
  }

  acknowledged(write: Write, status: string): void {
    if (status.startsWith('ERR_')) return;
    write.acknowledged = this.now();
  }

  loads(now: Instant, client: ToyClient, flight: Flight): HerdLoad {
    const { text: key } = flight.key;
    const text = `load ${++this.#began}`;
    const load: HerdLoad = { key, flight, client, began: this.now(), text, how: 'running' };
    const loads = this.loadsOf.get(key) ?? [];
    loads.push(load);
    this.loadsOf.set(key, loads);
    const running = loads.filter(
      (each) => each.how === 'running' && this.#isValid(now, each.flight),
    );
    if (running.length > 1) {
      this.#fault ??= `two loaders of ${key} run under valid leases: ${running.map((each) => each.text).join(', ')}`;
    }
    return load;
  }

  loaded(load: HerdLoad, how: 'loaded' | 'empty' | 'failed'): void {
    if (load.how === 'running') load.how = how;
  }

  cancelled(flight: Flight): HerdLoad | null {
    for (const load of this.loadsOf.get(flight.key.text) ?? []) {
      if (load.flight !== flight) continue;
      load.how = 'cancelled';
      return load;
    }
    return null;
  }

  lost(client: Address): void {
    for (const lease of this.#leases) if (lease.holder === client) lease.isValid = false;
  }

  /** A message comes to the node. */
  arrives(from: Address, message: Message): void {
    if (message.type === 'request') this.#asked.set(`${from} ${message.id}`, message);
  }

  /** The node answers, and so has done what it was asked just now. */
  answers(now: Instant, to: Address, { id, status, lease }: ReplyMessage): void {
    const asked = this.#asked.get(`${to} ${id}`);
    if (asked === undefined || status === 'failed') return;
    const { op, lease: order } = asked;
    const key = Buffer.from(asked.key).toString();
    if (op === 'set' || op === 'delete') this.#written(key, asked);
    else if (order === null || op === 'get') return;
    else if (op !== 'lease') {
      for (const known of this.#leases) if (isSame(known, order)) known.isValid = false;
    } else if (status === 'granted' && lease !== null) {
      const { high, low } = lease;
      const until = now + order.limit + LEASE_SLACK;
      this.#leases.push({ high, low, key, holder: to, until, isValid: true });
    }
  }

  #written(key: string, { value }: RequestMessage): void {
    for (const lease of this.#leases) if (lease.key === key) lease.isValid = false;
    const text = Buffer.from(value).toString();
    const write = this.#writes.find((each) => each.text === text);
    if (write !== undefined) write.effect = this.now();
  }

  #isValid(now: Instant, token: LeaseToken): boolean {
    return this.#leases.some((lease) => lease.isValid && isSame(lease, token) && lease.until > now);
  }

  #wrongIn({ key, began, outcome }: Call): string | null {
    if (outcome === null) return null;
    const before = this.#writes.filter((write) => write.key === key && write.acknowledged < began);
    const last = Math.max(0, ...before.map(({ effect }) => effect));
    const said = `a call for ${key}, begun at ${began} after a write of ${last}, was given`;
    if (outcome.status === 'nothing') {
      const isLawful = this.#loads(key).some((load) => load.how === 'empty' && load.began > last);
      return isLawful ? null : `${said} nothing, which no load since has found`;
    }
    const text = textIn(outcome);
    const source = this.#loads(key).find((load) => load.text === text);
    const set = this.#writes.find((write) => write.text === text);
    const from = source?.began ?? set?.effect ?? null;
    if (from === null) return text === null ? null : `${said} "${text}" from nowhere`;
    return from < last ? `${said} "${text}" of ${from}` : null;
  }

  #loads(key: string): HerdLoad[] {
    return this.loadsOf.get(key) ?? [];
  }
}

/** The text that a load has brought, as value or as error; null for errors of the machine itself. */
export function textIn(outcome: LoadOutcome): string | null {
  if (outcome.status === 'value') return Buffer.from(outcome.value.bytes).toString();
  if (outcome.status === 'nothing' || outcome.failure.code !== 'ERR_LOADER') return null;
  const { cause, packed } = outcome.failure;
  const text = packed === null ? String(cause) : Buffer.from(packed).toString();
  return text.startsWith('ERR_') ? null : text;
}
