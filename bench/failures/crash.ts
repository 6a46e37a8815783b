/** How long a node that crashed is missed: until it serves again, or until the ring is without it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '#src/base/prng.js';
import type { Cluster } from '#src/index.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { fill, MEMORY, NODES, VALUES_ARE } from './contents.js';
import { die, type Manner, startMortals } from './death.js';
import { EpochWatch } from './epoch-watch.js';
import { ringWithout, upOf } from './happenings.js';
import { SpareWatch } from './spare-watch.js';
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

const SERVES_MS = 50;
const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: {
    nodes: NODES.smoke,
    entries: 1_000,
    warm: { deaths: 1, servesMs: 20 },
    off: { deaths: 1, servesMs: 20 },
  },
  normal: {
    nodes: NODES.normal,
    entries: 100_000,
    warm: { deaths: 100, servesMs: SERVES_MS },
    off: { deaths: 100, servesMs: SERVES_MS },
  },
  full: {
    nodes: NODES.full,
    entries: 100_000,
    warm: { deaths: 200, servesMs: SERVES_MS },
    off: { deaths: 500, servesMs: SERVES_MS },
  },
};
const MANNERS = ['kill', 'throw'] as const;
const AIM = '50 at p99';

export async function crashes({ effort, progress }: SuiteContext): Promise<Section> {
  const plan = PLANS[effort];
  const { nodes, entries, warm, off } = plan;
  progress(`failures: ${warm.deaths} deaths by each of ${MANNERS.join(' and ')}, warm`);
  const returns = await returnsOf(plan);
  progress(`failures: ${off.deaths} deaths by each of ${MANNERS.join(' and ')}, restarts off`);
  const departures = await departuresOf(plan);
  return {
    title: `Failures: one of ${nodes} nodes crashes, ${entries.toLocaleString('en-US')} entries in all`,
    columns: SPREAD_COLUMNS,
    rows: [...returns.rows, ...departures],
    notes: [
      `from the call of kill, or the throw in the node's thread; ${VALUES_ARE};`,
      'warm: a death as soon as there is a spare thread again; a node throws once in the life of its cluster, since the',
      `second time in a row waits for its back-off. Came back with their memory: ${returns.warm} of ${warm.deaths * MANNERS.length}`,
      loadNote(),
    ],
  };
}

/** Warm restarts: from the death to the event that says that it serves. */
async function returnsOf({
  nodes,
  entries,
  warm,
}: Plan): Promise<{ readonly rows: Cell[][]; readonly warm: number }> {
  const timesMs: Record<Manner, number[]> = { kill: [], throw: [] };
  let back = 0;
  while (timesMs.throw.length < warm.deaths) {
    using spares = new SpareWatch();
    await using cluster = await startMortals({ nodes, memory: MEMORY, replicas: 1 });
    await fill(cluster, entries);
    const deaths = Math.min(nodes, warm.deaths - timesMs.throw.length);
    for (const manner of MANNERS) {
      for await (const id of victims(cluster, { ...warm, deaths })) {
        await spares.ready();
        const up = upOf(cluster, id);
        const diedMs = await die(cluster, id, manner);
        const { atMs, event } = await up;
        timesMs[manner].push(atMs - diedMs);
        if (event.warm) back++;
      }
    }
  }
  const rows = MANNERS.map((manner) =>
    spreadOf(`${manner}, warm: serves again`, timesMs[manner], AIM),
  );
  return { rows, warm: back };
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
