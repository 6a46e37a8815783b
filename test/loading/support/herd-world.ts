/**
 * Clients that load through one node, in one queue of events: a real `CacheNode` on a real slab, real
 * `Loads`. Links keep the order of their messages and delay them as the world is told; loaders take
 * their time; threads die. `HerdJudge` watches.
 */
import { Prng } from '#src/base/prng.js';
import {
  bytes,
  type Duration,
  duration,
  type Instant,
  instant,
  NEVER,
  nodeIndex,
} from '#src/base/units.js';
import type { Flight } from '#src/loading/flight.js';
import { LeaseBook } from '#src/loading/lease-book.js';
import type { LoadOutcome } from '#src/loading/load-call.js';
import { Loads } from '#src/loading/loads.js';
import type { LoadsOutbox } from '#src/loading/loads-outbox.js';
import { CacheNode } from '#src/node/cache-node.js';
import type { RingView } from '#src/node/ring-view.js';
import type { Peek } from '#src/node/shared-reads.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { Slab } from '#src/slab/slab.js';
import { type Address, FIRST_CLIENT, type Message } from '#src/wire/message.js';
import { toyRing } from '../../node/support/toy-ring.js';
import { HerdJudge, type HerdLoad } from './herd-judge.js';
import { loadKey, type ToyCall, ToyClient, type ToyTerms, type ToyWorld } from './toy-client.js';

export interface HerdOptions {
  /** How long the next message takes. */
  readonly delay: () => number;
  /** How the next load goes. */
  readonly loader: (client: ToyClient, flight: Flight) => LoadPlan;
  readonly prng?: Prng;
  readonly leases?: LeaseBook;
  readonly makeLoads?: () => Loads;
  /** Puts something between the loads' machine and its outbox. */
  readonly spoil?: (outbox: LoadsOutbox) => LoadsOutbox;
  /** Is told all that happens. */
  readonly say?: (event: HerdEvent) => void;
}

/** What a loader does, and after how long. */
export interface LoadPlan {
  readonly how: 'loaded' | 'empty' | 'failed' | 'never';
  readonly ms: number;
}

export type HerdEvent =
  | {
      readonly what: 'message';
      readonly from: string;
      readonly to: string;
      readonly message: Message;
    }
  | { readonly what: 'load' | 'cancel'; readonly client: ToyClient; readonly load: HerdLoad }
  | {
      readonly what: 'settled';
      readonly client: ToyClient;
      readonly call: ToyCall;
      readonly outcome: LoadOutcome;
    }
  | { readonly what: 'written'; readonly client: ToyClient; readonly status: string };

const SLAB_BYTES = bytes(256 * 1024);
const SELF = nodeIndex(0);
const NODE = 0 as Address;
const LONG_MS = 10_000_000;

interface Event {
  readonly at: number;
  readonly run: () => void;
}

export class HerdWorld implements ToyWorld {
  now: Instant = instant(1_000_000);
  readonly judge = new HerdJudge();
  readonly leases: LeaseBook;
  readonly node: CacheNode;
  readonly clients: ToyClient[] = [];
  readonly #options: HerdOptions;
  readonly #prng: Prng;
  readonly #events: Event[] = [];
  /** When the latest message of a link arrives: nothing overtakes it. */
  readonly #arrivals = new Map<string, number>();
  /** When a client's machines are next asked whether they have work. */
  readonly #alarms = new Map<ToyClient, Instant>();
  readonly #peek: Peek;
  #ring: RingView = toyRing(1, [0]);
  #born = 0;

  constructor(options: HerdOptions) {
    this.#options = options;
    this.#prng = options.prng ?? new Prng(1);
    this.leases = options.leases ?? new LeaseBook();
    const memory = Slab.allocate(SLAB_BYTES);
    const slab = new Slab(memory, SLAB_BYTES);
    const { leases, now } = this;
    const prng = this.#prng.fork();
    this.node = new CacheNode({ self: SELF, slab, prng, now, reads: null, watch: null, leases });
    this.node.ringChanged(now, this.#ring, this.#asNodes);
    const reader = new SlabReader(memory, SLAB_BYTES, new ReadScratch(), 0);
    const ring = (): RingView => this.#ring;
    this.#peek = {
      get epoch() {
        return ring().epoch;
      },
      slab: () => reader,
    };
  }

  /** A new thread, which has seen the ring. */
  birth(name = `c${this.#born}`): ToyClient {
    const address = (FIRST_CLIENT + this.#born++) as Address;
    const loads = this.#options.makeLoads?.() ?? new Loads();
    const prng = this.#prng.fork();
    const client = new ToyClient(name, address, loads, this, this.#peek, prng, this.#options.spoil);
    client.ringChanged(this.#ring);
    this.clients.push(client);
    return client;
  }

  get(client: ToyClient, key: string, terms: ToyTerms): ToyCall {
    const began = this.judge.now();
    const call = client.get(loadKey(key), terms);
    this.judge.called(client, call, began);
    this.#rouse(client);
    return call;
  }

  leave(client: ToyClient, call: ToyCall): void {
    if (call.outcome !== null) return;
    client.leave(call);
    this.judge.left(call);
  }

  write(client: ToyClient, op: 'set' | 'delete', key: string, text?: string): void {
    const write = this.judge.submitted(op, key);
    client.write(op, loadKey(key), text ?? write.text, (status) => {
      this.judge.acknowledged(write, status);
      this.#options.say?.({ what: 'written', client, status });
    });
    this.#rouse(client);
  }

  /** A thread dies; the node hears of it a little later. */
  kill(client: ToyClient): void {
    client.isAlive = false;
    this.judge.died(client);
    this.clients.splice(this.clients.indexOf(client), 1);
    this.#link(client.address, NODE, () => {
      this.judge.lost(client.address);
      this.node.peerLost(this.now, client.address, this.#asNodes);
    });
  }

  /** The next ring, with the same owner: everyone hears of it when chance will have it. */
  turn(): void {
    const ring = toyRing(this.#ring.epoch + 1, [0], this.#ring);
    this.#ring = ring;
    this.node.ringChanged(this.now, ring, this.#asNodes);
    for (const client of this.clients) {
      this.plan(this.#options.delay(), () => {
        const isNews = client.epoch !== null && client.epoch < ring.epoch;
        if (client.isAlive && isNews) client.ringChanged(ring);
        this.#rouse(client);
      });
    }
  }

  plan(ms: number, run: () => void): void {
    const at = this.now + ms;
    let i = this.#events.length;
    while (i > 0 && (this.#events[i - 1] as Event).at > at) i--;
    this.#events.splice(i, 0, { at, run });
  }

  /** Until then, or, left out, until nothing happens any more. */
  run(until: Instant = NEVER): void {
    for (;;) {
      const next = Math.min(this.#events[0]?.at ?? NEVER, this.leases.deadline);
      if (next === NEVER || next > until) break;
      this.now = instant(Math.max(this.now, next));
      if (this.leases.deadline <= this.now) this.node.tick(this.now, this.#asNodes);
      else this.#events.shift()?.run();
    }
    if (until !== NEVER) this.now = until;
  }

  /** The first thing that is left over, when all is long over; null if nothing is. */
  leftOver(): string | null {
    this.now = instant(this.now + LONG_MS);
    // What counts no more is tidied away when a machine is next asked for something.
    for (const client of this.clients) client.tick();
    const { leases, remembered } = this.leases.stats;
    if (leases + remembered > 0) return `the node has ${leases} leases, remembers ${remembered}`;
    for (const { name, loads, router } of this.clients) {
      const { loading, waiting } = loads.stats;
      if (loading + waiting > 0) return `${name} has ${loading} loads, ${waiting} calls`;
      if (loads.isActive) return `${name} knows of loads`;
      if (loads.deadline !== NEVER) return `${name} has a deadline`;
      if (router.stats.outstanding > 0) return `${name} has requests`;
    }
    return null;
  }

  // What clients ask of their world.

  post(from: ToyClient, to: Address, message: Message): void {
    const epoch = from.epoch ?? this.#ring.epoch;
    this.#options.say?.({ what: 'message', from: from.name, to: 'n0', message });
    this.#link(from.address, to, () => {
      this.judge.arrives(from.address, message);
      this.node.receive(this.now, from.address, epoch, message, this.#asNodes);
    });
  }

  load(client: ToyClient, flight: Flight): void {
    const load = this.judge.loads(this.now, client, flight);
    this.#options.say?.({ what: 'load', client, load });
    const { how, ms } = this.#options.loader(client, flight);
    if (how === 'never') return;
    this.plan(ms, () => {
      if (!client.isAlive) return;
      const took: Duration = duration(ms);
      this.judge.loaded(load, how);
      client.end(flight, how, load.text, took);
      this.#rouse(client);
    });
  }

  cancel(client: ToyClient, flight: Flight): void {
    const load = this.judge.cancelled(flight);
    if (load !== null) this.#options.say?.({ what: 'cancel', client, load });
  }

  settle(client: ToyClient, call: ToyCall, outcome: LoadOutcome): void {
    this.judge.settled(call, outcome);
    this.#options.say?.({ what: 'settled', client, call, outcome });
  }

  readonly #asNodes = {
    send: (to: Address, message: Message): void => {
      const client = this.clients.find(({ address }) => address === to);
      if (message.type === 'reply') this.judge.answers(this.now, to, message);
      if (client === undefined) return;
      this.#options.say?.({ what: 'message', from: 'n0', to: client.name, message });
      this.#link(NODE, to, () => {
        if (client.isAlive) client.receive(NODE, message);
        this.#rouse(client);
      });
    },
    reply: (): never => {
      throw new Error('the node has no connections of its own');
    },
  };

  #link(from: Address, to: Address, arrive: () => void): void {
    const link = `${from}>${to}`;
    const at = Math.max(this.#arrivals.get(link) ?? 0, this.now + this.#options.delay());
    this.#arrivals.set(link, at);
    this.plan(at - this.now, arrive);
  }

  /** Comes back to a client when its machines have said that they have work. */
  #rouse(client: ToyClient): void {
    const { deadline } = client;
    if (!client.isAlive || deadline === NEVER) return;
    const planned = this.#alarms.get(client) ?? NEVER;
    if (planned <= deadline) return;
    this.#alarms.set(client, deadline);
    this.plan(Math.max(0, deadline - this.now), () => {
      // A later alarm than this was replaced by it.
      if (this.#alarms.get(client) === deadline) this.#alarms.delete(client);
      if (client.isAlive && client.deadline <= this.now) client.tick();
      this.#rouse(client);
    });
  }
}
