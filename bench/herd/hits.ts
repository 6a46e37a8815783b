/** What a hit costs: getOrLoad of a value that is there, beside the reads that only look. */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { type Client, startCluster } from '#src/index.js';
import { KEY_BYTES, KeySource, keyOf } from '../lru/keys.js';
import { consume, measure, type Task } from '../support/measure.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';

const NODES: Readonly<Record<Effort, number>> = { smoke: 1, normal: 3, full: 3 };
const ENTRIES: Readonly<Record<Effort, number>> = { smoke: 1_000, normal: 10_000, full: 10_000 };
/** Reads of a sample. */
const BATCH: Readonly<Record<Effort, number>> = { smoke: 1_000, normal: 10_000, full: 10_000 };
const LOADS_AT_A_TIME = 1_000;
/** So that what is stored has a load time, and each hit looks whether it is due. */
const LOAD_MS = 2;
/** No hit of the run is near enough to be due. */
const OPTIONS = { ttl: 3_600_000 };

interface Value {
  readonly id: number;
  readonly name: string;
}

type Read = (client: Client, key: string) => unknown;

let loads = 0;
const load = async (key: string | Uint8Array): Promise<Value> => {
  loads++;
  await sleep(LOAD_MS);
  return { id: 1, name: String(key) };
};

/** Ways to read, each as a whole batch is read. */
const READS: readonly (readonly [name: string, read: Read, isAwaited: boolean])[] = [
  ['getSync', (client, key) => client.getSync(key), false],
  ['get', (client, key) => client.get(key), false],
  ['getOrLoad', (client, key) => client.getOrLoad(key, load, OPTIONS), false],
  ['await get', (client, key) => client.get(key), true],
  ['await getOrLoad', (client, key) => client.getOrLoad(key, load, OPTIONS), true],
];

export async function hits({ effort, progress }: SuiteContext): Promise<Section> {
  const entries = ENTRIES[effort];
  await using cluster = await startCluster({ nodes: NODES[effort], memory: '64mb', replicas: 1 });
  const clients = [
    ['off', cluster.client()],
    ['on', cluster.client({ near: { entries } })],
  ] as const;
  progress(`herd: hits on ${entries} entries`);
  const keys = Array.from({ length: entries }, (_, i) => keyOf(i));
  for (const [, client] of clients) await fill(client, keys);
  const before = loads;
  const unreadBefore = unread(clients);
  const tasks = clients.flatMap(([near, client]) =>
    READS.map(([name, read, isAwaited]) =>
      taskOf(`${near} ${name}`, { client, read, isAwaited, entries, operations: BATCH[effort] }),
    ),
  );
  const timings = await measure(tasks, effort);
  if (loads !== before) throw new Error(`Cannot measure: ${loads - before} hits were none`);
  const byMessage = unread(clients) - unreadBefore;
  const rows = timings.map(({ median, p99 }, i): Cell[] => {
    const from = Math.floor(i / READS.length) * READS.length;
    const [name = '', , isAwaited = false] = READS[i % READS.length] ?? [];
    const plain = timings[from]?.median ?? Number.NaN;
    const same = timings[from + (isAwaited ? 3 : 1)]?.median ?? Number.NaN;
    const near = clients[from / READS.length]?.[0] ?? '';
    return [near, name, median, p99, median / plain, median / same];
  });
  return {
    title: `Herd, a hit on one of ${entries.toLocaleString('en-US')} entries: ns`,
    columns: ['near', 'way', 'median', 'p99', '× getSync', '× get, awaited alike'],
    rows,
    notes: [
      `fresh keys of ${KEY_BYTES} characters, uniform; values of two fields, loaded by getOrLoad with a ttl;`,
      'in turns, in one thread, which is the supervisor’s; without await: the call, not its continuation',
      `reads that could not be done in place: ${byMessage.toLocaleString('en-US')}`,
    ],
  };
}

const unread = (clients: readonly (readonly [string, Client])[]): number =>
  clients.reduce((sum, [, client]) => sum + client.stats().unread, 0);

/** Has every entry loaded, and read near. */
async function fill(client: Client, keys: readonly string[]): Promise<void> {
  for (let i = 0; i < keys.length; i += LOADS_AT_A_TIME) {
    const some = keys.slice(i, i + LOADS_AT_A_TIME);
    await Promise.all(some.map((key) => client.getOrLoad(key, load, OPTIONS)));
  }
  for (const key of keys) {
    // On a busy machine a call may have its value before that is stored.
    while (client.getSync(key) === undefined) await client.getOrLoad(key, load, OPTIONS);
  }
}

interface Reading {
  readonly client: Client;
  readonly read: Read;
  readonly isAwaited: boolean;
  readonly entries: number;
  readonly operations: number;
}

function taskOf(name: string, { client, read, isAwaited, entries, operations }: Reading): Task {
  const source = new KeySource(entries, 'uniform', 1);
  let keys: string[] = [];
  const prepare = (): void => {
    keys = Array.from({ length: operations }, () => keyOf(source.number()));
  };
  const batch = async (): Promise<void> => {
    let found = 0;
    if (isAwaited) {
      for (const key of keys) if ((await read(client, key)) !== undefined) found++;
    } else {
      for (const key of keys) if (read(client, key) !== undefined) found++;
    }
    consume(found);
    // Once a batch: a read that could not be done in place waits for an answer, and this key with it.
    await turn();
  };
  return { name, operations, prepare, batch };
}
