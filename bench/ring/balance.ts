/** How even the shares are: for sets of names, against the number of vnodes, after histories. */
import { Prng } from '#src/base/prng.js';
import { nodeIndex } from '#src/base/units.js';
import { type Balance, BalanceMeter } from '#src/ring/balance.js';
import type { RingMember } from '#src/ring/member.js';
import { BALANCE_LIMITS, choosePositions, placeStartList } from '#src/ring/placement.js';
import { sortPositions } from '#src/ring/sorted-ring.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';

const NODE_COUNTS = [3, 5, 10] as const;
const VNODES = 150;
const FIGURES = ['share', 'departure', 'fold'] as const;

const NAME_SETS: Record<Effort, number> = { smoke: 2, normal: 50, full: 2_000 };
const BEGINNINGS: Record<Effort, number> = { smoke: 2, normal: 50, full: 500 };
const HISTORIES: Record<Effort, number> = { smoke: 2, normal: 50, full: 500 };
const RANDOM_SETS: Record<Effort, number> = { smoke: 20, normal: 500, full: 2_000 };
/** Joins and leaves that a history has. */
const HISTORY_STEPS = 20;

const COLUMNS = ['placement', 'nodes', 'rings'];
const FIGURE_COLUMNS = [
  'share mean %',
  'worst %',
  'departure mean %',
  'worst %',
  'R=3 load mean %',
  'worst %',
  'over limit',
];

export function balanceOfNameSets({ effort, progress }: SuiteContext): Section {
  const rows: Cell[][] = [];
  const add = (name: string, nodes: number, rings: number, make: (i: number) => RingMember[]) => {
    progress(`balance: ${name}, ${nodes} nodes`);
    const balances = Array.from({ length: rings }, (_, i) => balanceOf(make(i)));
    rows.push([name, nodes, rings, ...summary(balances)]);
  };
  for (const nodes of NODE_COUNTS) {
    add('shoal, sets of names', nodes, NAME_SETS[effort], (i) => placeNames(i, nodes));
    add('shoal, random first node', nodes, BEGINNINGS[effort], (i) => beginRandomly(i, nodes));
    add('shoal, random histories', nodes, HISTORIES[effort], (i) => history(i, nodes));
    add('random positions', nodes, RANDOM_SETS[effort], (i) => placeRandomly(i, nodes, VNODES));
  }
  return {
    title: `Balance at ${VNODES} vnodes: how far the worst node is off, exactly (RING-5)`,
    columns: [...COLUMNS, ...FIGURE_COLUMNS],
    rows,
    notes: [
      'share: of the ring; departure: of the rest, after the worst single departure; R=3 load: all copies',
      `over limit: rings with share > ${BALANCE_LIMITS.share * 100} %, departure > ${BALANCE_LIMITS.departure * 100} %, or load > ${BALANCE_LIMITS.fold * 100} %`,
      'sets of names: positions do not come from names, so this is one ring, measured again and again;',
      'random first node: how lucky that ring is. The first node is drawn at random, the rest are placed',
      `a history: ${HISTORY_STEPS} random joins and leaves; it may end in several leaves in a row, which is`,
      'more than the limits promise: they are for one departure',
    ],
  };
}

export function balanceByVnodes({ effort, progress }: SuiteContext): Section {
  const nodes = 5;
  const rows = [1, 10, 50, 100, 150, 300].map((vnodes) => {
    progress(`balance at ${vnodes} vnodes`);
    const names = Array.from({ length: nodes }, (_, i) => ({ id: `n${i}`, weight: 1 }));
    const own = balanceOf(placeStartList(names, vnodes));
    const random = Array.from({ length: RANDOM_SETS[effort] }, (_, i) =>
      balanceOf(placeRandomly(i, nodes, vnodes)),
    );
    const [mean, worst, meanAfter, worstAfter] = summary(random) as number[];
    const off = [own.share, own.departure, own.fold].map((part) => part * 100);
    return [vnodes, ...off, mean ?? 0, worst ?? 0, meanAfter ?? 0, worstAfter ?? 0];
  });
  return {
    title: `Why 150: the worst of ${nodes} nodes against vnodes, % off (RING-2)`,
    columns: [
      'vnodes',
      'share',
      'departure',
      'R=3 load',
      'random: mean',
      'worst',
      'departure mean',
      'worst',
    ],
    rows,
    notes: [`random: ${RANDOM_SETS[effort]} rings with positions drawn at random`],
  };
}

function balanceOf(members: readonly RingMember[]): Balance {
  const meter = new BalanceMeter(members.map((member) => member.weight));
  const names = members.map((_, i) => i);
  return meter.measure(sortPositions(members, names));
}

function summary(balances: readonly Balance[]): Cell[] {
  const figures = FIGURES.flatMap((figure) => {
    const values = balances.map((balance) => balance[figure] * 100);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [mean, Math.max(...values)];
  });
  const over = balances.filter((b) => FIGURES.some((figure) => b[figure] > BALANCE_LIMITS[figure]));
  return [...figures, over.length];
}

function placeNames(seed: number, count: number): RingMember[] {
  const random = new Prng(seed);
  const names = Array.from({ length: count }, (_, i) => ({
    id: `cache-${random.uint32().toString(36)}-${i}`,
    weight: 1,
  }));
  return placeStartList(names, VNODES);
}

/** Every later seed comes from the first node's positions, so each ring is another throw. */
function beginRandomly(seed: number, nodes: number): RingMember[] {
  const random = new Prng(seed);
  const stratum = 2 ** 32 / VNODES;
  const first = Uint32Array.from({ length: VNODES }, (_, i) => (i + random.unit()) * stratum);
  const members = [upMember(0, first)];
  while (members.length < nodes) {
    members.push(upMember(members.length, choosePositions(members, VNODES, 1)));
  }
  return members;
}

function placeRandomly(seed: number, nodes: number, vnodes: number): RingMember[] {
  const random = new Prng(seed);
  return Array.from({ length: nodes }, (_, i) =>
    upMember(i, Uint32Array.from({ length: vnodes }, () => random.uint32()).sort()),
  );
}

function history(seed: number, nodes: number): RingMember[] {
  const random = new Prng(seed);
  const members = placeNames(seed, nodes);
  let next = nodes;
  const join = () => members.push(upMember(next++, choosePositions(members, VNODES, 1)));
  for (let step = 0; step < HISTORY_STEPS; step++) {
    const full = members.length >= nodes + 2;
    const canLeave = members.length > 2;
    if (full || (canLeave && random.unit() < 0.5)) members.splice(random.below(members.length), 1);
    else join();
  }
  while (members.length < nodes) join();
  while (members.length > nodes) members.splice(random.below(members.length), 1);
  return members;
}

const upMember = (index: number, positions: Uint32Array): RingMember => ({
  index: nodeIndex(index),
  state: 'up',
  weight: 1,
  positions,
});
