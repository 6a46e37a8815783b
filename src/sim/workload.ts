/**
 * What clients and the nodes' own connections ask: a few keys for all of them, some far hotter than
 * others, so that every key has several writers; in bursts, without waiting for answers.
 */
import { KeyBuffer } from '../base/key.js';
import type { Prng } from '../base/prng.js';
import { type Instant, instant, type KeyHash, NEVER } from '../base/units.js';
import type { Command } from '../node/command.js';
import type { RequestId } from '../wire/message.js';
import type { Input } from './channel.js';
import { ClientMember } from './client-member.js';
import {
  type History,
  KINDS,
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
/** Longest time to live. */
const TTL_MS_MAX = 3_000;

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
    for (let i = 0; i < count; i++) this.submit(member, this.#kind(), this.#key());
    return count;
  }

  /** One operation, which begins now, or when its submitter comes to it. */
  submit(member: Member, kind: OperationKind, key: number): Operation {
    const { expiryShare, valueBytesMax } = this.#stage.swarm;
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
      member.submit(id);
    } else if (member instanceof NodeMember) {
      this.#load(this.#command, operation);
      member.submit(id, this.#command);
    }
  }

  #load(command: Command, operation: Operation): void {
    const { kind, key, expiry } = operation;
    const isSet = kind === 'set' || kind === 'add';
    command.prepare(kind === 'add' ? 'set' : kind);
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

  #key(): number {
    const weights = this.#weights;
    const draw = this.#prng.unit() * (weights[weights.length - 1] as number);
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
