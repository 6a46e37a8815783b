/**
 * A connection to one node, made anew whenever it goes down. What was on its way through it then
 * has no answer. The buffers are plain and copied freely: the soak checks, it does not race.
 */
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { machineNow } from './clock.js';
import { codeOfText } from './error-codes.js';
import type { Door, DoorOwner, Ending, Operation } from './operation.js';
import { type ReplyListener, ReplyStream } from './reply-stream.js';
import { commandOf } from './request-bytes.js';

const RECONNECT_MS = 20;

export interface RespDoorSettings {
  readonly node: number;
  readonly port: number;
  /** What a key is called. */
  readonly nameOf: (key: number) => string;
}

export class RespDoor implements Door, ReplyListener {
  readonly #settings: RespDoorSettings;
  readonly #owner: DoorOwner;
  readonly #waiting: Operation[] = [];
  #stream = new ReplyStream(this);
  #socket: Socket | null = null;
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;
  #lostSinceMs: number | null = machineNow();
  /** When it last was known to be open: a cut has happened after that. */
  #goodAtMs = machineNow();
  /** Of the oldest operation: elements of its array still to come, and their number; null before the array. */
  #elements: { readonly length: number; next: number } | null = null;

  constructor(settings: RespDoorSettings, owner: DoorOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.#connect();
  }

  get isOpen(): boolean {
    return this.#lostSinceMs === null;
  }

  get name(): string {
    return `connection to n${this.#settings.node}${this.isOpen ? '' : ' (not open)'}`;
  }

  get oldest(): Operation | null {
    return this.#waiting[0] ?? null;
  }

  get waitingSinceMs(): number | null {
    return this.#lostSinceMs ?? this.oldest?.issuedAtMs ?? null;
  }

  get inFlight(): number {
    return this.#waiting.length;
  }

  send(batch: readonly Operation[]): void {
    const { nameOf } = this.#settings;
    this.#waiting.push(...batch);
    this.#socket?.write(Buffer.concat(batch.flatMap((operation) => commandOf(operation, nameOf))));
  }

  abandon(): void {
    this.#lostSinceMs = machineNow();
    this.#socket?.destroy();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  array(length: number): void {
    const operation = this.#waiting[0];
    if (
      operation?.kind !== 'mget' ||
      this.#elements !== null ||
      length !== operation.reads.length
    ) {
      throw new RangeError(`an array of ${length} in answer to ${operation?.kind ?? 'nothing'}`);
    }
    this.#elements = { length, next: 0 };
  }

  value(bytes: Buffer, start: number, end: number): void {
    const { operation, index } = this.#readNow();
    this.#owner.value(operation, index, bytes, start, end);
    this.#elementDone();
  }

  nothing(): void {
    const { operation, index } = this.#readNow();
    this.#owner.nothing(operation, index);
    this.#elementDone();
  }

  said(): void {
    const kind = this.#waiting[0]?.kind;
    if (kind === undefined || kind === 'get' || kind === 'mget') {
      throw new RangeError(`a status in answer to ${kind ?? 'nothing'}`);
    }
    this.#end({ status: 'answered' });
  }

  error(text: string): void {
    if (this.#elements !== null) throw new RangeError(`an error within an array: ${text}`);
    this.#end({ status: 'failed', code: codeOfText(text) });
  }

  #readNow(): { operation: Operation; index: number } {
    const operation = this.#waiting[0];
    if (operation?.kind === 'get') return { operation, index: 0 };
    if (operation?.kind === 'mget' && this.#elements !== null) {
      return { operation, index: this.#elements.next };
    }
    throw new RangeError(`a value in answer to ${operation?.kind ?? 'nothing'}`);
  }

  #elementDone(): void {
    const elements = this.#elements;
    if (elements !== null && ++elements.next < elements.length) return;
    this.#end({ status: 'answered' });
  }

  #end(ending: Ending): void {
    const operation = this.#waiting.shift();
    if (operation === undefined) throw new RangeError('a reply that nobody asked for');
    this.#elements = null;
    this.#owner.ended(operation, ending);
  }

  #connect(): void {
    const socket = connect({ host: '127.0.0.1', port: this.#settings.port, noDelay: true });
    this.#socket = socket;
    this.#stream = new ReplyStream(this);
    socket.on('connect', () => {
      this.#lostSinceMs = null;
      this.#goodAtMs = machineNow();
      this.#owner.ready(this);
    });
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', () => {}); // 'close' follows.
    socket.on('close', () => this.#onClose());
  }

  #onData(chunk: Buffer): void {
    this.#goodAtMs = machineNow();
    try {
      this.#stream.feed(chunk);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#owner.nonsense(error.message);
      this.abandon();
      return;
    }
    if (this.#waiting.length === 0) this.#owner.ready(this);
  }

  #onClose(): void {
    if (this.#isClosed) return;
    if (this.#lostSinceMs === null) {
      this.#lostSinceMs = machineNow();
      this.#owner.wentDown(this.#settings.node, this.#goodAtMs);
    }
    this.#elements = null;
    while (this.#waiting.length > 0) this.#end({ status: 'cut' });
    this.#retry = setTimeout(() => this.#connect(), RECONNECT_MS);
  }
}
