/** A socket that speaks RESP without knowing it: bytes out, whole replies in, as bytes. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { CUT, replyEnd } from './reply-scanner.js';

export class RawConnection implements AsyncDisposable {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk as Buffer);
      this.#wake();
    });
    // A server that ends a connection with bytes unread resets it: an end like any other here.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async open(to: NetConnectOpts): Promise<RawConnection> {
    const socket = connect(to);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  /** The next replies, one buffer each. @throws Error if the connection ends before */
  async replies(count: number): Promise<Buffer[]> {
    const replies: Buffer[] = [];
    for (let bytes = this.#all(), at = 0; replies.length < count; ) {
      const end = at < bytes.length ? replyEnd(bytes, at) : CUT;
      if (end !== CUT) {
        replies.push(bytes.subarray(at, end));
        at = end;
        this.#chunks = [bytes.subarray(at)];
      } else {
        if (this.#ended) throw new Error(`ended after ${replies.length} of ${count} replies`);
        await this.#more();
        bytes = this.#all();
        at = 0;
      }
    }
    return replies;
  }

  /** Everything that still comes, until the other side ends the connection. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#more();
    return this.#all();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.rest();
  }

  #all(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A command as the protocol wants it. */
export function encode(words: readonly (Buffer | string)[]): Buffer {
  const parts: (Buffer | string)[] = [`*${words.length}\r\n`];
  for (const word of words) parts.push(`$${Buffer.byteLength(word)}\r\n`, word, '\r\n');
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}
