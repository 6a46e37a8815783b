/** What may happen to writes and to what replicas hold, one function for each event. */
import { type Events, fork } from './context.js';
import { forget, install, installBesideFloor, operationOf } from './replica.js';
import {
  ACKS,
  ASKED,
  bottomOf,
  ENTRY,
  EPOCH,
  EVICTIONS,
  FLOOR,
  FLOORS,
  get,
  HINTS,
  head,
  isMember,
  LEASE,
  OP_EPOCH,
  OP_VERSION,
  OPS,
  OWED,
  PULLED,
  put,
  SEEN,
  WRITES,
} from './state.js';
import { actsAsPrimary, begin, deliver, FRAMES_SHIFT, isDeliverable } from './writing.js';

export const writes: Events = (s, context, emit) => {
  if (head(s, WRITES) === 0) return;
  for (let n = 0; n < context.scope.nodes; n++) {
    if (!actsAsPrimary(s, n)) continue;
    const next = fork(s);
    next[WRITES] = head(s, WRITES) - 1;
    if (context.rules.leaseVoid) put(next, n, LEASE, 0);
    if (begin(next, n, 0, context)) emit(next, 'write', n, head(s, OPS));
  }
};

export const deliveries: Events = (s, context, emit) => {
  for (let op = 0; op < head(s, OPS); op++) {
    for (let n = 0; n < context.scope.nodes; n++) {
      if (!isDeliverable(s, op, n, context)) continue;
      const next = fork(s);
      deliver(next, op, n, context);
      emit(next, 'deliver', n, op);
    }
  }
};

/** Frames end without delivery only where it matters that they do: an end takes the pin away. */
export const losses: Events = (s, { scope, conditional }, emit) => {
  if (!conditional || scope.evictions === 0) return;
  for (let op = 0; op < head(s, OPS); op++) {
    for (let n = 0; n < scope.nodes; n++) {
      const frame = 1 << (op + FRAMES_SHIFT);
      if ((get(s, n, ACKS) & frame) === 0) continue;
      const next = fork(s);
      put(next, n, ACKS, get(s, n, ACKS) & ~frame);
      emit(next, 'lose', n, op);
    }
  }
};

export const evictions: Events = (s, { scope, rules, conditional }, emit) => {
  for (let n = 0; n < scope.nodes; n++) {
    if (get(s, n, OWED) !== 0) {
      const next = fork(s);
      put(next, n, FLOOR, Math.max(get(s, n, FLOOR), get(s, n, OWED)));
      put(next, n, OWED, 0);
      emit(next, 'raise', n, 0);
    }
    if (head(s, EVICTIONS) === 0 || get(s, n, ENTRY) === 0) continue;
    const op = operationOf(s, get(s, n, ENTRY));
    let isOnItsWay = false;
    for (let m = 0; m < scope.nodes; m++) {
      if (((get(s, m, ACKS) >> (op + FRAMES_SHIFT)) & 1) === 1) isOnItsWay = true;
    }
    if (conditional && rules.pin && isOnItsWay) continue;
    const next = fork(s);
    next[EVICTIONS] = head(s, EVICTIONS) - 1;
    forget(next, n, rules, op === scope.deletes);
    emit(next, 'evict', n, op);
  }
};

/** Another key of the bucket is forgotten: its version may lie anywhere between the key's own. */
export const neighbours: Events = (s, { scope, rules }, emit) => {
  if (head(s, FLOORS) === 0) return;
  const inFront = rules.versions === 'epoch-first';
  for (let epoch = inFront ? 1 : head(s, EPOCH); epoch <= head(s, EPOCH); epoch++) {
    let issued = 0;
    for (let op = 0; op < head(s, OPS); op++) {
      if (!inFront || head(s, OP_EPOCH + op) === epoch) issued++;
    }
    for (let i = 0; i < issued + 2; i++) {
      const version = (inFront ? bottomOf(epoch) : 0) + 2 * i + 1;
      for (let n = 0; n < scope.nodes; n++) {
        if (version <= get(s, n, FLOOR)) continue;
        const next = fork(s);
        next[FLOORS] = head(s, FLOORS) - 1;
        put(next, n, FLOOR, version);
        emit(next, 'neighbour', n, version);
      }
    }
  }
};

/** A copy that is not a client's write: no acknowledgement, no epoch, from whoever once had it. */
export const hints: Events = (s, { scope, rules, conditional }, emit) => {
  if (head(s, HINTS) === 0 || (conditional && rules.repairs === 'primary')) return;
  for (let op = 0; op < head(s, OPS); op++) {
    const version = head(s, OP_VERSION + op);
    for (let n = 0; n < scope.nodes; n++) {
      if (!isMember(s, n, head(s, EPOCH))) continue;
      const next = fork(s);
      next[HINTS] = head(s, HINTS) - 1;
      const isIn = rules.repairAboveFloor
        ? install(next, n, version, rules)
        : installBesideFloor(next, n, version);
      if (isIn) emit(next, 'hint', n, op);
    }
  }
};

/** Or the primary brings what it holds to a member that has seen no later epoch. */
export const repairs: Events = (s, { scope, rules, conditional }, emit) => {
  if (head(s, HINTS) === 0 || !conditional || rules.repairs === 'anyone') return;
  for (let n = 0; n < scope.nodes; n++) {
    const epoch = get(s, n, SEEN);
    if (!actsAsPrimary(s, n) || get(s, n, ENTRY) === 0) continue;
    for (let m = 0; m < scope.nodes; m++) {
      if (!isMember(s, m, epoch) || get(s, m, SEEN) > epoch) continue;
      const next = fork(s);
      next[HINTS] = head(s, HINTS) - 1;
      if (install(next, m, get(s, n, ENTRY), rules)) emit(next, 'repair', m, epoch);
    }
  }
};

/** A node looks at the epoch word. What it pulled under an older epoch is void. */
export const sightings: Events = (s, { scope, rules }, emit) => {
  for (let n = 0; n < scope.nodes; n++) {
    if (get(s, n, SEEN) >= head(s, EPOCH)) continue;
    const next = fork(s);
    put(next, n, SEEN, head(s, EPOCH));
    put(next, n, ASKED, 0);
    put(next, n, PULLED, 0);
    if (rules.leaseVoid) put(next, n, LEASE, 0);
    emit(next, 'see', n, head(s, EPOCH));
  }
};
