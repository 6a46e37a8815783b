/**
 * Every clause of the rules, removed on purpose, with a scope in which the search finds the harm.
 * The schedules that it finds are kept in schedules.txt, with a word on each.
 */
import type { Rules } from './rules.js';
import { QUIET, type Scope } from './scope.js';

export interface Removal {
  /** As schedules.txt names it. */
  readonly clause: string;
  readonly change: Partial<Rules>;
  readonly scope: Scope;
}

/** Three members and nobody to replace them. */
const THREE: Partial<Scope> = { nodes: 3, replaces: false };
const RESTART: Partial<Scope> = { ...THREE, epochs: 2, restarts: 1 };
const REPLACED: Partial<Scope> = { epochs: 2 };
/** Two copies, both of which a write waits for: the smallest cluster in which anything can go wrong. */
const PAIR: Partial<Scope> = { r: 2, w: 2, q: 1, nodes: 2, replaces: false };
const PAIR_RESTART: Partial<Scope> = { ...PAIR, epochs: 2, restarts: 1 };
/** Three increments, so that one can come between another and its base. */
const COUNTER: Partial<Scope> = { writes: 0, increments: 3, reads: 0 };
const LOADS: Partial<Scope> = { writes: 1, leases: 2, reads: 0 };

const without = (
  clause: string,
  change: Partial<Rules>,
  ...scopes: readonly Partial<Scope>[]
): Removal => ({ clause, change, scope: Object.assign({}, QUIET, ...scopes) as Scope });

export const REMOVALS: readonly Removal[] = [
  without('floors', { floors: false }, THREE, { evictions: 1 }),
  without('floors of tombstones', { tombstoneFloors: false }, THREE, { evictions: 1, deletes: 1 }),
  without('floor before unlink', { floorFirst: false }, THREE, { evictions: 1 }),
  without('repair above the floor', { repairAboveFloor: false }, THREE, { evictions: 1, hints: 1 }),

  without('epoch in front, one counter for all', { versions: 'shared-counter' }, REPLACED),
  without('epoch in front, a counter each', { versions: 'own-counters' }, THREE, { epochs: 2 }),
  without('own tenure', { ownTenure: false }, REPLACED, { anyPrimary: true }),
  without('an epoch for each primary', { onePrimary: false }, THREE),

  without('newcomers are unknown', { newcomers: false }, REPLACED),
  without('cold restart is a newcomer', { coldIsNewcomer: false }, RESTART),
  without('pulls floors', { pullsFloors: false }, RESTART, { evictions: 1 }),
  without('pulls from those that have seen', { pulledHaveSeen: false }, RESTART),
  without('pulls from enough', { pullsFrom: 'fewer' }, RESTART),
  without('pulls from enough for readers', { pullsFrom: 'writes' }, PAIR_RESTART, {
    q: 2,
    reads: 2,
  }),
  without('pulls from a newcomer as a floor', { unknownPullsAsFloor: false }, RESTART, {
    epochs: 3,
    restarts: 2,
  }),
  without('merges its own answer', { mergesOwn: false }, RESTART),

  without('fence', { fence: false }, RESTART),
  without('last look, newcomers known from the ring', { lastLook: false }, RESTART),
  without(
    'last look, newcomers known from memory',
    { lastLook: false, newcomersKnownFrom: 'memory' },
    PAIR,
    { epochs: 2, nodes: 3, replaces: true, hints: 1, reads: 2 },
  ),
  without('sees before issuing', { seesBeforeIssuing: false }, REPLACED),

  without('w-th largest', { readRule: 'newest' }, THREE, { reads: 2 }),
  without('doubt', { countsDoubt: false }, THREE),
  without('unknown supports nothing', { unknownSupportsNothing: false }, PAIR_RESTART, {
    hints: 1,
    reads: 2,
  }),

  without('promise', { promise: false }, COUNTER, REPLACED),
  without('fence of increments', { fence: false }, COUNTER, REPLACED),
  without('settles on others too', { settle: 'own' }, COUNTER, THREE, { epochs: 2 }),
  without('settles under a floor', { settle: 'newest-entry' }, COUNTER, REPLACED, { evictions: 1 }),
  without('settles on the newest', { settle: 'certain' }, COUNTER, PAIR, {
    epochs: 2,
    evictions: 1,
    reads: 1,
  }),
  without('settles in doubt as absent', { settleCountsUnknown: false }, COUNTER, RESTART, {
    epochs: 3,
    restarts: 2,
  }),
  without('no repair between members', { repairs: 'anyone' }, COUNTER, PAIR_RESTART, {
    hints: 1,
    reads: 1,
  }),

  without('leases after the promise', { promise: false }, LOADS, REPLACED),
  without('writes void leases', { leaseVoid: false }, LOADS, THREE),
];

/** Clauses that can go, for all that the search can tell: the README says why of each. */
export const REDUNDANT: readonly Removal[] = [
  without('refuses what is older', { refusesOlder: false }, RESTART, { hints: 1 }),
  without('refuses what is older, returning', { refusesOlder: false }, PAIR, {
    epochs: 3,
    nodes: 3,
    replaces: true,
  }),
  without('refusal is no acknowledgement', { blanketIsNoAck: false }, PAIR, {
    epochs: 3,
    nodes: 3,
    replaces: true,
  }),
  without('pin', { pin: false }, COUNTER, THREE, { evictions: 2 }),
  without('own floor', { ownFloor: false }, COUNTER, PAIR_RESTART, { evictions: 1, reads: 1 }),
];

/** The same in scopes too large for the tests (main.ts). */
export const REDUNDANT_LARGE: readonly Removal[] = [
  without('refuses what is older, 3 epochs', { refusesOlder: false }, { epochs: 3, restarts: 1 }),
  without('refuses what is older, R=2', { refusesOlder: false }, PAIR, {
    epochs: 4,
    nodes: 3,
    replaces: true,
    reads: 2,
  }),
  without('refuses what is older, increments', { refusesOlder: false }, COUNTER, {
    epochs: 2,
    restarts: 1,
    evictions: 1,
  }),
  without('refusal is no ack, 3 epochs', { blanketIsNoAck: false }, { epochs: 3, restarts: 1 }),
  without('refusal is no ack, R=2', { blanketIsNoAck: false }, PAIR, {
    epochs: 4,
    nodes: 3,
    replaces: true,
    reads: 2,
  }),
  without('refusal is no ack, increments', { blanketIsNoAck: false }, COUNTER, PAIR, {
    epochs: 3,
    nodes: 3,
    replaces: true,
  }),
  without('pin, a member replaced', { pin: false }, COUNTER, { epochs: 2, evictions: 1 }),
  without('pin, R=2 and a read', { pin: false }, COUNTER, PAIR_RESTART, { evictions: 2, reads: 1 }),
  without('own floor, a member replaced', { ownFloor: false }, COUNTER, {
    epochs: 2,
    evictions: 2,
  }),
  without('own floor and pin', { ownFloor: false, pin: false }, COUNTER, PAIR_RESTART, {
    evictions: 2,
    reads: 1,
  }),
];
