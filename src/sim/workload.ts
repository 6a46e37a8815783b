/**
 * What clients and the nodes' own connections ask: a few keys for all of them, some far hotter than
 * others, so that every key has several writers; in bursts, without waiting for answers.
 */
import { KeyBuffer } from '../base/key.js';
import type { Prng } from '../base/prng.js';
import {
  type Duration,
  duration,
  type Instant,
  instant,
  type KeyHash,
  NEVER,
} from '../base/units.js';
import type { Command } from '../node/command.js';
import type { Op, RequestId } from '../wire/message.js';
import type { Input } from './channel.js';
import { ClientMember } from './client-member.js';
import {
  type History,
  KINDS,
  type LoadWish,
  type Operation,
  type OperationKind,
  VALUE_BYTES_MIN,
} from './history.js';
import type { Member } from './member.js';
import { NodeMember } from './node-member.js';
import type { Stage } from './stage.js';
import { stepNumber } from './timeline.js';

const BEGINS = stepNumber('begins');
const BURST_MAX = 4;
const STAMPEDE_SHARE = 0.05;
/** Longest time to live. */
const TTL_MS_MAX = 3_000;
/** With `impatience`, so many callers do not wait for what they asked for, and how long they do. */
const IMPATIENT_SHARE = 0.1;
const PATIENCE_MS_MAX = 100;

export class Workload {
  readonly keys: readonly string[];
  readonly hashes: readonly KeyHash[];
  /** Of each key, the latest expiry that an `expire` has asked for. */
  readonly expireMax: Float64Array;
  readonly #indexes = new Map<KeyHash, number>();
  readonly #stage: Stage;
  readonly #history: History;
  readonly #prng: Prng;
  /** Cumulative weights of the keys. */
  readonly #weights: Float64Array;
  /** The command of all nodes' connections: it is borrowed for a call. */
  readonly #command: Command;

  constructor(stage: Stage, history: History, command: Command) {
    const { keys, skew } = stage.swarm;
    this.#stage = stage;
    this.#history = history;
    this.#prng = stage.chances.workload;
    this.#command = command;
    this.keys = Array.from({ length: keys }, (_, i) => `k${i}`);
    const buffer = new KeyBuffer();
    this.hashes = this.keys.map((key) => {
      buffer.loadString(key);
      return buffer.hash;
    });
    for (const [i, hash] of this.hashes.entries()) this.#indexes.set(hash, i);
    this.expireMax = new Float64Array(keys);
    this.#weights = new Float64Array(keys);
    let sum = 0;
    // Divisions only: powers may differ between engines.
    for (let i = 0; i < keys; i++) {
      const rank = i + 1;
      sum += skew === 0 ? 1 : skew === 1 ? 1 / rank : 1 / (rank * rank);
      this.#weights[i] = sum;
    }
  }

  /** Which key has this hash. */
  keyOf(hash: KeyHash): number {
    return this.#indexes.get(hash) as number;
  }

  /** A burst of random operations of one submitter. */
  burst(member: Member): number {
    const count = 1 + this.#prng.below(BURST_MAX);
    for (let i = 0; i < count; i++)
      this.submit(member, this.#kindFor(member), this.#key(this.#prng));
    return count;
  }

  /** Now and then all clients want the same key at the same time, which may just have been deleted. */
  stampede(clients: readonly ClientMember[]): number {
    const { swarm, chances } = this.#stage;
    if (swarm.loadShare === 0 || chances.loads.unit() >= STAMPEDE_SHARE) return 0;
    const key = this.#key(chances.loads);
    const mayWrite = swarm.readShare < 1;
    const deleter = mayWrite ? clients[chances.loads.below(2 * clients.length)] : null;
    let count = 0;
    for (const client of clients) {
      if (client === deleter) this.submit(client, 'delete', key);
      for (let i = chances.loads.below(3); i >= 0; i--, count++) this.submit(client, 'load', key);
    }
    return count;
  }

  /** One operation, which begins now, or when its submitter comes to it. */
  submit(member: Member, kind: OperationKind, key: number): Operation {
    const { expiryShare, valueBytesMax } = this.#stage.swarm;
    const wish = kind === 'load' ? this.#wish() : null;
    const hasExpiry = kind === 'expire' || this.#prng.unit() < expiryShare;
    const expiry = hasExpiry ? this.#expiry(member) : NEVER;
    if (kind === 'expire' && expiry > (this.expireMax[key] as number)) this.expireMax[key] = expiry;
    const operation = this.#history.begin({
      key,
      kind,
      seat: member.seat,
      member: member.number,
      begin: this.#stage.stamp(),
      beganAt: this.#stage.now,
      stoodMs: member.stoodMs,
      size: VALUE_BYTES_MIN + this.#prng.below(valueBytesMax - VALUE_BYTES_MIN + 1),
      expiry,
      wish,
    });
    this.#stage.timeline.note(BEGINS, member.seat, operation.id, key, KINDS.indexOf(kind));
    member.open.add(operation.id as RequestId);
    member.admit(new Submission(this, member, operation));
    return operation;
  }

  /** Hands an operation to its submitter's machine. */
  perform(member: Member, operation: Operation): void {
    const id = operation.id as RequestId;
    if (member instanceof ClientMember) {
      this.#load(member.command, operation);
      if (operation.kind === 'load') member.load(operation);
      else member.submit(id);
    } else if (member instanceof NodeMember) {
      this.#load(this.#command, operation);
      member.submit(id, this.#command);
    }
  }

  #load(command: Command, operation: Operation): void {
    const { kind, key, expiry } = operation;
    const isSet = kind === 'set' || kind === 'add';
    command.prepare(opOf(kind));
    command.key.loadString(this.keys[key] as string);
    command.expiry = expiry;
    if (!isSet) return;
    command.value = this.#history.valueOf(operation);
    command.valueEnd = operation.size;
    if (kind === 'set') return;
    command.condition = 'if-absent';
    // What is there is told, or there would be nothing to check in a refusal.
    command.wantOld = true;
  }

  /** Clients load, nodes' own connections do not. */
  #kindFor(member: Member): OperationKind {
    const { swarm, chances } = this.#stage;
    const isLoad = swarm.loadShare > 0 && member instanceof ClientMember;
    return isLoad && chances.loads.unit() < swarm.loadShare ? 'load' : this.#kind();
  }

  #wish(): LoadWish {
    const { swarm, isCalm, chances } = this.#stage;
    const prng = chances.loads;
    const oneOf = (...choices: readonly number[]): Duration =>
      duration(choices[prng.below(choices.length)] as number);
    const isImpatient = !isCalm && swarm.faults.has('impatience') && prng.unit() < IMPATIENT_SHARE;
    return {
      timeout: oneOf(300, 1_000, 3_000),
      staleWhileRevalidate: oneOf(0, 0, 500, 3_000),
      staleIfError: oneOf(0, 0, 500, 3_000),
      negativeTtl: oneOf(0, 0, 300, 1_000),
      errorTtl: oneOf(0, 0, 300, 1_000),
      ttl: prng.unit() < 0.2 ? null : oneOf(1, 50, 300, 1_000, 3_000),
      beta: oneOf(0, 1, 1, 10),
      patience: isImpatient ? duration(Math.ceil(PATIENCE_MS_MAX * prng.unit())) : null,
    };
  }

  #kind(): OperationKind {
    const draw = this.#prng.unit();
    const { readShare, expiryShare } = this.#stage.swarm;
    if (draw < readShare) return 'get';
    const rest = (draw - readShare) / (1 - readShare);
    if (rest < 0.6) return 'set';
    if (rest < 0.75) return 'add';
    if (rest < 0.95 || expiryShare === 0) return 'delete';
    return 'expire';
  }

  #key(prng: Prng): number {
    const weights = this.#weights;
    const draw = prng.unit() * (weights[weights.length - 1] as number);
    let low = 0;
    let high = weights.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((weights[middle] as number) <= draw) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #expiry(member: Member): Instant {
    return instant(Math.floor(member.now + 1 + TTL_MS_MAX * this.#prng.unit()));
  }
}

/** How an operation is asked for; a getOrLoad is begun by a look, as a get is. */
function opOf(kind: OperationKind): Op {
  switch (kind) {
    case 'add':
      return 'set';
    case 'load':
    case 'run':
      return 'get';
    default:
      return kind;
  }
}

class Submission implements Input {
  readonly #workload: Workload;
  readonly #member: Member;
  readonly #operation: Operation;

  constructor(workload: Workload, member: Member, operation: Operation) {
    this.#workload = workload;
    this.#member = member;
    this.#operation = operation;
  }

  run(): void {
    this.#member.admit(this);
  }

  happen(): void {
    this.#workload.perform(this.#member, this.#operation);
  }
}
