/** The least that speaks RESP2: enough to ask a node over a real socket. */
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Bulk strings and statuses are strings, an error is an Error with the server's text. */
export type RespValue = string | number | null | Error | RespValue[];

export class RespClient {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting: ((value: RespValue) => void)[] = [];
  #input = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => this.#onData(String(chunk)));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const resolveOne of this.#waiting.splice(0)) resolveOne(new Error('closed'));
        resolve();
      });
    });
  }

  static connect(t: TestContext, port: number): Promise<RespClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      t.after(() => socket.destroy());
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RespClient(socket)));
    });
  }

  /** Sends a command; its reply. Many can be out at a time. */
  send(...args: string[]): Promise<RespValue> {
    const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
    this.#socket.write(`*${args.length}\r\n${parts.join('')}`);
    return this.next();
  }

  /** The next reply, whoever asked for it. */
  next(): Promise<RespValue> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  raw(text: string): void {
    this.#socket.write(text);
  }

  /** Sends nothing more, and waits for what is still owed. */
  end(): void {
    this.#socket.end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #onData(chunk: string): void {
    this.#input += chunk;
    for (;;) {
      const parsed = parse(this.#input, 0);
      if (parsed === null) return;
      this.#input = this.#input.slice(parsed.end);
      this.#waiting.shift()?.(parsed.value);
    }
  }
}

/** The reply that begins at `at`, and where it ends; null if it is not all there. */
function parse(input: string, at: number): { value: RespValue; end: number } | null {
  const lineEnd = input.indexOf('\r\n', at);
  if (lineEnd === -1) return null;
  const line = input.slice(at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (input[at]) {
    case '+':
      return { value: line, end };
    case '-':
      return { value: new Error(line), end };
    case ':':
      return { value: Number(line), end };
    case '$':
      return parseBulk(input, end, Number(line));
    case '*':
      return parseArray(input, end, Number(line));
    default:
      throw new Error(`no RESP: ${JSON.stringify(input.slice(at, at + 20))}`);
  }
}

function parseBulk(input: string, at: number, size: number): ReturnType<typeof parse> {
  if (size === -1) return { value: null, end: at };
  const end = at + size + 2;
  return input.length < end ? null : { value: input.slice(at, at + size), end };
}

function parseArray(input: string, at: number, count: number): ReturnType<typeof parse> {
  const values: RespValue[] = [];
  let end = at;
  for (let i = 0; i < count; i++) {
    const element = parse(input, end);
    if (element === null) return null;
    values.push(element.value);
    end = element.end;
  }
  return { value: values, end };
}
