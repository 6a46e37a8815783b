/**
 * Who makes the faults that come from outside: one after the other, at random, of the kinds that the
 * seed has on. Each ends by itself, and all of them when the run becomes calm.
 */
import type { Prng } from '../base/prng.js';
import type { NodeIndex } from '../base/units.js';
import type { Actor } from './actor.js';
import type { Seat } from './channel.js';
import type { ClientMember } from './client-member.js';
import type { Network } from './network.js';
import type { NodeMember } from './node-member.js';
import type { Task } from './queue.js';
import type { Stage } from './stage.js';
import { SUPERVISOR_SEAT, type SupervisorActor } from './supervisor.js';
import type { FaultName } from './swarm.js';
import { stepNumber } from './timeline.js';

/** What gremlins have at hand. */
export interface Victims {
  readonly supervisor: SupervisorActor;
  /** Lives of nodes that have begun, and whose end nobody has decided. */
  readonly lives: readonly NodeMember[];
  readonly clients: readonly ClientMember[];
}

/** The kinds that come at an instant; the others are about how things go all the time. */
const TIMED: readonly FaultName[] = [
  'crash',
  'kill',
  'pause',
  'supervisor-pause',
  'suspend',
  'members',
  'client-death',
  'client-pause',
  'cut',
  'clog',
  'clocks',
];
const JUMP_MS_MIN = 200;
const JUMP_MS_SPAN = 3_000;
const JUMPS = stepNumber('jumps');

export class Gremlins implements Task {
  readonly #stage: Stage;
  readonly #network: Network;
  readonly #victims: () => Victims;
  readonly #prng: Prng;
  readonly #kinds: readonly FaultName[];
  /** Faults so far. */
  faults = 0;

  constructor(stage: Stage, network: Network, victims: () => Victims) {
    this.#stage = stage;
    this.#network = network;
    this.#victims = victims;
    this.#prng = stage.chances.faults;
    this.#kinds = TIMED.filter((kind) => stage.swarm.faults.has(kind));
  }

  start(): void {
    if (this.#kinds.length > 0) this.#wait();
  }

  run(): void {
    if (this.#stage.isCalm) return;
    const kind = this.#kinds[this.#prng.below(this.#kinds.length)] as FaultName;
    this.#make(kind, this.#victims());
    this.faults++;
    this.#wait();
  }

  #wait(): void {
    this.#stage.plan(2 * this.#stage.swarm.calm * this.#prng.unit(), this);
  }

  #make(kind: FaultName, { supervisor, lives, clients }: Victims): void {
    const life = this.#oneOf(lives);
    const client = this.#oneOf(clients);
    switch (kind) {
      case 'crash':
        if (life !== null) supervisor.endLife(life, { reason: 'crashed', text: 'by chance' }, 0);
        break;
      case 'kill':
        if (life !== null) this.#kill(supervisor, life.node);
        break;
      case 'pause':
        life?.standStill(this.#pauseMs());
        break;
      case 'supervisor-pause':
        supervisor.standStill(this.#pauseMs());
        break;
      case 'suspend':
        this.#suspend([supervisor, ...lives, ...clients]);
        break;
      case 'members':
        this.#changeMembers(supervisor);
        break;
      case 'client-death':
        client?.die();
        break;
      case 'client-pause':
        client?.standStill(this.#pauseMs());
        break;
      case 'cut':
        this.#cut(seatsOf({ supervisor, lives, clients }));
        break;
      case 'clog':
        this.#clog(seatsOf({ supervisor, lives, clients }));
        break;
      default:
        this.#jump(this.#oneOf([supervisor, ...lives, ...clients]));
    }
  }

  #kill(supervisor: SupervisorActor, node: NodeIndex): void {
    const isRestart = this.#prng.unit() < 0.5;
    supervisor.act((supervision, now) => {
      if (isRestart) supervision.restart(now, node);
      else supervision.kill(node, 'by chance');
    });
  }

  #suspend(actors: readonly Actor[]): void {
    const ms = this.#pauseMs();
    for (const actor of actors) actor.standStill(ms);
  }

  #changeMembers(supervisor: SupervisorActor): void {
    if (this.#prng.unit() < 0.5) {
      supervisor.add();
      return;
    }
    const draw = this.#prng.uint32();
    supervisor.act((supervision, now) => {
      const { nodes } = supervision;
      const node = nodes[draw % nodes.length];
      if (node !== undefined && supervision.canRemove(node.index))
        supervision.remove(now, node.index);
    });
  }

  /** One off from all, halves, or two from each other; one way, or both. */
  #cut(seats: readonly Seat[]): void {
    const draw = this.#prng.unit();
    const alone = this.#oneOf(seats);
    const isBothWays = this.#prng.unit() < 0.5;
    const ms = 2 * this.#pauseMs();
    for (const from of seats) {
      const isHere = draw < 0.4 ? from === alone : draw < 0.7 ? this.#prng.unit() < 0.5 : false;
      for (const to of seats) {
        if (from === to) continue;
        const isCut = draw < 0.7 ? isHere && to !== alone : this.#prng.unit() < 0.2;
        if (!isCut) continue;
        this.#cutFor(from, to, ms);
        if (isBothWays) this.#cutFor(to, from, ms);
      }
    }
  }

  #cutFor(from: Seat, to: Seat, ms: number): void {
    this.#network.cut(from, to);
    this.#stage.plan(ms, { run: () => this.#network.heal(from, to) });
  }

  #clog(seats: readonly Seat[]): void {
    const from = this.#oneOf(seats);
    const to = this.#oneOf(seats);
    if (from !== null && to !== null && from !== to) this.#network.clog(from, to, this.#pauseMs());
  }

  #jump(actor: Actor | null): void {
    if (actor === null) return;
    const ms = JUMP_MS_MIN + Math.floor(JUMP_MS_SPAN * this.#prng.unit());
    actor.ahead += ms;
    this.#stage.timeline.note(JUMPS, actor.seat, ms);
  }

  /** Mostly short. */
  #pauseMs(): number {
    const draw = this.#prng.unit();
    return 1 + Math.floor(this.#stage.swarm.pauseMax * draw * draw);
  }

  #oneOf<T>(list: readonly T[]): T | null {
    return list.length === 0 ? null : (list[this.#prng.below(list.length)] as T);
  }
}

const seatsOf = ({ lives, clients }: Victims): Seat[] => [
  SUPERVISOR_SEAT,
  ...new Set([...lives.map(({ seat }) => seat), ...clients.map(({ seat }) => seat)]),
];
