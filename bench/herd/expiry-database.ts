/**
 * The database behind the cache: a thread of its own, so that a herd queues where herds do. A query takes
 * as long as it is told, and no processor time; the limit is how many it works on at once.
 */
import { type MessagePort, workerData } from 'node:worker_threads';
import type { DatabaseCounts, DatabaseOrder } from './expiry-messages.js';
import { obey } from './hand.js';

const clients = workerData as readonly MessagePort[];
let loadMs = 0;
let atATime = Number.POSITIVE_INFINITY;
let running = 0;
let counts = { queries: 0, outstandingMax: 0 };
let queue: (() => void)[] = [];

function query(reply: () => void): void {
  counts.queries++;
  if (running < atATime) run(reply);
  else queue.push(reply);
  counts.outstandingMax = Math.max(counts.outstandingMax, running + queue.length);
}

function run(reply: () => void): void {
  running++;
  setTimeout(() => {
    running--;
    reply();
    const next = queue.shift();
    if (next !== undefined) run(next);
  }, loadMs);
}

for (const client of clients) {
  client.on('message', (id: number) => query(() => client.postMessage(id)));
}

obey((order: DatabaseOrder): DatabaseCounts => {
  if (order.order === 'open') {
    loadMs = order.loadMs;
    atATime = order.atATime ?? Number.POSITIVE_INFINITY;
    queue = [];
    counts = { queries: 0, outstandingMax: 0 };
  }
  return counts;
});
