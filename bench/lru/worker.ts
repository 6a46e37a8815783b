/**
 * One contender in a thread of its own: its garbage is nobody else's. It fills its cache once and
 * then measures what it is told to, so that the contenders can take turns.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { consume, measure, type Timing } from '../support/measure.js';
import type { Effort } from '../support/suite.js';
import { CONTENDERS, type Contender } from './contenders.js';
import { type Distribution, KEY_BYTES, KeySource, type KeyStrings, keyOf } from './keys.js';

export type Operation = 'get' | 'set: overwrite' | 'set: new, evicting';

export interface WorkerInput {
  readonly contender: string;
  readonly entries: number;
  readonly valueBytes: number;
  readonly effort: Effort;
}

export interface Turn {
  readonly operation: Operation;
  readonly distribution: Distribution;
  readonly strings: KeyStrings;
}

/** What the worker says: first its limits, then a timing for each turn. */
export type WorkerSays = { readonly limits: string } | { readonly timing: Timing };

const BATCH = 10_000;
/** A turn is short: there are many, and what counts is that the contenders take turns. */
const TURN = { rounds: 1, timeMs: 60, warmupMs: 20 };

const input = workerData as WorkerInput;
const port = parentPort;
if (port === null) throw new Error('This file is a worker of the lru benchmark');

const { entries, valueBytes } = input;
const make = CONTENDERS[input.contender];
if (make === undefined) throw new Error(`No contender ${input.contender}`);
const cache: Contender = await make(entries, KEY_BYTES, valueBytes);
const filled = fill();
const sources: Record<Distribution, KeySource> = {
  uniform: new KeySource(entries, 'uniform', 1),
  zipf: new KeySource(entries, 'zipf', 2),
};

port.on('message', (turn: Turn) => {
  void run(turn).then((timing) => port.postMessage({ timing } satisfies WorkerSays));
});
port.postMessage({ limits: cache.limits } satisfies WorkerSays);

function fill(): readonly string[] {
  const keys: string[] = [];
  for (let i = 0; i < entries; i++) {
    const key = keyOf(i);
    keys.push(key);
    cache.set(key, Buffer.alloc(valueBytes, i));
  }
  return keys;
}

async function run({ operation, distribution, strings }: Turn): Promise<Timing> {
  const source = sources[distribution];
  let keys: string[] = [];
  const draw = (): string => {
    if (operation === 'set: new, evicting') return keyOf(source.unseen());
    const number = source.number();
    return strings === 'interned' ? (filled[number] as string) : keyOf(number);
  };
  const prepare = (): void => {
    keys = Array.from({ length: BATCH }, draw);
  };
  const value = Buffer.alloc(valueBytes, 7);
  const get = (): void => {
    let sum = 0;
    for (const key of keys) sum += cache.get(key);
    consume(sum);
  };
  const set = (): void => {
    for (const key of keys) cache.set(key, value);
  };
  const batch = operation === 'get' ? get : set;
  const task = { name: operation, operations: BATCH, batch, prepare };
  const [timing] = await measure([task], input.effort, TURN);
  if (timing === undefined) throw new Error('A task has a timing');
  return timing;
}
