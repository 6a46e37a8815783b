/** How long it takes until a node whose event loop stands still is known to, given up and replaced. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, EpochEvent, StartOptions } from '#src/index.js';
import { machineNow } from '../soak/clock.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { fill, MEMORY, NODES } from './contents.js';
import { startMortals } from './death.js';
import { downOf, next, upOf } from './happenings.js';
import { SpareWatch } from './spare-watch.js';
import { loadNote, SPREAD_COLUMNS, spreadOf } from './spread.js';

interface Plan {
  readonly entries: number;
  readonly restarts: readonly ('cold' | 'warm')[];
  /** Hangs with quick heartbeats, of each, one at a time; a node hangs once in the life of its cluster. */
  readonly quick: number;
  /** Rounds with the default heartbeats, `SLOW_AT_ONCE` clusters at a time. */
  readonly slowRounds: number;
}

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: { entries: 1_000, restarts: ['cold'], quick: 1, slowRounds: 0 },
  normal: { entries: 100_000, restarts: ['cold', 'warm'], quick: 20, slowRounds: 1 },
  full: { entries: 100_000, restarts: ['cold', 'warm'], quick: 50, slowRounds: 4 },
};
const COMMON = { memory: MEMORY, replicas: 1, chaos: true } as const;
const QUICK_MS = 250;
const SLOW_AT_ONCE = 4;
const PAUSE_MS = 60_000;
const SERVES_MS = 300;
const AIM_STALLED = '1,000';

/** What came of one hang, in milliseconds from the call that blocked the node. */
interface Hang {
  readonly stalledMs: number;
  readonly downMs: number;
  /** Null: it was never off the ring. */
  readonly departedMs: number | null;
  readonly upMs: number;
}

export async function hangs({ effort, progress }: SuiteContext): Promise<Section> {
  const { entries, restarts, quick, slowRounds } = PLANS[effort];
  const nodes = NODES[effort];
  const rows: Cell[][] = [];
  for (const restart of restarts) {
    progress(`failures: ${quick} hangs, ${restart}`);
    const options = { nodes, heartbeatInterval: QUICK_MS, restart };
    const list = await hangInTurn(options, quick, entries);
    rows.push(...rowsOf(`${QUICK_MS} ms, ${restart}`, list, '1,000'));
  }
  if (slowRounds > 0) {
    progress(`failures: ${slowRounds} × ${SLOW_AT_ONCE} hangs with the default heartbeats`);
    const slow = await Promise.all(
      Array.from({ length: SLOW_AT_ONCE }, () => hangInTurn({ nodes }, slowRounds, entries)),
    );
    rows.push(...rowsOf('defaults', slow.flat(), '15,000 to 20,000'));
  }
  return {
    title: `Failures: the event loop of one of ${nodes} nodes stands still, ${entries.toLocaleString('en-US')} entries in all`,
    columns: SPREAD_COLUMNS,
    rows,
    notes: [
      'from the call of pause; 3 missed heartbeats, of the interval that is named; defaults: 5,000 ms, warm;',
      'each when there was a spare thread; each node of a cluster hung once. Warm: off the ring only if not back within the grace',
      loadNote(),
    ],
  };
}

function rowsOf(setting: string, list: readonly Hang[], aim: string): Cell[][] {
  const departed = list.flatMap(({ departedMs }) => departedMs ?? []);
  const row = (what: string, times: number[], aimed?: string): Cell[] =>
    spreadOf(`${setting}: ${what}`, times, aimed);
  return [
    row(
      'node-stalled',
      list.map(({ stalledMs }) => stalledMs),
      AIM_STALLED,
    ),
    row(
      'node-down',
      list.map(({ downMs }) => downMs),
      aim,
    ),
    ...(departed.length > 0 ? [row('ring without it', departed, aim)] : []),
    row(
      'serves again',
      list.map(({ upMs }) => upMs),
    ),
  ];
}

/** So many hangs, one after the other, in as many clusters as it takes. */
async function hangInTurn(options: StartOptions, count: number, entries: number): Promise<Hang[]> {
  const list: Hang[] = [];
  while (list.length < count) {
    using spares = new SpareWatch();
    await using cluster = await startMortals({ ...COMMON, ...options });
    await fill(cluster, entries);
    for (const { id } of cluster.nodes().slice(0, count - list.length)) {
      await spares.ready();
      await sleep(SERVES_MS);
      list.push(await hang(cluster, id));
    }
  }
  return list;
}

async function hang(cluster: Cluster, id: string): Promise<Hang> {
  const stalled = next(cluster, 'node-stalled', (event) => event.id === id);
  const down = downOf(cluster, id);
  const up = upOf(cluster, id);
  let departedMs: number | null = null;
  const onEpoch = ({ nodes }: EpochEvent): void => {
    if (!nodes.includes(id)) departedMs ??= machineNow() - fromMs;
  };
  cluster.on('epoch', onEpoch);
  const fromMs = machineNow();
  await cluster.pause(id, PAUSE_MS);
  const stalledMs = (await stalled).atMs - fromMs;
  const downMs = (await down).atMs - fromMs;
  const upMs = (await up).atMs - fromMs;
  cluster.off('epoch', onEpoch);
  return { stalledMs, downMs, departedMs, upMs };
}
