/**
 * Changes of membership (rules N and E). The supervisor publishes a ring and stores the epoch word;
 * nodes see it when they look. A node that joins, or that lost its memory, is a newcomer: unknown
 * below the bottom of that epoch, until it has merged what enough others answer.
 */
import { type Context, type Events, fork } from './context.js';
import type { Scope } from './scope.js';
import {
  ASKED,
  BLANKET,
  bottomOf,
  ENTRY,
  EPOCH,
  FLOOR,
  get,
  head,
  isMember,
  isPrimary,
  JOINED,
  LEASE,
  OP_VERSION,
  OPS,
  OWED,
  PEEKED,
  PULLED,
  put,
  READ_EPOCH,
  READ_LOW,
  RESTARTS,
  ROLES,
  SEEN,
  SETTLED,
  type State,
  UNASKED,
} from './state.js';

const NOBODY = -1;

export const epochs: Events = (s, context, emit) => {
  const { scope } = context;
  if (head(s, EPOCH) >= scope.epochs) return;
  const publish = (leaver: number, joiner: number, cold: boolean): void => {
    for (let primary = 0; primary < scope.nodes; primary++) {
      if (!mayLead(s, primary, leaver, joiner, context)) continue;
      const next = fork(s);
      change(next, leaver, joiner, cold, primary, context);
      if (leaver === joiner && cold) next[RESTARTS] = head(s, RESTARTS) - 1;
      emit(next, 'epoch', joiner, cold ? 1 : 0);
    }
  };
  publish(NOBODY, NOBODY, false);
  for (let leaver = 0; leaver < scope.nodes; leaver++) {
    if (!isMember(s, leaver, head(s, EPOCH))) continue;
    if (head(s, RESTARTS) > 0) publish(leaver, leaver, true);
    for (let joiner = 0; scope.replaces && joiner < scope.nodes; joiner++) {
      if (isMember(s, joiner, head(s, EPOCH))) continue;
      publish(leaver, joiner, false);
      publish(leaver, joiner, true);
    }
    if (scope.shrinks) publish(leaver, NOBODY, false);
  }
  for (let joiner = 0; scope.shrinks && joiner < scope.nodes; joiner++) {
    if (isMember(s, joiner, head(s, EPOCH)) || members(s, scope) === scope.r) continue;
    publish(NOBODY, joiner, false);
    publish(NOBODY, joiner, true);
  }
};

/** Whether a node may be the next epoch's primary. */
function mayLead(s: State, n: number, leaver: number, joiner: number, { scope }: Context): boolean {
  const epoch = head(s, EPOCH);
  const stays = isMember(s, n, epoch) && n !== leaver;
  const wasPrimary = isPrimary(s, n, epoch);
  if (leaver === NOBODY && joiner === NOBODY) return stays && !wasPrimary;
  if (scope.anyPrimary) return stays || n === joiner;
  const primaryLeaves = leaver !== NOBODY && isPrimary(s, leaver, epoch);
  if (!primaryLeaves) return wasPrimary;
  return joiner === NOBODY ? stays : n === joiner;
}

function members(s: State, { nodes }: Scope): number {
  let those = 0;
  for (let n = 0; n < nodes; n++) if (isMember(s, n, head(s, EPOCH))) those++;
  return those;
}

function change(
  s: State,
  leaver: number,
  joiner: number,
  cold: boolean,
  primary: number,
  context: Context,
): void {
  const { scope, rules } = context;
  const epoch = head(s, EPOCH) + 1;
  for (let n = 0; n < scope.nodes; n++) {
    const isIn = n === joiner || (isMember(s, n, epoch - 1) && n !== leaver);
    let roles = get(s, n, ROLES);
    if (isIn) roles |= 1 << (epoch - 1);
    if (n === primary) roles |= 1 << (epoch + 3);
    put(s, n, ROLES, roles);
    // Whoever never was a member has nothing to do with older epochs: when it looks is all one.
    if (roles === 0) put(s, n, SEEN, epoch);
    if (rules.lastLook) put(s, n, PEEKED, UNASKED);
  }
  s[EPOCH] = epoch;
  if (rules.lastLook) s.fill(0, READ_EPOCH, READ_LOW + 1);
  if (joiner === NOBODY) return;
  if (cold) loseMemory(s, joiner, epoch);
  if (leaver === joiner ? rules.coldIsNewcomer : rules.newcomers) {
    put(s, joiner, JOINED, epoch);
    put(s, joiner, BLANKET, blanketOf(s, epoch, context));
    put(s, joiner, ASKED, 0);
    put(s, joiner, PULLED, 0);
  }
}

/** Everything issued so far: below the epoch, or, where versions have none, by the counter. */
function blanketOf(s: State, epoch: number, { rules }: Context): number {
  if (rules.versions === 'epoch-first') return bottomOf(epoch);
  let highest = 0;
  for (let op = 0; op < head(s, OPS); op++) highest = Math.max(highest, head(s, OP_VERSION + op));
  return highest + 1;
}

/** Another life of a node: its first look at the epoch word comes after its epoch was published. */
function loseMemory(s: State, n: number, epoch: number): void {
  for (const field of [ENTRY, FLOOR, OWED, SETTLED, LEASE, JOINED, BLANKET, ASKED, PULLED]) {
    put(s, n, field, 0);
  }
  put(s, n, SEEN, epoch);
}

/** Without an epoch of its own: a member takes over from a primary that does not know. */
export const takeovers: Events = (s, { scope, rules }, emit) => {
  if (rules.onePrimary) return;
  for (let n = 0; n < scope.nodes; n++) {
    if (!isMember(s, n, head(s, EPOCH)) || isPrimary(s, n, head(s, EPOCH))) continue;
    const next = fork(s);
    put(next, n, ROLES, get(s, n, ROLES) | (1 << (head(s, EPOCH) + 3)));
    emit(next, 'takeover', n, head(s, EPOCH));
  }
};
