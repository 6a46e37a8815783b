/**
 * A node's RESP server: sockets on one side, the node's machine on the other, a session for each
 * connection in between.
 *
 *     socket ─ data ─▶ session ─ request(id) ─▶ machine ─┐  keys of this node: answered in the call
 *     socket ◀─ one write a turn ◀─ session ◀─ reply(id) ◀┘  others: when the owner has answered
 *
 * A request's id says whose it is: the connection's index times the depth of its pipeline, plus the
 * place in it. So a reply finds its connection by a division and an array, without a map.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { ShoalError } from '../base/errors.js';
import type { Instant, NodeIndex } from '../base/units.js';
import { Command } from '../node/command.js';
import type { Reply } from '../node/reply.js';
import { BlockPool } from '../resp/block-pool.js';
import { ClientState } from '../session/client-state.js';
import type { ServerConfiguration, ServerFigures, SessionHost } from '../session/host.js';
import { PIPELINE_DEPTH_MAX, type SessionLimits } from '../session/limits.js';
import { Session } from '../session/session.js';
import type { RequestId } from '../wire/message.js';
import { listen } from './listen.js';
import { type ConnectionEvents, RespConnection } from './resp-connection.js';

/** Connections that one node takes. */
export const CLIENTS_MAX = 10_000;
/** As Redis says it. */
const TOO_MANY_CLIENTS = '-ERR max number of clients reached\r\n';
/** Connections that wait to be accepted; the operating system may allow fewer. */
const BACKLOG = 511;
/** A client that vanished without a word is found out after this long. */
const KEEP_ALIVE_DELAY_MS = 300_000;

/** What the server asks of the node that it is a door of. */
export interface RespNode {
  readonly limits: SessionLimits;
  /** Begins a turn of the node, at whose end `turnEnds` is called. */
  enter(): Instant;
  request(now: Instant, id: RequestId, command: Command): void;
  nodes(): readonly NodeIndex[];
  /** What is known of the node itself. */
  figures(): Omit<ServerFigures, keyof DoorFigures>;
  configuration(port: number): ServerConfiguration;
  /** The number of connections has changed. */
  connectionsChanged(count: number): void;
}

/** What the server adds to the figures of the node. */
interface DoorFigures {
  readonly port: number;
  readonly commandsProcessed: number;
  readonly connectedClients: number;
  readonly maxClients: number;
  readonly connectionsReceived: number;
  readonly connectionsRejected: number;
}

export class RespServer implements SessionHost, ConnectionEvents {
  readonly command = new Command();
  readonly pool = new BlockPool();
  readonly limits: SessionLimits;
  readonly counters = { commands: 0 };
  readonly #node: RespNode;
  readonly #clientsMax: number;
  readonly #server: Server;
  /** By index. A place is taken until its session owes and awaits nothing more. */
  readonly #connections: (RespConnection | undefined)[] = [];
  readonly #freeIndexes: number[] = [];
  readonly #open = new Set<RespConnection>();
  /** Connections that have something to do at the end of this turn. */
  #due: RespConnection[] = [];
  /** The connection whose reply is being handed over. */
  #replying: RespConnection | null = null;
  #received = 0;
  #rejected = 0;
  #port = 0;
  #onEmpty: (() => void) | null = null;

  constructor(node: RespNode, clientsMax: number = CLIENTS_MAX) {
    this.#node = node;
    this.#clientsMax = clientsMax;
    this.limits = node.limits;
    this.#server = createServer(
      {
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      },
      (socket) => this.#accept(socket),
    );
  }

  /**
   * Starts to accept connections.
   *
   * @param port 0: a free one
   * @returns the port
   * @throws ShoalError `ERR_START` if the port cannot be had
   */
  async listen(host: string, port: number): Promise<number> {
    this.#port = await listen(this.#server, { host, port, backlog: BACKLOG }, 'RESP');
    // From here on, errors are of single connections that could not be accepted.
    this.#server.on('error', () => {
      this.#rejected++;
    });
    return this.#port;
  }

  /** Accepts nothing more; resolves when every connection has been answered and closed. */
  drain(): Promise<void> {
    this.#server.close();
    for (const connection of this.#open) connection.finish();
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#server.close();
    for (const connection of this.#open) connection.destroy();
  }

  /** The machine's answer to a request of one of the sessions. */
  reply(now: Instant, id: RequestId, reply: Reply): void {
    const index = Math.floor(id / PIPELINE_DEPTH_MAX);
    const connection = this.#connections[index];
    if (connection === undefined) {
      throw new ShoalError('ERR_PROTOCOL', `Cannot hand over reply: nobody has asked ${id}`);
    }
    const before = this.#replying;
    this.#replying = connection;
    connection.session.onReply(now, id % PIPELINE_DEPTH_MAX, reply);
    this.#replying = before;
    if (!this.#open.has(connection)) this.#releaseIndex(connection);
  }

  /** Has every connection that took part in the turn send what it has. */
  turnEnds(now: Instant): void {
    while (this.#due.length > 0) {
      const due = this.#due;
      this.#due = [];
      for (const connection of due) {
        connection.isDue = false;
        connection.endTurn(now);
      }
    }
  }

  // What connections ask.

  enter(connection: RespConnection): Instant {
    const now = this.#node.enter();
    this.#makeDue(connection);
    return now;
  }

  closed(connection: RespConnection): void {
    this.#open.delete(connection);
    this.#node.connectionsChanged(this.#open.size);
    this.#releaseIndex(connection);
    if (this.#open.size === 0 && this.#onEmpty !== null) this.#onEmpty();
  }

  // What sessions ask.

  request(now: Instant, id: RequestId, command: Command): void {
    this.#node.request(now, id, command);
  }

  nodes(): readonly NodeIndex[] {
    return this.#node.nodes();
  }

  wake(_session: Session): void {
    if (this.#replying !== null) this.#makeDue(this.#replying);
  }

  figures(): ServerFigures {
    return {
      ...this.#node.figures(),
      port: this.#port,
      commandsProcessed: this.counters.commands,
      connectedClients: this.#open.size,
      maxClients: this.#clientsMax,
      connectionsReceived: this.#received,
      connectionsRejected: this.#rejected,
    };
  }

  configuration(): ServerConfiguration {
    return this.#node.configuration(this.#port);
  }

  *clients(): Iterable<ClientState> {
    for (const connection of this.#open) yield connection.session.client;
  }

  #accept(socket: Socket): void {
    const now = this.#node.enter();
    this.#received++;
    if (this.#open.size >= this.#clientsMax) {
      this.#rejected++;
      socket.on('error', () => {});
      socket.end(TOO_MANY_CLIENTS, () => socket.destroy());
      return;
    }
    const index = this.#freeIndexes.pop() ?? this.#connections.length;
    const remote = `${socket.remoteAddress}:${socket.remotePort}`;
    const local = `${socket.localAddress}:${socket.localPort}`;
    const client = new ClientState(this.#received, remote, local, now);
    const session = new Session(this, client, index * PIPELINE_DEPTH_MAX);
    const connection = new RespConnection(socket, session, index, this.pool, this);
    this.#connections[index] = connection;
    this.#open.add(connection);
    this.#node.connectionsChanged(this.#open.size);
  }

  #makeDue(connection: RespConnection): void {
    if (connection.isDue) return;
    connection.isDue = true;
    this.#due.push(connection);
  }

  /** The ids of a connection can be given again when no answer to the old ones can come. */
  #releaseIndex(connection: RespConnection): void {
    if (connection.session.unanswered > 0) return;
    if (this.#connections[connection.index] !== connection) return;
    this.#connections[connection.index] = undefined;
    this.#freeIndexes.push(connection.index);
  }
}
