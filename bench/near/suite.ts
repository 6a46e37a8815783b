/**
 * What a near hit costs, beside the `Map.get` that it contains and the read in place that it
 * saves: the same keys, the same values, one thread, in turns.
 */
import { type Client, startCluster } from '#src/index.js';
import { KEY_BYTES, KeySource, type KeyStrings, keyOf } from '../lru/keys.js';
import { consume, measure, type Task } from '../support/measure.js';
import type { Cell, Effort, Section, Suite, SuiteContext } from '../support/suite.js';

const NODES = 3;
const BATCH = 10_000;
/** Writes that are out at a time. */
const FILL_BATCH = 1_000;
/** The part of the measured reads that must be near hits. */
const HITS_MIN = 0.999;

const SIZES: Readonly<Record<Effort, readonly number[]>> = {
  smoke: [1_000],
  normal: [1_000, 100_000],
  full: [1_000, 100_000],
};

interface Value {
  readonly id: number;
  readonly name: string;
  readonly tags: readonly string[];
}

type Get = (key: string) => Value | undefined;

export const nearSuite: Suite = {
  about: 'a near hit beside Map.get of the same key, and beside getSync in place',
  async *run(context) {
    for (const entries of SIZES[context.effort]) yield await runSize(entries, context);
  },
};

async function runSize(entries: number, { effort, progress }: SuiteContext): Promise<Section> {
  await using cluster = await startCluster({ nodes: NODES, memory: '64mb' });
  const near = cluster.client({ near: { entries } });
  const plain = cluster.client();
  progress(`${entries} entries: filling`);
  const map = await fill(near, entries);
  const ways: readonly (readonly [string, Get])[] = [
    ['Map.get', (key) => map.get(key)],
    ['getSync, near', (key) => near.getSync<Value>(key)],
    ['getSync, in place', (key) => plain.getSync<Value>(key)],
  ];
  const rows: Cell[][] = [];
  for (const strings of ['fresh', 'interned'] as const) {
    progress(`${entries} entries: ${strings} keys`);
    const before = near.stats().near;
    const tasks = ways.map(([name, get]) => taskOf(name, get, [...map.keys()], strings));
    const timings = await measure(tasks, effort);
    const after = near.stats().near;
    const hits = (after?.hits ?? 0) - (before?.hits ?? 0);
    const misses = (after?.misses ?? 0) - (before?.misses ?? 0);
    if (hits < HITS_MIN * (hits + misses)) throw new Error(`Cannot measure: ${misses} near misses`);
    const base = timings[0]?.median ?? Number.NaN;
    rows.push(
      ...timings.map(({ name, median, p99 }) => [strings, name, median, p99, median / base]),
    );
  }
  return {
    title: `Near cache, ${entries.toLocaleString('en-US')} entries, ${NODES} nodes: ns a read`,
    columns: ['keys', 'way', 'median', 'p99', '× Map.get'],
    rows,
    notes: [
      `keys of ${KEY_BYTES} characters, uniform; values: an object of a number, a string and an array`,
      'fresh: strings built from parts outside the clock; interned: the objects that the map was filled with',
      'in place decodes a new object each time; near and Map return one they hold',
    ],
  };
}

/** Writes all entries, and has each of them read near. Returns the same in a map. */
async function fill(client: Client, entries: number): Promise<Map<string, Value>> {
  const map = new Map<string, Value>();
  for (let i = 0; i < entries; i++) {
    map.set(keyOf(i), { id: i, name: `user number ${i}`, tags: ['reader', 'writer'] });
  }
  const pairs = [...map];
  for (let i = 0; i < entries; i += FILL_BATCH)
    await client.setMany(pairs.slice(i, i + FILL_BATCH));
  for (const key of map.keys()) {
    if (client.getSync(key) === undefined) throw new Error(`Cannot measure: ${key} is not there`);
  }
  return map;
}

function taskOf(name: string, get: Get, filled: readonly string[], strings: KeyStrings): Task {
  const source = new KeySource(filled.length, 'uniform', 1);
  let keys: string[] = [];
  const draw = (): string => {
    const number = source.number();
    return strings === 'interned' ? (filled[number] as string) : keyOf(number);
  };
  const prepare = (): void => {
    keys = Array.from({ length: BATCH }, draw);
  };
  const batch = (): void => {
    let sum = 0;
    for (const key of keys) sum += get(key)?.id ?? 0;
    consume(sum);
  };
  return { name, operations: BATCH, batch, prepare };
}
