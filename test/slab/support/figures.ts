/** A foreign thread: posts the figures of the slab that it was given, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { readSlabStats } from '#src/slab/stats.js';

parentPort?.postMessage(readSlabStats(workerData as SharedArrayBuffer));
