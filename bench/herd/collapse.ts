/** Everybody misses at once: how often is the key loaded, and when have all their answers? */
import { type Cluster, startCluster } from '#src/index.js';
import { median, percentile } from '../support/median.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import {
  BEGUN,
  type CollapseAnswer,
  type CollapseOrder,
  type CollapseTask,
  LOADS_AT,
} from './collapse-messages.js';
import { Hand, Hands } from './hand.js';

interface Crowd {
  readonly threads: number;
  readonly keys: number;
  /** Of each key, by each thread. */
  readonly calls: number;
  readonly rounds: number;
}

const CROWDS: Readonly<Record<Effort, readonly Crowd[]>> = {
  smoke: [
    { threads: 2, keys: 1, calls: 1_000, rounds: 1 },
    { threads: 2, keys: 500, calls: 1, rounds: 1 },
  ],
  normal: [
    { threads: 8, keys: 1, calls: 1_000, rounds: 20 },
    { threads: 100, keys: 1, calls: 100, rounds: 10 },
    { threads: 1, keys: 100_000, calls: 1, rounds: 3 },
    { threads: 8, keys: 10_000, calls: 1, rounds: 3 },
  ],
  full: [
    { threads: 8, keys: 1, calls: 1_000, rounds: 100 },
    { threads: 100, keys: 1, calls: 100, rounds: 50 },
    { threads: 1, keys: 100_000, calls: 1, rounds: 10 },
    { threads: 8, keys: 10_000, calls: 1, rounds: 10 },
    { threads: 8, keys: 100_000, calls: 1, rounds: 1 },
  ],
};
const NODES: Readonly<Record<Effort, number>> = { smoke: 1, normal: 3, full: 3 };
const MEMORY = '64mb';
/** So many threads load the library at a time. */
const STARTING_MAX = 8;

type Thread = Hand<CollapseOrder, CollapseAnswer>;

export async function collapse({ effort, progress }: SuiteContext): Promise<Section> {
  const nodes = NODES[effort];
  await using cluster = await startCluster({ nodes, memory: MEMORY, replicas: 1 });
  const rows: Cell[][] = [];
  for (const crowd of CROWDS[effort]) {
    const { threads, keys, calls } = crowd;
    progress(`herd: ${threads} threads miss ${keys} keys at once`);
    rows.push(await meet(cluster, crowd, `${threads} × ${count(calls * keys)} of ${count(keys)}`));
  }
  return {
    title: 'Herd, all miss at once: loads, and ms until all have their answers',
    columns: [
      'threads × calls of keys',
      'rounds',
      'calls a round',
      'loads a key',
      'calls made p50',
      'answered p50',
      'answered max',
    ],
    rows,
    notes: [
      'no load ends before the last call of all threads has been made, so each call is a miss; every answer is checked;',
      'calls made: from the first call to the last, of all threads; answered: from there to the last answer;',
      `loads a key: of all keys and rounds, the most; a run with another figure than 1 fails. ${nodes} nodes`,
    ],
  };
}

async function meet(
  cluster: Cluster,
  { threads, keys, calls, rounds }: Crowd,
  name: string,
): Promise<Cell[]> {
  const memory = new SharedArrayBuffer((LOADS_AT + keys) * Int32Array.BYTES_PER_ELEMENT);
  const board = new Int32Array(memory);
  await using hands = await gather(cluster, memory, threads);
  const callsInAll = threads * keys * calls;
  const madeMs: number[] = [];
  const answeredMs: number[] = [];
  // The first round is nobody's: code gets warm.
  for (let round = 0; round <= rounds; round++) {
    board.fill(0);
    const order = { crowd: name, round, keys, calls, callsInAll };
    const answers = await Promise.all(hands.all.map((hand) => hand.ask(order)));
    assertOneEach(board.subarray(LOADS_AT), name);
    if (board[BEGUN] !== callsInAll) throw new Error(`Cannot measure ${name}: calls are missing`);
    if (round === 0) continue;
    const from = Math.min(...answers.map(({ fromMs }) => fromMs));
    const begun = Math.max(...answers.map(({ begunMs }) => begunMs));
    madeMs.push(begun - from);
    answeredMs.push(Math.max(...answers.map(({ toMs }) => toMs)) - begun);
  }
  const most = percentile(answeredMs, 1);
  return [name, rounds, callsInAll, 1, median(madeMs), median(answeredMs), most];
}

async function gather(
  cluster: Cluster,
  board: SharedArrayBuffer,
  threads: number,
): Promise<Hands<CollapseOrder, CollapseAnswer>> {
  const file = new URL('./collapse-thread.js', import.meta.url);
  const all: Thread[] = [];
  while (all.length < threads) {
    const more = Math.min(STARTING_MAX, threads - all.length);
    const task = (): CollapseTask => ({ handle: cluster.handle(), board });
    const some = Array.from({ length: more }, (): Promise<Thread> => Hand.start(file, task()));
    all.push(...(await Promise.all(some)));
  }
  return new Hands(all);
}

function assertOneEach(loads: Int32Array, name: string): void {
  const wrong = loads.findIndex((times) => times !== 1);
  if (wrong < 0) return;
  throw new Error(`${name}: key ${wrong} was loaded ${loads[wrong]} times, not once`);
}

const count = (n: number): string => n.toLocaleString('en-US');
