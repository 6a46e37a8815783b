/**
 * What the suite asks of a Redis client. A driver puts each call the way that client's users
 * would, and gives answers in one form, so that the suite is written once.
 */
import type { Buffer } from 'node:buffer';

/** A key or a value: a string stands for its UTF-8. */
export type Word = string | Buffer;

export type Protocol = 2 | 3;

export interface SetOptions {
  readonly unit?: 'EX' | 'PX' | 'EXAT' | 'PXAT' | 'KEEPTTL';
  /** What goes with a unit other than KEEPTTL. */
  readonly amount?: number;
  readonly condition?: 'NX' | 'XX';
  readonly get?: boolean;
}

/** One connection to one node. What a server refuses rejects, with the server's words as message. */
export interface Connection {
  get(key: Word): Promise<string | null>;
  getBytes(key: Word): Promise<Buffer | null>;
  /** `OK`, the old value, or null. */
  set(key: Word, value: Word, options?: SetOptions): Promise<string | null>;
  mget(keys: Word[]): Promise<(string | null)[]>;
  mset(pairs: [Word, Word][]): Promise<string>;
  del(keys: Word[]): Promise<number>;
  unlink(keys: Word[]): Promise<number>;
  exists(keys: Word[]): Promise<number>;
  ttl(key: Word): Promise<number>;
  pttl(key: Word): Promise<number>;
  expire(key: Word, seconds: number): Promise<number>;
  pexpire(key: Word, ms: number): Promise<number>;
  persist(key: Word): Promise<number>;
  strlen(key: Word): Promise<number>;
  type(key: Word): Promise<string>;
  dbsize(): Promise<number>;
  flushAll(): Promise<string>;
  flushDb(): Promise<string>;
  ping(): Promise<string>;
  echo(message: string): Promise<string>;
  select(database: number): Promise<void>;
  info(section?: string): Promise<string>;
  configGet(pattern: string): Promise<Record<string, string>>;
  commandCount(): Promise<number>;
  commandList(): Promise<string[]>;
  clientId(): Promise<number>;
  clientName(): Promise<string | null>;
  setClientName(name: string): Promise<string>;
  clientInfo(): Promise<string>;
  /** Any command, as it is. */
  send(...words: Word[]): Promise<unknown>;
  /** All in one write; an error takes the place of the answer. */
  pipeline(commands: string[][]): Promise<unknown[]>;
  /** Asks the server to end the connection. */
  quit(): Promise<string>;
  /** Ends the connection and every attempt to have it back. */
  end(): void;
}

export interface Driver {
  /** The name of the package. */
  readonly name: string;
  /** Resolves when the connection is ready; it comes back by itself when it is lost. */
  connect(port: number, protocol: Protocol): Promise<Connection>;
}
