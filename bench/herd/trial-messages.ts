/** What the director of a trial and its threads tell each other. */
import type { ClusterHandle, LoadsStats } from '#src/index.js';
import type { BoardMemory } from './trial-board.js';
import type { Fault } from './trial-tally.js';

export interface TrialTask {
  readonly thread: number;
  readonly handle: ClusterHandle;
  readonly board: BoardMemory;
  readonly seed: number;
  /** Whether nodes are killed. */
  readonly kills: boolean;
}

export type TrialSays =
  | { readonly says: 'ready' }
  /** Something is wrong. It is counted on the board, too: a thread may die with the message. */
  | { readonly says: 'fault'; readonly fault: Fault; readonly text: string }
  /** It has come to its end, and has done this. */
  | { readonly says: 'done'; readonly loads: LoadsStats };
