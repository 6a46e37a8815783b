/**
 * What builds on something (rule P): INCR at a primary that first settles what the newest version
 * is, and fills by the holder of a lease. The primary's look at all members is one event: once every
 * older member has seen the epoch nothing in their memories rises but by this primary.
 */
import { type Context, type Events, fork } from './context.js';
import { answer, isRecord, UNKNOWN, versionOf } from './replica.js';
import {
  bottomOf,
  ENTRY,
  EPOCH,
  FAULT,
  FLOOR,
  get,
  head,
  INCREMENTS,
  isMember,
  LEASE,
  LEASES,
  OP_VERSION,
  OPS,
  put,
  ROLES,
  SEEN,
  SETTLED,
  type State,
} from './state.js';
import { actsAsPrimary, begin } from './writing.js';

export const increments: Events = (s, context, emit) => {
  if (head(s, INCREMENTS) === 0) return;
  for (let n = 0; n < context.scope.nodes; n++) {
    if (!actsAsPrimary(s, n)) continue;
    const epoch = get(s, n, SEEN);
    const isSettled = get(s, n, SETTLED) === epoch && get(s, n, ENTRY) >= bottomOf(epoch);
    if (!isSettled && context.rules.promise && !isActive(s, epoch, context)) continue;
    const base = isSettled ? get(s, n, ENTRY) : settle(s, n, epoch, context);
    const next = fork(s);
    next[INCREMENTS] = head(s, INCREMENTS) - 1;
    put(next, n, SETTLED, epoch);
    if (begin(next, n, base, context)) emit(next, 'increment', n, base);
  }
};

/** Every older member has seen the epoch: none of them acknowledges, or issues, in an older one. */
function isActive(s: State, epoch: number, { scope }: Context): boolean {
  const older = (1 << (epoch - 1)) - 1;
  for (let n = 0; n < scope.nodes; n++) {
    if ((get(s, n, ROLES) & older) !== 0 && get(s, n, SEEN) < epoch) return false;
  }
  return true;
}

/** The version to build on, or 0: the key is absent, or nobody can tell. */
function settle(s: State, n: number, epoch: number, { scope, rules }: Context): number {
  const isForgottenHere = get(s, n, ENTRY) === 0 && get(s, n, FLOOR) >= bottomOf(epoch);
  if (rules.ownFloor && isForgottenHere) return 0;
  if (rules.settle === 'own') return get(s, n, ENTRY);
  let [record, floor, unknown] = [0, 0, 0];
  const versions: number[] = [];
  for (let m = 0; m < scope.nodes; m++) {
    if (!isMember(s, m, epoch)) continue;
    const one = answer(s, m);
    if (one === UNKNOWN) unknown++;
    else if (isRecord(one)) record = Math.max(record, versionOf(one));
    else floor = Math.max(floor, versionOf(one));
    versions.push(one === UNKNOWN ? 0xff : versionOf(one));
  }
  if (rules.settle === 'certain') {
    versions.sort((a, b) => b - a);
    return versions[scope.r - scope.q] === record ? record : 0;
  }
  if (rules.settleCountsUnknown && unknown >= Math.min(scope.w, scope.r - scope.q + 1)) return 0;
  return rules.settle === 'newest-answer' && floor > record ? 0 : record;
}

/** A miss at the primary of an active epoch: one caller gets the lease, and loads. */
export const leases: Events = (s, context, emit) => {
  for (let n = 0; n < context.scope.nodes; n++) {
    if (!actsAsPrimary(s, n)) continue;
    const epoch = get(s, n, SEEN);
    if (get(s, n, LEASE) !== 0) {
      const next = fork(s);
      fill(next, n, context);
      emit(next, 'fill', n, head(s, OPS));
    }
    if (head(s, LEASES) === 0 || get(s, n, LEASE) !== 0 || get(s, n, ENTRY) !== 0) continue;
    if (context.rules.promise && !isActive(s, epoch, context)) continue;
    const next = fork(s);
    next[LEASES] = head(s, LEASES) - 1;
    put(next, n, LEASE, head(s, OPS) + 1);
    if (holders(next, context) > 1) next[FAULT] = 4;
    emit(next, 'lease', n, head(s, EPOCH));
  }
};

/** Leases with which their holders could fill now. */
function holders(s: State, { scope }: Context): number {
  let valid = 0;
  for (let n = 0; n < scope.nodes; n++) {
    if (get(s, n, LEASE) !== 0 && actsAsPrimary(s, n)) valid++;
  }
  return valid;
}

/** What was loaded since the grant is older than every write that began since. */
function fill(s: State, n: number, context: Context): void {
  const granted = get(s, n, LEASE) - 1;
  put(s, n, LEASE, 0);
  const op = head(s, OPS);
  if (!begin(s, n, 0, context)) return;
  for (let other = granted; other < op; other++) {
    if (head(s, OP_VERSION + other) < head(s, OP_VERSION + op)) s[FAULT] = 5;
  }
}
