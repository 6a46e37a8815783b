/**
 * The second phase of a run: the faults have ended, and everything must come right. Within SETTLE_MS
 * every node serves, nobody suspects anybody, and all use the last ring; then whatever is asked
 * succeeds. What was asked before must have been answered by then, or have failed.
 */
import { instant } from '../base/units.js';
import type { ClientMember } from './client-member.js';
import type { Operation } from './history.js';
import type { Member } from './member.js';
import type { NodeMember } from './node-member.js';
import type { Stage } from './stage.js';
import type { SupervisorActor } from './supervisor.js';
import type { Workload } from './workload.js';

/** A start that hangs, then the longest back-off, then detection. */
export const SETTLE_MS = 45_000;
const LOOK_MS = 250;
/** A request's time, and some for those who stood still. */
const ANSWERS_MS = 6_500;
const PROBED_KEYS = 8;
const FINE: ReadonlySet<Operation['outcome']> = new Set<Operation['outcome']>([
  'stored',
  'found',
  'miss',
]);

/** What has to recover. */
export interface Patient {
  readonly stage: Stage;
  readonly board: { readonly epoch: number };
  readonly supervisor: SupervisorActor;
  readonly workload: Workload;
  readonly lives: readonly NodeMember[];
  readonly clients: readonly ClientMember[];
  enlist(member: Member): Member;
}

export class Recovery {
  readonly #patient: Patient;

  constructor(patient: Patient) {
    this.#patient = patient;
  }

  settle(): void {
    const { stage } = this.#patient;
    const end = stage.now + SETTLE_MS;
    let reason: string | null = 'nobody has looked';
    while (reason !== null && stage.now < end && stage.violation === null) {
      this.#bringBack();
      stage.runUntil(instant(stage.now + LOOK_MS));
      reason = this.#disagreement();
    }
    if (reason === null) return;
    stage.blame('liveness', `${SETTLE_MS} ms after the faults, ${reason}`);
  }

  /** Now every operation must succeed. */
  probe(): void {
    const { stage, workload } = this.#patient;
    const keys = Math.min(PROBED_KEYS, workload.keys.length);
    stage.runUntil(instant(stage.now + ANSWERS_MS));
    const probes: Operation[] = [];
    for (const member of this.#members) {
      this.#patient.enlist(member);
      for (let key = 0; key < keys; key++) {
        probes.push(workload.submit(member, 'set', key), workload.submit(member, 'get', key));
      }
    }
    stage.runUntil(instant(stage.now + ANSWERS_MS));
    if (stage.swarm.loadShare > 0) probes.push(...this.#probeLoads(keys));
    for (const { id, key, kind, outcome } of probes) {
      if (FINE.has(outcome)) continue;
      const text = `without faults, operation ${id} (${kind}) ended as ${outcome}`;
      stage.blame('liveness', text, { key, operations: [id] });
    }
    for (const { seat, outstanding } of this.#members) {
      if (outstanding > 0)
        stage.blame('liveness', `seat ${seat} still holds ${outstanding} requests`);
    }
  }

  /** Every client loads keys that somebody deletes, and some that are there; then nobody holds anything. */
  #probeLoads(keys: number): Operation[] {
    const { stage, workload, clients } = this.#patient;
    const probes: Operation[] = [];
    for (let key = 0; key < keys; key++) {
      for (const [i, client] of clients.entries()) {
        if ((key + i) % 3 === 0) workload.submit(client, 'delete', key);
        probes.push(workload.submit(client, 'load', key), workload.submit(client, 'load', key));
      }
    }
    // Refreshes, and what is remembered of errors, are over by then.
    stage.runUntil(instant(stage.now + ANSWERS_MS));
    for (const { seat, loads } of clients) {
      const left = loads.leftovers;
      if (left !== null) stage.blame('liveness', `seat ${seat} still holds ${left}`);
    }
    for (const { node, machine } of this.#patient.lives) {
      const { leases, remembered } = machine.stats.leases;
      const left =
        leases > 0 ? `${leases} leases` : remembered > 0 ? `${remembered} outcomes` : null;
      if (left !== null) stage.blame('liveness', `node ${node} still holds ${left}`, { node });
    }
    return probes;
  }

  get #members(): Member[] {
    return [...this.#patient.clients, ...this.#patient.lives];
  }

  /** Somebody looks after those that died too often, also in what the faults left behind. */
  #bringBack(): void {
    this.#patient.supervisor.act((supervision, now) => {
      for (const { index, state } of supervision.nodes) {
        if (state === 'given-up') supervision.restart(now, index);
      }
    });
  }

  /** Why the cluster is not as it should be without faults; null if it is. */
  #disagreement(): string | null {
    const { supervisor, board } = this.#patient;
    const { supervision, lives } = supervisor;
    if (supervision.isBusy) return 'the supervisor has still something to do';
    for (const { index, state } of supervision.nodes) {
      const life = lives[index];
      if (state !== 'serving' || life === undefined) return `node ${index} is ${state}`;
      if (life.machine.stats.suspects > 0) return `node ${index} still suspects somebody`;
    }
    for (const { seat, ownEpoch } of this.#members) {
      if (ownEpoch !== board.epoch) return `seat ${seat} is at epoch ${ownEpoch} of ${board.epoch}`;
    }
    return null;
  }
}
