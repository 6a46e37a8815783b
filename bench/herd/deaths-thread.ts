/** A thread that loads a key for ever, or waits for one that does, and then loads it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { connect } from '#src/index.js';
import { machineNow } from '../soak/clock.js';
import type { MissOrder, MissTask } from './deaths-messages.js';
import { obey } from './hand.js';

const LOOK_MS = 1;
const TIMEOUT_MS = 60_000;

const { handle, began: memory } = workerData as MissTask;
const client = connect(handle);
const began = new Float64Array(memory);
let waiting: Promise<unknown> = Promise.resolve();
let abandon = new AbortController();

function loadForEver(key: string): Promise<void> {
  // Nobody else ends the one before it, if its node was killed and not its thread.
  abandon.abort();
  abandon = new AbortController();
  const { signal } = abandon;
  return new Promise((resolve, reject) => {
    const loader = (): Promise<never> => {
      resolve();
      return new Promise(() => {});
    };
    client.getOrLoad(key, loader, { timeout: TIMEOUT_MS, signal }).catch((error: unknown) => {
      if (!signal.aborted) reject(error);
    });
  });
}

async function waitForAnother(key: string): Promise<void> {
  const { waited } = client.stats().loads;
  const loader = (): string => {
    began[0] = machineNow();
    return key;
  };
  waiting = client.getOrLoad(key, loader, { timeout: TIMEOUT_MS });
  while (client.stats().loads.waited === waited) await sleep(LOOK_MS);
}

async function obeyOne(order: MissOrder): Promise<null> {
  switch (order.order) {
    case 'load':
      await loadForEver(order.key);
      break;
    case 'wait':
      await waitForAnother(order.key);
      break;
    case 'finish':
      await waiting;
      break;
  }
  return null;
}

// The first call waits for the connection.
await client.has('connected');
obey(obeyOne);
