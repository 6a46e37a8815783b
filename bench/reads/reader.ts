/** A reader thread: measures ways to a value, each with keys that were made outside the clock. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { Redis } from 'ioredis';
import { Prng } from '#src/base/prng.js';
import { type Client, connect } from '#src/index.js';
import { HOST } from '../peers/servers.js';
import { machineNow } from '../soak/clock.js';
import { freshKeyOf } from './keys.js';
import type { ReaderOrder, ReaderSays, ReaderTask, Way } from './messages.js';

const port = parentPort;
if (port === null) throw new Error('This file is a reader of the reads benchmark');
const tell = (said: ReaderSays): void => port.postMessage(said);

type Handle = Parameters<typeof connect>[0];
const task = workerData as ReaderTask;
const shared = connect(task.shared as Handle);
const proxy = connect(task.proxy as Handle);
const redis = task.redisPort === null ? null : new Redis({ host: HOST, port: task.redisPort });
const gate = new Int32Array(task.gate);
const target = new Uint8Array(2 ** 16);
let found = 0;

/** Reads all keys in place; nothing in between but the reads. */
function readSync(client: Client, keys: readonly string[]): void {
  for (const key of keys) if (client.getSync(key) !== undefined) found++;
}

function readInto(client: Client, keys: readonly string[]): void {
  for (const key of keys) if (client.getInto(key, target) >= 0) found++;
}

async function readAsking(client: Client, keys: readonly string[]): Promise<void> {
  for (const key of keys) if ((await client.get(key)) !== undefined) found++;
}

async function readRedis(keys: readonly string[]): Promise<void> {
  if (redis === null) throw new Error('Cannot measure: there is no redis-server');
  for (const key of keys) if ((await redis.getBuffer(key)) !== null) found++;
}

function read(way: Way, keys: readonly string[]): void | Promise<void> {
  switch (way) {
    case 'getSync':
      return readSync(shared, keys);
    case 'getInto':
      return readInto(shared, keys);
    case 'message':
      return readAsking(proxy, keys);
    case 'ioredis':
      return readRedis(keys);
  }
}

const someKeys = (prng: Prng, entries: number, count: number): string[] =>
  Array.from({ length: count }, () => freshKeyOf(prng.below(entries)));

const nowNs = (): number => performance.now() * 1e6;

async function time(order: Extract<ReaderOrder, { order: 'time' }>): Promise<void> {
  const { way, entries, batches, batch, singles, seed } = order;
  const prng = new Prng(seed);
  const batchesNs: number[] = [];
  const singlesNs: number[] = [];
  found = 0;
  for (let i = 0; i < batches; i++) {
    const keys = someKeys(prng, entries, batch);
    const start = nowNs();
    const reading = read(way, keys);
    if (reading !== undefined) await reading;
    batchesNs.push((nowNs() - start) / batch);
  }
  for (let i = 0; i < singles; i++) {
    const keys = someKeys(prng, entries, 1);
    const start = nowNs();
    const reading = read(way, keys);
    if (reading !== undefined) await reading;
    singlesNs.push(nowNs() - start);
  }
  assertFound(way, batches * batch + singles);
  tell({ says: 'timed', batchesNs, singlesNs });
}

/** All keys first, then the gate, then nothing but reads. */
function race({ entries, reads, seed }: Extract<ReaderOrder, { order: 'race' }>): void {
  const keys = someKeys(new Prng(seed), entries, reads);
  const open = Atomics.load(gate, 0);
  found = 0;
  tell({ says: 'at-gate' });
  Atomics.wait(gate, 0, open);
  const fromMs = machineNow();
  readSync(shared, keys);
  const toMs = machineNow();
  assertFound('getSync', reads);
  tell({ says: 'raced', fromMs, toMs });
}

/** A miss is fast, and would look well. */
function assertFound(way: Way, reads: number): void {
  if (found === reads) return;
  const { unread } = shared.stats();
  throw new Error(
    `Cannot measure ${way}: ${found} of ${reads} reads found something (${unread} unread)`,
  );
}

port.on('message', (order: ReaderOrder) => {
  if (order.order === 'race') race(order);
  else void time(order);
});
// The first calls wait for the connections.
await Promise.all([shared.has('connected'), proxy.has('connected')]);
if (redis !== null && redis.status !== 'ready') await once(redis, 'ready');
tell({ says: 'ready' });
