/** A thread that uses a cluster at a rate: each tick one call of each kind for a key of each node. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Prng } from '#src/base/prng.js';
import { type ClusterHandle, connect } from '#src/index.js';
import { machineNow } from '../soak/clock.js';
import { storedUnder } from './contents.js';
import { KillBoard } from './kill-board.js';
import { type Call, LoadTally, type Made } from './load-tally.js';

export interface LoadTask {
  readonly handle: ClusterHandle;
  /** By node. */
  readonly keys: readonly (readonly string[])[];
  readonly tickMs: number;
  /** Of a KillBoard. */
  readonly board: SharedArrayBuffer;
  readonly seed: number;
}

const port = parentPort;
if (port === null) throw new Error('This file is a load of the failures benchmark');
const { handle, keys, tickMs, board: memory, seed } = workerData as LoadTask;
const client = connect(handle);
const board = new KillBoard(memory);
const tally = new LoadTally(board);
const prng = new Prng(seed);
const LOOK_MS = 10;
let outstanding = 0;
let isOver = false;

const draw = (node: number): string => {
  const own = keys[node] ?? [];
  return own[prng.below(own.length)] ?? '';
};
const made = (call: Call, node: number): Made => ({
  call,
  node,
  fromMs: machineNow(),
  stage: board.stage,
});

function judge(call: Made, key: string, value: unknown): void {
  if (value === storedUnder(key)) tally.ended(call, 'ok', machineNow());
  else if (value === undefined) tally.ended(call, 'misses', machineNow());
  else tally.failed(call, 'another value');
}

function readInPlace(node: number): void {
  const key = draw(node);
  const call = made('getSync', node);
  try {
    const { unread } = client.stats();
    const value = client.getSync(key);
    if (value === undefined && client.stats().unread > unread)
      tally.ended(call, 'unread', machineNow());
    else judge(call, key, value);
  } catch (error) {
    tally.failed(call, error);
  }
}

function ask(call: Made, asked: Promise<unknown>, answered: (value: unknown) => void): void {
  outstanding++;
  void asked
    .then(answered, (error: unknown) => tally.failed(call, error))
    .finally(() => outstanding--);
}

function writeAndRead(node: number): void {
  const key = draw(node);
  const set = made('set', node);
  ask(set, client.set(key, storedUnder(key)), () => tally.ended(set, 'ok', machineNow()));
  const get = made('get', node);
  ask(get, client.get(key), (value) => judge(get, key, value));
}

// The first call waits for the connection.
await client.has('connected');
const stopped = once(port, 'message').then(() => {
  isOver = true;
});
port.postMessage('ready');
while (!isOver) {
  for (let node = 0; node < keys.length; node++) {
    readInPlace(node);
    writeAndRead(node);
  }
  await sleep(tickMs);
}
await stopped;
while (outstanding > 0) await sleep(LOOK_MS);
client.close();
port.postMessage(tally.data);
port.close();
