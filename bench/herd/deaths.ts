/**
 * Who loads dies, or the node that knows who loads: when does somebody else begin? The load that is cut
 * off would never have ended, so whatever begins after it begins because of the death.
 */
import { once } from 'node:events';
import { type Cluster, startCluster } from '#src/index.js';
import { HashRing } from '#src/ring/hash-ring.js';
import { startMortals } from '../failures/death.js';
import { upOf } from '../failures/happenings.js';
import { SpareWatch } from '../failures/spare-watch.js';
import { loadNote, SPREAD_COLUMNS, spreadOf } from '../failures/spread.js';
import { machineNow } from '../soak/clock.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import type { MissOrder, MissTask } from './deaths-messages.js';
import { Hand, Hands } from './hand.js';

interface Plan {
  readonly nodes: number;
  /** Of threads, and of nodes that come back, and that do not. */
  readonly threads: number;
  readonly warm: number;
  readonly off: number;
}

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: { nodes: 2, threads: 1, warm: 1, off: 1 },
  normal: { nodes: 3, threads: 200, warm: 100, off: 100 },
  full: { nodes: 3, threads: 1_000, warm: 300, off: 300 },
};
const MEMORY = '16mb';
/** Threads that wait. */
const WAITERS = 2;
const AIM_THREAD = '50';
/** The grace of a node that may come back, and as much as a dead thread's successor has. */
const AIM_NODE = '300';
const FILE = new URL('./deaths-thread.js', import.meta.url);

type Thread = Hand<MissOrder, null>;

export async function deaths({ effort, progress }: SuiteContext): Promise<Section> {
  const plan = PLANS[effort];
  progress(`herd: ${plan.threads} threads that load die`);
  const ofThreads = await deathsOfThreads(plan);
  progress(`herd: ${plan.warm} nodes are killed, and come back`);
  const warm = await deathsOfNodes(plan, plan.warm, 'warm');
  progress(`herd: ${plan.off} nodes are killed, and do not come back`);
  const off = await deathsOfNodes(plan, plan.off, 'off');
  return {
    title: `Herd, who loads dies: ms until the next load begins, ${plan.nodes} nodes`,
    columns: SPREAD_COLUMNS,
    rows: [
      ...ofThreads,
      spreadOf('primary killed, comes back', warm, AIM_NODE),
      spreadOf('primary killed, stays away', off, AIM_NODE),
    ],
    notes: [
      `one thread loads and never ends, ${WAITERS} wait (of a node’s death 1); the next load begins in one that waited;`,
      'from exit: as the main thread hears of it, which can be after the cluster did; so it may be below 0;',
      'a node is killed as soon as there is a spare thread again; stays away: with restarts off',
      loadNote(),
    ],
  };
}

async function deathsOfThreads({ nodes, threads }: Plan): Promise<Cell[][]> {
  await using cluster = await startCluster({ nodes, memory: MEMORY, replicas: 1 });
  const began = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  await using waiters = new Hands(await start(cluster, began, WAITERS));
  const fromTermination: number[] = [];
  const fromExit: number[] = [];
  let successor = start(cluster, began, 1);
  for (let death = 0; death < threads; death++) {
    const [loading] = (await successor) as [Thread];
    // The next one starts while nothing is measured.
    const key = `thread:${death}`;
    await loading.ask({ order: 'load', key });
    await Promise.all(waiters.all.map((hand) => hand.ask({ order: 'wait', key })));
    new Float64Array(began)[0] = 0;
    let exitMs = Number.NaN;
    const exit = once(loading.worker, 'exit').then(() => {
      exitMs = machineNow();
    });
    const terminatedMs = machineNow();
    await loading.worker.terminate();
    await exit;
    await Promise.all(waiters.all.map((hand) => hand.ask({ order: 'finish' })));
    const beganMs = beginningIn(began);
    fromTermination.push(beganMs - terminatedMs);
    fromExit.push(beganMs - exitMs);
    successor = start(cluster, began, 1);
  }
  await new Hands(await successor)[Symbol.asyncDispose]();
  return [
    spreadOf('thread terminated: from terminate()', fromTermination, AIM_THREAD),
    spreadOf('thread terminated: from its exit', fromExit, AIM_THREAD),
  ];
}

async function deathsOfNodes(
  { nodes }: Plan,
  kills: number,
  restart: 'warm' | 'off',
): Promise<number[]> {
  using spares = new SpareWatch();
  const options = { nodes, memory: MEMORY, replicas: 1 };
  await using cluster = await startMortals(restart === 'off' ? { ...options, restart } : options);
  const began = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  await using hands = new Hands(await start(cluster, began, 2));
  const [loading, waiting] = hands.all as [Thread, Thread];
  const ids = cluster.nodes().map(({ id }) => id);
  const timesMs: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const victim = ids[kill % ids.length] ?? '';
    const key = keyOf(ids, victim, kill);
    await loading.ask({ order: 'load', key });
    await waiting.ask({ order: 'wait', key });
    if (restart === 'warm') await spares.ready();
    new Float64Array(began)[0] = 0;
    const up = restart === 'warm' ? upOf(cluster, victim) : null;
    const killedMs = machineNow();
    await cluster.kill(victim);
    await waiting.ask({ order: 'finish' });
    timesMs.push(beginningIn(began) - killedMs);
    await (up ?? cluster.restart(victim));
  }
  return timesMs;
}

async function start(
  cluster: Cluster,
  began: SharedArrayBuffer,
  threads: number,
): Promise<Thread[]> {
  const task = (): MissTask => ({ handle: cluster.handle(), began });
  return Promise.all(
    Array.from({ length: threads }, () => Hand.start<MissOrder, null>(FILE, task())),
  );
}

function beginningIn(began: SharedArrayBuffer): number {
  const beganMs = new Float64Array(began)[0] ?? 0;
  if (beganMs === 0)
    throw new Error('Cannot measure: whoever waited has a value, and nobody loaded');
  return beganMs;
}

/** A key of which this node is the primary while all serve. */
function keyOf(ids: readonly string[], id: string, kill: number): string {
  const ring = new HashRing({ nodes: [...ids] });
  for (let i = 0; ; i++) {
    const key = `node:${kill}:${i}`;
    if (ring.lookup(key) === id) return key;
  }
}
