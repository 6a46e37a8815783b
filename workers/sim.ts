/** A thread of `npm run sim`: plays one seed after the other. */
import { parentPort } from 'node:worker_threads';
import { type BatchTask, runBatchTask } from '#src/sim/batch.js';

parentPort?.on('message', (task: BatchTask) => {
  parentPort?.postMessage(runBatchTask(task));
});
