/**
 * What a loader does: it takes its time, and comes back with a value, with nothing, with an error, or
 * never. What it brings is handed to its client's thread as an input of its own, also when it has
 * thrown at once, as the end of a promise is.
 *
 *     begins ── ms ──▶ ends ── lieMs ──▶ comes back once more, with something that nobody must see
 *       └── diesMs ──▶ its client dies
 */
import type { Stage } from './stage.js';

export type LoaderEnd =
  | 'value'
  /** There is no such thing. */
  | 'nothing'
  | 'error'
  /** It never comes back. */
  | 'hang';

/** What one run of a loader is going to do. Milliseconds. */
export interface LoaderPlan {
  readonly ms: number;
  readonly end: LoaderEnd;
  /** How long after its end it comes back again; null: once is enough. */
  readonly lieMs: number | null;
  /** When its client dies; null: not for that. */
  readonly diesMs: number | null;
}

const QUICK_MS_MAX = 40;
const SLOW_MS_MAX = 3_000;
const LIE_MS_MAX = 600;
const SLOW_SHARE = 0.2;
const HANG_SHARE = 0.03;
const FAIL_SHARE = 0.25;
/** Of those that fail, who throw before they have done anything. */
const AT_ONCE_SHARE = 0.3;
const EMPTY_SHARE = 0.25;
const LIE_SHARE = 0.3;
const DEATH_SHARE = 0.02;

/** Without faults a loader is quick, and brings a value. */
export function planLoader({ swarm, isCalm, chances: { loads } }: Stage): LoaderPlan {
  const has = (fault: Parameters<typeof swarm.faults.has>[0], share: number): boolean =>
    !isCalm && swarm.faults.has(fault) && loads.unit() < share;
  const isSlow = has('slow-loads', SLOW_SHARE);
  const ms = (isSlow ? SLOW_MS_MAX : QUICK_MS_MAX) * loads.unit();
  const lieMs = has('lying-loads', LIE_SHARE) ? LIE_MS_MAX * loads.unit() : null;
  const diesMs = has('loader-death', DEATH_SHARE) ? ms * loads.unit() : null;
  if (has('slow-loads', HANG_SHARE)) return { ms, end: 'hang', lieMs, diesMs };
  if (has('failing-loads', FAIL_SHARE)) {
    return { ms: loads.unit() < AT_ONCE_SHARE ? 0 : ms, end: 'error', lieMs, diesMs };
  }
  return { ms, end: has('empty-loads', EMPTY_SHARE) ? 'nothing' : 'value', lieMs, diesMs };
}
