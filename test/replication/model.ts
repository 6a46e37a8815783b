/** The model of one key: what may happen in a state, which states are alike, and what is wrong. */
import { increments, leases } from './conditional.js';
import type { Context, Event, Events } from './context.js';
import { describe } from './describe.js';
import * as events from './events.js';
import { handovers } from './handover.js';
import { epochs, takeovers } from './membership.js';
import { reads } from './reading.js';
import { RULES, type Rules } from './rules.js';
import type { Scope } from './scope.js';
import type { Emit, Model } from './search.js';
import * as at from './state.js';

/** What can be wrong, by the number in a state. */
export const FAULTS: readonly string[] = [
  'nothing',
  'a read returned a version older than one acknowledged or returned before it began',
  'a write was acknowledged below one that was acknowledged before it began',
  'an increment was lost: another took effect between it and what it was built on',
  'two leases are valid at a time',
  'a fill went over a write that began after its load',
];

const EVENTS: readonly Events[] = [
  events.writes,
  increments,
  leases,
  events.deliveries,
  events.losses,
  events.evictions,
  events.neighbours,
  events.hints,
  events.repairs,
  events.sightings,
  epochs,
  takeovers,
  handovers,
  reads,
];

export function keyModel(scope: Scope, changed: Partial<Rules> = {}): Model<Event> {
  const rules = { ...RULES, ...changed };
  const conditional = scope.increments > 0 || scope.leases > 0;
  const context: Context = { scope, rules, conditional };
  return {
    width: at.WIDTH,
    initial: () => initial(scope),
    successors(state, emit) {
      if (isOver(state, context)) return;
      for (const happen of EVENTS) happen(state, context, emit as Emit<Event>);
    },
    canonicalise: (state) => sortNodes(state, scope.nodes),
    fault: (state) => (state[at.FAULT] === 0 ? null : (FAULTS[at.head(state, at.FAULT)] ?? '?')),
    describe: (before, after, kind, node, detail) =>
      describe(before, after, kind, node, detail, context),
  };
}

function initial(scope: Scope): Uint8Array {
  const s = new Uint8Array(at.WIDTH);
  s[at.EPOCH] = 1;
  s[at.READS] = scope.reads;
  s[at.EVICTIONS] = scope.evictions;
  s[at.FLOORS] = scope.floors;
  s[at.HINTS] = scope.hints;
  s[at.RESTARTS] = scope.restarts;
  s[at.LEASES] = scope.leases;
  s[at.WRITES] = scope.writes;
  s[at.INCREMENTS] = scope.increments;
  for (let n = 0; n < scope.nodes; n++) {
    at.put(s, n, at.SEEN, 1);
    at.put(s, n, at.PEEKED, at.UNASKED);
    at.put(s, n, at.ROLES, (n < scope.r ? 1 : 0) | (n === 0 ? 16 : 0));
  }
  return s;
}

/** With the last reader gone nothing can be found wrong with plain writes but their order. */
const isOver = (s: Uint8Array, { conditional, rules }: Context): boolean =>
  !conditional &&
  rules.seesBeforeIssuing &&
  rules.onePrimary &&
  s[at.READS] === 0 &&
  s[at.READ_EPOCH] === 0;

const order = new Int32Array(at.NODES_MAX);
const copy = new Uint8Array(at.WIDTH);

/**
 * Renames the nodes, so that their records stand in order. Any renaming is sound: nothing that may
 * happen depends on a name. Records that are equal but for the set of nodes they asked keep their
 * order, so a few states that are alike are held apart; that costs a little room.
 */
function sortNodes(s: Uint8Array, nodes: number): void {
  let isSorted = true;
  for (let n = 0; n < nodes; n++) {
    let i = n;
    for (; i > 0 && isBelow(s, n, order[i - 1] as number); i--) order[i] = order[i - 1] as number;
    order[i] = n;
    isSorted &&= i === n;
  }
  if (isSorted) return;
  copy.set(s);
  for (let n = 0; n < nodes; n++) {
    const from = at.node(order[n] as number);
    s.set(copy.subarray(from, from + at.RECORD), at.node(n));
    const asked = at.get(s, n, at.ASKED);
    if (asked !== 0) at.put(s, n, at.ASKED, renamed(asked, nodes));
  }
}

function renamed(set: number, nodes: number): number {
  let bits = 0;
  for (let n = 0; n < nodes; n++) bits |= ((set >> (order[n] as number)) & 1) << n;
  return bits;
}

function isBelow(s: Uint8Array, a: number, b: number): boolean {
  const [left, right] = [at.node(a), at.node(b)];
  for (let i = 0; i < at.RECORD - 1; i++) {
    const difference = (s[left + i] as number) - (s[right + i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
