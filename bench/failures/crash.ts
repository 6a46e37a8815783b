/** How long a node that crashed is missed: until it serves again, or until the ring is without it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '#src/base/prng.js';
import type { Cluster } from '#src/index.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { fill, MEMORY, NODES, VALUES_ARE } from './contents.js';
import { die, type Manner, startMortals } from './death.js';
import { EpochWatch } from './epoch-watch.js';
import { ringWithout, upOf } from './happenings.js';
import { loadNote, SPREAD_COLUMNS, spreadOf } from './spread.js';

interface Plan {
  readonly nodes: number;
  readonly entries: number;
  /** Of each manner, with warm restarts and without. */
  readonly warm: Series;
  readonly off: Series;
}

interface Series {
  readonly deaths: number;
  /** How long all serve before one dies: from this to twice as long. */
  readonly servesMs: number;
}

/** A death takes the spare thread, and the next spare takes up to a second to be ready where cores are busy. */
const WARM_SERVES_MS = 1_000;
const OFF_SERVES_MS = 50;
const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: {
    nodes: NODES.smoke,
    entries: 1_000,
    warm: { deaths: 2, servesMs: 20 },
    off: { deaths: 2, servesMs: 20 },
  },
  normal: {
    nodes: NODES.normal,
    entries: 100_000,
    warm: { deaths: 50, servesMs: WARM_SERVES_MS },
    off: { deaths: 100, servesMs: OFF_SERVES_MS },
  },
  full: {
    nodes: NODES.full,
    entries: 100_000,
    warm: { deaths: 200, servesMs: WARM_SERVES_MS },
    off: { deaths: 500, servesMs: OFF_SERVES_MS },
  },
};
const MANNERS = ['kill', 'throw'] as const;
const AIM = '50 at p99';

export async function crashes({ effort, progress }: SuiteContext): Promise<Section> {
  const plan = PLANS[effort];
  const { nodes, entries, warm, off } = plan;
  const returns: Returns[] = [];
  for (const manner of MANNERS) {
    progress(`failures: ${warm.deaths} deaths by ${manner}, warm`);
    returns.push(await returnsAfter(manner, plan));
  }
  progress(`failures: ${off.deaths} deaths by each of ${MANNERS.join(' and ')}, restarts off`);
  const departures = await departuresOf(plan);
  const back = returns.reduce((sum, { warm }) => sum + warm, 0);
  return {
    title: `Failures: one of ${nodes} nodes crashes, ${entries.toLocaleString('en-US')} entries in all`,
    columns: SPREAD_COLUMNS,
    rows: [...returns.map(({ row }) => row), ...departures],
    notes: [
      `from the call of kill, or the throw in the node's thread; ${VALUES_ARE};`,
      `warm: a death ${warm.servesMs} to ${2 * warm.servesMs} ms after the return of the last; a node throws once in the life of its cluster,`,
      `since the second time in a row waits for its back-off. Came back with their memory: ${back} of ${warm.deaths * MANNERS.length}`,
      loadNote(),
    ],
  };
}

interface Returns {
  readonly row: Cell[];
  /** How many came back with their memory. */
  readonly warm: number;
}

/** Warm restarts: from the death to the event that says that it serves. */
async function returnsAfter(manner: Manner, { nodes, entries, warm }: Plan): Promise<Returns> {
  const { deaths, servesMs } = warm;
  const timesMs: number[] = [];
  let back = 0;
  while (timesMs.length < deaths) {
    await using cluster = await startMortals({ nodes, memory: MEMORY, replicas: 1 });
    await fill(cluster, entries);
    const left = deaths - timesMs.length;
    const here = { deaths: manner === 'throw' ? Math.min(nodes, left) : left, servesMs };
    for await (const id of victims(cluster, here)) {
      const up = upOf(cluster, id);
      const diedMs = await die(cluster, id, manner);
      const { atMs, event } = await up;
      timesMs.push(atMs - diedMs);
      if (event.warm) back++;
    }
  }
  return { row: spreadOf(`${manner}, warm: serves again`, timesMs, AIM), warm: back };
}

/** Without restarts: from the death to the ring without it, as it is told and as another thread sees it. */
async function departuresOf(plan: Plan): Promise<Cell[][]> {
  const options = { nodes: plan.nodes, memory: MEMORY, replicas: 1, restart: 'off' } as const;
  await using cluster = await startMortals(options);
  await using watch = await EpochWatch.of(cluster);
  await fill(cluster, plan.entries);
  const rows: Cell[][] = [];
  for (const manner of MANNERS) {
    const toldMs: number[] = [];
    const seenMs: number[] = [];
    for await (const id of victims(cluster, plan.off)) {
      const departure = ringWithout(cluster, id);
      const diedMs = await die(cluster, id, manner);
      const { atMs, event } = await departure;
      toldMs.push(atMs - diedMs);
      seenMs.push((await watch.seenAt(event.epoch)) - diedMs);
      await cluster.restart(id);
    }
    rows.push(spreadOf(`${manner}, off: epoch event without it`, toldMs, AIM));
    rows.push(spreadOf(`${manner}, off: ring without it in another thread`, seenMs, AIM));
  }
  return rows;
}

/** Who is to die next: one after the other, each after all have served a while. */
async function* victims(cluster: Cluster, { deaths, servesMs }: Series): AsyncGenerator<string> {
  const prng = new Prng(deaths);
  const ids = cluster.nodes().map(({ id }) => id);
  for (let i = 0; i < deaths; i++) {
    await sleep(servesMs * (1 + prng.unit()));
    yield ids[i % ids.length] ?? '';
  }
}
