/**
 * What becomes of a node that died. A pure rule over what is known of its death.
 *
 * **Kept** (warm): its range is held for it, and it comes back with its memory. That pays when the
 * death was an accident of the thread. If it was the memory that killed its owner, it would again,
 * so trust ends:
 *
 *     first death in a row                 kept, at once
 *     up to WARM_DEATHS_MAX in a row       kept, after the back-off, if the grace is longer than that
 *     more                                 emptied, after the back-off
 *     FAILURES_MAX in a row                given up
 *
 * Only a life that has served leaves memory that is known to be good: one that dies while it
 * takes memory over is followed by an empty one. Deaths that were asked for are no accidents and
 * count for nothing.
 *
 * **Emptied** (cold): off the ring, and back with fresh memory. **Left out**: off the ring.
 */
import { type Duration, duration } from '../base/units.js';
import type { DownReason } from './node-record.js';

/** Deaths in a row after which the memory is trusted no more. */
export const WARM_DEATHS_MAX = 3;

/** What is known of a death. */
export interface Death {
  readonly reason: DownReason;
  /** Whether the life that ended had served. */
  readonly hadServed: boolean;
  /** Deaths in a row, this one included. */
  readonly failures: number;
  /** The back-off; null: that was one too many. */
  readonly wait: Duration | null;
  /** Whether somebody has asked for another life. */
  readonly isWanted: boolean;
}

export type Fate =
  | { readonly fate: 'kept' | 'emptied'; readonly wait: Duration }
  | { readonly fate: 'left-out' | 'given-up' };

/** What is to become of the dead, by the cluster's options. */
export interface RestartPolicy {
  /** Back with its memory, back empty, or left out. */
  readonly restart: 'warm' | 'cold' | 'off';
  /** How long its range is held for a node that comes back with its memory. */
  readonly restartGrace: Duration;
}

export function fateOf(death: Death, { restart, restartGrace }: RestartPolicy): Fate {
  const { reason, isWanted, failures } = death;
  const isAsked = isWanted && reason === 'killed';
  if (restart === 'off' && !isAsked) return { fate: 'left-out' };
  if (death.wait === null) return { fate: 'given-up' };
  const isAccident = reason === 'crashed' || reason === 'hung';
  const wait = isAccident && failures > 1 ? death.wait : NO_WAIT;
  const isKept =
    restart === 'warm' && death.hadServed && failures <= WARM_DEATHS_MAX && wait < restartGrace;
  if (isKept) return { fate: 'kept', wait };
  return { fate: 'emptied', wait: isAsked ? NO_WAIT : death.wait };
}

const NO_WAIT = duration(0);
