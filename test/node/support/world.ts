/**
 * A cluster without threads: nodes and clients as their real machines, joined by a random network,
 * in one queue of events. Everything follows from the seed.
 *
 * A link keeps the order of its messages, as a MessagePort does, and delays, loses or doubles
 * them. A supervisor takes nodes off the ring and puts them back, alive or dead; everyone hears of a
 * new ring when chance will have it. Each submitter writes keys of its own, so that
 * the order in which it submitted is the order in which its operations must take effect.
 *
 * `breakage` breaks one rule on purpose: a checker that does not notice is no checker.
 */
import { Prng } from '#src/base/prng.js';
import { bytes, type Epoch, type Instant, instant, nodeIndex } from '#src/base/units.js';
import { CacheNode } from '#src/node/cache-node.js';
import { Command } from '#src/node/command.js';
import type { Outbox } from '#src/node/outbox.js';
import { Reply } from '#src/node/reply.js';
import type { RingView } from '#src/node/ring-view.js';
import { Router } from '#src/node/router.js';
import { type Peek, SharedReads } from '#src/node/shared-reads.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { Slab } from '#src/slab/slab.js';
import { BEFORE_FIRST_RING, decodeFrame, encodeFrame } from '#src/wire/codec.js';
import { type Address, FIRST_CLIENT, type Message, type RequestId } from '#src/wire/message.js';
import { History, type Operation } from './history.js';
import { toyRing } from './toy-ring.js';

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly clients: number;
  readonly operations: number;
  /** Chance of a message to be lost, and to come twice. */
  readonly lossShare: number;
  readonly doubleShare: number;
  /** Nodes die and return; living ones are taken off the ring and put back. */
  readonly churns: boolean;
  /** Longest time between two changes of the ring. */
  readonly calmMax?: number;
  /** Who hears of a ring is not shown those before it. */
  readonly skipsRings?: boolean;
  /** Keys of other nodes are read in their slabs, by nodes and clients. */
  readonly readsInPlace?: boolean;
  readonly breakage?: 'none' | 'any-epoch' | 'doubles-executed' | 'no-tenure';
}

const SLAB_BYTES = bytes(1024 * 1024);
const KEYS_PER_SUBMITTER = 4;
const DELAY_MAX = 40;
const CALM_MAX = 200;
/** As long as the machines' own time-outs, and then some. */
const SETTLING_MS = 60_000;

/** A node's life, or a client: who submits, sends and receives. */
interface Actor {
  readonly address: Address;
  readonly node: CacheNode | null;
  readonly router: Router | null;
  /** Of a node: what others read in place. */
  readonly slab: Slab | null;
  readonly reader: SlabReader | null;
  readonly reads: SharedReads | null;
  /** The ring that the actor has seen last. */
  ring: RingView | null;
  readonly outbox: Outbox;
  readonly submitter: string;
  readonly open: Map<RequestId, Operation>;
  alive: boolean;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class World {
  readonly history: History;
  readonly #options: WorldOptions;
  readonly #prng: Prng;
  readonly #events: Event[] = [];
  readonly #actors = new Map<Address, Actor>();
  /** When the latest message of a link arrives: nothing overtakes it. */
  readonly #arrivals = new Map<string, number>();
  readonly #command = new Command();
  readonly #scratch = new ReadScratch();
  readonly #found = new Reply();
  readonly #peek: Peek = (() => {
    const world = this;
    return {
      get epoch() {
        return (world.#rings.at(-1) as RingView).epoch;
      },
      slab: (node) => world.#actors.get(node as number as Address)?.reader ?? null,
    };
  })();
  #rings: RingView[] = [];
  #onRing: number[];
  #now: Instant = instant(1_000);
  #order = 0;
  #submitted = 0;
  #lives = 0;
  #lastId = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed);
    this.history = new History(options.churns, options.lossShare > 0);
    this.#onRing = Array.from({ length: options.nodes }, (_, i) => i);
    const addresses = [
      ...this.#onRing,
      ...Array.from({ length: options.clients }, (_, i) => FIRST_CLIENT + i),
    ];
    for (const address of addresses) this.#actors.set(address as Address, this.#actor(address));
    this.#publish();
  }

  /** Lets everything happen, until nobody waits for anything. */
  run(): void {
    for (const address of this.#actors.keys()) this.#planSubmission(address);
    if (this.#options.churns) this.#plan(50, () => this.#churn());
    for (let event = this.#next(); event !== null; event = this.#next()) {
      this.#now = instant(event.at);
      event.run();
    }
    const end = instant(this.#now + SETTLING_MS);
    for (const actor of this.#actors.values()) this.#machine(actor).tick(end, actor.outbox);
  }

  /** Requests that some router still holds. */
  get outstanding(): number {
    let sum = 0;
    for (const { node, router } of this.#actors.values()) {
      sum += node?.stats.router.outstanding ?? router?.stats.outstanding ?? 0;
    }
    return sum;
  }

  /** What the machines counted, summed up, for a test to see that it tested something. */
  get totals(): {
    stale: number;
    queued: number;
    parked: number;
    ignored: number;
    inPlace: number;
  } {
    const totals = { stale: 0, queued: 0, parked: 0, ignored: 0, inPlace: 0 };
    for (const actor of this.#actors.values()) {
      const { node, router } = actor;
      const stats = node?.stats.router ?? router?.stats;
      if (stats === undefined) continue;
      totals.stale += stats.stale;
      totals.queued += stats.queued;
      totals.parked += stats.parked;
      totals.ignored += node?.stats.ignored ?? 0;
      totals.inPlace += actor.reads?.stats.answered ?? 0;
    }
    return totals;
  }

  #actor(address: number): Actor {
    const isNode = address < this.#options.nodes;
    const memory = Slab.allocate(SLAB_BYTES);
    const slab = new Slab(memory, SLAB_BYTES);
    const reads = this.#options.readsInPlace === true ? new SharedReads(this.#peek) : null;
    const actor: Actor = {
      address: address as Address,
      node: isNode
        ? new CacheNode({
            self: nodeIndex(address),
            slab,
            prng: this.#prng.fork(),
            now: this.#now,
            reads,
            watch: null,
          })
        : null,
      router: isNode ? null : new Router({ local: null }),
      slab: isNode ? slab : null,
      reader: isNode ? new SlabReader(memory, SLAB_BYTES, this.#scratch, address) : null,
      reads,
      ring: null,
      submitter: `s${address}.${this.#lives++}`,
      open: new Map(),
      alive: true,
      outbox: {
        send: (to, message) => this.#post(actor, to, message),
        reply: (id, reply) => {
          const operation = actor.open.get(id);
          this.history.answer(operation, reply);
          actor.open.delete(id);
          // A door may go on with its next command before it returns.
          if (this.#prng.unit() < 0.3) this.#submit(actor);
        },
      },
    };
    return actor;
  }

  #machine(actor: Actor): CacheNode | Router {
    return (actor.node ?? actor.router) as CacheNode | Router;
  }

  #plan(wait: number, run: () => void): void {
    this.#planAt(this.#now + wait, run);
  }

  #planAt(at: number, run: () => void): void {
    const event = { at, order: this.#order++, run };
    let i = this.#events.length;
    while (i > 0 && (this.#events[i - 1] as Event).at > at) i--;
    this.#events.splice(i, 0, event);
  }

  #next(): Event | null {
    return this.#events.shift() ?? null;
  }

  /** After each turn: come back when the machine has said that it has work. */
  #planTick(actor: Actor): void {
    const { deadline } = this.#machine(actor);
    const isIdle = actor.open.size === 0;
    if (!actor.alive || isIdle) return;
    this.#planAt(Math.max(deadline, this.#now), () => {
      if (!actor.alive || this.#machine(actor).deadline > this.#now) return;
      this.#machine(actor).tick(this.#now, actor.outbox);
      this.#planTick(actor);
    });
  }

  #planSubmission(address: Address): void {
    this.#plan(this.#prng.below(12), () => {
      const actor = this.#actors.get(address) as Actor;
      const burst = 1 + this.#prng.below(4);
      if (actor.alive) for (let i = 0; i < burst; i++) this.#submit(actor);
      if (this.#submitted < this.#options.operations) this.#planSubmission(address);
    });
  }

  #submit(actor: Actor): void {
    if (this.#submitted >= this.#options.operations) return;
    this.#submitted++;
    const key = `${actor.submitter}:${this.#prng.below(KEYS_PER_SUBMITTER)}`;
    const draw = this.#prng.unit();
    const operation =
      draw < 0.4
        ? this.history.begin(key, 'get')
        : draw < 0.8
          ? this.history.begin(key, 'set')
          : draw < 0.9
            ? this.history.begin(key, 'set-if-absent')
            : this.history.begin(key, 'delete');
    const command = this.#command;
    command.prepare(operation.op === 'set-if-absent' ? 'set' : operation.op);
    command.key.loadString(key);
    if (command.op === 'set') {
      command.value = Buffer.from(operation.value);
      command.valueEnd = command.value.length;
      command.condition = operation.op === 'set' ? 'always' : 'if-absent';
    }
    const id = ++this.#lastId as RequestId;
    actor.open.set(id, operation);
    if (!this.#readInPlace(actor, id, command)) {
      this.#machine(actor).request(this.#now, id, command, actor.outbox);
    }
    this.#planTick(actor);
  }

  /** What a client does before it asks; a node does so itself. */
  #readInPlace(actor: Actor, id: RequestId, command: Command): boolean {
    const { router, reads, ring } = actor;
    if (router === null || reads === null || ring === null || command.op !== 'get') return false;
    if (!router.isQuiet(command.key.hash)) return false;
    const outcome = reads.read(ring, command.key, 'value');
    if (outcome === 'unread') return false;
    if (outcome === 'absent') this.#found.clear('miss');
    else {
      this.#found.describe(reads.slab);
      this.#found.lendScratch(reads.slab.scratch);
    }
    actor.outbox.reply(id, this.#found);
    return true;
  }

  #post(from: Actor, to: Address, message: Message): void {
    if (this.#prng.unit() < this.#options.lossShare) return;
    const frame = encodeFrame(this.#machine(from).epoch ?? BEFORE_FIRST_RING, [message]);
    const receiver = this.#actors.get(to);
    if (receiver === undefined) return;
    this.#deliver(from, receiver, frame);
    if (this.#prng.unit() < this.#options.doubleShare) this.#deliver(from, receiver, frame);
  }

  #deliver(from: Actor, to: Actor, frame: Uint8Array): void {
    const link = `${from.submitter}>${to.submitter}`;
    const at = Math.max(this.#arrivals.get(link) ?? 0, this.#now + 1 + this.#prng.below(DELAY_MAX));
    this.#arrivals.set(link, at);
    this.#planAt(at, () => {
      if (!to.alive || this.#actors.get(from.address) !== from) return;
      const decoded = decodeFrame(frame);
      if (decoded.outcome !== 'frame') throw new Error(decoded.text);
      for (const message of decoded.frame.messages) {
        this.#handOver(to, from, decoded.frame.epoch, message);
      }
    });
  }

  #handOver(to: Actor, from: Actor, epoch: Epoch, message: Message): void {
    if (to.node === null) to.router?.receive(this.#now, from.address, message, to.outbox);
    else {
      const { breakage } = this.#options;
      const said = breakage === 'any-epoch' ? (to.node.epoch ?? epoch) : epoch;
      if (breakage === 'doubles-executed') to.node.peerLinked(this.#now, from.address, to.outbox);
      to.node.receive(this.#now, from.address, said, message, to.outbox);
    }
    this.#planTick(to);
  }

  /** Everyone hears of the present ring at a time of their own, of each ring in turn. */
  #publish(): void {
    const last = this.#options.breakage === 'no-tenure' ? null : (this.#rings.at(-1) ?? null);
    const ring = toyRing(this.#rings.length + 1, this.#onRing, last);
    this.#rings.push(ring);
    for (const actor of this.#actors.values()) {
      this.#plan(this.#prng.below(60), () => this.#catchUp(actor, ring.epoch));
    }
  }

  #catchUp(actor: Actor, epoch: Epoch): void {
    if (!actor.alive) return;
    const machine = this.#machine(actor);
    const rings = this.#options.skipsRings ? this.#rings.slice(epoch - 1) : this.#rings;
    for (const ring of rings) {
      const isNews = machine.epoch === null || ring.epoch > machine.epoch;
      if (!isNews || ring.epoch > epoch) continue;
      machine.ringChanged(this.#now, ring, actor.outbox);
      actor.ring = ring;
    }
    this.#planTick(actor);
  }

  #churn(): void {
    const node = this.#prng.below(this.#options.nodes);
    const isOn = this.#onRing.includes(node);
    const actor = this.#actors.get(node as Address) as Actor;
    if (!isOn) this.#return(actor);
    else if (this.#onRing.length > 1) {
      this.#onRing = this.#onRing.filter((other) => other !== node);
      if (this.#prng.unit() < 0.4) this.#kill(actor);
      this.#publish();
    }
    if (this.#submitted < this.#options.operations) {
      const { calmMax = CALM_MAX } = this.#options;
      this.#plan(1 + this.#prng.below(calmMax), () => this.#churn());
    }
  }

  #kill(actor: Actor): void {
    actor.alive = false;
    this.history.abandon(actor.open.values());
    for (const other of this.#actors.values()) {
      if (other === actor) continue;
      this.#plan(this.#prng.below(15), () => this.#lose(other, actor.address));
    }
  }

  #lose(actor: Actor, peer: Address): void {
    if (!actor.alive) return;
    if (actor.node !== null) actor.node.peerLost(this.#now, peer, actor.outbox);
    else actor.router?.peerLost(this.#now, nodeIndex(peer), actor.outbox);
    this.#planTick(actor);
  }

  /** Puts a node back on the ring: the same one, or, if it died, one with an empty slab. */
  #return(actor: Actor): void {
    const { address } = actor;
    if (!actor.alive) {
      const born = this.#actor(address);
      for (const other of this.#actors.values()) {
        if (other !== actor) {
          this.#lose(other, address);
          this.#link(other, address);
        }
      }
      this.#actors.set(address, born);
    }
    this.#onRing = [...this.#onRing, address].sort((a, b) => a - b);
    this.#publish();
  }

  #link(actor: Actor, peer: Address): void {
    if (!actor.alive) return;
    if (actor.node !== null) actor.node.peerLinked(this.#now, peer, actor.outbox);
    else actor.router?.peerLinked(this.#now, nodeIndex(peer), actor.outbox);
  }
}
