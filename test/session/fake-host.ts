/**
 * A host whose nodes are one Map: the dumb second implementation of what a node does to a key. It
 * answers at once, or keeps the answers back and gives them in another order.
 */
import { Buffer } from 'node:buffer';
import type { ValueKind } from '#src/base/kinds.js';
import type { Prng } from '#src/base/prng.js';
import { type Bytes, bytes, type Instant, instant, NEVER, nodeIndex } from '#src/base/units.js';
import { Command } from '#src/node/command.js';
import { Reply } from '#src/node/reply.js';
import { BlockPool } from '#src/resp/block-pool.js';
import { ClientState } from '#src/session/client-state.js';
import type { ServerConfiguration, ServerFigures, SessionHost } from '#src/session/host.js';
import { PIPELINE_DEPTH_MAX, type SessionLimits, sessionLimits } from '#src/session/limits.js';
import { Session } from '#src/session/session.js';
import type { RequestId } from '#src/wire/message.js';

interface Entry {
  value: Buffer;
  kind: ValueKind;
  expiry: Instant;
}

/** When the host answers. */
export type Answering =
  | 'at-once'
  /** When asked to, in the order of the requests. */
  | 'later'
  /** When asked to, in any order; some at once. */
  | 'shuffled';

export const MEGABYTE = 1024 * 1024;

export class FakeHost implements SessionHost {
  readonly command = new Command();
  readonly pool = new BlockPool();
  readonly limits: SessionLimits;
  readonly counters = { commands: 0 };
  readonly store = new Map<string, Entry>();
  readonly sessions: Session[] = [];
  readonly woken: Session[] = [];
  /** Nodes that are up; every key is in the one Map all the same. */
  nodesUp = 3;
  /** Every request about this key fails. */
  failingKey: string | null = null;
  /** The most requests that were outstanding at a time. */
  outstandingMax = 0;
  readonly #answering: Answering;
  readonly #prng: Prng | null;
  readonly #kept: { id: RequestId; reply: Reply }[] = [];

  constructor(
    answering: Answering = 'at-once',
    prng: Prng | null = null,
    valueBytes = 8 * MEGABYTE,
  ) {
    this.#answering = answering;
    this.#prng = prng;
    this.limits = sessionLimits(bytes(valueBytes));
  }

  connect(now: Instant): Session {
    const index = this.sessions.length;
    const client = new ClientState(index + 1, '127.0.0.1:50000', '127.0.0.1:7001', now);
    const session = new Session(this, client, index * PIPELINE_DEPTH_MAX);
    this.sessions.push(session);
    return session;
  }

  request(now: Instant, id: RequestId, command: Command): void {
    const reply = this.#execute(now, command, new Reply());
    const atOnce =
      this.#answering === 'at-once' ||
      (this.#answering === 'shuffled' && this.#prng !== null && this.#prng.below(3) === 0);
    if (atOnce) this.#answer(now, id, reply);
    else this.#kept.push({ id, reply });
    this.outstandingMax = Math.max(this.outstandingMax, this.#kept.length);
  }

  /** Gives up to `count` answers that were kept back; false if there were none. */
  answer(now: Instant, count = 1): boolean {
    const had = this.#kept.length > 0;
    for (let i = 0; i < count && this.#kept.length > 0; i++) {
      const at =
        this.#answering === 'shuffled' && this.#prng !== null
          ? this.#prng.below(this.#kept.length)
          : 0;
      const [{ id, reply }] = this.#kept.splice(at, 1) as [{ id: RequestId; reply: Reply }];
      this.#answer(now, id, reply);
    }
    return had;
  }

  nodes() {
    return Array.from({ length: this.nodesUp }, (_, i) => nodeIndex(i));
  }

  wake(session: Session): void {
    this.woken.push(session);
  }

  clients(): ClientState[] {
    return this.sessions.map((session) => session.client);
  }

  configuration(): ServerConfiguration {
    return {
      host: '127.0.0.1',
      port: 7001,
      unixSocket: '',
      memory: bytes(64 * MEGABYTE),
      maxValueSize: this.limits.valueBytes,
      maxClients: 10_000,
    };
  }

  figures(): ServerFigures {
    return {
      version: '0.1.0',
      nodeId: 'n0',
      runId: '0'.repeat(40),
      processId: 4711,
      port: 7001,
      startedAt: instant(0),
      ringEpoch: 1,
      nodesUp: this.nodesUp,
      nodesKnown: 3,
      commandsProcessed: this.counters.commands,
      connectedClients: this.sessions.length,
      maxClients: 10_000,
      connectionsReceived: this.sessions.length,
      connectionsRejected: 0,
      usedMemory: bytes(1536),
      maxMemory: bytes(64 * MEGABYTE),
      occupiedMemory: bytes(4096),
      residentMemory: 50_000_000 as Bytes,
      hits: 1,
      misses: 2,
      evicted: 3,
      expired: 4,
      keys: this.store.size,
      expiringKeys: null,
    };
  }

  #answer(now: Instant, id: RequestId, reply: Reply): void {
    const session = this.sessions[Math.floor(id / PIPELINE_DEPTH_MAX)];
    session?.onReply(now, id % PIPELINE_DEPTH_MAX, reply);
  }

  #execute(now: Instant, command: Command, reply: Reply): Reply {
    if (command.op === 'flush') {
      this.store.clear();
      return reply.clear('flushed');
    }
    if (command.op === 'count') {
      reply.clear('counted').count = command.target === 0 ? this.store.size : 0;
      return reply;
    }
    const key = Buffer.from(command.key.copy()).toString('latin1');
    if (key === this.failingKey)
      return reply.fail('ERR_CLUSTER_DOWN', 'Cannot reach node: n1 is gone');
    const entry = this.#live(now, key);
    if (command.op === 'set') return this.#set(now, key, entry, command, reply);
    if (entry === null) return reply.clear('miss');
    return this.#onEntry(key, entry, command, reply);
  }

  #onEntry(key: string, entry: Entry, command: Command, reply: Reply): Reply {
    reply.clear(command.op === 'delete' ? 'deleted' : 'found');
    reply.expiry = entry.expiry;
    reply.kind = entry.kind;
    reply.length = entry.value.length;
    if (command.op === 'get') reply.lendBytes(entry.value);
    else if (command.op === 'delete') this.store.delete(key);
    else if (command.op === 'expire') entry.expiry = command.expiry;
    return reply;
  }

  #set(now: Instant, key: string, entry: Entry | null, command: Command, reply: Reply): Reply {
    const { condition } = command;
    const refused =
      (condition === 'if-absent' && entry !== null) ||
      (condition === 'if-present' && entry === null);
    reply.clear(refused ? 'refused' : 'stored');
    if (command.wantOld && entry !== null) reply.lendBytes(entry.value);
    if (refused) return reply;
    const value = Buffer.from(command.value.subarray(command.valueStart, command.valueEnd));
    const expiry = command.keepExpiry && entry !== null ? entry.expiry : command.expiry;
    if (expiry > now) this.store.set(key, { value, kind: command.kind, expiry });
    else this.store.delete(key);
    return reply;
  }

  #live(now: Instant, key: string): Entry | null {
    const entry = this.store.get(key);
    if (entry === undefined) return null;
    if (entry.expiry === NEVER || entry.expiry > now) return entry;
    this.store.delete(key);
    return null;
  }
}
