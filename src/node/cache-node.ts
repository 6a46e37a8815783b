/**
 * One cache node: a deterministic machine without IO. A shell hands it what comes in and the
 * time, and it asks of the world only what `Outbox` has.
 *
 *     own connections ── request ──▶ ┌───────────┐ own key: executed on the slab, answered at once
 *                                    │ CacheNode │
 *     peers, clients ─── receive ──▶ │           │ other key ──▶ Router ──▶ the owner
 *                                    └───────────┘
 *     ringChanged, peerLost, peerLinked, tick (not before `deadline`)     peers are watched by a detector
 *
 * **Who is served.** A request of another thread is executed only if the asker and this node have
 * the same ring and this node owns the key by it. An asker with an older ring is answered `stale`
 * and nothing is done; one with a newer ring waits until this node has it too (`deferred.ts`).
 *
 * **What a channel must keep**: the order of its messages. A message that comes twice is known
 * by its id, which rises with each request of an asker, and is not executed again.
 *
 * Within `out.reply` a submitter may call `request` again, and nothing else.
 */
import { assert } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import { duration, type Epoch, earlier, type Instant, type NodeIndex } from '../base/units.js';
import { VersionClock } from '../base/version.js';
import { LeaseBook, type LeaseStats } from '../loading/lease-book.js';
import type { Slab } from '../slab/slab.js';
import {
  type Address,
  type Message,
  type RequestId,
  type RequestMessage,
  SUPERVISOR,
} from '../wire/message.js';
import { Command } from './command.js';
import { addressOf, loadCommand, replyMessageOf } from './conversion.js';
import { Deferred } from './deferred.js';
import { Executor } from './execute.js';
import { VALUE_BYTES_MAX } from './limits.js';
import type { Outbox } from './outbox.js';
import { PeerWatch, type PeerWatchOptions, type PeerWatchOutbox } from './peer-watch.js';
import { Reply } from './reply.js';
import type { RingView } from './ring-view.js';
import { Router } from './router.js';
import type { RouterOptions, RouterStats } from './router-options.js';
import type { SharedReads, SharedReadsStats } from './shared-reads.js';
import { Sweeper } from './sweeper.js';

export interface CacheNodeOptions {
  readonly self: NodeIndex;
  /** Written by nobody else. */
  readonly slab: Slab;
  /** The node's own: fork it from the cluster's. */
  readonly prng: Prng;
  /** When the node starts. */
  readonly now: Instant;
  /** The longest value that is stored, in bytes. Default 8 MiB. */
  readonly valueBytesMax?: number;
  /** How keys of other nodes are read in place; null: never, they are always asked for. */
  readonly reads: SharedReads | null;
  /** How it watches its peers; null: not at all. */
  readonly watch: Omit<PeerWatchOptions, 'self'> | null;
  /** What it answers its own connections while it is cut off from all its peers. Default `refuse`. */
  readonly isolated?: 'refuse' | 'serve';
  /**
   * The epoch word, where there is one: what waited for its turn is not executed by a ring that is
   * no longer the latest.
   */
  readonly latestEpoch?: () => Epoch;
  /** Its leases; a simulator has its own. Default: with the limits of `loading/limits.ts`. */
  readonly leases?: LeaseBook;
  /** Limits and times of forwarding. */
  readonly router?: Omit<RouterOptions, 'local' | 'valueBytesMax'>;
}

export interface CacheNodeStats {
  /** Requests executed here, whoever asked. */
  readonly executed: number;
  /** Of these, requests of peers and clients. */
  readonly served: number;
  /** Requests refused because the asker's ring was older, or the key is not this node's. */
  readonly refusedStale: number;
  /** Requests held until this node had caught up with the asker's ring. */
  readonly deferred: number;
  /** Requests that came twice, and messages that a node has no use for. */
  readonly ignored: number;
  /** Entries found to be from before the node came to own their key, and dropped. */
  readonly outdated: number;
  /** Entries removed by the sweeper. */
  readonly swept: number;
  /** Reads of other nodes' keys that were answered in place, or given up. */
  readonly reads: SharedReadsStats;
  /** Peers that its detector suspects now. */
  readonly suspects: number;
  readonly leases: LeaseStats;
  readonly router: RouterStats;
}

/** What a node has from its first ring on. */
interface Service {
  ring: RingView;
  readonly executor: Executor;
}

export class CacheNode {
  readonly #self: NodeIndex;
  readonly #slab: Slab;
  readonly #valueBytesMax: number;
  readonly #reads: SharedReads | null;
  readonly #router: Router;
  readonly #sweeper: Sweeper;
  readonly #watch: PeerWatch | null;
  readonly #refusesAlone: boolean;
  readonly #leases: LeaseBook;
  readonly #deferred = new Deferred();
  /** The highest request id of each asker: ids rise, so one that does not has come before. */
  readonly #lastIds = new Map<Address, RequestId>();
  /** Requests of others, and own ones that had to wait, in the form in which they are executed. */
  readonly #command = new Command();
  readonly #failure = new Reply();
  readonly #read = new Reply();
  #service: Service | null = null;
  readonly #counts = { executed: 0, served: 0, refusedStale: 0, deferred: 0, ignored: 0 };

  constructor(options: CacheNodeOptions) {
    this.#self = options.self;
    this.#slab = options.slab;
    this.#valueBytesMax = options.valueBytesMax ?? VALUE_BYTES_MAX;
    this.#sweeper = new Sweeper(options.slab, options.prng, options.now);
    this.#reads = options.reads;
    const { self, watch } = options;
    this.#watch = watch === null ? null : new PeerWatch({ ...watch, self });
    this.#refusesAlone = options.isolated !== 'serve';
    this.#leases = options.leases ?? new LeaseBook();
    const { latestEpoch } = options;
    this.#router = new Router({
      ...options.router,
      valueBytesMax: this.#valueBytesMax,
      local: {
        self: options.self,
        isLatest: (epoch) => latestEpoch === undefined || latestEpoch() === epoch,
        executeLocal: (now, id, message, out) => this.#executeLocal(now, id, message, out),
      },
    });
  }

  /** Epoch of the ring in use: what the frames sent from here carry; null before the first ring. */
  get epoch(): Epoch | null {
    return this.#router.epoch;
  }

  get stats(): CacheNodeStats {
    return {
      ...this.#counts,
      outdated: this.#service === null ? 0 : this.#service.executor.outdated,
      swept: this.#sweeper.swept,
      reads: this.#reads?.stats ?? { answered: 0, contended: 0 },
      suspects: this.#watch?.suspects ?? 0,
      leases: this.#leases.stats,
      router: this.#router.stats,
    };
  }

  /** When `tick` next has work. */
  get deadline(): Instant {
    const { deadline } = this.#leases;
    const own = earlier(earlier(this.#sweeper.deadline, this.#router.deadline), deadline);
    return this.#watch === null ? own : earlier(own, this.#watch.deadline);
  }

  /**
   * A command of one of this node's own connections.
   *
   * @param id given back with the reply, which for a key of this node comes within this call
   */
  request(now: Instant, id: RequestId, command: Command, out: Outbox): void {
    const service = this.#service;
    if (this.#watch?.isIsolated === true && this.#refusesAlone) {
      const text = `Cannot ${command.op}: this node is cut off from all others`;
      out.reply(id, this.#failure.fail('ERR_CLUSTER_DOWN', text));
      return;
    }
    if (service !== null && this.#isServedAtOnce(service.ring, command)) {
      out.reply(id, this.#execute(now, service, command, addressOf(this.#self)));
      this.#wake(out);
      return;
    }
    const read = service === null ? null : this.#readInPlace(now, service.ring, command);
    if (read !== null) out.reply(id, read);
    else this.#router.request(now, id, command, out);
  }

  /** One message of a frame that carried `epoch`, in the order of the frame. */
  receive(now: Instant, from: Address, epoch: Epoch, message: Message, out: Outbox): void {
    switch (message.type) {
      case 'request':
        this.#serve(now, from, epoch, message, out);
        break;
      case 'reply':
      case 'stale':
        this.#router.receive(now, from, message, out);
        break;
      case 'ping':
        out.send(from, { type: 'pong', sequence: message.sequence });
        break;
      case 'pong':
      case 'swim':
        if (this.#watch === null || from >= SUPERVISOR) this.#counts.ignored++;
        else this.#watch.receive(now, nodeOf(from), message, this.#asWatcher(now, out));
        break;
      case 'epoch':
      case 'suspect':
      case 'trust':
      case 'late':
      case 'wake':
        // It hears of a new ring by `ringChanged`, suspicions are for the supervisor, and it loads nothing.
        this.#counts.ignored++;
        break;
    }
  }

  /** The next ring. Frames with messages from before carry the old epoch: send them first. */
  ringChanged(now: Instant, ring: RingView, out: Outbox): void {
    if (this.#service === null) this.#service = this.#begin(ring);
    else {
      this.#service.ring = ring;
      this.#service.executor.ringChanged(ring);
      this.#wake(out);
    }
    this.#router.ringChanged(now, ring, out);
    this.#watch?.ringChanged(now, ring.nodes, this.#asWatcher(now, out));
    for (const { from, epoch, message } of this.#deferred.take(ring.epoch)) {
      this.#judge(now, from, epoch, message, out);
    }
  }

  /** The port to a node or client has closed: it is not spoken to until `peerLinked`. */
  peerLost(now: Instant, peer: Address, out: Outbox): void {
    this.#lastIds.delete(peer);
    this.#deferred.drop(peer);
    this.#leases.peerLost(peer);
    this.#wake(out);
    if (peer >= SUPERVISOR) return;
    // The router first: to take a suspicion back would let it speak to a peer that is not there.
    this.#router.peerLost(now, nodeOf(peer), out);
    this.#watch?.peerLost(now, nodeOf(peer), this.#asWatcher(now, out));
  }

  /** There is a port to a node or client again, after `peerLost`. */
  peerLinked(now: Instant, peer: Address, out: Outbox): void {
    this.#lastIds.delete(peer);
    if (peer >= SUPERVISOR) return;
    this.#watch?.peerLinked(now, nodeOf(peer));
    this.#router.peerLinked(now, nodeOf(peer), out);
  }

  tick(now: Instant, out: Outbox): void {
    this.#sweeper.tick(now);
    this.#router.tick(now, out);
    this.#leases.tick(now);
    this.#wake(out);
    this.#watch?.tick(now, this.#asWatcher(now, out));
  }

  /** Fails everything outstanding, and every later command for another node, with ERR_CLOSED. */
  close(out: Outbox): void {
    this.#router.close(out);
  }

  /** A suspicion is acted upon here, by not speaking to the node, and reported; no more. */
  #asWatcher(now: Instant, out: Outbox): PeerWatchOutbox {
    return {
      send: (to, message) => out.send(addressOf(to), message),
      suspected: (node, { missed, silent }) => {
        this.#router.peerSuspected(node);
        out.send(SUPERVISOR, {
          type: 'suspect',
          node,
          missed,
          silent: duration(Math.round(silent)),
        });
      },
      trusted: (node) => {
        this.#router.peerTrusted(now, node, out);
        out.send(SUPERVISOR, { type: 'trust', node });
      },
      late: (by) => out.send(SUPERVISOR, { type: 'late', by: duration(Math.round(by)) }),
    };
  }

  #begin(ring: RingView): Service {
    const clock = new VersionClock(ring.epoch);
    const executor = new Executor({
      self: this.#self,
      slab: this.#slab,
      leases: this.#leases,
      clock,
      ring,
      valueBytesMax: this.#valueBytesMax,
    });
    return { ring, executor };
  }

  #isServedAtOnce(ring: RingView, command: Command): boolean {
    if (command.target === null) {
      const { hash } = command.key;
      return ring.owner(hash) === this.#self && !this.#router.mustQueue(hash);
    }
    if (command.target !== this.#self) return false;
    return command.op === 'count' || !this.#router.mustQueueFlush;
  }

  /**
   * The answer to a read of another node's key, from that node's memory; null if it must be asked.
   * What is outstanding for the key keeps its order: a read does not overtake it.
   */
  #readInPlace(now: Instant, ring: RingView, command: Command): Reply | null {
    const reads = this.#reads;
    const { op, key } = command;
    if (reads === null || (op !== 'get' && op !== 'stat')) return null;
    if (!this.#router.isQuiet(key.hash)) return null;
    const outcome = reads.read(ring, key, op === 'get' ? 'value' : 'header');
    if (outcome === 'unread') return null;
    const { slab } = reads;
    const isHit = outcome === 'found' && slab.expiry > now;
    if (op === 'get') {
      if (isHit) slab.noteHit();
      else slab.noteMiss();
    }
    if (!isHit) return this.#read.clear('miss');
    const reply = this.#read.describe(slab);
    if (op === 'get') reply.lendScratch(slab.scratch);
    return reply;
  }

  /** An own request that had to wait, and whose key is this node's by now. */
  #executeLocal(now: Instant, id: RequestId, message: RequestMessage, out: Outbox): void {
    const service = this.#service;
    assert(service !== null, 'what is executed here is executed by a ring');
    loadCommand(this.#command, message);
    out.reply(id, this.#execute(now, service, this.#command, addressOf(this.#self)));
    this.#wake(out);
  }

  #execute(now: Instant, service: Service, command: Command, asker: Address): Reply {
    this.#counts.executed++;
    return service.executor.execute(now, command, asker);
  }

  /** Tells those who waited for loads what has become of them. */
  #wake(out: Outbox): void {
    for (const { to, message } of this.#leases.takeWakes()) out.send(to, message);
  }

  /** A request of another thread. */
  #serve(now: Instant, from: Address, epoch: Epoch, message: RequestMessage, out: Outbox): void {
    const last = this.#lastIds.get(from);
    if (last !== undefined && message.id <= last) {
      this.#counts.ignored++;
      return;
    }
    this.#lastIds.set(from, message.id);
    this.#judge(now, from, epoch, message, out);
  }

  /** Executes a request, refuses it as stale, or holds it: by whose ring is the newer. */
  #judge(now: Instant, from: Address, epoch: Epoch, message: RequestMessage, out: Outbox): void {
    const service = this.#service;
    if (service === null || epoch > service.ring.epoch) {
      this.#defer(from, epoch, message, out);
    } else if (epoch < service.ring.epoch) this.#refuse(from, message, service.ring.epoch, out);
    else if (!loadCommand(this.#command, message)) {
      const text = `Cannot ${message.op} key: it has ${message.key.length} bytes`;
      out.send(from, replyMessageOf(message.id, this.#failure.fail('ERR_KEY', text)));
    } else if (!this.#serves(service.ring, this.#command)) {
      this.#refuse(from, message, service.ring.epoch, out);
    } else {
      this.#counts.served++;
      const reply = this.#execute(now, service, this.#command, from);
      out.send(from, replyMessageOf(message.id, reply));
      this.#wake(out);
    }
  }

  #refuse(from: Address, message: RequestMessage, epoch: Epoch, out: Outbox): void {
    this.#counts.refusedStale++;
    out.send(from, { type: 'stale', id: message.id, epoch });
  }

  #defer(from: Address, epoch: Epoch, message: RequestMessage, out: Outbox): void {
    if (this.#deferred.hold({ from, epoch, message })) {
      this.#counts.deferred++;
      return;
    }
    const text = `Cannot ${message.op}: node ${this.#self} holds its limit of requests for a newer ring`;
    out.send(from, replyMessageOf(message.id, this.#failure.fail('ERR_BUSY', text)));
  }

  #serves(ring: RingView, command: Command): boolean {
    if (command.op === 'flush' || command.op === 'count') return ring.isUp(this.#self);
    return ring.owner(command.key.hash) === this.#self;
  }
}

const nodeOf = (peer: Address): NodeIndex => peer as number as NodeIndex;
