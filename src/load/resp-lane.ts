/**
 * One connection to a RESP server that keeps up to `depth` commands in flight. Written for being
 * no bottleneck: commands are written into one buffer a turn, replies are read where the socket
 * put them, and operations are used again. A client library that is made for applications would
 * cost more than the server it is to measure.
 *
 * A connection that goes down loses what is in flight on it (nobody knows what became of it) and
 * is made anew for as long as the run lasts: every other try at its own address, so that lanes go
 * back to a node that returns, and at the others in between.
 */
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { ShoalError } from '../base/errors.js';
import { LaneQueue } from './lane-queue.js';
import { Answer, type Lane, type LaneOwner, type Operation } from './operation.js';
import type { Endpoint } from './plan.js';
import { ReplyError, ReplyReader, type ReplySink } from './reply-reader.js';
import type { RequestWriter } from './request-writer.js';

const READ_BUFFER_BYTES = 65_536;
const CONNECT_TIMEOUT_MS = 5_000;
/** Waits before connecting anew: doubled after each failure. */
const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 1_000;
/** Of an error that says no more than ERR, so much of its text tells it apart. */
const ERROR_TEXT_MAX = 60;
/** An answer that takes longer does not come. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface RespLaneSettings {
  /** All addresses of the cluster, at least one. */
  readonly endpoints: readonly Endpoint[];
  /** Which of them is this lane's own. */
  readonly first: number;
  readonly depth: number;
  readonly writer: RequestWriter;
}

export class RespLane implements Lane, ReplySink {
  readonly #settings: RespLaneSettings;
  readonly #owner: LaneOwner;
  readonly #queue: LaneQueue;
  readonly #answer = new Answer();
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #retries = 0;
  #socket: Socket | null = null;
  #reader: ReplyReader;
  #retry: NodeJS.Timeout | null = null;
  #retryMs = RETRY_MS_MIN;
  #closed = false;

  /** Connects. @throws ShoalError ERR_START if nobody listens there */
  static async open(settings: RespLaneSettings, owner: LaneOwner): Promise<RespLane> {
    const lane = new RespLane(settings, owner);
    await lane.#connect();
    return lane;
  }

  private constructor(settings: RespLaneSettings, owner: LaneOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.#queue = new LaneQueue(settings.depth);
    this.#reader = new ReplyReader(this);
  }

  room(): number {
    return this.#socket === null ? 0 : this.#queue.room;
  }

  inFlight(): number {
    return this.#queue.count;
  }

  blank(): Operation {
    return this.#queue.blank();
  }

  issue(operation: Operation): void {
    this.#settings.writer.write(operation);
    this.#queue.push();
  }

  flush(): void {
    const { writer } = this.#settings;
    const socket = this.#socket;
    if (writer.length === 0 || socket === null) return;
    socket.write(writer.take());
    // What the kernel took at once needs its buffer no more.
    if (socket.writableLength === 0) writer.recycle();
    else writer.replace();
  }

  checkStalled(nowMs: number): void {
    const oldest = this.#queue.oldest();
    if (oldest === null || nowMs - oldest.issuedMs < ANSWER_TIMEOUT_MS) return;
    this.#down('NO-ANSWER');
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#socket = null;
    this.#loseAll('CLOSED');
  }

  value(bytes: Buffer, start: number, end: number): void {
    this.#answered(this.#answer.hit(bytes, start, end));
  }

  nothing(): void {
    this.#answered(this.#answer.set('miss'));
  }

  acknowledged(): void {
    this.#answered(this.#answer.set('done'));
  }

  refused(text: string): void {
    this.#answered(this.#answer.fail('refused', errorKind(text)));
  }

  #answered(answer: Answer): void {
    const operation = this.#queue.shift();
    if (operation === null) throw new ReplyError('a reply that nobody asked for');
    this.#owner.answered(this, operation, answer);
  }

  #connect(): Promise<void> {
    const { endpoints, first } = this.#settings;
    const away = this.#retries % 2 === 0 ? 0 : (this.#retries + 1) / 2;
    const { host, port } = endpoints[(first + away) % endpoints.length] as Endpoint;
    return new Promise((resolve, reject) => {
      const socket: Socket = connect({
        host,
        port,
        noDelay: true,
        onread: {
          buffer: this.#readBuffer,
          callback: (length): boolean => this.#read(socket, length),
        },
      });
      const fail = (cause: unknown): void => {
        socket.destroy();
        const reason = cause instanceof Error ? cause.message : String(cause);
        reject(
          new ShoalError(
            'ERR_START',
            `Cannot connect to ${host}:${port}: ${reason}; is a cluster or redis-server running there?`,
            { cause },
          ),
        );
      };
      socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(new Error('no answer within 5 s')));
      socket.once('error', fail);
      socket.once('connect', () => {
        if (this.#closed) {
          socket.destroy();
          return;
        }
        socket.setTimeout(0);
        socket.off('error', fail);
        socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(socket, error.code));
        socket.on('close', () => this.#lost(socket, 'CLOSED'));
        this.#socket = socket;
        this.#reader = new ReplyReader(this);
        this.#retries = 0;
        this.#retryMs = RETRY_MS_MIN;
        resolve();
      });
    });
  }

  #read(socket: Socket, length: number): boolean {
    if (socket !== this.#socket) return false;
    this.#owner.arrived();
    try {
      this.#reader.feed(this.#readBuffer, length);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      this.#down('UNREADABLE');
      return false;
    }
    this.#owner.ready(this);
    return true;
  }

  /** A socket that is not this lane's any more has nothing to say. */
  #lost(socket: Socket, code: string | undefined): void {
    if (socket === this.#socket) this.#down(code ?? 'LOST');
  }

  #down(reason: string): void {
    this.#socket?.destroy();
    this.#socket = null;
    this.#settings.writer.recycle();
    this.#owner.arrived();
    this.#loseAll(reason);
    if (!this.#closed) this.#reconnectLater();
  }

  #loseAll(reason: string): void {
    for (let n = this.#queue.count; n > 0; n--) {
      const operation = this.#queue.shift();
      if (operation === null) return;
      this.#owner.answered(this, operation, this.#answer.fail('lost', reason));
    }
  }

  #reconnectLater(): void {
    this.#retry = setTimeout(() => {
      this.#connect().then(
        () => {
          this.#owner.reconnected();
          this.#owner.ready(this);
        },
        () => {
          this.#retries++;
          this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
          if (!this.#closed) this.#reconnectLater();
        },
      );
    }, this.#retryMs);
  }
}

/** Errors are told apart by their first word, unless that is the one that says nothing. */
function errorKind(text: string): string {
  const word = text.split(' ', 1)[0] ?? '';
  return word === 'ERR' ? text.slice(0, ERROR_TEXT_MAX) : word;
}
