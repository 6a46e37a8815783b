/** A foreign thread: reads keys in place while the owner writes, and judges each answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { Prng } from '#src/base/prng.js';
import { bytes } from '#src/base/units.js';
import { ReadScratch, type SlabReader } from '#src/slab/reader.js';
import { LookJudge } from './look-judge.js';
import { FAULT, LOOKS, READY, type ReaderReport, type ReaderTask, STOP } from './stress.js';

const LOOKS_A_ROUND = 64;

const { plan, memory, board, reader: number, module } = workerData as ReaderTask;
const words = new Int32Array(board);
const loaded = (await import(module)) as { SlabReader: typeof SlabReader };
const scratch = new ReadScratch();
const reader = new loaded.SlabReader(memory, bytes(plan.limit), scratch, number);
const judge = new LookJudge(plan, words, reader, scratch);
const prng = new Prng(plan.seed + number);

function run(): string | null {
  Atomics.add(words, READY, 1);
  while (Atomics.load(words, STOP) === 0) {
    for (let i = 0; i < LOOKS_A_ROUND; i++) {
      const fault = judge.look(prng);
      if (fault === null) continue;
      Atomics.store(words, FAULT, 1);
      return fault;
    }
    Atomics.add(words, LOOKS, LOOKS_A_ROUND);
  }
  return null;
}

const fault = run();
parentPort?.postMessage({ fault, ...judge.tally } satisfies ReaderReport);
