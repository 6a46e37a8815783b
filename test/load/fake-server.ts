import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '#src/load/plan.js';

/** What a fake server does to one command; the default is what a right one would answer. */
export type Misbehave = (
  command: readonly Buffer[],
  rightAnswer: Buffer,
  socket: Socket,
) => Buffer | null;

/**
 * A RESP server that is dumb enough to be right: a Map, whole commands only after all their bytes
 * are there, and a hook that may answer something else. Null for no answer.
 */
export class FakeServer {
  readonly data = new Map<string, Buffer>();
  commands = 0;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #misbehave: Misbehave = (_command, answer) => answer;

  private constructor() {
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {}); // A client that goes away is no matter here.
      let rest: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        rest = this.#serve(socket, Buffer.concat([rest, chunk]));
      });
    });
  }

  static async start(misbehave?: Misbehave): Promise<FakeServer> {
    const fake = new FakeServer();
    if (misbehave !== undefined) fake.#misbehave = misbehave;
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get endpoint(): Endpoint {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket, bytes: Buffer): Buffer {
    let at = 0;
    const answers: Buffer[] = [];
    for (;;) {
      const parsed = parseCommand(bytes, at);
      if (parsed === null) break;
      at = parsed.end;
      this.commands++;
      const answer = this.#misbehave(parsed.words, this.#answer(parsed.words), socket);
      if (answer !== null) answers.push(answer);
    }
    if (answers.length > 0 && !socket.destroyed) socket.write(Buffer.concat(answers));
    return bytes.subarray(at);
  }

  #answer([name, key, value]: readonly Buffer[]): Buffer {
    const text = key?.toString('latin1') ?? '';
    switch (name?.toString()) {
      case 'GET': {
        const found = this.data.get(text);
        return found === undefined ? Buffer.from('$-1\r\n') : bulk(found);
      }
      case 'SET':
        this.data.set(text, Buffer.from(value ?? ''));
        return Buffer.from('+OK\r\n');
      case 'DEL':
        return Buffer.from(`:${this.data.delete(text) ? 1 : 0}\r\n`);
      default:
        return Buffer.from('-ERR unknown command\r\n');
    }
  }
}

export function bulk(value: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);
}

function parseCommand(bytes: Buffer, from: number): { words: Buffer[]; end: number } | null {
  const head = readLine(bytes, from);
  if (head === null) return null;
  let at = head.end;
  const words: Buffer[] = [];
  for (let left = Number(head.text.slice(1)); left > 0; left--) {
    const line = readLine(bytes, at);
    if (line === null) return null;
    const end = line.end + Number(line.text.slice(1));
    if (bytes.length < end + 2) return null;
    words.push(bytes.subarray(line.end, end));
    at = end + 2;
  }
  return { words, end: at };
}

function readLine(bytes: Buffer, from: number): { text: string; end: number } | null {
  const end = bytes.indexOf('\r\n', from);
  return end === -1 ? null : { text: bytes.toString('latin1', from, end), end: end + 2 };
}
