/**
 * A state of the model: one key on a few nodes, as bytes.
 *
 *     header            node A         node B         …
 *     [epoch low … ops ][entry floor … ][entry floor … ]
 *
 * **Versions are one byte**: sixteen times the epoch and a counter. Writes take even counters and a
 * neighbour in the same bucket odd ones, so that its floor can lie between any two writes. The
 * bottom of an epoch, its sixteen times, is below all that the epoch issues and above all before.
 *
 * **Whatever refers to a node is kept with that node**, one bit or byte for each thing that refers
 * to it (its part in each epoch, its acknowledgement of each operation, its answer to the reader).
 * So renaming the nodes is sorting their records, and only the set of nodes that a newcomer has
 * asked has to be renamed with them.
 */
export const NODES_MAX = 4;
export const OPS_MAX = 4;
export const EPOCHS_MAX = 4;

/** The published epoch. */
export const EPOCH = 0;
/** The highest version acknowledged to a writer or returned to a reader so far. */
export const LOW = 1;
/** What is wrong, an index into FAULTS; 0 is nothing. */
export const FAULT = 2;
/** The epoch under which the reader began, or 0 where nobody reads. */
export const READ_EPOCH = 3;
/** What LOW was when the reader began: nothing older may be returned. */
export const READ_LOW = 4;
/** Operations begun. */
export const OPS = 5;
/** What is left of each budget. */
export const READS = 6;
export const EVICTIONS = 7;
export const FLOORS = 8;
export const HINTS = 9;
export const RESTARTS = 10;
/** A bit for each operation that began below LOW: acknowledged, it comes in the wrong order. */
export const LATE = 11;
/** A bit for each operation that took effect: acknowledged, read, or built upon. */
export const EFFECTIVE = 12;
export const LEASES = 13;
export const WRITES = 14;
export const INCREMENTS = 15;
/** For each operation: its version, its primary's epoch, the version it builds on (0: on nothing). */
export const OP_VERSION = 16;
export const OP_EPOCH = OP_VERSION + OPS_MAX;
export const OP_BASE = OP_EPOCH + OPS_MAX;
export const HEADER = OP_BASE + OPS_MAX;

/** The version of the record, or 0. */
export const ENTRY = 0;
/** The highest version ever forgotten from the bucket, or 0. */
export const FLOOR = 1;
/** The epoch in which the node became a newcomer, or 0 when it is none any more. */
export const JOINED = 2;
/** A newcomer gives no answer below this version. */
export const BLANKET = 3;
export const SEEN = 4;
/** Low half: a bit for each epoch whose replica set has the node; high half: whose primary it is. */
export const ROLES = 5;
/** Low half: a bit for each operation it acknowledged; high half: whose frame is on its way. */
export const ACKS = 6;
/** What the reader saw here: an answer, or UNASKED. */
export const PEEKED = 7;
/** A floor still to be raised, where rules have it raised after the record is unlinked. */
export const OWED = 8;
/** The newest answer that a newcomer has pulled. */
export const PULLED = 9;
/** The epoch for which the primary knows the newest version: from then on its own record is it. */
export const SETTLED = 10;
/** The primary's lease: operations begun before it was granted, plus one; 0 is none. */
export const LEASE = 11;
/** A bit for each node whose answer a newcomer has pulled. Last, since it is renamed, not sorted. */
export const ASKED = 12;
export const RECORD = 13;

export const WIDTH = Math.ceil((HEADER + NODES_MAX * RECORD) / 4) * 4;
export const UNASKED = 255;

const EPOCH_STEP = 16;

export type State = Uint8Array;

export const head = (s: State, field: number): number => s[field] as number;
export const node = (n: number): number => HEADER + n * RECORD;
export const get = (s: State, n: number, field: number): number => s[node(n) + field] as number;
export const put = (s: State, n: number, field: number, value: number): void => {
  s[node(n) + field] = value;
};

export const bottomOf = (epoch: number): number => epoch * EPOCH_STEP;

export const isMember = (s: State, n: number, epoch: number): boolean =>
  ((get(s, n, ROLES) >> (epoch - 1)) & 1) === 1;
export const isPrimary = (s: State, n: number, epoch: number): boolean =>
  ((get(s, n, ROLES) >> (epoch + 3)) & 1) === 1;

export const count = (bits: number): number => {
  let ones = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) ones++;
  return ones;
};

/** `1.2`, the counter as people count: the second write of epoch 1; `1.2+` is a neighbour's. */
export function showVersion(version: number): string {
  if (version === 0) return 'nothing';
  const counter = version % EPOCH_STEP;
  return `${Math.floor(version / EPOCH_STEP)}.${counter >> 1}${counter % 2 === 1 ? '+' : ''}`;
}

export const nameOf = (n: number): string => String.fromCharCode(65 + n);
