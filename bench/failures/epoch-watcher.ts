/** The thread of an EpochWatch. */
import { parentPort, workerData } from 'node:worker_threads';
import { EpochBoard } from '#src/runtime/epoch-board.js';
import { machineNow } from '../soak/clock.js';
import type { WatcherTask } from './epoch-watch.js';

/** It must not take the cores away from those that it watches. */
const LOOK_MS = 0.5;

const task = workerData as WatcherTask;
const board = new EpochBoard(task.board);
const seenMs = new Float64Array(task.seenMs);
const bell = new Int32Array(task.bell);

let last: number = board.epoch;
parentPort?.postMessage('ready');
while (Atomics.wait(bell, 0, 0, LOOK_MS) === 'timed-out') {
  const epoch = board.epoch;
  const atMs = machineNow();
  while (last < epoch) seenMs[++last] = atMs;
}
