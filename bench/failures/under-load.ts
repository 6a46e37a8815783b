/** What clients notice of a kill: errors, and how long the killed node's keys have to be waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '#src/base/prng.js';
import type { Cluster } from '#src/index.js';
import { machineNow } from '../soak/clock.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { MEMORY, NODES } from './contents.js';
import { startMortals } from './death.js';
import { upOf } from './happenings.js';
import { Load, type LoadPlan, rateOf } from './load.js';
import { CALLS, type Owner, type TallyData } from './load-tally.js';
import { SpareWatch } from './spare-watch.js';
import { loadNote, SPREAD_COLUMNS, spreadOf } from './spread.js';

interface Plan extends LoadPlan {
  readonly kills: number;
  /** How long all serve before one is killed: from this to twice as long. */
  readonly servesMs: number;
}

const SMOKE: Plan = {
  nodes: NODES.smoke,
  kills: 2,
  servesMs: 100,
  threads: 2,
  tickMs: 5,
  entries: 1_000,
};
const NORMAL: Plan = {
  nodes: NODES.normal,
  kills: 100,
  servesMs: 100,
  threads: 2,
  tickMs: 4,
  entries: 100_000,
};
const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: SMOKE,
  normal: NORMAL,
  full: { ...NORMAL, kills: 200 },
};
const OWNERS: readonly Owner[] = ['victim', 'others'];
const UNKNOWN = 'ERR_OUTCOME_UNKNOWN';
const NAMES = {
  getSync: 'getSync, in place',
  get: 'get, by message',
  set: 'set',
} as const;

export async function* killsUnderLoad({ effort, progress }: SuiteContext): AsyncGenerator<Section> {
  const plan = PLANS[effort];
  const { nodes } = plan;
  progress(`failures: ${plan.kills} kills under load`);
  const { tally, upMs, lost } = await run(plan);
  const rate = rateOf(plan).toLocaleString('en-US');
  yield {
    title: `Failures: one of ${nodes} nodes is killed under load, warm: its keys, from the kill on`,
    columns: SPREAD_COLUMNS,
    rows: [
      spreadOf('node-up', upMs),
      ...CALLS.map((call) =>
        spreadOf(`${NAMES[call]}: first success`, tally.aftermath[call].firstSuccessMs, '50'),
      ),
      ...CALLS.map((call) =>
        spreadOf(`${NAMES[call]}: longest call`, tally.aftermath[call].longestMs),
      ),
    ],
    notes: [
      `${plan.threads} client threads, up to ${rate} calls a second, ${plan.entries.toLocaleString('en-US')} entries; a figure for each thread and kill;`,
      'a kill as soon as there is a spare thread again. First success: of the calls made when the death was known;',
      'longest call: of those that ended before the next kill',
      loadNote(),
    ],
  };
  yield {
    title: 'Failures: the same, all calls',
    columns: ['keys of', 'call', 'ok', 'misses', 'unread', UNKNOWN, 'other errors'],
    rows: OWNERS.flatMap((owner) => callRows(owner, tally)),
    notes: [
      'aim: no error for keys of others. Victim: the node that was killed last, until the next is.',
      `${UNKNOWN}: a write that was with the thread when it died; unread: getSync said that it cannot tell;`,
      `misses: what a node lost that was not back within the grace; ${lost} of ${plan.kills} were not`,
    ],
  };
}

function callRows(owner: Owner, { counts }: TallyData): Cell[][] {
  return CALLS.map((call) => {
    const { ok, misses, unread, errors } = counts[owner][call];
    const others = Object.entries(errors).filter(([code]) => code !== UNKNOWN);
    const text = others.map(([code, times]) => `${code} ${times}`).join(', ') || 'none';
    return [owner, NAMES[call], ok, misses, unread, errors[UNKNOWN] ?? 0, text];
  });
}

interface Returns {
  readonly upMs: number[];
  /** How many came back without their memory. */
  readonly lost: number;
}

async function run(plan: Plan): Promise<Returns & { readonly tally: TallyData }> {
  using spares = new SpareWatch();
  await using cluster = await startMortals({ nodes: plan.nodes, memory: MEMORY, replicas: 1 });
  const load = await Load.start(cluster, plan);
  const returns = await killAgainAndAgain(cluster, load, spares, plan);
  return { tally: await load.end(), ...returns };
}

async function killAgainAndAgain(
  cluster: Cluster,
  { board }: Load,
  spares: SpareWatch,
  { kills, servesMs }: Plan,
): Promise<Returns> {
  const prng = new Prng(kills);
  const ids = cluster.nodes().map(({ id }) => id);
  const upMs: number[] = [];
  let lost = 0;
  for (let i = 0; i < kills; i++) {
    await sleep(servesMs * (1 + prng.unit()));
    await spares.ready();
    const victim = prng.below(ids.length);
    const id = ids[victim] ?? '';
    const up = upOf(cluster, id);
    const killedMs = machineNow();
    board.noteKill(victim, killedMs);
    await cluster.kill(id);
    board.noteDeath();
    const { atMs, event } = await up;
    upMs.push(atMs - killedMs);
    if (!event.warm) lost++;
  }
  await sleep(servesMs);
  return { upMs, lost };
}
