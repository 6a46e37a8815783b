/** The thread that drives by RESP: one task after the other. */
import { parentPort } from 'node:worker_threads';
import { type Driven, type DriveTask, drive } from './drive.js';

export type DriverSays = { readonly driven: Driven } | { readonly error: unknown };

const port = parentPort;
if (port === null) throw new Error('This file is a worker of the cluster benchmark');

port.on('message', (task: DriveTask) => {
  drive(task).then(
    (driven) => port.postMessage({ driven } satisfies DriverSays),
    (error: unknown) => port.postMessage({ error } satisfies DriverSays),
  );
});
