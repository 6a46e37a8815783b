/**
 * Handovers (rule N): a newcomer asks other members, one after another, and merges what they answer.
 * Anything may happen between two of its steps.
 */
import { type Context, type Events, fork } from './context.js';
import { answer, answerOf, held, isRecord, UNKNOWN, versionOf } from './replica.js';
import type { Rules } from './rules.js';
import type { Scope } from './scope.js';
import {
  ASKED,
  BLANKET,
  count,
  ENTRY,
  FLOOR,
  get,
  isMember,
  JOINED,
  PULLED,
  put,
  SEEN,
  type State,
} from './state.js';

/**
 * A newcomer goes by the epoch that it has seen, which may be behind: it asks members of that one,
 * and is done with having joined in it, not with having joined later.
 */
export const handovers: Events = (s, context, emit) => {
  const { scope, rules } = context;
  const needed = scope.r + 1 - copiesLeft(scope, rules.pullsFrom);
  for (let n = 0; n < scope.nodes; n++) {
    const epoch = get(s, n, SEEN);
    const joined = get(s, n, JOINED);
    if (joined !== 0 && rules.givesUp) {
      const next = fork(s);
      giveUp(next, n);
      emit(next, 'give-up', n, 0);
    }
    if (joined === 0 || joined > epoch || !isMember(s, n, epoch)) continue;
    if (count(get(s, n, ASKED)) >= needed) {
      const next = fork(s);
      merge(next, n, context);
      emit(next, 'merge', n, 0);
      continue;
    }
    for (let m = 0; m < scope.nodes; m++) {
      if (m === n || !isMember(s, m, epoch) || ((get(s, n, ASKED) >> m) & 1) === 1) continue;
      if (rules.pulledHaveSeen && get(s, m, SEEN) < epoch) continue;
      const next = fork(s);
      pull(next, n, m, context);
      emit(next, 'pull', n, m);
    }
  }
};

/**
 * The fewest copies of a version that somebody counts on: a writer on W, a reader on R−Q+1. A memory
 * that is lost may have been one of them.
 */
function copiesLeft({ r, w, q }: Scope, pullsFrom: Rules['pullsFrom']): number {
  if (pullsFrom === 'writes') return w;
  return Math.min(w, r - q + 1) + (pullsFrom === 'fewer' ? 1 : 0);
}

function pull(s: State, n: number, from: number, { rules }: Context): void {
  put(s, n, ASKED, get(s, n, ASKED) | (1 << from));
  let pulled = answer(s, from);
  if (pulled === UNKNOWN) {
    pulled = rules.unknownPullsAsFloor ? answerOf(get(s, from, BLANKET), false) : 0;
  }
  if (!isRecord(pulled) && !rules.pullsFloors) return;
  put(s, n, PULLED, Math.max(get(s, n, PULLED), pulled));
}

/** What is older than the joining is forgotten: an answer like any other, and for good. */
function giveUp(s: State, n: number): void {
  const blanket = get(s, n, BLANKET);
  if (held(s, n) < blanket) put(s, n, ENTRY, 0);
  put(s, n, FLOOR, Math.max(get(s, n, FLOOR), blanket));
  for (const field of [JOINED, BLANKET, ASKED, PULLED]) put(s, n, field, 0);
}

function merge(s: State, n: number, { rules }: Context): void {
  const pulled = get(s, n, PULLED);
  if (versionOf(pulled) > held(s, n) || !rules.mergesOwn) {
    put(s, n, ENTRY, isRecord(pulled) ? versionOf(pulled) : 0);
    if (!isRecord(pulled)) put(s, n, FLOOR, Math.max(get(s, n, FLOOR), versionOf(pulled)));
  }
  for (const field of [JOINED, BLANKET, ASKED, PULLED]) put(s, n, field, 0);
}
