/**
 * The scopes in which the rules as they stand are searched through. Many small ones rather than a
 * large one: a state more in one budget multiplies with all the others.
 */
import type { Rules } from './rules.js';
import { QUIET, type Scope } from './scope.js';

export interface Search {
  readonly name: string;
  readonly scope: Scope;
  /** Where the rules leave open what a newcomer does that can never ask enough others. */
  readonly change: Partial<Rules>;
}

const over = (name: string, scope: Partial<Scope>, change: Partial<Rules> = {}): Search => ({
  name,
  scope: { ...QUIET, ...scope },
  change,
});

/** Four nodes where a member may be replaced; three where members restart or move the primary. */
const THREE: Partial<Scope> = { nodes: 3, replaces: false };
const PAIR: Partial<Scope> = { r: 2, w: 2, q: 1, nodes: 3 };
const W3: Partial<Scope> = { w: 3, q: 1 };
const Q3: Partial<Scope> = { w: 1, q: 3 };
const SINGLE: Partial<Scope> = { r: 1, w: 1, q: 1, nodes: 2 };
const COUNTER: Partial<Scope> = { writes: 0, reads: 0 };
const LOADS: Partial<Scope> = { reads: 0, leases: 2 };
const GIVES_UP: Partial<Rules> = { givesUp: true };

/** Run by the tests. */
export const SMALL: readonly Search[] = [
  over('evictions', { ...THREE, writes: 3, evictions: 1, reads: 2 }),
  over('evictions, neighbours and hints', { ...THREE, evictions: 1, floors: 1, hints: 1 }),
  over('a delete and its end', { ...THREE, writes: 2, deletes: 1, evictions: 2, hints: 1 }),
  over('a member replaced', { epochs: 2, reads: 2 }),
  over('a member restarted, evictions', { ...THREE, epochs: 2, restarts: 1, evictions: 1 }),
  over('a member restarted, giving up', { ...THREE, epochs: 2, restarts: 1, reads: 2 }, GIVES_UP),
  over('two changes, one write', { ...THREE, epochs: 3, restarts: 2, writes: 1, reads: 2 }),
  over('R=3 W=3 Q=1', { ...W3, ...THREE, epochs: 2, restarts: 1, reads: 2 }),
  over('R=3 W=1 Q=3', { ...Q3, ...THREE, epochs: 2, restarts: 1, reads: 2 }, GIVES_UP),
  over('R=3 W=3 Q=2', { ...THREE, w: 3, epochs: 2, restarts: 1, reads: 2 }),
  over('R=3 W=2 Q=3', { ...THREE, q: 3, epochs: 2, restarts: 1, reads: 2 }, GIVES_UP),
  over('R=2 W=2 Q=1', { ...PAIR, epochs: 2, restarts: 1, evictions: 1 }),
  over('R=2 W=1 Q=2', { ...PAIR, w: 1, q: 2, epochs: 2, restarts: 1, evictions: 1 }, GIVES_UP),
  over('R=1', { ...SINGLE, epochs: 3, restarts: 2, evictions: 1, reads: 2 }, GIVES_UP),
  over('increments, a member replaced', { ...COUNTER, increments: 3, epochs: 2 }),
  over('increments, evictions', { ...COUNTER, ...THREE, increments: 2, reads: 1, evictions: 1 }),
  over('increments, repairs', {
    ...COUNTER,
    ...PAIR,
    increments: 3,
    epochs: 2,
    restarts: 1,
    hints: 1,
    reads: 1,
  }),
  over('increments and a write', { ...THREE, writes: 1, increments: 2, reads: 0, epochs: 2 }),
  over('leases, a member replaced', { ...LOADS, epochs: 2 }),
];

/** Run by main.ts, minutes in all; the README has the outcome. */
export const LARGE: readonly Search[] = [
  over('evictions, hints, neighbours', { writes: 3, evictions: 2, floors: 1, hints: 1, reads: 2 }),
  over('any primary', { epochs: 2, restarts: 1, evictions: 1, anyPrimary: true }),
  over('three writes', { writes: 3, epochs: 2, restarts: 1, reads: 1, evictions: 1 }),
  over('hints and two reads', { epochs: 2, restarts: 1, hints: 2, reads: 2, anyPrimary: true }),
  over('evictions and two reads', { epochs: 2, restarts: 1, evictions: 1, reads: 2 }),
  over('evictions, hints and two reads', { epochs: 2, evictions: 1, hints: 1, reads: 2 }),
  over('neighbours', { ...THREE, epochs: 2, restarts: 1, floors: 1, evictions: 1 }),
  over('giving up', { epochs: 2, restarts: 1, evictions: 1, hints: 1 }, GIVES_UP),
  over('three epochs', { epochs: 3, restarts: 2 }),
  over('three epochs, two reads', { epochs: 3, reads: 2 }),
  over('three epochs, evictions', { ...THREE, epochs: 3, restarts: 2, evictions: 1 }),
  over('three epochs, hints, two reads', { ...THREE, epochs: 3, restarts: 2, hints: 1, reads: 2 }),
  over('three epochs, giving up', { ...THREE, epochs: 3, restarts: 2, reads: 2 }, GIVES_UP),
  over('four epochs, one write', { ...THREE, epochs: 4, restarts: 3, writes: 1, reads: 2 }),
  over('fewer members', { ...THREE, epochs: 3, restarts: 1, shrinks: true }, GIVES_UP),
  over('R=3 W=3 Q=1, large', { ...W3, epochs: 2, restarts: 1, evictions: 1, hints: 1, reads: 2 }),
  over('R=3 W=1 Q=3, large', { ...Q3, epochs: 2, restarts: 1, evictions: 1, reads: 2 }, GIVES_UP),
  over('R=3 W=3 Q=2, large', { w: 3, epochs: 2, restarts: 1, evictions: 1, reads: 2 }),
  over('R=3 W=2 Q=3, large', { q: 3, epochs: 2, restarts: 1, evictions: 1, reads: 2 }, GIVES_UP),
  over('R=2 W=2 Q=1, large', { ...PAIR, epochs: 3, restarts: 1, hints: 1, reads: 2 }),
  over('R=2 W=2 Q=1, four nodes', { ...PAIR, nodes: 4, epochs: 3, restarts: 1, evictions: 1 }),
  over(
    'R=1, large',
    { ...SINGLE, writes: 3, epochs: 4, restarts: 2, evictions: 1, reads: 2 },
    GIVES_UP,
  ),
  over('increments, large', { ...COUNTER, increments: 3, epochs: 2, restarts: 1, evictions: 1 }),
  over('increments and a read', { ...COUNTER, increments: 3, epochs: 2, restarts: 1, reads: 1 }),
  over('increments, three epochs', { ...COUNTER, ...THREE, increments: 3, epochs: 3, restarts: 2 }),
  over('increments, two copies', {
    ...COUNTER,
    ...PAIR,
    increments: 3,
    epochs: 2,
    restarts: 1,
    evictions: 2,
    reads: 1,
  }),
  over('writes and increments', { writes: 1, increments: 2, reads: 0, epochs: 2, evictions: 1 }),
  over('increments, R=3 W=3 Q=2', {
    ...COUNTER,
    ...THREE,
    w: 3,
    increments: 3,
    epochs: 3,
    restarts: 2,
    reads: 1,
  }),
  over('increments, repairs, three copies', {
    ...COUNTER,
    ...THREE,
    increments: 3,
    epochs: 2,
    restarts: 1,
    hints: 1,
    reads: 1,
  }),
  over('increments, repairs, evictions', {
    ...COUNTER,
    ...PAIR,
    increments: 3,
    epochs: 2,
    restarts: 1,
    hints: 2,
    evictions: 1,
    reads: 1,
  }),
  over('leases, large', { ...LOADS, epochs: 2, evictions: 1 }),
  over('leases, three epochs', { ...LOADS, ...THREE, epochs: 3, restarts: 1 }),
];
