/**
 * A popular key that expires again and again under load: how often is it loaded each time, and what do
 * those notice who ask for it? With a database that answers everybody, and with one that does ten things
 * at a time, where a herd queues.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { type Cluster, startCluster } from '#src/index.js';
import { loadNote } from '../failures/spread.js';
import { versionOf } from '../peers/programs.js';
import { startRedis } from '../peers/servers.js';
import { machineNow } from '../soak/clock.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import type {
  AskerAnswer,
  AskerOrder,
  AskerTask,
  Contender,
  DatabaseCounts,
  DatabaseOrder,
} from './expiry-messages.js';
import { Hand, Hands } from './hand.js';

interface Plan {
  readonly threads: number;
  readonly tickMs: number;
  /** Of each thread. */
  readonly perTick: number;
  readonly ttlMs: number;
  readonly loadMs: number;
  /** Of a contender, in each round. */
  readonly expiries: number;
  readonly rounds: number;
  /** Until the first requests are due: all have opened their caches by then. */
  readonly aheadMs: number;
}

const SMOKE: Plan = {
  threads: 2,
  tickMs: 5,
  perTick: 5,
  ttlMs: 100,
  loadMs: 10,
  expiries: 2,
  rounds: 1,
  aheadMs: 250,
};
const NORMAL: Plan = {
  threads: 4,
  tickMs: 2,
  perTick: 10,
  ttlMs: 1_000,
  loadMs: 50,
  expiries: 10,
  rounds: 2,
  aheadMs: 1_000,
};
const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: SMOKE,
  normal: NORMAL,
  full: { ...NORMAL, rounds: 5 },
};
const CONTENDERS: readonly Contender[] = [
  'shoal, beta 1',
  'shoal, beta 0',
  'ioredis',
  'bentocache',
  'lru-cache',
];
const NODES: Readonly<Record<Effort, number>> = { smoke: 1, normal: 2, full: 2 };
const MEMORY = '16mb';
const REDIS_MB = 16;
/** What a limited database does at a time. */
const AT_A_TIME = 10;
const MS_A_SECOND = 1_000;

type Asker = Hand<AskerOrder, AskerAnswer>;
type Database = Hand<DatabaseOrder, DatabaseCounts>;

/** One contender's rounds. */
interface Sum {
  queries: number;
  outstandingMax: number;
  inTime: number;
  errors: number;
  readonly latenciesMs: Float64Array[];
}

export async function* expiries(context: SuiteContext): AsyncGenerator<Section> {
  const redisVersion = versionOf('redis-server');
  await using redis = redisVersion === null ? null : await startRedis(REDIS_MB);
  await using cluster = await startCluster({
    nodes: NODES[context.effort],
    memory: MEMORY,
    replicas: 1,
  });
  const { threads } = PLANS[context.effort];
  await using stage = await Stage.set(cluster, redis?.port ?? null, threads);
  for (const atATime of [null, AT_A_TIME]) yield await race(context, stage, atATime, redisVersion);
}

/** The threads that ask, and the database. */
class Stage implements AsyncDisposable {
  readonly askers: Hands<AskerOrder, AskerAnswer>;
  readonly database: Database;

  private constructor(askers: readonly Asker[], database: Database) {
    this.askers = new Hands(askers);
    this.database = database;
  }

  static async set(cluster: Cluster, redisPort: number | null, threads: number): Promise<Stage> {
    const channels = Array.from({ length: threads }, () => new MessageChannel());
    const ports = channels.map(({ port1 }) => port1);
    const file = new URL('./expiry-database.js', import.meta.url);
    const database: Database = await Hand.start(file, ports, ports);
    const askers = channels.map(({ port2 }): Promise<Asker> => {
      const task: AskerTask = { handle: cluster.handle(), redisPort, database: port2 };
      return Hand.start(new URL('./expiry-thread.js', import.meta.url), task, [port2]);
    });
    return new Stage(await Promise.all(askers), database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.askers[Symbol.asyncDispose]();
    await this.database.end();
  }
}

async function race(
  { effort, progress }: SuiteContext,
  stage: Stage,
  atATime: number | null,
  redisVersion: string | null,
): Promise<Section> {
  const plan = PLANS[effort];
  const { threads, tickMs, perTick, ttlMs, loadMs, rounds } = plan;
  const contenders = CONTENDERS.filter((name) => name !== 'ioredis' || redisVersion !== null);
  const sums = new Map(contenders.map((name) => [name, emptySum()]));
  const limit = atATime === null ? 'no limit' : `${atATime} at a time`;
  // One expiry that is nobody's: code gets warm, and whoever comes first does not pay for all.
  for (const contender of contenders) {
    const key = `${limit}:warm:${contender}`;
    await runOnce({ ...plan, expiries: 1 }, stage, atATime, contender, key, emptySum());
  }
  for (let round = 0; round < rounds; round++) {
    for (const [contender, sum] of sums) {
      progress(`herd: ${contender}, ${limit}, round ${round + 1}`);
      const key = `${limit}:${round}:${contender}`;
      await runOnce(plan, stage, atATime, contender, key, sum);
    }
  }
  const rate = (threads * perTick * MS_A_SECOND) / tickMs;
  return {
    title: `Herd, a popular key expires, database with ${limit}: ms from when a request was due`,
    columns: [
      'cache',
      'loads',
      'loads / expiry',
      'at once max',
      'held /s',
      'p50',
      'p99',
      'p99.9',
      'max',
      'errors',
    ],
    rows: [...sums].map(([contender, sum]) => rowOf(plan, contender, sum)),
    notes: [
      `${threads} threads, open loop, ${count(rate)} requests a second in all, every ${tickMs} ms; ttl ${count(ttlMs)} ms, a load takes ${loadMs} ms and no processor time;`,
      `loads / expiry: loads ÷ (time ÷ (ttl + load)), ${plan.expiries * rounds} expiries each in ${rounds} rounds by turns; at once: queries with the database, waiting ones included;`,
      'held: answers that came within the time. A timer of Node is late by up to a millisecond, which counts, for all alike;',
      'bentocache and lru-cache collapse what misses in one thread: each thread has an instance, and loads for itself;',
      `bentocache: ${redisVersion === null ? 'memory only' : 'memory, and redis behind it'}, else as it comes; ioredis: GET, and on a miss load and SET PX${redisVersion === null ? ' — skipped: redis-server is not installed' : `, redis-server ${redisVersion}`}`,
      loadNote(),
    ],
  };
}

async function runOnce(
  { expiries, ttlMs, loadMs, tickMs, perTick, aheadMs }: Plan,
  { askers, database }: Stage,
  atATime: number | null,
  contender: Contender,
  key: string,
  sum: Sum,
): Promise<void> {
  await database.ask({ order: 'open', loadMs, atATime });
  const order: AskerOrder = {
    contender,
    key,
    ttlMs,
    startMs: machineNow() + aheadMs,
    durationMs: expiries * (ttlMs + loadMs),
    tickMs,
    perTick,
  };
  const answers = Promise.all(askers.all.map((hand) => hand.ask(order)));
  await sleep(order.startMs - machineNow());
  // What was loaded to begin with does not count.
  await database.ask({ order: 'open', loadMs, atATime });
  for (const { latenciesMs, inTime, errors } of await answers) {
    sum.latenciesMs.push(latenciesMs);
    sum.inTime += inTime;
    sum.errors += errors;
  }
  const { queries, outstandingMax } = await database.ask({ order: 'count' });
  sum.queries += queries;
  sum.outstandingMax = Math.max(sum.outstandingMax, outstandingMax);
}

function rowOf({ expiries, rounds, ttlMs, loadMs }: Plan, name: string, sum: Sum): Cell[] {
  const sorted = joined(sum.latenciesMs).sort();
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  const seconds = (rounds * expiries * (ttlMs + loadMs)) / MS_A_SECOND;
  return [
    name,
    sum.queries,
    sum.queries / (rounds * expiries),
    sum.outstandingMax,
    Math.round(sum.inTime / seconds),
    at(0.5),
    at(0.99),
    at(0.999),
    at(1),
    sum.errors,
  ];
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const emptySum = (): Sum => ({
  queries: 0,
  outstandingMax: 0,
  inTime: 0,
  errors: 0,
  latenciesMs: [],
});
const count = (n: number): string => n.toLocaleString('en-US');
