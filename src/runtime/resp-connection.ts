/**
 * One RESP connection: a socket and the session behind it.
 *
 * What a turn of the event loop produces for a client goes out in one write, at its end. A client
 * that does not read, or to whom too many replies are owed, is not read from: its session is
 * paused, and so is its socket, until there is room again.
 */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Instant } from '../base/units.js';
import type { BlockPool } from '../resp/block-pool.js';
import type { Session } from '../session/session.js';

/** What a connection asks of its server. */
export interface ConnectionEvents {
  /** Something has come, or can go on: begins a turn and has `endTurn` called at its end. */
  enter(connection: RespConnection): Instant;
  /** The socket is gone. */
  closed(connection: RespConnection): void;
}

export class RespConnection {
  readonly session: Session;
  /** Its place among the connections of the server. */
  readonly index: number;
  /** Whether `endTurn` is due at the end of this turn. */
  isDue = false;
  readonly #socket: Socket;
  readonly #pool: BlockPool;
  readonly #events: ConnectionEvents;
  /** Buffers that the socket still reads, in the order of their writes. */
  readonly #writing: Buffer[] = [];
  /** Nothing more will come, or is wanted: close when all is answered. */
  #isLast = false;
  #isPaused = false;

  constructor(
    socket: Socket,
    session: Session,
    index: number,
    pool: BlockPool,
    events: ConnectionEvents,
  ) {
    this.session = session;
    this.index = index;
    this.#socket = socket;
    this.#pool = pool;
    this.#events = events;
    socket.on('data', (chunk) => session.feed(events.enter(this), chunk as Buffer));
    socket.on('drain', () => events.enter(this));
    socket.on('end', () => this.finish());
    // A broken connection is closed, too, and that is all there is to say about it.
    socket.on('error', () => {});
    socket.on('close', () => {
      session.close();
      events.closed(this);
    });
  }

  /** Takes no more input; closes when everything that came has been answered. */
  finish(): void {
    this.#isLast = true;
    this.#socket.pause();
    this.#events.enter(this);
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Sends what the turn has produced, and goes on with what had no room before. */
  endTurn(now: Instant): void {
    const { session } = this;
    const socket = this.#socket;
    if (socket.destroyed) return;
    session.turn(now);
    while (!socket.writableNeedDrain) {
      const output = session.takeOutput();
      if (output === null) break;
      this.#writing.push(output);
      socket.write(output, this.#onWritten);
      if (!session.paused) break;
      session.turn(now);
    }
    this.#throttle();
    if (this.#isLast && !session.paused) session.client.closing = true;
    if (session.finished && !socket.writableEnded) socket.end();
  }

  #throttle(): void {
    const { paused } = this.session;
    if (paused === this.#isPaused || this.#isLast) return;
    this.#isPaused = paused;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
  }

  readonly #onWritten = (): void => {
    const output = this.#writing.shift();
    if (output !== undefined) this.#pool.give(output);
  };
}
