/**
 * What a session needs from the thread that it runs on: someone to ask, and figures to show.
 *
 *     session ── request(now, id, command) ──▶ host ──▶ node ──▶ …
 *     session ◀─ onReply(now, slot, reply) ─── host ◀── reply(id, …)
 *
 * An id is `session.base + slot`, with `base` a multiple of PIPELINE_DEPTH_MAX: a host that gives
 * session i the base i × PIPELINE_DEPTH_MAX finds it again in an array, by a shift, without a map.
 */
import type { Bytes, Instant, NodeIndex } from '../base/units.js';
import type { Command } from '../node/command.js';
import type { BlockPool } from '../resp/block-pool.js';
import type { RequestId } from '../wire/message.js';
import type { ClientState } from './client-state.js';
import type { SessionLimits } from './limits.js';
import type { Session } from './session.js';

export interface SessionHost {
  /** One for all sessions of the thread: filled before each request, borrowed for that call. */
  readonly command: Command;
  /** Where output buffers come from. */
  readonly pool: BlockPool;
  readonly limits: SessionLimits;
  /** Counted up by the sessions. */
  readonly counters: SessionCounters;
  /**
   * Has a command executed. Its reply comes exactly once, as `session.onReply`, before this
   * returns or later; failure is a reply too.
   */
  request(now: Instant, id: RequestId, command: Command): void;
  /** The nodes that are up, in their order. */
  nodes(): readonly NodeIndex[];
  /** A session has something to do, or to send, outside of `feed` and `turn`: call `turn` soon. */
  wake(session: Session): void;
  /** For INFO. */
  figures(): ServerFigures;
  /** For CONFIG GET. */
  configuration(): ServerConfiguration;
  /** For CLIENT LIST: the connections of this node, by id. */
  clients(): Iterable<ClientState>;
}

/** What all sessions of a thread have done. */
export interface SessionCounters {
  /** Commands that were found and had as many arguments as they take. */
  commands: number;
}

/** What INFO shows, in bytes, counts and instants. */
export interface ServerFigures {
  /** Shoal's version. */
  readonly version: string;
  /** The node that answers. */
  readonly nodeId: string;
  /** 40 hexadecimal digits, others with each start. */
  readonly runId: string;
  readonly processId: number;
  readonly port: number;
  readonly startedAt: Instant;
  readonly ringEpoch: number;
  readonly nodesUp: number;
  readonly nodesKnown: number;
  readonly commandsProcessed: number;
  readonly connectedClients: number;
  readonly maxClients: number;
  readonly connectionsReceived: number;
  readonly connectionsRejected: number;
  /** Of this node: what its limit counts, the limit, and what is really taken. */
  readonly usedMemory: Bytes;
  readonly maxMemory: Bytes;
  readonly occupiedMemory: Bytes;
  /** Of the process. */
  readonly residentMemory: Bytes;
  readonly hits: number;
  readonly misses: number;
  readonly evicted: number;
  readonly expired: number;
  /** Keys of this node. */
  readonly keys: number;
  /** Those of them with an expiry, if that is known. */
  readonly expiringKeys: number | null;
}

/** What CONFIG GET shows of the options. */
export interface ServerConfiguration {
  readonly host: string;
  readonly port: number;
  readonly unixSocket: string;
  /** Memory limit of this node. */
  readonly memory: Bytes;
  readonly maxValueSize: Bytes;
  readonly maxClients: number;
}
