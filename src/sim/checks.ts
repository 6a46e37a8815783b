/**
 * The checkers, and where each looks: beside the world, told what is done by the parts that do it, and
 * asked by none of them. The cheap ones judge every step, the history of each key is judged at the
 * end. What they demand holds in every run, whatever faults are on.
 */
import type { KeyBuffer } from '../base/key.js';
import { type Instant, NEVER } from '../base/units.js';
import { type VersionClock, versionEpoch } from '../base/version.js';
import type { Flight } from '../loading/flight.js';
import type { MembershipEvent } from '../membership/membership-event.js';
import type { Command } from '../node/command.js';
import type { PublishedRing } from '../ring/table-codec.js';
import type { SlabReader } from '../slab/reader.js';
import type { Slab } from '../slab/slab.js';
import type { Address, LeaseToken } from '../wire/message.js';
import type { Actor } from './actor.js';
import { isOverdue, judgeAnswer } from './check/answers.js';
import { isHung, isMissed, type Suspect } from './check/downs.js';
import { FloorChecker } from './check/floors.js';
import { judgeFreshness, type KnownWrite, type LoadedRead } from './check/freshness.js';
import { LeaseChecker, type LeaseKeeper } from './check/leases.js';
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
const GRANTS = stepNumber('grants');
const FILLS = stepNumber('fills');
const FREES = stepNumber('frees');

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
  readonly #leases: LeaseChecker;
  /** Runs of loaders whose value was accepted, and the stamp of that instant. */
  readonly #storable = new Map<number, number>();
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
    this.#leases = new LeaseChecker(
      workload.keys.length,
      (...held) => this.#rings.ownedThrough(...held),
      () => this.#rings.latest,
    );
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
    this.#leases.wrote(life, index);
  }

  /** What a loader has brought is stored by a fill that was not refused, and by nothing else. */
  stores({ hash }: KeyBuffer, value: Uint8Array, start: number): void {
    const writer = this.#history.operationAt(value, start);
    if (writer?.kind !== 'run' || this.#storable.has(writer.id)) return;
    const { id } = writer;
    const text = `what loader ${id} has brought is stored, and was not to be`;
    const key = this.#workload.keyOf(hash);
    this.#stage.blame('leases', text, { key, operations: [id] });
  }

  granted(
    now: Instant,
    keeper: LeaseKeeper,
    { hash }: KeyBuffer,
    token: LeaseToken,
    holder: Address,
    until: Instant,
  ): void {
    const key = this.#workload.keyOf(hash);
    this.#stage.timeline.note(GRANTS, keeper.node, key, holder);
    this.#blameLease(key, this.#leases.granted(now, keeper, key, token, holder, until));
  }

  filled(
    now: Instant,
    keeper: LeaseKeeper,
    { hash }: KeyBuffer,
    token: LeaseToken,
    value: Uint8Array,
    isStored: boolean,
  ): void {
    const key = this.#workload.keyOf(hash);
    const id = this.#history.numberIn(value, value.length);
    this.#stage.timeline.note(FILLS, keeper.node, key, id, isStored ? 1 : 0);
    this.#blameLease(key, this.#leases.filled(now, keeper, key, token, isStored));
    if (isStored) this.#storable.set(id, this.#stage.stamp());
  }

  released(keeper: LeaseKeeper, { hash }: KeyBuffer, token: LeaseToken): void {
    const key = this.#workload.keyOf(hash);
    this.#stage.timeline.note(FREES, keeper.node, key);
    this.#leases.released(keeper, key, token);
  }

  lostPeer(life: Life, peer: Address): void {
    this.#leases.holderLost(life, peer);
  }

  died(life: NodeMember): void {
    this.#leases.died(life);
  }

  /** A loader begins. */
  runs(member: Member, { key }: Operation, flight: Flight): void {
    this.#blameLease(key, this.#leases.runs(member.address, key, flight.primary, flight));
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
    const source = this.#writerOf(operation.origin);
    const expireMax = this.#workload.expireMax[operation.key] as number;
    const fault = judgeAnswer(operation, writer, source, member.stoodMs, expireMax);
    if (fault === null) return;
    const { id, key } = operation;
    this.#stage.blame('answers', `operation ${id} ${fault}`, { key, operations: [id] });
  }

  #blameLease(key: number, fault: string | null): void {
    if (fault !== null) this.#stage.blame('leases', fault, { key });
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
      this.#judgeRegister(key, operations);
      this.#judgeLoaded(key, operations);
      this.#judgeSessions(key, operations);
    }
  }

  #judgeRegister(key: number, operations: readonly Operation[]): void {
    const verdict = judgeRegister(operations.flatMap((one) => this.#accessesOf(one)));
    if (verdict.verdict === 'ok') return;
    const shown = [...new Set(verdict.shown.map(({ operation }) => operation.id))];
    const text = `key ${key} shows ${verdict.reason}`;
    this.#stage.blame('linearizable', text, { key, operations: shown });
  }

  /** Nobody sees a load that began before a write that was done before they asked. */
  #judgeLoaded(key: number, operations: readonly Operation[]): void {
    const reads: LoadedRead<Operation>[] = [];
    const seenBy = new Map<number, number>();
    for (const operation of operations) {
      const { begin, end, seen, origin } = operation;
      const source = this.#writerOf(seen === NOTHING ? origin : seen);
      if (source?.kind === 'run') reads.push({ begin, since: source.begin, what: operation });
      else if (source !== null) seenBy.set(seen, Math.min(end, seenBy.get(seen) ?? end));
    }
    if (reads.length === 0) return;
    const writes: KnownWrite<Operation>[] = [];
    for (const operation of operations) {
      if (operation.kind === 'run' || !mayWrite(operation)) continue;
      const { id, begin } = operation;
      const until = endOfWrite(operation);
      writes.push({ begin, seenBy: Math.min(until, seenBy.get(id) ?? until), what: operation });
    }
    const fault = judgeFreshness(writes, reads);
    if (fault === null) return;
    const { write, read } = fault;
    const source = read.seen === NOTHING ? read.origin : read.seen;
    const text = `key ${key} shows what was loaded before a write that was done before it was asked for`;
    this.#stage.blame('linearizable', text, { key, operations: [source, write.id, read.id] });
  }

  #judgeSessions(key: number, operations: readonly Operation[]): void {
    const submitted = operations.filter(({ kind }) => kind !== 'run');
    const fault = judgeSessions(submitted, (seen) => this.#writerOf(seen));
    if (fault === null) return;
    const shown = fault.shown.map(({ id }) => id);
    this.#stage.blame('session', `key ${key}: ${fault.text}`, { key, operations: shown });
  }

  /** What an operation did to its key, as far as that binds anybody. */
  #accessesOf(operation: Operation): Judged[] {
    const { id, kind, begin, end, seen } = operation;
    const accesses: Judged[] = [];
    if (this.#mayWrite(operation)) {
      accesses.push({ operation, begin, end: endOfWrite(operation), value: id, isWrite: true });
    }
    if (seen === NOTHING) return accesses;
    // What was not stored, or not yet, was not the register's: whoever waited for it got it all the same.
    const writer = this.#writerOf(seen);
    const isBeside =
      kind === 'load' && writer?.kind === 'run' && end < (this.#storable.get(seen) ?? NEVER);
    if (!isBeside) accesses.push({ operation, begin, end, value: seen, isWrite: false });
    return accesses;
  }

  /** A value that was loaded has changed its key if it was stored. */
  #mayWrite(operation: Operation): boolean {
    return operation.kind === 'run' ? this.#storable.has(operation.id) : mayWrite(operation);
  }

  #writerOf(seen: number): Operation | null {
    return seen < 0 ? null : (this.#history.operations[seen] ?? null);
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

/** Whether what somebody has asked for has changed its key, or may have. */
function mayWrite(operation: Operation): boolean {
  const { kind } = operation;
  if (kind === 'get' || kind === 'expire' || kind === 'load') return false;
  if (kind === 'delete' && operation.outcome === 'miss') return true;
  return isDone(operation) || isDoubtful(operation);
}

/** When the change was done for certain; Infinity if nobody knows. */
const endOfWrite = (operation: Operation): number =>
  isDoubtful(operation) ? Number.POSITIVE_INFINITY : operation.end;
