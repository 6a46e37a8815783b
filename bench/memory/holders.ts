/**
 * Who holds a million entries, each in a process of its own: started, filled, and asked for nothing
 * but to stay.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { endChild, spawnChild } from '../peers/children.js';
import { freePort, HOST, listening, startRedis } from '../peers/servers.js';
import { keyOf } from '../reads/keys.js';
import type { HolderSays, HolderTask } from './messages.js';

const PROBE = new URL('../soak/memory-probe.js', import.meta.url).href;
const HOLDER = fileURLToPath(new URL('./holder.js', import.meta.url));
const SETS_AT_A_TIME = 10_000;
/** Heap of a process whose threads hold entries on it. */
const HEAP_MB = 8_192;
/** Far above what any of them needs. */
const SERVER_MB = 4_096;

export interface Contents {
  readonly entries: number;
  readonly valueBytes: number;
}

/** A process that holds entries. */
export interface Held extends AsyncDisposable {
  readonly pid: number;
  /** What it says of itself; null if it is no process of ours. */
  readonly said: HolderSays | null;
}

/** A Node process: Shoal with reader threads, or a cache of lru-cache in each thread. */
export async function holdInNode(task: HolderTask): Promise<Held> {
  const flags = [`--max-old-space-size=${HEAP_MB}`, '--expose-gc', '--import', PROBE];
  const args = [...flags, HOLDER, JSON.stringify(task)];
  const child = spawnChild(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [said] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => [{ error: 'it ended' }]),
  ])) as [HolderSays | { error: string }];
  if ('error' in said) throw new Error(`Cannot measure ${task.who}: ${said.error}`);
  const { pid } = child;
  if (pid === undefined) throw new Error(`Cannot start ${task.who}`);
  return { pid, said, [Symbol.asyncDispose]: () => endChild(child) };
}

export async function holdInRedis({ entries, valueBytes }: Contents): Promise<Held> {
  const server = await startRedis(SERVER_MB);
  const redis = new Redis({ host: HOST, port: server.port });
  const value = Buffer.alloc(valueBytes, 7);
  for (let from = 0; from < entries; from += SETS_AT_A_TIME) {
    const pipeline = redis.pipeline();
    const to = Math.min(from + SETS_AT_A_TIME, entries);
    for (let i = from; i < to; i++) pipeline.set(keyOf(i), value);
    await pipeline.exec();
  }
  const held = await redis.dbsize();
  await redis.quit();
  assertAll('redis-server', held, entries);
  const end = (): PromiseLike<void> => server[Symbol.asyncDispose]();
  return { pid: server.pid, said: null, [Symbol.asyncDispose]: end };
}

export async function holdInMemcached({ entries, valueBytes }: Contents): Promise<Held> {
  const port = await freePort();
  // As root it wants to be told whose rights it shall have.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const args = ['-l', HOST, '-p', String(port), '-U', '0', '-m', String(SERVER_MB), ...user];
  const child = spawnChild('memcached', args, { stdio: 'ignore' });
  await listening(child, port);
  const socket = connect({ host: HOST, port });
  await once(socket, 'connect');
  await fillMemcached(socket, { entries, valueBytes });
  const held = Number(/STAT curr_items (\d+)/.exec(await ask(socket, 'stats\r\n', 'END\r\n'))?.[1]);
  socket.destroy();
  assertAll('memcached', held, entries);
  const { pid } = child;
  if (pid === undefined) throw new Error('Cannot start memcached');
  const end = (): PromiseLike<void> => endChild(child);
  return { pid, said: null, [Symbol.asyncDispose]: end };
}

async function fillMemcached(socket: Socket, { entries, valueBytes }: Contents): Promise<void> {
  const value = 'v'.repeat(valueBytes);
  for (let from = 0; from < entries; from += SETS_AT_A_TIME) {
    const to = Math.min(from + SETS_AT_A_TIME, entries);
    const lines: string[] = [];
    for (let i = from; i < to; i++) {
      lines.push(`set ${keyOf(i)} 0 0 ${valueBytes} noreply\r\n${value}\r\n`);
    }
    // Its answer to the last word says that it has come to all before it.
    await ask(socket, `${lines.join('')}version\r\n`, '\r\n');
  }
}

/** Sends something, and resolves to what comes until it ends so. */
async function ask(socket: Socket, request: string, end: string): Promise<string> {
  socket.write(request, 'latin1');
  let reply = '';
  while (!reply.endsWith(end)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    reply += chunk.toString('latin1');
  }
  return reply;
}

function assertAll(who: string, held: number, entries: number): void {
  if (held !== entries) throw new Error(`Cannot measure: ${who} has ${held} of ${entries} entries`);
}
