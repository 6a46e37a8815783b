/**
 * An explicit-state model checker: from one state it goes breadth-first through every state that any
 * order of events can reach, and stops at the first that is wrong. Breadth-first, so that a schedule
 * that it finds is a shortest one.
 *
 * States are bytes. Two states that differ in the names of nodes only are one: `canonicalise` picks
 * one of them. That makes the nodes of a found path change their names from step to step, so the
 * schedule is played once more from the start without it: at each step there is an event whose
 * outcome has the canonical form that comes next on the path.
 */
import { Arena } from './arena.js';

/** One event of a model: what happened, at which node, with which other node, operation or number. */
export type Emit<K extends string> = (
  next: Uint8Array,
  kind: K,
  node: number,
  detail: number,
) => void;

export interface Model<K extends string> {
  /** Bytes of a state, a multiple of four. */
  readonly width: number;
  initial(): Uint8Array;
  /** Emits every state that is one event away; the bytes are good until `emit` returns. */
  successors(state: Uint8Array, emit: Emit<K>): void;
  /** Rewrites a state as the one that stands for all that are alike. */
  canonicalise(state: Uint8Array): void;
  /** What is wrong with a state, or null. */
  fault(state: Uint8Array): string | null;
  describe(before: Uint8Array, after: Uint8Array, kind: K, node: number, detail: number): string;
}

export interface Found {
  readonly fault: string;
  /** One line for each event, the last of which is at fault. */
  readonly schedule: readonly string[];
}

export interface Outcome {
  /** Distinct states, and events that led from one to another. */
  readonly states: number;
  readonly events: number;
  /** Events of the longest schedule that had to be looked at. */
  readonly depth: number;
  /** `limit`: there were more states than the search was given leave to hold, so it proves nothing. */
  readonly verdict: 'clean' | 'violated' | 'limit';
  readonly found: Found | null;
}

/** A bound on memory: 4 million states are half a gigabyte. */
export const STATES_MAX = 4_000_000;

const NONE = -1;

export function search<K extends string>(model: Model<K>, statesMax = STATES_MAX): Outcome {
  const arena = new Arena(model.width);
  arena.scratch.set(model.initial());
  model.canonicalise(arena.scratch);
  arena.add(NONE);
  const state = new Uint8Array(model.width);
  let [events, depth, levelEnd, wrong] = [0, 0, 1, NONE];
  let head = 0;
  const visit = (next: Uint8Array): void => {
    events++;
    arena.scratch.set(next);
    model.canonicalise(arena.scratch);
    if (arena.add(head) && wrong === NONE && model.fault(next) !== null) wrong = arena.size - 1;
  };
  for (; head < arena.size && wrong === NONE && arena.size <= statesMax; head++) {
    if (head === levelEnd) [depth, levelEnd] = [depth + 1, arena.size];
    arena.read(head, state);
    model.successors(state, visit);
  }
  const found = wrong === NONE ? null : replay(model, pathTo(arena, wrong));
  const verdict = found !== null ? 'violated' : head < arena.size ? 'limit' : 'clean';
  return { states: arena.size, events, depth: found?.schedule.length ?? depth, verdict, found };
}

/** The canonical states from the start to this one. */
function pathTo(arena: Arena, last: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  for (let index = last; index !== NONE; index = arena.parentOf(index)) {
    const state = new Uint8Array(arena.scratch.length);
    arena.read(index, state);
    path.push(state);
  }
  return path.reverse();
}

/** The same path with names that stay. */
function replay<K extends string>(model: Model<K>, path: readonly Uint8Array[]): Found {
  let state = model.initial();
  const schedule: string[] = [];
  const canonical = new Uint8Array(model.width);
  for (const wanted of path.slice(1)) {
    const nexts: Uint8Array[] = [];
    model.successors(state, (candidate, kind, node, detail) => {
      if (nexts.length > 0) return;
      canonical.set(candidate);
      model.canonicalise(canonical);
      if (Buffer.compare(canonical, wanted) !== 0) return;
      nexts.push(candidate.slice());
      schedule.push(model.describe(state, candidate, kind, node, detail));
    });
    const next = nexts[0];
    if (next === undefined)
      throw new Error('Cannot replay a schedule: events depend on names of nodes');
    state = next;
  }
  return { fault: model.fault(state) ?? 'nothing', schedule };
}
