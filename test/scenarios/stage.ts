/**
 * A small cluster on a stage: the supervisor's machine, nodes with their detectors, one client, and
 * links that can be cut. A message takes 1 ms. What is said on the stage is written down, with the
 * time in ms since the beginning; heartbeats are not, they are many.
 *
 * What can be done is listed at `play()`; `membership.test.ts` plays the files beside it.
 */
import { Prng } from '#src/base/prng.js';
import { bytes, duration, type Instant, instant, nodeId, nodeIndex } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { Heartbeat } from '#src/membership/heartbeat.js';
import type { MembershipEvent } from '#src/membership/membership-event.js';
import { Supervision } from '#src/membership/supervision.js';
import type { SupervisionOutbox } from '#src/membership/supervision-options.js';
import { TURN_BEAT } from '#src/membership/vigil.js';
import { CacheNode } from '#src/node/cache-node.js';
import { Router } from '#src/node/router.js';
import { PublishedView } from '#src/ring/published-view.js';
import type { PublishedRing } from '#src/ring/table-codec.js';
import { Slab } from '#src/slab/slab.js';
import { type Address, FIRST_CLIENT, type Message, SUPERVISOR } from '#src/wire/message.js';
import { type Answer, command, Desk, requestId } from '../node/support/desk.js';

const BEGINNING = 1_000_000;
const VNODES = 8;
const SLAB_BYTES = bytes(64 * 1024);
/** From its launch to its serving. */
const START_MS = 5;
/** From the news of a thread's end to the proof of it. */
const PROOF_MS = 4;
const MESSAGE_MS = 1;

interface Actor {
  readonly address: Address;
  readonly machine: CacheNode | Router;
  readonly desk: Desk;
}

interface Life extends Actor {
  readonly machine: CacheNode;
  /** Whether its event loop stands. */
  isHung: boolean;
  isServing: boolean;
}

interface Planned {
  readonly at: number;
  readonly run: () => void;
}

export class Stage implements SupervisionOutbox {
  readonly #said: string[] = [];
  readonly #plans: Planned[] = [];
  readonly #lives = new Map<number, Life>();
  readonly #slabs = new Map<number, SharedArrayBuffer>();
  readonly #turns = new Map<number, number>();
  readonly #cuts = new Set<string>();
  readonly #client: Actor = {
    address: FIRST_CLIENT,
    machine: new Router({ local: null }),
    desk: new Desk(),
  };
  #supervision: Supervision | null = null;
  #ring: PublishedView | null = null;
  /** Until when the supervisor's thread is blocked. */
  #blockedUntil = 0;
  #lastId = 0;
  #now = BEGINNING;

  /** Does what a line of a transcript says. @returns what was said on the stage */
  play(step: string): string[] {
    const [verb = '', ...rest] = step.split(' ');
    const [first = '', second = ''] = rest;
    const node = Number(first.slice(1));
    switch (verb) {
      case 'cluster': // cluster 3 interval=1000 failures=3 restart=warm grace=250
        this.#open(Number(first), new Map(rest.slice(1).map((pair) => pairOf(pair))));
        break;
      case 'pass': // pass 500
        this.#pass(Number(first));
        break;
      case 'set': // set k v
        this.#ask('set', first, second);
        break;
      case 'get': // get k
        this.#ask('get', first);
        break;
      case 'crash': // crash n1
        this.#end(node, 'crashed', 'oh');
        break;
      case 'hang': // hang n1
        (this.#lives.get(node) as Life).isHung = true;
        break;
      case 'wake': // wake n1
        (this.#lives.get(node) as Life).isHung = false;
        break;
      case 'cut': // cut n0 n1
        this.#cuts.add([first, second].sort().join());
        break;
      case 'heal': // heal n0 n1
        this.#cuts.delete([first, second].sort().join());
        break;
      case 'block': // block supervisor 2000
        this.#blockedUntil = this.#now + Number(second);
        break;
      case 'add': // add n3
        this.#machine.add(this.#at, { id: nodeId(first), weight: 1 });
        break;
      case 'remove': // remove n2
        this.#machine.remove(this.#at, nodeIndex(node));
        break;
      case 'restart': // restart n1
        this.#machine.restart(this.#at, nodeIndex(node));
        break;
      default:
        throw new Error(`The stage knows no ${verb}`);
    }
    this.#pass(0);
    return this.#said.splice(0);
  }

  // What the supervisor's machine asks for.

  launch(index: number, memory: 'fresh' | 'kept'): boolean {
    this.#say(`launch n${index} with ${memory} memory`);
    this.#plan(START_MS, () => this.#serve(index, memory));
    return true;
  }

  connect(index: number): void {
    this.#link(index);
  }

  kill(index: number): void {
    this.#say(`kill n${index}`);
    this.#plan(1, () => this.#end(index, 'crashed', 'killed'));
  }

  drain(index: number): void {
    this.#say(`drain n${index}`);
    this.#plan(2, () => this.#machine.drained(this.#at, nodeIndex(index)));
  }

  stop(index: number): void {
    this.#say(`stop n${index}`);
    this.#plan(1, () => this.#end(index, 'stopped', ''));
  }

  publish(ring: PublishedRing): void {
    this.#ring = new PublishedView(ring);
  }

  ping(index: number, sequence: number): void {
    this.#carry(SUPERVISOR, index as Address, { type: 'ping', sequence });
  }

  disappoint(): void {}

  tell(event: MembershipEvent): void {
    this.#say(inWords(event));
  }

  get #machine(): Supervision {
    return this.#supervision as Supervision;
  }

  get #at(): Instant {
    return instant(this.#now);
  }

  #say(line: string): void {
    this.#said.push(`${String(this.#now - BEGINNING).padStart(6)}  ${line}`);
  }

  #open(count: number, options: ReadonlyMap<string, string>): void {
    const interval = duration(Number(options.get('interval') ?? 1_000));
    const nodes = Array.from({ length: count }, (_, i) => ({ id: nodeId(`n${i}`), weight: 1 }));
    this.#supervision = new Supervision(
      {
        nodes,
        vnodes: VNODES,
        restart: (options.get('restart') ?? 'warm') as 'warm' | 'cold' | 'off',
        restartGrace: duration(Number(options.get('grace') ?? 250)),
        heartbeatInterval: interval,
        heartbeatFailures: Number(options.get('failures') ?? 3),
        drainTimeout: duration(1_000),
        prng: new Prng(1),
        turnsOf: (node) => this.#turns.get(node) ?? 0,
      },
      this,
    );
    this.#interval = interval;
    this.#machine.start(this.#at);
    this.#follow(this.#client);
    this.#beat();
  }

  #interval = duration(0);

  #pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#next();
      if (next > end) break;
      this.#now = Math.max(this.#now, next);
      this.#due();
    }
    this.#now = end;
  }

  /** When something is due that can happen. */
  #next(): number {
    let next = Math.min(...this.#plans.map(({ at }) => at));
    const supervisor = this.#supervision?.deadline ?? Number.POSITIVE_INFINITY;
    next = Math.min(next, Math.max(supervisor, this.#blockedUntil));
    for (const { machine, isHung } of this.#lives.values()) {
      if (!isHung) next = Math.min(next, machine.deadline);
    }
    return Math.min(next, this.#client.machine.deadline);
  }

  #due(): void {
    const index = this.#plans.findIndex(({ at }) => at <= this.#now);
    if (index >= 0) this.#plans.splice(index, 1)[0]?.run();
    if (this.#now >= this.#blockedUntil && this.#machine.deadline <= this.#now) {
      this.#machine.tick(this.#at);
    }
    for (const life of this.#lives.values()) if (!life.isHung) this.#turn(life);
    this.#turn(this.#client);
  }

  #turn(actor: Actor): void {
    this.#follow(actor);
    if (actor.machine.deadline <= this.#now) actor.machine.tick(this.#at, actor.desk);
    this.#drain(actor);
  }

  #beat(): void {
    for (const [index, { isHung }] of this.#lives) {
      if (!isHung) this.#turns.set(index, (this.#turns.get(index) ?? 0) + 1);
    }
    this.#plan(TURN_BEAT, () => this.#beat());
  }

  #plan(ms: number, run: () => void): void {
    const at = this.#now + ms;
    const index = this.#plans.findIndex((plan) => plan.at > at);
    this.#plans.splice(index < 0 ? this.#plans.length : index, 0, { at, run });
  }

  #follow({ machine, desk }: Actor): void {
    const ring = this.#ring;
    if (ring !== null && machine.epoch !== ring.epoch) machine.ringChanged(this.#at, ring, desk);
  }

  /** Hands on what a machine has said. */
  #drain(actor: Actor): void {
    for (const { to, message } of actor.desk.sent.splice(0)) {
      this.#carry(actor.address, to as Address, message);
    }
    for (const answer of actor.desk.answers.splice(0)) this.#say(`client: ${outcome(answer)}`);
  }

  #carry(from: Address, to: Address, message: Message): void {
    const link = [from, to].map((address) => `n${address}`);
    if (this.#cuts.has(link.sort().join())) return;
    const epoch = (this.#ring as PublishedView).epoch;
    const sender = this.#lives.get(from);
    this.#plan(MESSAGE_MS, () => {
      if (from < SUPERVISOR && this.#lives.get(from) !== sender) return;
      this.#arrive(from, to, epoch, message);
    });
  }

  #arrive(from: Address, to: Address, epoch: PublishedView['epoch'], message: Message): void {
    if (to === SUPERVISOR) {
      this.#hear(from, message);
      return;
    }
    const actor = to === FIRST_CLIENT ? this.#client : this.#lives.get(to);
    if (actor === undefined) return;
    // What stands does so until it is woken; its mail waits.
    if (this.#lives.get(to)?.isHung === true) {
      this.#plan(MESSAGE_MS, () => this.#arrive(from, to, epoch, message));
      return;
    }
    this.#follow(actor);
    const { machine, desk } = actor;
    if (machine instanceof Router) machine.receive(this.#at, from, message, desk);
    else machine.receive(this.#at, from, epoch, message, desk);
    this.#drain(actor);
  }

  #hear(from: Address, message: Message): void {
    if (this.#now < this.#blockedUntil) {
      this.#plan(this.#blockedUntil - this.#now, () => this.#hear(from, message));
      return;
    }
    const node = nodeIndex(from);
    if (message.type === 'pong') this.#machine.pong(this.#at, node, message.sequence);
    if (message.type === 'suspect') this.#machine.accused(this.#at, node, message.node, message);
    if (message.type === 'late') this.#machine.late(node, message.by);
    if (message.type === 'trust') this.#machine.cleared(node, message.node);
  }

  #serve(index: number, memory: 'fresh' | 'kept'): void {
    const kept = memory === 'kept' ? this.#slabs.get(index) : undefined;
    const buffer = kept ?? Slab.allocate(SLAB_BYTES);
    this.#slabs.set(index, buffer);
    const { epoch } = this.#ring as PublishedView;
    const slab =
      kept === undefined
        ? new Slab(buffer, SLAB_BYTES)
        : Slab.attach(buffer, SLAB_BYTES, new VersionClock(epoch));
    const self = nodeIndex(index);
    const machine = new CacheNode({
      self,
      slab,
      prng: new Prng(index + 1),
      now: this.#at,
      reads: null,
      watch: {
        detector: new Heartbeat({ interval: this.#interval, phase: index }),
        turnsOf: (node) => this.#turns.get(node) ?? 0,
      },
    });
    const desk = new Desk();
    this.#lives.set(index, {
      address: index as Address,
      machine,
      desk,
      isHung: false,
      isServing: true,
    });
    for (const peer of this.#lives.keys()) {
      if (peer !== index) machine.peerLinked(this.#at, peer as Address, desk);
    }
    if (memory === 'fresh') this.#link(index);
    this.#machine.serving(this.#at, self);
  }

  /** Tells the others of a way to a node. */
  #link(index: number): void {
    for (const actor of [...this.#lives.values(), this.#client]) {
      if (actor.address === index) continue;
      if (actor.machine instanceof Router) {
        actor.machine.peerLinked(this.#at, nodeIndex(index), actor.desk);
      } else actor.machine.peerLinked(this.#at, index as Address, actor.desk);
      this.#drain(actor);
    }
  }

  /** The end of a life is known; a little later it is proven. */
  #end(index: number, reason: 'crashed' | 'stopped', text: string): void {
    const life = this.#lives.get(index);
    if (life === undefined) return;
    this.#plan(PROOF_MS, () => {
      if (this.#lives.get(index) !== life) return;
      this.#lives.delete(index);
      for (const actor of [...this.#lives.values(), this.#client]) {
        if (actor.machine instanceof Router) {
          actor.machine.peerLost(this.#at, nodeIndex(index), actor.desk);
        } else actor.machine.peerLost(this.#at, index as Address, actor.desk);
        this.#drain(actor);
      }
      this.#machine.gone(this.#at, nodeIndex(index));
    });
    this.#machine.ended(
      this.#at,
      nodeIndex(index),
      reason === 'stopped' ? { reason } : { reason, text },
    );
  }

  #ask(op: 'get' | 'set', key: string, value = ''): void {
    this.#follow(this.#client);
    const id = requestId(++this.#lastId);
    const { machine, desk } = this.#client;
    (machine as Router).request(this.#at, id, command(op, key, value), desk);
    this.#drain(this.#client);
    this.#pass(4 * MESSAGE_MS);
  }
}

const pairOf = (pair: string): [string, string] => {
  const [name = '', value = ''] = pair.split('=');
  return [name, value];
};

const outcome = ({ status, value, text }: Answer): string =>
  [status, value === null ? '' : `"${value}"`, text].filter((part) => part !== '').join(' ');

/** An event as a line. */
function inWords(event: MembershipEvent): string {
  switch (event.event) {
    case 'epoch':
      return `epoch ${event.epoch}: ${event.nodes.map((node) => `n${node}`).join(' ') || 'nobody'}`;
    case 'supervisor-stalled':
      return `supervisor-stalled for ${event.late} ms`;
    case 'node-down':
      return `node-down n${event.node} (${event.reason}: ${event.text})${event.held ? ', held' : ''}`;
    case 'node-up':
      return `node-up n${event.node}, ${event.warm ? 'warm' : 'empty'}`;
    case 'node-given-up':
      return `node-given-up n${event.node} after ${event.failures}`;
    case 'node-suspected':
      return `node-suspected n${event.node} by ${who(event.by)}: ${event.missed} missed`;
    case 'node-trusted':
      return `node-trusted n${event.node} by ${who(event.by)}`;
    case 'node-late':
      return `node-late n${event.node} by ${event.late} ms`;
    case 'node-stalled':
      return `node-stalled n${event.node} for ${event.standing} ms`;
    default:
      return `${event.event} n${event.node}`;
  }
}

const who = (by: number | null): string => (by === null ? 'the supervisor' : `n${by}`);
