/** The two servers, each in a process of its own, on a free port of the loopback. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endChild, spawnChild } from './children.js';

export const HOST = '127.0.0.1';
const SHOAL = fileURLToPath(new URL('../../cluster.js', import.meta.url));
const START_MS_MAX = 10_000;
const RETRY_MS = 20;

export interface Server extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

/** One node, without HTTP, of so many MB. */
export const startShoal = (memoryMb: number): Promise<Server> => startShoalCluster(1, memoryMb, []);

/** So many nodes; the port is the first one's. */
export async function startShoalCluster(
  nodes: number,
  memoryMb: number,
  options: readonly string[],
): Promise<Server> {
  const args = ['--nodes', String(nodes), '--memory', `${memoryMb}mb`, ...options];
  const quiet = ['--port', '0', '--http-port', 'off', '--json'];
  const child = spawnChild(process.execPath, [SHOAL, ...args, ...quiet], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { stdout } = child;
  if (stdout === null) throw new Error('Cannot start shoal: no pipe');
  const signal = AbortSignal.timeout(START_MS_MAX);
  const [line] = (await once(createInterface({ input: stdout }), 'line', { signal })) as [string];
  const ready = JSON.parse(line) as { nodes?: { port: number }[] };
  const port = ready.nodes?.[0]?.port;
  if (port === undefined) throw new Error(`Cannot start shoal: it said ${line}`);
  return serverOf('shoal', child, port);
}

/** A cache like the other: as much memory, an LRU, nothing written to disk. */
export async function startRedis(memoryMb: number): Promise<Server> {
  const port = await freePort();
  const options = {
    port,
    bind: HOST,
    maxmemory: `${memoryMb}mb`,
    'maxmemory-policy': 'allkeys-lru',
    save: '',
    appendonly: 'no',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawnChild('redis-server', args, { stdio: 'ignore' });
  await listening(child, port);
  return serverOf('redis-server', child, port);
}

function serverOf(name: string, child: ChildProcess, port: number): Server {
  const { pid } = child;
  if (pid === undefined) throw new Error(`Cannot start ${name}`);
  return { name, pid, port, [Symbol.asyncDispose]: () => endChild(child) };
}

/** A port that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port');
  return address.port;
}

export async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let waited = 0; waited < START_MS_MAX; waited += RETRY_MS) {
    if (child.exitCode !== null)
      throw new Error(`${child.spawnfile} ended with code ${child.exitCode}`);
    if (await answers(port)) return;
    await wait(RETRY_MS);
  }
  throw new Error(`${child.spawnfile} does not listen on port ${port}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    const end = (yes: boolean) => (): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });
}
