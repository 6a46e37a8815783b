/** What is read: two clusters and a redis-server with the same entries, and threads that read. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Redis } from 'ioredis';
import type { Cluster } from '#src/index.js';
import { ENTRY_OVERHEAD } from '#src/slab/layout.js';
import { startCluster } from '#src/start-cluster.js';
import { versionOf } from '../peers/programs.js';
import { HOST, type Server, startRedis } from '../peers/servers.js';
import { KEY_BYTES, keyOf } from './keys.js';
import type { ReaderOrder, ReaderSays, ReaderTask } from './messages.js';

const NODES = 3;
/** Nodes do not have equal shares, and slabs occupy a little more than they track. */
const ROOM = 1.35;
const MIB = 2 ** 20;
/** What a redis-server needs for an entry beside key and value, generously. */
const REDIS_OVERHEAD = 120;
const SETS_AT_A_TIME = 10_000;

export interface Contents {
  readonly entries: number;
  readonly valueBytes: number;
}

export class Stage implements AsyncDisposable {
  readonly readers: readonly Reader[];
  readonly hasRedis: boolean;
  readonly #clusters: readonly Cluster[];
  readonly #redis: Server | null;

  private constructor(
    clusters: readonly Cluster[],
    redis: Server | null,
    readers: readonly Reader[],
  ) {
    this.#clusters = clusters;
    this.#redis = redis;
    this.hasRedis = redis !== null;
    this.readers = readers;
  }

  static async set(
    contents: Contents,
    threads: number,
    progress: (what: string) => void,
  ): Promise<Stage> {
    const { entries, valueBytes } = contents;
    const memory = (perEntry: number): number =>
      Math.ceil((ROOM * entries * (KEY_BYTES + valueBytes + perEntry)) / MIB);
    const ofNode = `${Math.ceil(memory(ENTRY_OVERHEAD) / NODES) + 1}mb`;
    const clusters = [
      await startCluster({ nodes: NODES, memory: ofNode, replicas: 1, reads: 'shared' }),
      await startCluster({ nodes: NODES, memory: ofNode, replicas: 1, reads: 'proxy' }),
    ];
    const redis =
      versionOf('redis-server') === null ? null : await startRedis(memory(REDIS_OVERHEAD) + 1);
    for (const cluster of clusters) {
      progress(`${entries} entries of ${valueBytes} bytes into a cluster`);
      await fillCluster(cluster, contents);
    }
    if (redis !== null) {
      progress(`${entries} entries of ${valueBytes} bytes into redis-server`);
      await fillRedis(redis, contents);
    }
    const [shared, proxy] = clusters.map((cluster) => cluster.handle());
    const gate = new SharedArrayBuffer(4);
    const task = { shared, proxy, redisPort: redis?.port ?? null, gate };
    const readers = await Promise.all(Array.from({ length: threads }, () => Reader.start(task)));
    return new Stage(clusters, redis, readers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.end()));
    await Promise.all(this.#clusters.map((cluster) => cluster.close()));
    await this.#redis?.[Symbol.asyncDispose]();
  }
}

async function fillCluster(cluster: Cluster, { entries, valueBytes }: Contents): Promise<void> {
  const client = cluster.client();
  const value = Buffer.alloc(valueBytes, 7);
  for (let from = 0; from < entries; from += SETS_AT_A_TIME) {
    const count = Math.min(SETS_AT_A_TIME, entries - from);
    await client.setMany(Array.from({ length: count }, (_, i) => [keyOf(from + i), value]));
  }
  client.close();
  const held = cluster.stats().nodes.reduce((sum, { cache }) => sum + cache.entries, 0);
  if (held !== entries) throw new Error(`Cannot measure: ${held} of ${entries} entries are there`);
}

async function fillRedis({ port }: Server, { entries, valueBytes }: Contents): Promise<void> {
  const redis = new Redis({ host: HOST, port });
  const value = Buffer.alloc(valueBytes, 7);
  for (let from = 0; from < entries; from += SETS_AT_A_TIME) {
    const pipeline = redis.pipeline();
    const to = Math.min(from + SETS_AT_A_TIME, entries);
    for (let i = from; i < to; i++) pipeline.set(keyOf(i), value);
    await pipeline.exec();
  }
  await redis.quit();
}

/** One reader thread. */
export class Reader {
  readonly #worker: Worker;
  readonly #gate: Int32Array;

  private constructor(worker: Worker, gate: SharedArrayBuffer) {
    this.#worker = worker;
    this.#gate = new Int32Array(gate);
  }

  static async start(task: ReaderTask): Promise<Reader> {
    const worker = new Worker(new URL('./reader.js', import.meta.url), { workerData: task });
    const reader = new Reader(worker, task.gate);
    await reader.#said('ready');
    return reader;
  }

  time(order: Extract<ReaderOrder, { order: 'time' }>) {
    this.#worker.postMessage(order);
    return this.#said('timed');
  }

  /** Resolves when it waits at the gate; the result comes after `openGate`. */
  async race(order: Extract<ReaderOrder, { order: 'race' }>) {
    this.#worker.postMessage(order);
    await this.#said('at-gate');
    const result = this.#said('raced');
    return { result };
  }

  openGate(): void {
    Atomics.add(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #said<S extends ReaderSays['says']>(says: S): Promise<Extract<ReaderSays, { says: S }>> {
    const [said] = (await once(this.#worker, 'message')) as [ReaderSays];
    if (said.says !== says) throw new Error(`A reader said ${said.says}, not ${says}`);
    return said as Extract<ReaderSays, { says: S }>;
  }
}
