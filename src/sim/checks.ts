/**
 * The checkers, and where each looks: beside the world, told what is done by the parts that do it, and
 * asked by none of them. The cheap ones judge every step, the history of each key is judged at the
 * end. What they demand holds in every run, whatever faults are on.
 */
import type { KeyBuffer } from '../base/key.js';
import { type VersionClock, versionEpoch } from '../base/version.js';
import type { MembershipEvent } from '../membership/membership-event.js';
import type { Command } from '../node/command.js';
import type { PublishedRing } from '../ring/table-codec.js';
import type { SlabReader } from '../slab/reader.js';
import type { Slab } from '../slab/slab.js';
import type { Actor } from './actor.js';
import { isOverdue, judgeAnswer } from './check/answers.js';
import { isHung, isMissed, type Suspect } from './check/downs.js';
import { FloorChecker } from './check/floors.js';
import { type Access, judgeRegister } from './check/linearizable.js';
import { WriteChecker } from './check/owners.js';
import { RingChecker } from './check/rings.js';
import { judgeSessions } from './check/session.js';
import { type History, isDone, isDoubtful, NOTHING, type Operation } from './history.js';
import type { Member } from './member.js';
import type { Life, Memory } from './memory.js';
import { NodeMember } from './node-member.js';
import type { Stage } from './stage.js';
import type { Overseer } from './supervisor.js';
import { stepNumber } from './timeline.js';
import type { Workload } from './workload.js';

const WRITES = stepNumber('writes');
const SUSPECTS = stepNumber('suspects');

/** The supervisor's thread, as far as it matters for what it can know. */
type Accuser = Pick<Actor, 'stoodMs' | 'ranMs' | 'readUntil'>;

interface Judged extends Access {
  readonly operation: Operation;
}

export class Checks implements Overseer {
  readonly #stage: Stage;
  readonly #history: History;
  readonly #workload: Workload;
  readonly #rings: RingChecker;
  readonly #writes: WriteChecker;
  readonly #floors: FloorChecker;
  readonly #lifeOf: (node: number) => NodeMember | undefined;
  readonly #supervisor: () => Accuser;
  readonly #isCalledHung: (node: number) => boolean;

  constructor(
    stage: Stage,
    history: History,
    workload: Workload,
    of: {
      life(node: number): NodeMember | undefined;
      supervisor(): Accuser;
      isCalledHung(node: number): boolean;
    },
  ) {
    this.#stage = stage;
    this.#history = history;
    this.#workload = workload;
    this.#lifeOf = (node) => of.life(node);
    this.#supervisor = () => of.supervisor();
    this.#isCalledHung = (node) => of.isCalledHung(node);
    this.#rings = new RingChecker(workload.hashes);
    this.#writes = new WriteChecker((epoch, key) => this.#rings.ownerIn(epoch, key));
    this.#floors = new FloorChecker(workload.keys.length);
  }

  published(ring: PublishedRing): void {
    const fault = this.#rings.next(ring);
    if (fault !== null) this.#stage.blame('rings', fault.text, { node: fault.node });
  }

  writes(life: Life, key: KeyBuffer, version: VersionClock): void {
    if (!(life instanceof NodeMember)) return;
    const { high, low } = version;
    const index = this.#workload.keyOf(key.hash);
    const { node, turnEpoch, frameEpoch, memory } = life;
    this.#stage.timeline.note(WRITES, node, index, high, low);
    const fault = this.#writes.next({
      node,
      key: index,
      epoch: versionEpoch(high),
      high,
      low,
      turnEpoch,
      askedEpoch: frameEpoch,
      isWriter: memory.writer === life,
    });
    if (fault !== null) this.#stage.blame('owners', fault, { key: index, node });
  }

  written({ node }: Life, slab: Slab): void {
    if (slab.trackedBytes <= slab.memoryLimit) return;
    const text = `node ${node} tracks ${slab.trackedBytes} bytes, its limit is ${slab.memoryLimit}`;
    this.#stage.blame('memory', text, { node });
  }

  looked(memory: Memory, reader: SlabReader, command: Command): void {
    const key = this.#workload.keyOf(command.key.hash);
    const fault = this.#floors.next(memory, key, reader.versionHigh, reader.versionLow);
    if (fault !== null) this.#stage.blame('floors', fault, { key });
  }

  answered(member: Member, operation: Operation): void {
    const writer = this.#writerOf(operation.seen);
    const expireMax = this.#workload.expireMax[operation.key] as number;
    const fault = judgeAnswer(operation, writer, member.stoodMs, expireMax);
    if (fault === null) return;
    const { id, key } = operation;
    this.#stage.blame('answers', `operation ${id} ${fault}`, { key, operations: [id] });
  }

  ordersDeath(life: NodeMember): void {
    if (!life.serves || !this.#isCalledHung(life.node)) return;
    const { heartbeatFailures } = this.#stage.swarm;
    const suspect = this.#suspect(life);
    if (isHung(suspect, heartbeatFailures)) return;
    const text = `node ${life.node} is ended as hung; its loop stood for ${Math.round(suspect.stoodMs)} ms, and it has answered`;
    this.#stage.blame('downs', text, { node: life.node });
  }

  told(event: MembershipEvent): void {
    if (event.event !== 'node-suspected') return;
    this.#stage.timeline.note(SUSPECTS, event.by ?? -1, event.node);
    const life = this.#lifeOf(event.node);
    if (event.by !== null || life === undefined || !life.serves) return;
    if (isMissed(this.#suspect(life), this.#stage.swarm.heartbeatFailures)) return;
    const text = `node ${event.node} is suspected, and has answered the supervisor's pings`;
    this.#stage.blame('downs', text, { node: event.node });
  }

  /** Whether somebody has waited for too long, at the end. */
  judgeOverdue(stoodMsOf: (operation: Operation) => number): void {
    for (const operation of this.#history.operations) {
      if (!isOverdue(operation, this.#stage.now, stoodMsOf(operation))) continue;
      const { id, key } = operation;
      this.#stage.blame('answers', `operation ${id} was never answered`, { key, operations: [id] });
    }
  }

  /** The history of every key. */
  judgeHistory(): void {
    const byKey: Operation[][] = this.#workload.keys.map(() => []);
    for (const operation of this.#history.operations) byKey[operation.key]?.push(operation);
    for (const [key, operations] of byKey.entries()) {
      const verdict = judgeRegister(operations.flatMap(accessesOf));
      if (verdict.verdict !== 'ok') {
        const shown = [...new Set(verdict.shown.map(({ operation }) => operation.id))];
        const text = `key ${key} shows ${verdict.reason}`;
        this.#stage.blame('linearizable', text, { key, operations: shown });
      }
      const fault = judgeSessions(operations, (seen) => this.#writerOf(seen));
      if (fault === null) continue;
      const shown = fault.shown.map(({ id }) => id);
      this.#stage.blame('session', `key ${key}: ${fault.text}`, { key, operations: shown });
    }
  }

  #writerOf(seen: number): Operation | null {
    return seen === NOTHING ? null : (this.#history.operations[seen] ?? null);
  }

  #suspect(life: NodeMember): Suspect {
    const { stoodMs, ranMs, readUntil } = this.#supervisor();
    const { now, swarm } = this.#stage;
    return {
      stoodMs: now - life.turnedAt - (stoodMs - life.supervisorStoodMs),
      pings: life.pings,
      ranMs,
      readUntil,
      intervalMs: swarm.heartbeatInterval,
    };
  }
}

/** What an operation did to its key, as far as that binds anybody. */
function accessesOf(operation: Operation): Judged[] {
  const { id, kind, begin, end, seen, outcome } = operation;
  const accesses: Judged[] = [];
  const wrote = kind === 'delete' ? isDone(operation) || outcome === 'miss' : isDone(operation);
  if (kind !== 'get' && kind !== 'expire' && (wrote || isDoubtful(operation))) {
    const until = wrote ? end : Number.POSITIVE_INFINITY;
    accesses.push({ operation, begin, end: until, value: id, isWrite: true });
  }
  if (seen !== NOTHING) accesses.push({ operation, begin, end, value: seen, isWrite: false });
  return accesses;
}
