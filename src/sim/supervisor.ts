/**
 * The main thread: the supervisor's machine, and what it orders. It begins lives and ends them, holds
 * the channel to each, and publishes.
 *
 *     ended (reported) ──┐                          ┌── launch: memory, channels, then the thread
 *     closing (proof) ───┼──▶ Supervision ──▶ outbox┼── kill: the thread goes on for some ms
 *     serving, pong … ───┘                          └── publish: the ring, then the epoch word
 *
 * With `supervisor-steps` other threads run between any two things that one turn orders: the thread
 * stands still before each, and does the next when it is back on its core.
 */
import {
  duration,
  type Epoch,
  type Instant,
  type NodeIndex,
  nodeId,
  nodeIndex,
} from '../base/units.js';
import type { MembershipEvent } from '../membership/membership-event.js';
import { Supervision } from '../membership/supervision.js';
import type { LifeEnd, SupervisionOutbox } from '../membership/supervision-options.js';
import type { PublishedRing } from '../ring/table-codec.js';
import { type Message, SUPERVISOR } from '../wire/message.js';
import { Actor } from './actor.js';
import { NODES_MAX } from './board.js';
import type { End, Input, Seat } from './channel.js';
import type { World } from './cluster.js';
import { Launcher } from './launcher.js';
import type { Witness } from './memory.js';
import type { NodeMember } from './node-member.js';
import { stepNumber } from './timeline.js';
import { Wiring } from './wiring.js';

export const SUPERVISOR_SEAT: Seat = NODES_MAX;
/** How long a node that leaves may take for its connections. */
const DRAIN_TIMEOUT = duration(2_000);

/** What the checkers see of the supervisor. */
export interface Overseer extends Witness {
  published(ring: PublishedRing): void;
  /** A life is ended by the supervisor's order. */
  ordersDeath(life: NodeMember): void;
  told(event: MembershipEvent): void;
}

const EVENTS: readonly MembershipEvent['event'][] = [
  'node-down',
  'node-up',
  'node-given-up',
  'node-suspected',
  'node-trusted',
  'node-stalled',
  'node-resumed',
  'node-joining',
  'node-leaving',
  'node-left',
  'epoch',
  'supervisor-stalled',
];
export const eventName = (number: number): string => EVENTS[number] ?? '?';

const PUBLISHES = stepNumber('publishes');
const SERVES = stepNumber('serves');
const ENDED = stepNumber('ended');
const GONE = stepNumber('gone');
const ORDERED = stepNumber('ordered-dead');
const EVENT = stepNumber('event');

/** Something that the supervisor hears of a life beside frames. */
class News implements Input {
  readonly #to: SupervisorActor;
  readonly #happen: () => void;

  constructor(to: SupervisorActor, happen: () => void) {
    this.#to = to;
    this.#happen = happen;
  }

  run(): void {
    this.#to.admit(this);
  }

  happen(): void {
    this.#happen();
  }
}

export class SupervisorActor extends Actor {
  readonly world: World;
  readonly supervision: Supervision;
  readonly wiring: Wiring;
  readonly launcher: Launcher;
  readonly #overseer: Overseer;
  /** What this turn has ordered and not yet done. */
  readonly #orders: (() => void)[] = [];
  #added = 0;

  constructor(world: World, overseer: Overseer) {
    super(world.stage, world.network, SUPERVISOR, SUPERVISOR_SEAT);
    const { swarm, chances } = world.stage;
    this.world = world;
    this.#overseer = overseer;
    this.launcher = new Launcher(world, this, {
      witness: overseer,
      tell: (life, what) => this.#hear(life, what),
      onEnd: (life, reason) => this.#onEnd(life, reason),
    });
    this.wiring = new Wiring(world.network, () => this.#delay());
    const out = world.parts.supervisionOutbox(this.#outbox());
    this.supervision = new Supervision(
      {
        nodes: Array.from({ length: swarm.nodes }, (_, i) => ({ id: nodeId(`n${i}`), weight: 1 })),
        vnodes: swarm.vnodes,
        restart: swarm.restart,
        restartGrace: swarm.restartGrace,
        heartbeatInterval: swarm.heartbeatInterval,
        heartbeatFailures: swarm.heartbeatFailures,
        drainTimeout: DRAIN_TIMEOUT,
        prng: chances.supervisor.fork(),
        turnsOf: (node: NodeIndex) => world.board.turns[node] as number,
      },
      out,
    );
    this.#obey();
  }

  /** The latest life of each node. */
  get lives(): readonly (NodeMember | undefined)[] {
    return this.launcher.lives;
  }

  /** Takes up its end of a channel to a node or a client. */
  hold(end: End): void {
    this.take(end);
  }

  /** Has its machine do something, in a turn of its own. */
  act(what: (supervision: Supervision, now: Instant) => void): void {
    this.admit(new News(this, () => this.#turn(() => what(this.supervision, this.now))));
  }

  start(): void {
    this.act((supervision, now) => supervision.start(now));
  }

  /** Has one more node join, if there is a seat for it. */
  add(): void {
    const id = nodeId(`x${this.#added++}`);
    this.act((supervision, now) => {
      const next = supervision.nextIndex;
      if (next !== null && next < NODES_MAX) supervision.add(now, { id, weight: 1 });
    });
  }

  frame(end: End, _epoch: Epoch, message: Message): void {
    const node = nodeIndex(end.address);
    this.#turn(() => {
      const { now, supervision } = this;
      if (message.type === 'pong') supervision.pong(now, node, message.sequence);
      else if (message.type === 'suspect') supervision.accused(now, node, message.node, message);
      else if (message.type === 'trust') supervision.cleared(node, message.node);
    });
  }

  /** An answer that lies here counts, whether it is read or not. */
  override reached(end: End, message: Message): void {
    const life = this.lives[end.address];
    if (message.type !== 'pong' || life === undefined || !this.holds(end)) return;
    const ping = life.pings.findLast(({ sequence }) => sequence === message.sequence);
    if (ping !== undefined) ping.answeredAt ??= this.stage.now;
  }

  /** A channel has closed: the proof of a death. */
  lost(end: End): void {
    const { address } = end;
    this.ports[address] = undefined;
    const life = this.lives[address];
    for (const party of this.wiring.parties) {
      if (party.address === address && !party.isAlive) this.wiring.leave(party);
    }
    if (life === undefined || life.address !== address || address > SUPERVISOR) return;
    this.stage.timeline.note(GONE, this.seat, address);
    this.#turn(() => this.supervision.gone(this.now, life.node));
  }

  /** A life's thread ends at once or within `lag` ms; that is reported, sooner or later. */
  endLife(life: NodeMember, end: LifeEnd, lag: number): void {
    if (life.isEnding) return;
    life.isEnding = true;
    const { stage } = this;
    const { lives } = stage.chances;
    const isLate = stage.swarm.faults.has('late-end') && !stage.isCalm;
    const last = isLate ? lag + LATE_MS_MAX * lives.unit() : lag;
    const reported = isLate ? lag : last + lives.unit();
    stage.plan(last, { run: () => life.die() });
    stage.plan(reported, new News(this, () => this.#hearEnd(life, end)));
  }

  protected onTimer(): void {
    this.#turn(() => this.world.parts.tick(this.supervision, this.now));
  }

  #hearEnd(life: NodeMember, end: LifeEnd): void {
    this.stage.timeline.note(ENDED, this.seat, life.node);
    this.#turn(() => {
      this.supervision.ended(this.now, life.node, end);
      if (this.world.parts.believesReports) this.supervision.gone(this.now, life.node);
    });
  }

  /** One turn: what it orders is done at once, or step by step. */
  #turn(what: () => void): void {
    what();
    this.#obey();
  }

  #obey(): void {
    const { swarm, isCalm, chances } = this.stage;
    const steps = !isCalm && swarm.faults.has('supervisor-steps');
    while (this.#orders.length > 0) {
      if (steps && chances.steps.unit() < swarm.stepShare) {
        this.standStill(STEP_MS_MAX * chances.steps.unit(), () => {
          this.#orders.shift()?.();
          this.#obey();
        });
        return;
      }
      this.#orders.shift()?.();
    }
    this.setTimer(this.supervision.deadline);
  }

  #delay(): number {
    const { swarm, chances } = this.stage;
    return swarm.delayMin + 2 * swarm.delayMean * chances.lives.unit();
  }

  #outbox(): SupervisionOutbox {
    const order = (what: () => void): void => {
      this.#orders.push(what);
    };
    return {
      launch: (node, memory) => {
        if (memory === 'fresh' && !this.launcher.hasMemory()) return false;
        order(() => this.launcher.launch(node, memory === 'kept'));
        return true;
      },
      connect: (node) =>
        order(() => {
          const life = this.lives[node];
          if (life !== undefined) this.wiring.makeReachable(life);
        }),
      kill: (node) => {
        const life = this.lives[node];
        if (life === undefined || life.isEnding) return;
        // It is judged as it is decided: when it is done, the node may have woken up.
        this.#overseer.ordersDeath(life);
        order(() => {
          this.stage.timeline.note(ORDERED, this.seat, node);
          this.endLife(life, { reason: 'killed', text: 'ordered' }, KILL_MS_MAX * this.#chance());
        });
      },
      drain: (node) => order(() => this.#tell(node, 'drain')),
      stop: (node) => order(() => this.#tell(node, 'stop')),
      publish: (ring) => order(() => this.#publish(ring)),
      ping: (node, sequence) => order(() => this.#ping(node, sequence)),
      disappoint: () => {},
      tell: (event) => {
        const node = 'node' in event ? event.node : 0;
        this.stage.timeline.note(EVENT, this.seat, node, EVENTS.indexOf(event.event));
        this.#overseer.told(event);
      },
    };
  }

  #chance(): number {
    return this.stage.chances.lives.unit();
  }

  #tell(node: NodeIndex, control: 'drain' | 'stop'): void {
    const life = this.lives[node];
    if (life !== undefined) this.wiring.tell(life, { control });
  }

  #publish(ring: PublishedRing): void {
    this.stage.timeline.note(PUBLISHES, this.seat, ring.epoch);
    this.#overseer.published(ring);
    this.world.board.publish(ring);
    for (const party of this.wiring.parties) party.nudge(this.#delay());
  }

  #ping(node: NodeIndex, sequence: number): void {
    const end = this.ports[node];
    const life = this.lives[node];
    if (end === undefined || life === undefined) return;
    life.pings.push({ sequence, sentRanMs: this.ranMs, answeredAt: null });
    this.network.post(end, this.supervision.authority.epoch, { type: 'ping', sequence });
  }

  #hear(life: NodeMember, what: 'serving' | 'drained'): void {
    const news = new News(this, () => {
      if (this.lives[life.node] !== life || this.ports[life.address] === undefined) return;
      if (what === 'serving') this.stage.timeline.note(SERVES, life.node);
      this.#turn(() => {
        if (what === 'drained') this.supervision.drained(this.now, life.node);
        else if (this.supervision.serving(this.now, life.node)) life.serves = true;
      });
    });
    this.stage.plan(this.#delay(), news);
  }

  #onEnd(life: NodeMember, reason: 'unusable' | 'stopped'): void {
    const end: LifeEnd =
      reason === 'stopped' ? { reason } : { reason, text: 'it cannot be attached to' };
    this.endLife(life, end, 0);
  }
}

/** A death is reported up to so long before the thread's last store. */
const LATE_MS_MAX = 18;
const STEP_MS_MAX = 20;
/** A thread that is to be ended goes on for so long. */
const KILL_MS_MAX = 3;
