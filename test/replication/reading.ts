/**
 * Reads (rules A and E), in place: a reader loads the epoch, peeks one member after another in any
 * order, and looks at the epoch again. Anything may happen between two of its steps.
 *
 * One reader at a time is enough. Readers change nothing, and what the answer of one asks of another
 * it asks only of those that begin after it. A read that misses is left out: a miss is always lawful.
 */
import { type Context, type Events, fork } from './context.js';
import { answer, answerOf, isRecord, operationOf, UNKNOWN, versionOf } from './replica.js';
import {
  BLANKET,
  EPOCH,
  FAULT,
  get,
  head,
  isMember,
  JOINED,
  LOW,
  PEEKED,
  put,
  READ_EPOCH,
  READ_LOW,
  READS,
  type State,
  UNASKED,
} from './state.js';
import { raiseLow, takeEffect } from './writing.js';

export const reads: Events = (s, context, emit) => {
  if (head(s, READ_EPOCH) === 0) beginRead(s, context, emit);
  else {
    peeks(s, context, emit);
    endRead(s, context, emit);
  }
};

const beginRead: Events = (s, { conditional }, emit) => {
  const isLast = head(s, READS) === 1;
  const hasDemand = head(s, LOW) > 0 || conditional;
  if (head(s, READS) === 0 || (isLast && !hasDemand)) return;
  const next = fork(s);
  next[READS] = head(s, READS) - 1;
  next[READ_EPOCH] = head(s, EPOCH);
  next[READ_LOW] = head(s, LOW);
  emit(next, 'begin-read', 0, 0);
};

const peeks: Events = (s, context, emit) => {
  for (let n = 0; n < context.scope.nodes; n++) {
    if (!isMember(s, n, head(s, READ_EPOCH)) || get(s, n, PEEKED) !== UNASKED) continue;
    const seen = peek(s, n, context);
    if (seen === UNKNOWN) continue;
    const next = fork(s);
    put(next, n, PEEKED, seen);
    emit(next, 'peek', n, seen);
  }
};

/** What a reader sees in a member's memory, and takes it for. */
function peek(s: State, n: number, { rules }: Context): number {
  const seen = answer(s, n);
  if (seen !== UNKNOWN) return seen;
  if (rules.newcomersKnownFrom === 'ring' && get(s, n, JOINED) > head(s, READ_EPOCH)) {
    return memoryOf(s, n);
  }
  return rules.unknownSupportsNothing ? UNKNOWN : answerOf(get(s, n, BLANKET), false);
}

const memoryOf = (s: State, n: number): number => {
  const copy = s.slice();
  put(copy, n, JOINED, 0);
  return answer(copy, n);
};

const endRead: Events = (s, context, emit) => {
  if (context.rules.lastLook && head(s, READ_EPOCH) !== head(s, EPOCH)) return;
  const version = choose(s, context);
  if (version === 0) return;
  const isStale = version < head(s, READ_LOW);
  const tells = version > head(s, LOW) && (head(s, READS) > 0 || context.conditional);
  const takes = context.conditional && operationOf(s, version) >= 0;
  if (!isStale && !tells && !takes) return;
  const next = fork(s);
  for (let n = 0; n < context.scope.nodes; n++) put(next, n, PEEKED, UNASKED);
  next.fill(0, READ_EPOCH, READ_LOW + 1);
  if (isStale) next[FAULT] = 1;
  raiseLow(next, version, context);
  if (!isStale) takeEffect(next, operationOf(s, version), context);
  emit(next, 'end-read', 0, version);
};

/** The version that rule A answers, or 0 for a miss. */
export function choose(s: State, context: Context): number {
  const { scope, rules } = context;
  const enough = scope.r - scope.q + 1;
  for (let n = 0; n < scope.nodes; n++) {
    const candidate = get(s, n, PEEKED);
    if (candidate === UNASKED || !isRecord(candidate)) continue;
    const version = versionOf(candidate);
    let [answers, support, newer] = [0, 0, 0];
    for (let m = 0; m < scope.nodes; m++) {
      const other = get(s, m, PEEKED);
      if (other === UNASKED) continue;
      answers++;
      if (versionOf(other) >= version) support++;
      if (versionOf(other) > version) newer++;
    }
    if (rules.readRule === 'newest') {
      if (newer === 0 && answers >= scope.q) return version;
      continue;
    }
    const doubt = newer + (rules.countsDoubt ? scope.r - answers : 0);
    if (support >= enough && doubt < enough) return version;
  }
  return 0;
}
