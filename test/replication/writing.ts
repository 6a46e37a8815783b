/**
 * Writes (rules V, E and P). The primary issues a version and installs it first; frames go to the
 * other members of its epoch. Three things are left out because what remains covers them:
 *
 *  - A lost frame is one that is never delivered.
 *  - Frames stay: each may be delivered at any time and any number of times, so late and doubled
 *    ones need no event. (Where a record is pinned while its frames are on their way, they end.)
 *  - An acknowledgement arrives at once. Later ones make fewer demands on readers, never more.
 */
import type { Context } from './context.js';
import { answer, held, install, UNKNOWN, versionOf } from './replica.js';
import {
  ACKS,
  bottomOf,
  EFFECTIVE,
  EPOCH,
  FAULT,
  get,
  head,
  isMember,
  isPrimary,
  LATE,
  LOW,
  OP_BASE,
  OP_EPOCH,
  OP_VERSION,
  OPS,
  OPS_MAX,
  put,
  SEEN,
  type State,
} from './state.js';

export const FRAMES_SHIFT = OPS_MAX;

/** Whether a node takes itself for the primary: it goes by the epoch that it has seen. */
export const actsAsPrimary = (s: State, n: number): boolean => isPrimary(s, n, get(s, n, SEEN));

/** The next version that a primary issues. */
export function nextVersion(s: State, n: number, { rules }: Context): number {
  const epoch = get(s, n, SEEN);
  const inFront = rules.versions === 'epoch-first';
  const knowsAll = inFront ? rules.onePrimary : rules.versions === 'shared-counter';
  // A record of a later epoch says that this primary is deposed. Its own epoch's version is refused
  // by its own install; to count on from the other's would be to issue in a tenure not its own.
  const own = held(s, n);
  const isBeyond = inFront && rules.ownTenure && own >= bottomOf(epoch + 1);
  let highest = Math.max(inFront ? bottomOf(epoch) : 0, isBeyond ? 0 : own);
  const issued = new Set<number>();
  for (let op = 0; op < head(s, OPS); op++) {
    const version = head(s, OP_VERSION + op);
    issued.add(version);
    if (knowsAll && (!inFront || head(s, OP_EPOCH + op) === epoch)) {
      highest = Math.max(highest, version);
    }
  }
  let next = (highest | 1) + 1;
  // Primaries that do not know of each other take the same counter, and their names part them: the
  // odd one below is free for the second.
  while (issued.has(next)) next += issued.has(next - 1) || next - 1 <= highest ? 2 : -1;
  return next;
}

/** Begins an operation at its primary, in a state of the caller's. @returns whether it began */
export function begin(s: State, n: number, base: number, context: Context): boolean {
  const op = head(s, OPS);
  const version = nextVersion(s, n, context);
  if (!install(s, n, version, context.rules)) return false;
  s[OP_VERSION + op] = version;
  s[OP_EPOCH + op] = get(s, n, SEEN);
  s[OP_BASE + op] = base;
  s[OPS] = op + 1;
  if (version < head(s, LOW) && mayBeginNow(s, n, context)) s[LATE] = head(s, LATE) | (1 << op);
  if (context.conditional) send(s, op, n, context);
  acknowledge(s, op, n, context);
  return true;
}

/**
 * Whether what is issued now may have been asked for now. Where a primary sees the epoch before it
 * takes a request, what it issues under an old epoch was asked for before the new one was published.
 */
const mayBeginNow = (s: State, n: number, { rules }: Context): boolean =>
  !rules.seesBeforeIssuing || get(s, n, SEEN) === head(s, EPOCH);

function send(s: State, op: number, from: number, { scope }: Context): void {
  for (let n = 0; n < scope.nodes; n++) {
    if (n === from || !isMember(s, n, head(s, OP_EPOCH + op))) continue;
    put(s, n, ACKS, get(s, n, ACKS) | (1 << (op + FRAMES_SHIFT)));
  }
}

/** Counts a member's acknowledgement, and says "done" to the writer at the W-th. */
function acknowledge(s: State, op: number, n: number, context: Context): void {
  put(s, n, ACKS, get(s, n, ACKS) | (1 << op));
  let acks = 0;
  for (let m = 0; m < context.scope.nodes; m++) acks += (get(s, m, ACKS) >> op) & 1;
  if (acks < context.scope.w) return;
  if (((head(s, LATE) >> op) & 1) === 1) s[FAULT] = 2;
  raiseLow(s, head(s, OP_VERSION + op), context);
  takeEffect(s, op, context);
}

/** From now on a reader that begins gets this version, a newer one, or a miss. */
export function raiseLow(s: State, version: number, { scope, conditional }: Context): void {
  s[LOW] = Math.max(head(s, LOW), version);
  if (conditional) return;
  for (let op = 0; op < head(s, OPS); op++) {
    const matters = isAwaited(s, op);
    for (let n = 0; n < scope.nodes && !matters; n++) put(s, n, ACKS, get(s, n, ACKS) & ~(1 << op));
  }
}

/** An operation has happened, and so has what it was built on. */
export function takeEffect(s: State, op: number, { conditional, scope }: Context): void {
  if (!conditional) return;
  for (let at = op; at >= 0 && ((head(s, EFFECTIVE) >> at) & 1) === 0; ) {
    s[EFFECTIVE] = head(s, EFFECTIVE) | (1 << at);
    for (let n = 0; n < scope.nodes; n++) put(s, n, ACKS, get(s, n, ACKS) & ~(1 << at));
    const base = head(s, OP_BASE + at);
    at = -1;
    for (let i = 0; i < head(s, OPS) && base > 0; i++) if (s[OP_VERSION + i] === base) at = i;
  }
  if (!isChain(s)) s[FAULT] = 3;
}

/** No operation took effect between another that did and what that one was built on. */
function isChain(s: State): boolean {
  const effective = head(s, EFFECTIVE);
  for (let op = 0; op < head(s, OPS); op++) {
    const base = head(s, OP_BASE + op);
    if (base === 0 || ((effective >> op) & 1) === 0) continue;
    for (let other = 0; other < head(s, OPS); other++) {
      const version = head(s, OP_VERSION + other);
      const isBetween = version > base && version < head(s, OP_VERSION + op);
      if (isBetween && ((effective >> other) & 1) === 1) return false;
    }
  }
  return true;
}

/** Whether a frame can be delivered to a node: it is on its way there, and not refused as old. */
export function isDeliverable(s: State, op: number, n: number, context: Context): boolean {
  const epoch = head(s, OP_EPOCH + op);
  if (context.rules.fence && get(s, n, SEEN) > epoch) return false;
  if (context.conditional) return ((get(s, n, ACKS) >> (op + FRAMES_SHIFT)) & 1) === 1;
  return isMember(s, n, epoch) && !isPrimary(s, n, epoch) && changesSomething(s, op, n);
}

/** A copy that the member has, or is above, and an acknowledgement that nobody waits for. */
function changesSomething(s: State, op: number, n: number): boolean {
  const version = head(s, OP_VERSION + op);
  if (version > held(s, n)) return true;
  const isCounted = ((get(s, n, ACKS) >> op) & 1) === 1;
  return !isCounted && isAwaited(s, op);
}

/** Whether the acknowledgement of a plain write can still bind a reader, or come in a wrong order. */
const isAwaited = (s: State, op: number): boolean =>
  head(s, OP_VERSION + op) > head(s, LOW) || ((head(s, LATE) >> op) & 1) === 1;

/**
 * Delivers a frame. Whoever holds the version now, or a newer one, or a floor above it, acknowledges:
 * "written, and perhaps already overwritten".
 */
export function deliver(s: State, op: number, n: number, context: Context): void {
  const version = head(s, OP_VERSION + op);
  if (context.conditional) {
    put(s, n, ACKS, get(s, n, ACKS) & ~(1 << (op + FRAMES_SHIFT)));
  }
  const isIn = install(s, n, version, context.rules);
  const now = answer(s, n);
  const vouches =
    now === UNKNOWN ? isIn || !context.rules.blanketIsNoAck : versionOf(now) >= version;
  const counts = context.conditional ? ((head(s, EFFECTIVE) >> op) & 1) === 0 : isAwaited(s, op);
  if (vouches && counts) acknowledge(s, op, n, context);
}
