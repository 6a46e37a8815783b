/**
 * Begins lives, as a supervisor's shell does: memory, channels, then a thread that takes its time, or
 * cannot begin.
 */
import type { Bytes, NodeIndex } from '../base/units.js';
import type { LifeEnd } from '../membership/supervision-options.js';
import { type Address, SUPERVISOR } from '../wire/message.js';
import type { World } from './cluster.js';
import { Memory } from './memory.js';
import { type LifeOptions, NodeMember } from './node-member.js';
import type { SupervisorActor } from './supervisor.js';
import { stepNumber } from './timeline.js';

const LAUNCHES = stepNumber('launches');
/** With `refusal`, so many lives cannot begin. */
const REFUSED_SHARE = 0.2;
const START_MS_MIN = 2;
const START_MS_SPAN = 10;

/** What a life has of its supervisor. */
export type LifeCalls = Pick<LifeOptions, 'witness' | 'tell' | 'onEnd'>;

export class Launcher {
  /** The latest life of each node. */
  readonly lives: (NodeMember | undefined)[] = [];
  readonly #world: World;
  readonly #supervisor: SupervisorActor;
  readonly #calls: LifeCalls;
  readonly #memories: (Memory | undefined)[] = [];
  readonly #memoryLimit: Bytes;

  constructor(world: World, supervisor: SupervisorActor, calls: LifeCalls) {
    this.#world = world;
    this.#supervisor = supervisor;
    this.#calls = calls;
    this.#memoryLimit = world.stage.swarm.memoryLimit;
  }

  /** The memories that there are, for who joins. */
  get memories(): Memory[] {
    return this.#memories.filter((memory) => memory !== undefined);
  }

  /** Whether there is memory for one more slab. */
  hasMemory(): boolean {
    return !(this.#isFaulty('refusal') && this.#chance() < REFUSED_SHARE);
  }

  launch(node: NodeIndex, isKept: boolean): void {
    const { stage, network, board } = this.#world;
    const supervisor = this.#supervisor;
    stage.timeline.note(LAUNCHES, supervisor.seat, node, isKept ? 1 : 0);
    const memory = this.#memoryFor(node, isKept);
    const [own, end] = network.channel(
      SUPERVISOR,
      supervisor.seat,
      node as number as Address,
      node,
    );
    supervisor.hold(own);
    const life = new NodeMember(this.#world, {
      ...this.#calls,
      node,
      life: supervisor.supervision.node(node)?.lives ?? 1,
      memory,
      isKept,
      memories: this.memories,
      supervisor: end,
    });
    life.ahead = stage.drawAhead();
    this.lives[node] = life;
    supervisor.wiring.join(life, isKept ? 'unreachable' : 'reachable');
    if (!isKept) {
      board.memories[node] = memory.number;
      supervisor.wiring.tellAll({ control: 'memory', memory });
    }
    this.#beginSoon(life, isKept);
  }

  #memoryFor(node: NodeIndex, isKept: boolean): Memory {
    const known = this.#memories[node];
    if (isKept && known !== undefined) return known;
    const number = (this.#world.board.memories[node] as number) + 1;
    const memory = new Memory(node, number, this.#memoryLimit);
    this.#memories[node] = memory;
    return memory;
  }

  #beginSoon(life: NodeMember, isKept: boolean): void {
    let wait = START_MS_MIN + START_MS_SPAN * this.#chance();
    if (this.#isFaulty('slow-start')) wait += slowStart(this.#chance());
    const isRefused = this.#isFaulty('refusal') && this.#chance() < REFUSED_SHARE;
    const end: LifeEnd = { reason: isKept ? 'unusable' : 'refused', text: 'as drawn' };
    this.#world.stage.plan(wait, {
      run: () => {
        if (isRefused) this.#supervisor.endLife(life, end, 0);
        else life.begin();
      },
    });
  }

  /** Only once the cluster is up: a start that fails is the end of it. */
  #isFaulty(fault: 'refusal' | 'slow-start'): boolean {
    const { swarm, isCalm } = this.#world.stage;
    return !isCalm && swarm.faults.has(fault) && this.#supervisor.supervision.isUp;
  }

  #chance(): number {
    return this.#world.stage.chances.lives.unit();
  }
}

/** Mostly tenths of seconds; one in thirty is longer than anybody waits. */
function slowStart(draw: number): number {
  return draw < 0.03 ? 12_000 : draw * 500;
}
