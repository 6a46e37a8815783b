/**
 * A thread of those who all miss at once. Nobody's load ends before the last call of the last thread
 * has been made: so every call is a miss while its key is being loaded, however slow the machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { connect } from '#src/index.js';
import { machineNow } from '../soak/clock.js';
import {
  BEGUN,
  type CollapseAnswer,
  type CollapseOrder,
  type CollapseTask,
  LOADS_AT,
} from './collapse-messages.js';
import { obey } from './hand.js';

const LOOK_MS = 1;
/** No call is over before its load, on however busy a machine. */
const TIMEOUT_MS = 600_000;

const { handle, board: memory } = workerData as CollapseTask;
const client = connect(handle);
const board = new Int32Array(memory);

async function missAll(order: CollapseOrder): Promise<CollapseAnswer> {
  const { crowd, round, keys, calls, callsInAll } = order;
  const nameOf = (key: number): string => `${crowd}:${round}:${key}`;
  const allHaveBegun = new Promise<void>((resolve) => {
    const look = async (): Promise<void> => {
      while (Atomics.load(board, BEGUN) < callsInAll) await sleep(LOOK_MS);
      resolve();
    };
    void look();
  });
  const answers: Promise<unknown>[] = [];
  const fromMs = machineNow();
  for (let key = 0; key < keys; key++) {
    const loader = async (): Promise<number> => {
      Atomics.add(board, LOADS_AT + key, 1);
      await allHaveBegun;
      return key;
    };
    for (let call = 0; call < calls; call++) {
      answers.push(client.getOrLoad(nameOf(key), loader, { timeout: TIMEOUT_MS }));
    }
  }
  Atomics.add(board, BEGUN, answers.length);
  const begunMs = machineNow();
  const values = await Promise.all(answers);
  const toMs = machineNow();
  const wrong = values.findIndex((value, i) => value !== Math.floor(i / calls));
  if (wrong >= 0) throw new Error(`Cannot measure: call ${wrong} got ${values[wrong]}`);
  return { fromMs, begunMs, toMs };
}

// The first call waits for the connection.
await client.has('connected');
obey(missAll);
