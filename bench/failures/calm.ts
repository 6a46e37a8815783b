/**
 * False alarms: who is called dead that only had to wait. Every core is kept busy, the cluster is
 * under load, and the thread of its supervisor stands still for seconds, again and again. Nobody
 * hangs meanwhile, so nobody may be called down, and no call may fail.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Prng } from '#src/base/prng.js';
import { startCluster } from '#src/index.js';
import { coresBusy, coreTimes } from '#src/load/cores.js';
import type { NamedEvent } from '#src/runtime/events.js';
import { MEMORY } from './contents.js';
import { Load, type LoadPlan } from './load.js';
import { errorsOf, type TallyData } from './load-tally.js';

/** What is counted. */
export const ALARMS = [
  'node-down',
  'node-suspected',
  'node-stalled',
  'supervisor-stalled',
] as const;
export type Alarm = (typeof ALARMS)[number];

export interface CalmPlan extends LoadPlan {
  readonly seconds: number;
  readonly heartbeatInterval: number;
  /** How long the supervisor's thread stands still at a time. */
  readonly blockMs: number;
  /** How long it is free between two times: anything up to this. */
  readonly freeMsMax: number;
}

export interface CalmResult {
  readonly alarms: Record<Alarm, number>;
  /** What was said of the nodes that were called down. */
  readonly texts: string[];
  readonly blocks: number;
  readonly tally: TallyData;
  readonly errors: Record<string, number>;
  /** Share of the cores' time that was used, by anyone. */
  readonly coresBusy: number;
}

export async function calm(
  plan: CalmPlan,
  progress: (seconds: number, alarms: CalmResult['alarms']) => void,
): Promise<CalmResult> {
  const { nodes, heartbeatInterval } = plan;
  await using cluster = await startCluster({
    nodes,
    memory: MEMORY,
    replicas: 1,
    heartbeatInterval,
  });
  const burners: Worker[] = [];
  const alarms = {
    'node-down': 0,
    'node-suspected': 0,
    'node-stalled': 0,
    'supervisor-stalled': 0,
  };
  const texts: string[] = [];
  try {
    const load = await Load.start(cluster, plan);
    for (let i = 0; i < availableParallelism(); i++) burners.push(await startBurner());
    cluster.onAny((event) => {
      if (isAlarm(event)) alarms[event.event]++;
      if (event.event === 'node-down') texts.push(`${event.id}: ${event.reason}, ${event.text}`);
    });
    const before = coreTimes();
    const blocks = await standStillAgainAndAgain(plan, (at) => progress(at, alarms));
    const busy = coresBusy(before, coreTimes());
    const tally = await load.end();
    const errors = errorsOf(tally, ['others', 'victim']);
    return { alarms, texts, blocks, tally, errors, coresBusy: busy };
  } finally {
    await Promise.all(burners.map((burner) => burner.terminate()));
  }
}

/** Whether all is as it should be. */
export const isCalm = ({ alarms, errors }: CalmResult): boolean =>
  alarms['node-down'] === 0 && Object.keys(errors).length === 0;

const isAlarm = (event: NamedEvent): event is Extract<NamedEvent, { event: Alarm }> =>
  ALARMS.some((alarm) => alarm === event.event);

async function startBurner(): Promise<Worker> {
  const burner = new Worker(new URL('./burner.js', import.meta.url));
  await once(burner, 'online');
  return burner;
}

async function standStillAgainAndAgain(
  { seconds, blockMs, freeMsMax }: CalmPlan,
  progress: (seconds: number) => void,
): Promise<number> {
  const prng = new Prng(seconds);
  const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const startMs = performance.now();
  const elapsed = (): number => (performance.now() - startMs) / 1_000;
  let blocks = 0;
  while (elapsed() < seconds) {
    Atomics.wait(nobody, 0, 0, blockMs);
    blocks++;
    progress(elapsed());
    await sleep(prng.unit() * freeMsMax);
  }
  // What was noticed last is told in the turns that follow.
  await sleep(freeMsMax);
  return blocks;
}
