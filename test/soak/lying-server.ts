/**
 * A RESP server over a Map that can be told to lie: what the soak must notice. It keeps every
 * version of every key, so that it has old ones to tell.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export type Lie =
  | 'none'
  /** The value before the last, as if a write had been undone. */
  | 'old value'
  /** The last value of another key. */
  | "another key's value"
  /** The first half of one value and the second half of another of its versions. */
  | 'torn value'
  /** The last value, though the key was deleted. */
  | 'deleted value'
  /** The last value, though its time is over. */
  | 'expired value'
  /** Nothing, though there is a value. */
  | 'lost value'
  /** An error that promises that nothing was changed, and the write is done. */
  | 'refused and done'
  /** No answer to this and whatever follows on the connection. */
  | 'silence'
  /** A connection that closes for no reason. */
  | 'cut'
  /** An error that no documentation knows. */
  | 'odd error'
  /** A status where a value is asked for. */
  | 'nonsense';

interface Entry {
  readonly versions: Buffer[];
  isDeleted: boolean;
  goneAtMs: number;
}

/** Every so many-th chance is taken; every one where they are rare: most keys are soon written again. */
const LIE_EVERY = 20;
const RARE: ReadonlySet<Lie> = new Set(['expired value', 'deleted value']);
const NOTHING = Buffer.from('$-1\r\n');
const OK = Buffer.from('+OK\r\n');

export class LyingServer {
  /** Lies told. */
  lies = 0;
  readonly #lie: Lie;
  readonly #entries = new Map<string, Entry>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #chances = 0;
  #last: Buffer = Buffer.alloc(0);

  private constructor(lie: Lie) {
    this.#lie = lie;
    this.#server = createServer((socket) => this.#onConnection(socket));
  }

  static async start(lie: Lie): Promise<LyingServer> {
    const server = new LyingServer(lie);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {}); // A driver that goes away is no matter here.
    let rest: Buffer = Buffer.alloc(0);
    let isSilent = false;
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const command = readCommand(rest);
        if (command === null) return;
        rest = rest.subarray(command.end);
        if (this.#lie === 'silence' && this.#takesChance()) isSilent = true;
        if (this.#lie === 'cut' && this.#takesChance()) socket.destroy();
        if (isSilent || socket.destroyed) continue;
        socket.write(this.#answer(command.words));
      }
    });
  }

  #answer([name, ...args]: readonly Buffer[]): Buffer {
    switch (name?.toString()) {
      case 'GET':
        return this.#get(String(args[0]));
      case 'MGET':
        return Buffer.concat([
          Buffer.from(`*${args.length}\r\n`),
          ...args.map((key) => this.#get(String(key), 'within an array')),
        ]);
      case 'SET':
        return this.#set(args, args.length > 2 ? Number(args[3]) : null);
      case 'MSET':
        for (let i = 0; i < args.length; i += 2) this.#store(args.slice(i, i + 2), null);
        return OK;
      default:
        return this.#delete(String(args[0]));
    }
  }

  #set(args: readonly Buffer[], ttlMs: number | null): Buffer {
    this.#store(args, ttlMs);
    const isRefused = this.#lie === 'refused and done' && this.#takesChance();
    return isRefused ? Buffer.from('-CLUSTERDOWN Cannot set key: no node\r\n') : OK;
  }

  #store([key, value]: readonly Buffer[], ttlMs: number | null): void {
    const entry = this.#entries.get(String(key)) ?? { versions: [], isDeleted: false, goneAtMs: 0 };
    this.#entries.set(String(key), entry);
    this.#last = Buffer.from(value ?? '');
    entry.versions.push(this.#last);
    entry.isDeleted = false;
    entry.goneAtMs = ttlMs === null ? Number.POSITIVE_INFINITY : performance.now() + ttlMs;
  }

  #delete(key: string): Buffer {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.isDeleted = true;
    return Buffer.from(':1\r\n');
  }

  #get(key: string, where?: 'within an array'): Buffer {
    const entry = this.#entries.get(key);
    if (this.#lie === 'odd error' && where === undefined && this.#takesChance()) {
      return Buffer.from('-OOPS something\r\n');
    }
    if (this.#lie === 'nonsense' && where === undefined && this.#takesChance()) return OK;
    if (entry === undefined) return NOTHING;
    const value = this.#valueOf(entry);
    return value === null ? NOTHING : bulk(value);
  }

  /** What is said to be the entry's value; null for nothing. */
  #valueOf({ versions, isDeleted, goneAtMs }: Entry): Buffer | null {
    const value = versions.at(-1) ?? null;
    const before = versions.at(-2);
    const isExpired = performance.now() > goneAtMs;
    // The soak allows 50 ms for clocks that are read at different moments.
    const isLongExpired = performance.now() > goneAtMs + 100;
    const lie = this.#lie;
    if (isDeleted) return lie === 'deleted value' && this.#takesChance() ? value : null;
    if (isExpired) {
      return lie === 'expired value' && isLongExpired && this.#takesChance() ? value : null;
    }
    if (lie === 'lost value' && goneAtMs === Number.POSITIVE_INFINITY && this.#takesChance()) {
      return null;
    }
    if (value === null || before === undefined) return value;
    if (lie === 'old value' && this.#takesChance()) return before;
    if (lie === "another key's value" && this.#last !== value && this.#takesChance()) {
      return this.#last;
    }
    if (lie === 'torn value' && this.#takesChance()) return torn(before, value);
    return value;
  }

  #takesChance(): boolean {
    const every = RARE.has(this.#lie) ? 1 : LIE_EVERY;
    const isTaken = ++this.#chances % every === 0;
    if (isTaken) this.lies++;
    return isTaken;
  }
}

/** The header of one version, and the last bytes of another. */
function torn(before: Buffer, value: Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Math.ceil(Math.min(before.length, value.length) / 2);
  before.copy(bytes, bytes.length - length, before.length - length);
  return bytes;
}

const bulk = (value: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);

function readCommand(bytes: Buffer): { words: Buffer[]; end: number } | null {
  let at = 0;
  const line = (): number | null => {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) return null;
    const number = Number(bytes.toString('latin1', at + 1, end));
    at = end + 2;
    return number;
  };
  const words: Buffer[] = [];
  for (let left = line(); left !== 0; left = (left ?? 0) - 1) {
    const size = left === null ? null : line();
    if (size === null || bytes.length < at + size + 2) return null;
    words.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
  return { words, end: at };
}
