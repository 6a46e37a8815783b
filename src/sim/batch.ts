/**
 * Many seeds in a few threads. Which thread plays which seed does not matter: a result depends on
 * its seed alone, and results are given out in the order of their tasks.
 */
import { Worker } from 'node:worker_threads';
import type { PlantName } from './plants.js';
import { huntPlant, type PlantResult, playSeed, type SeedResult } from './run.js';

export type BatchTask =
  | { readonly task: 'play'; readonly seed: number; readonly plant: PlantName | null }
  | {
      readonly task: 'hunt';
      readonly plant: PlantName;
      readonly first: number;
      readonly limit: number;
    };
export type BatchResult = SeedResult | PlantResult;

/** What a thread does with a task. */
export function runBatchTask(task: BatchTask): BatchResult {
  return task.task === 'play'
    ? playSeed(task.seed, task.plant)
    : huntPlant(task.plant, task.first, task.limit);
}

const WORKER = new URL('../workers/sim.js', import.meta.url);

/** Runs tasks; `onResult` gets the results in order, and stops the batch by returning false. */
export async function runBatch<Result extends BatchResult>(
  tasks: Iterator<BatchTask>,
  threads: number,
  onResult: (result: Result) => boolean,
): Promise<void> {
  const waiting = new Map<number, Result>();
  let given = 0;
  let reported = 0;
  let isOver = false;
  const report = (index: number, result: Result): void => {
    waiting.set(index, result);
    for (let next = waiting.get(reported); next !== undefined; next = waiting.get(reported)) {
      waiting.delete(reported++);
      if (!isOver && !onResult(next)) isOver = true;
    }
  };
  const work = async (worker: Worker): Promise<void> => {
    while (!isOver) {
      const task = tasks.next();
      if (task.done === true) break;
      const index = given++;
      report(index, await ask<Result>(worker, task.value));
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: threads }, () => work(new Worker(WORKER))));
}

function ask<Result>(worker: Worker, task: BatchTask): Promise<Result> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
    };
    const onMessage = (result: Result): void => {
      settle();
      resolve(result);
    };
    const onError = (error: unknown): void => {
      settle();
      reject(error);
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.postMessage(task);
  });
}
