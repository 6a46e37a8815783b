/**
 * A run: a cluster of real machines in simulated threads, from the first epoch to the last check.
 *
 *     begin ── all serve ──▶ faults and load, `length` ──▶ calm ── agreed ──▶ probes ──▶ judged
 *              safety is checked at every step                 liveness: within SETTLE_MS (recovery.ts)
 *
 * Everything follows from the seed: what is drawn, and the order in which it is.
 */
import { after, duration, type Instant, type KeyHash, nodeIndex } from '../base/units.js';
import type { LoadOutcome } from '../loading/load-call.js';
import { Command } from '../node/command.js';
import type { Reply } from '../node/reply.js';
import { type Address, FIRST_CLIENT, type RequestId, SUPERVISOR } from '../wire/message.js';
import { Board } from './board.js';
import { Checks } from './checks.js';
import { ClientMember } from './client-member.js';
import type { World as Shared } from './cluster.js';
import { Gremlins } from './gremlins.js';
import { History, type Operation, OUTCOMES } from './history.js';
import type { Member } from './member.js';
import { Network } from './network.js';
import { NodeMember } from './node-member.js';
import type { Parts } from './parts.js';
import type { Task } from './queue.js';
import { Recovery } from './recovery.js';
import { Runs } from './runs.js';
import { Stage } from './stage.js';
import { SUPERVISOR_SEAT, SupervisorActor } from './supervisor.js';
import type { Swarm } from './swarm.js';
import { stepNumber } from './timeline.js';
import { Workload } from './workload.js';

/** All nodes of the start serve by then. */
const START_MS_MAX = 5_000;
/** A dead client's seat is taken again after up to so long. */
const SEAT_FREE_MS_MAX = 500;
/** Half a burst more than one operation. */
const BURST_MEAN = 2.5;

const ANSWERED = stepNumber('answered');
const ABANDONED = stepNumber('abandoned');
const CALM = stepNumber('calm');

export class World implements Shared, Task {
  readonly stage: Stage;
  readonly network: Network;
  readonly board: Board;
  readonly parts: Parts;
  readonly history = new History();
  readonly workload: Workload;
  readonly runs: Runs;
  readonly supervisor: SupervisorActor;
  readonly #checks: Checks;
  readonly #gremlins: Gremlins;
  /** By seat: who sits there now. */
  readonly #clients: (ClientMember | undefined)[] = [];
  readonly #members = new Map<number, Member>();
  readonly #loadEnds: Instant;
  #nextClient: number = FIRST_CLIENT;
  #submitted = 0;

  constructor(swarm: Swarm, parts: Parts) {
    const stage = new Stage(swarm);
    this.stage = stage;
    this.parts = parts;
    this.network = new Network(stage);
    this.board = new Board(swarm.faults.has('codec'));
    this.workload = new Workload(stage, this.history, new Command());
    this.#checks = new Checks(stage, this.history, this.workload, {
      life: (node) => this.supervisor.lives[node],
      supervisor: () => this.supervisor,
      isCalledHung: (node) => {
        const record = this.supervisor.supervision.node(nodeIndex(node));
        // One that has been told to stop, and does not, is not called so for its heartbeats.
        return record?.sentence?.reason === 'hung' && record.leaving !== 'ending';
      },
    });
    this.runs = new Runs(stage, this.history, (member, run, flight) => {
      this.#checks.runs(member, run, flight);
    });
    this.supervisor = new SupervisorActor(this, this.#checks);
    this.supervisor.ahead = stage.drawAhead();
    this.#gremlins = new Gremlins(stage, this.network, () => ({
      supervisor: this.supervisor,
      lives: this.lives,
      clients: this.clients,
    }));
    this.#loadEnds = after(stage.now, duration(START_MS_MAX + swarm.length));
  }

  get supervisorStoodMs(): number {
    // The first ring is published while the supervisor is made.
    return (this.supervisor as SupervisorActor | undefined)?.stoodMs ?? 0;
  }

  get faults(): number {
    return this.#gremlins.faults;
  }

  /** Operations that clients and connections have asked for. */
  get operations(): number {
    return this.history.operations.length - this.runs.count;
  }

  /** Runs from beginning to end, or to the first violation. */
  play(): void {
    const { stage } = this;
    const { swarm } = stage;
    this.supervisor.start();
    for (let i = 0; i < swarm.clients; i++) this.#seatClient(SUPERVISOR_SEAT + 1 + i);
    stage.runUntil(after(stage.now, duration(START_MS_MAX)));
    if (!this.supervisor.supervision.isUp) stage.blame('liveness', 'the cluster does not start');
    this.#gremlins.start();
    stage.plan(0, this);
    stage.runUntil(this.#loadEnds);
    this.#calmDown();
    const recovery = new Recovery(this);
    if (stage.violation === null) recovery.settle();
    if (stage.violation === null) recovery.probe();
    for (const member of [...this.clients, ...this.lives]) this.#count(member);
    if (stage.violation !== null) return;
    this.#checks.judgeOverdue((operation) => this.#members.get(operation.member)?.stoodMs ?? 0);
    this.#checks.judgeHistory();
  }

  /** The load: the next burst. */
  run(): void {
    const { stage } = this;
    const { operations, length } = stage.swarm;
    if (stage.now >= this.#loadEnds) return;
    const submitter = this.#submitter();
    if (submitter !== null) this.#submitted += this.workload.burst(submitter);
    this.#submitted += this.workload.stampede(this.clients);
    const left = Math.max(1, operations - this.#submitted);
    const gap = ((this.#loadEnds - stage.now) / left) * BURST_MEAN;
    stage.plan(Math.max(1, Math.min(gap, length) * 2 * stage.chances.workload.unit()), this);
  }

  answered(member: Member, id: RequestId, reply: Reply): void {
    const { stage } = this;
    const operation = this.history.operations[id] as Operation;
    if (this.parts.insists && isLostWrite(reply)) {
      member.open.add(id);
      stage.plan(0, { run: () => this.workload.perform(member, operation) });
      return;
    }
    this.history.answer(operation, stage.stamp(), stage.now, reply);
    const { outcome, seen } = operation;
    stage.timeline.note(ANSWERED, member.seat, id, OUTCOMES.indexOf(outcome), seen);
    this.#checks.answered(member, operation);
  }

  keyOf(hash: KeyHash): number {
    return this.workload.keyOf(hash);
  }

  keyText(key: number): string {
    return this.workload.keys[key] as string;
  }

  loaded(member: Member, operation: Operation, end: LoadOutcome, origin: number): void {
    const { stage } = this;
    member.open.delete(operation.id as RequestId);
    this.runs.tally.calls++;
    this.history.answerLoad(operation, stage.stamp(), stage.now, end, origin);
    const { id, outcome, seen } = operation;
    stage.timeline.note(ANSWERED, member.seat, id, OUTCOMES.indexOf(outcome), seen);
    this.#checks.answered(member, operation);
  }

  left(member: Member, operation: Operation): void {
    member.open.delete(operation.id as RequestId);
    operation.outcome = 'abandoned';
    this.stage.timeline.note(ABANDONED, member.seat, operation.id);
  }

  died(member: Member): void {
    for (const id of member.open) {
      const operation = this.history.operations[id] as Operation;
      operation.outcome = 'abandoned';
      this.stage.timeline.note(ABANDONED, member.seat, id);
    }
    member.open.clear();
    this.#count(member);
    if (member instanceof NodeMember) this.#checks.died(member);
    if (!(member instanceof ClientMember)) return;
    this.runs.died(member);
    const { seat } = member;
    this.#clients[seat] = undefined;
    const wait = SEAT_FREE_MS_MAX * this.stage.chances.lives.unit();
    this.stage.plan(wait, { run: () => this.#seatClient(seat) });
  }

  /** Puts down what a member has counted, at its end. */
  #count(member: Member): void {
    if (member instanceof ClientMember) this.runs.countClient(member.loads.machine.stats);
    else if (member instanceof NodeMember && member.hasBegun) {
      this.runs.countNode(member.machine.stats.leases);
    }
  }

  /** Lives that have begun, and whose end nobody has decided. */
  get lives(): NodeMember[] {
    return this.supervisor.lives.filter(
      (life) => life?.isAlive === true && life.hasBegun && !life.isEnding,
    ) as NodeMember[];
  }

  get clients(): ClientMember[] {
    return this.#clients.filter((client) => client !== undefined);
  }

  #seatClient(seat: number): void {
    const { network, supervisor } = this;
    const address = this.#nextClient++ as Address;
    const [own, end] = network.channel(SUPERVISOR, SUPERVISOR_SEAT, address, seat);
    supervisor.hold(own);
    const client = new ClientMember(
      this,
      address,
      seat,
      supervisor.launcher.memories,
      end,
      (...look) => this.#checks.looked(...look),
    );
    client.ahead = this.stage.drawAhead();
    this.#clients[seat] = client;
    this.#members.set(client.number, client);
    supervisor.wiring.join(client, 'reachable');
    client.begin();
  }

  /** Anybody who lives; one that stands still only now and then. */
  #submitter(): Member | null {
    const prng = this.stage.chances.workload;
    const members: readonly Member[] = [
      ...this.clients,
      ...this.clients,
      ...this.lives.filter(({ isDraining }) => !isDraining),
    ];
    if (members.length === 0) return null;
    for (let tries = 0; ; tries++) {
      const member = members[prng.below(members.length)] as Member;
      if (!member.standsStill || tries === 2) return this.enlist(member);
    }
  }

  /** Remembers who has submitted: its answers are asked for at the end. */
  enlist(member: Member): Member {
    this.#members.set(member.number, member);
    return member;
  }

  /** No more faults: whatever is broken heals, and whoever stands goes on. */
  #calmDown(): void {
    const { stage, supervisor } = this;
    stage.isCalm = true;
    stage.timeline.note(CALM, 0);
    this.network.calm();
    supervisor.wake();
    for (const life of supervisor.lives) life?.wake();
    for (const client of this.clients) client.wake();
  }
}

/** Whether the owner of a write was lost: another try would find the next one. */
const isLostWrite = ({ error, text }: Reply): boolean =>
  error === 'ERR_OUTCOME_UNKNOWN' && text.includes('was lost');
