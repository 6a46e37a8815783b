/**
 * A thread of the process that holds entries: stores them in the cluster, reads them there in place,
 * or has them all in an lru-cache of its own.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type ClusterHandle, connect } from '#src/index.js';
import { freshKeyOf, KEY_BYTES, keyOf } from '../reads/keys.js';
import type { HolderThreadTask } from './messages.js';

const SETS_AT_A_TIME = 2_000;
const EMPTY_KEY = Buffer.from(keyOf(0), 'latin1');
const ZERO = 48;

const task = workerData as HolderThreadTask;
const { entries, valueBytes } = task;
switch (task.role) {
  case 'fill':
    await fill(handleOf(task));
    break;
  case 'read':
    stay(await read(handleOf(task)));
    break;
  case 'keep':
    stay(await keep());
    break;
}

function handleOf({ handle }: HolderThreadTask): ClusterHandle {
  if (handle === null) throw new Error('This thread works on a cluster');
  return handle;
}

/** Whoever started it hears that it is ready; what it holds it keeps. */
function stay(held: unknown): void {
  parentPort?.postMessage('ready');
  // The thread lives as long as it listens, and what is used here as long as the thread.
  parentPort?.on('message', () => parentPort?.postMessage(typeof held));
}

async function fill(handle: ClusterHandle): Promise<void> {
  const client = connect(handle);
  const value = Buffer.alloc(valueBytes, 7);
  for (let from = 0; from < entries; from += SETS_AT_A_TIME) {
    const count = Math.min(SETS_AT_A_TIME, entries - from);
    await client.setMany(Array.from({ length: count }, (_, i) => [keyOf(from + i), value]));
  }
  client.close();
}

async function read(handle: ClusterHandle): Promise<unknown> {
  const client = connect(handle);
  await client.has('connected');
  const key = Buffer.alloc(KEY_BYTES);
  const target = Buffer.alloc(valueBytes);
  let found = 0;
  for (let i = 0; i < entries; i++) {
    if (task.reads === 'getSync') {
      if (client.getSync(freshKeyOf(i)) !== undefined) found++;
    } else {
      writeKey(key, i);
      if (client.getInto(key, target) >= 0) found++;
    }
  }
  if (found !== entries) throw new Error(`Cannot measure: ${found} of ${entries} entries are read`);
  return client;
}

/** The same key as `keyOf`, without a string. */
function writeKey(target: Buffer, number: number): void {
  EMPTY_KEY.copy(target);
  for (let at = KEY_BYTES - 1, rest = number; rest > 0; at--, rest = Math.floor(rest / 10)) {
    target[at] = ZERO + (rest % 10);
  }
}

async function keep(): Promise<unknown> {
  const { LRUCache } = await import('lru-cache');
  const cache = new LRUCache<string, Buffer>({ max: entries });
  for (let i = 0; i < entries; i++) cache.set(keyOf(i), Buffer.alloc(valueBytes, 7));
  return cache;
}
